"""A window without a display, on services that answer from a made-up case."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest
from made_up_case import FakeSeries, FakeServices


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    """Never read or write the user's own settings."""
    from PySide6.QtCore import QSettings

    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path))


@pytest.fixture
def services():
    return FakeServices()


@pytest.fixture
def window(qtbot, qapp, services, tmp_path):
    """The window with nothing open."""
    from ui.main_window import MainWindow
    from ui.theme import apply_theme

    qapp.setOrganizationName("bvn-planner-tests")
    qapp.setApplicationName("bvn-planner-tests")
    apply_theme(qapp, "dark")
    made = MainWindow(services, tmp_path / "recovery")
    qtbot.addWidget(made, before_close_func=lambda w: setattr(w, "_leaving", True))
    made.resize(1600, 900)
    made.show()
    return made


@pytest.fixture
def planned(qtbot, window):
    """The window with the made-up case planned and drawn."""
    window.plan_series(FakeSeries())
    qtbot.waitUntil(lambda: window.session.plan is not None, timeout=60000)
    qtbot.waitUntil(lambda: window.screen.view3d.ready and len(window.presenter.xrays) == 2, timeout=60000)
    return window
