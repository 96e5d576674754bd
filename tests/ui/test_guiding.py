"""Settings, keys, help, tour, review and the notebook's tools in the window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLineEdit

from ui.help.tour import Tour, seen
from ui.settings import preferences
from ui.settings.shortcuts import COMMANDS, clash, key_of, set_key
from ui.views import planes

pytestmark = pytest.mark.gui


def test_every_key_is_free_of_clashes_by_default():
    assert [c.name for c in COMMANDS if clash(c.name, c.default)] == []


def test_a_changed_key_works_at_once_and_is_kept(planned):
    shown = planned.presenter.overlays
    set_key("overlays", "Y")
    planned.screen.axial.setFocus()
    QTest.keyClick(planned.screen.axial, Qt.Key.Key_Y)
    assert planned.presenter.overlays is not shown
    assert key_of("overlays") == "Y"
    assert "already means" in clash("crosshair", "Y")
    set_key("overlays", "O")


def test_settings_are_searched_checked_and_reset(window):
    window.go("settings")
    screen = window.host.widget("settings")
    screen.search.setText("electrode canal")
    shown = [line for line in screen.lines if not line.isHidden()]
    assert len(shown) == 1
    (line,) = shown
    assert "no setting lifts it" in line.note.text()
    field = line.findChild(QLineEdit)
    field.setText("8")
    field.editingFinished.emit()
    assert "hard stop" in line.note.text()
    assert preferences.limits().electrode_to_canal_stop_mm == 10.0
    field.setText("12")
    field.editingFinished.emit()
    assert preferences.limits().electrode_to_canal_stop_mm == 12.0
    line.reset.click()
    assert preferences.limits().electrode_to_canal_stop_mm == 10.0


def test_the_orientation_convention_turns_slices_and_never_mirrors(planned):
    view = planned.screen.axial
    planned.ask_orientation()
    planned.question.accept()
    try:
        plane = view.plane()
        assert planes.letters(plane) == ("R", "L", "A", "P")
        assert np.linalg.det(np.stack([plane.right, plane.down, plane.normal])) == pytest.approx(1.0)
        assert "right is on the left" in planned.banner.orientation.text()
    finally:
        planes.set_radiological(False)


def test_help_says_what_is_in_front_and_lists_keys(planned):
    planned.show_help()
    dialog = planned.findChild(QDialog, "help")
    assert dialog.windowTitle() == "Help: Trajectories"
    dialog.close()


def test_the_tour_is_shown_once(window):
    window.offer_tour()
    assert isinstance(window.tour, Tour)
    for _ in window.tour.stops:
        QTest.keyClick(window.tour, Qt.Key.Key_Return)
    assert seen()


def test_measuring_locking_and_notes_can_be_undone(planned):
    p, view = planned.presenter, planned.screen.axial
    p.start_measuring("length")
    p.mark_point(np.array([0.0, 0, 0]))
    p.mark_point(np.array([0.0, 12.3, 0]))
    assert planned.session.history.undo_label == "Measure length 12.3\u202fmm"
    p.toggle_lock()
    before = p.trajectory
    p.nudge("target", np.array([0.5, 0, 0]))
    assert p.trajectory == before
    assert "locked" in planned.status.told.text()
    p.set_note("Narrow pedicle.")
    assert planned.screen.bar.tool_button.text().strip() == "Tool: locked, note"
    for _ in range(3):
        p.undo()
    assert planned.session.plan.notebook.measurements == ()
    assert view.grab() is not None


def test_review_lists_the_worst_first_and_approves_with_a_reason(planned, qtbot):
    planned.go("review")
    review = planned.host.widget("review")
    (card,) = review.cards
    assert not card.approve.isEnabled()
    assert "waits" in card.approve.toolTip()
    planned.session.confirm_levels()
    qtbot.waitUntil(lambda: review.cards and review.cards[0].approve.isEnabled(), timeout=60000)
    review.cards[0].approve.click()
    assert planned.presenter.trajectory.state == "approved"
    kept = planned.session.plan.notebook.last_approved((23, "left"))
    assert replace(kept.trajectory, state="draft") == replace(planned.presenter.trajectory, state="draft")
    assert not planned.presenter.begin_edit()
    assert planned.screen.findChild(QDialog, "edit_approved") is not None
