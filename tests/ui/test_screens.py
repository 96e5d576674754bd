"""The step bar is made from the registered screens."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from ui.screens.catalogue import SCREENS, in_order
from ui.screens.host import ScreenHost
from ui.screens.registry import ORDER, Screen

pytestmark = pytest.mark.gui


class Page(QWidget):
    def __init__(self, context):
        super().__init__()
        self.heard = []

    def shown(self):
        self.heard.append("shown")

    def restyle(self):
        self.heard.append("restyle")

    def shutdown(self):
        self.heard.append("shutdown")


def test_steps_stand_in_the_order_of_the_path():
    keys = [s.key for s in in_order()]
    assert keys == sorted(keys, key=ORDER.index)
    assert len(keys) == len(set(keys)) == len(SCREENS)


def test_a_step_that_waits_says_for_what(window, planned):
    assert all(b.isEnabled() for b in planned.bar.steps.values())
    planned._drop_case()
    planned._show_state()
    for key, button in planned.bar.steps.items():
        if planned.host.screens.get(key) and planned.host.screens[key].needs != "nothing":
            assert not button.isEnabled()
            assert "waits for" in button.toolTip()
            assert "waits for" in button.accessibleName()


def test_widgets_are_made_once_a_case_and_hear_their_hooks(window):
    screens = [Screen("levels", "Levels", "case", Page), Screen("practice", "Practice", "nothing", Page)]
    host = ScreenHost(window.stack, screens)
    first = host.show("levels", window.context())
    assert host.show("levels", window.context()) is first
    kept = host.show("practice", window.context())
    assert host.current() == "practice"
    host.restyle()
    host.drop_case()
    assert first.heard == ["shown", "shown", "restyle", "shutdown"]
    assert kept.heard == ["shown", "restyle"]
    assert host.widget("levels") is None
    assert host.widget("practice") is kept


def test_keys_enter_steps(planned, qtbot):
    keys = planned.bar.order()
    number = keys.index("export") + 1
    QTest.keyClick(planned, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: planned.host.current() == "export", timeout=15000)
    QTest.keyClick(planned, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: planned.host.current() == "cases", timeout=15000)
    assert planned.banner.isVisible(), "the patient stays in sight while a case is open"


def test_settings_give_way_to_the_screen_before(planned, qtbot):
    planned.go("review")
    planned.bar.settings.click()
    assert planned.host.current() == "settings"
    qtbot.keyClick(planned.host.widget("settings").search, Qt.Key.Key_Escape)
    assert planned.host.current() == "review"
    planned.bar.settings.click()
    planned.bar.settings.click()
    assert planned.host.current() == "review"


def test_every_icon_follows_the_theme(planned):
    def darkness(button):
        image = button.icon().pixmap(20, 20).toImage()
        drawn = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
        return min(c.lightness() for c in drawn if c.alpha() > 200)

    shown = (planned.bar.undo, planned.bar.save, planned.screen.bar.slab_button, planned.browser.open_button)
    before = [darkness(button) for button in shown]
    planned._set_theme("light")
    assert all(darkness(button) < was - 50 for button, was in zip(shown, before, strict=True))
    planned._set_theme("dark")
    assert [darkness(button) for button in shown] == before


def test_f6_goes_to_the_pictures_themselves(planned, qtbot):
    screen = planned.screen
    screen.bar.layout_button.setFocus()
    for view in (screen.axial, screen.sagittal):
        planned._next_group(1)
        assert view.hasFocus()
    QTest.keyClick(screen.sagittal, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: planned.session.history.undo_label == "Move tip, L4 left", timeout=5000)
