"""Puts the window together."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path


def run(path: Path | None = None) -> int:
    """Open the app, with a folder of images or a saved case if given; returns the exit status."""
    if sys.platform.startswith("linux") and "QT_QPA_PLATFORM" not in os.environ and os.environ.get("DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "xcb"
    from PySide6.QtCore import QSettings, QTimer
    from PySide6.QtWidgets import QApplication

    from imaging.fluoro import compiled
    from ui.ending import Ending
    from ui.main_window import MainWindow
    from ui.presenters.planner_services import PlannerServices
    from ui.settings.preferences import preference
    from ui.theme import apply_theme

    app = QApplication.instance() or QApplication(sys.argv[:1])
    app.setApplicationName("bvn-planner")
    app.setApplicationDisplayName("BVN Planner")
    app.setOrganizationName("bvn-planner")
    apply_theme(app)
    untranslated = _speak(preference("appearance/language").value())
    window = MainWindow(PlannerServices())
    screen = app.primaryScreen().availableGeometry()
    geometry = QSettings().value("window/geometry")
    if geometry is not None:
        window.restoreGeometry(geometry)
    else:
        window.resize(min(1920, screen.width()), min(1080, screen.height()))
    fits = window.width() < screen.width() and window.height() < screen.height()
    # On another screen than the last one Qt forgets that the window filled it.
    if not fits or QSettings().value("window/maximized", False, bool):
        window.showMaximized()  # a frame would push the foot of it off the screen
    else:
        window.show()
    threading.Thread(target=compiled.load, name="kernels", daemon=True).start()
    QTimer.singleShot(0, lambda: window.begin(path))
    if untranslated:
        window.status.tell(untranslated)
    ending = Ending(window)
    try:
        return int(app.exec())
    finally:
        ending.close()


def _speak(language: str) -> str:
    """Put a language's catalogue in front of Qt; why not, where it cannot be read."""
    from imaging.errors import PlannerError
    from ui.words.catalogue import folder, read_catalogue
    from ui.words.seam import Seam

    if language == "English":
        return ""
    try:
        Seam(read_catalogue(folder() / f"{language}.json")).install()
    except PlannerError as error:
        return error.text
    return ""
