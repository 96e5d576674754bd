"""The Levels screen: names, doubts and painting by mouse, each through the session."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QLabel

from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE
from imaging.segmentation.result import Counting, LevelEvidence
from planner.services import correct_levels

DOUBT = Finding("caution", "quality_fracture", "It may be fractured.", 70.0, 80.0, "%")


@pytest.fixture
def screen(qtbot, planned):
    session = planned.session
    levels = tuple(replace(a, confidence=0.41 + 0.01 * n) for n, a in enumerate(session.segmentation.levels))
    evidence = LevelEvidence("sacrum", 0.5, (Counting("ribs", 1),))
    found = replace(session.segmentation, levels=levels, evidence=evidence)
    plan = session.plan
    first = plan.levels[0]
    plan = plan.with_level(replace(first, findings=(DOUBT,)))
    session.set_segmentation(found)
    session.begin_plan(replace(plan, levels_confirmed=False))
    planned.resize(1366, 768)
    planned.go("levels")
    made = planned.host.widget("levels")
    made.presenter.choose(first.verse)
    qtbot.wait(50)
    return made


def _press(qtbot, canvas, *points):
    first, *rest = (QPoint(round(p.x()), round(p.y())) for p in points)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=first)
    for point in rest:
        qtbot.mouseMove(canvas, point)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=(rest or [first])[-1])


def test_both_ways_of_counting_are_shown_until_a_clicked_vertebra_is_confirmed(qtbot, screen):
    p = screen.presenter
    name = NAME_FROM_VERSE[p.chosen]
    other = NAME_FROM_VERSE[p.chosen + 1]
    assert f"from the ribs {other}" in screen.panel.title.text()
    sure = 100 * p.found.level(p.chosen).confidence
    assert f"{sure:.0f}\u202f% sure" in screen.panel.evidence.text(), "as the list of the plan says"
    assert screen.panel.confirm.text() == "Confirm levels"
    assert not screen.panel.confirm.isEnabled(), "waits for a click in an image"
    at, _ = screen.sagittal.to_px(p.found.level(p.chosen).body.centre_lps_mm)
    _press(qtbot, screen.sagittal, at)
    screen.panel.confirm.click()
    assert p.plan.levels_confirmed
    assert screen.panel.title.text() == name
    assert not screen.panel.confirm.isEnabled()


def test_a_click_in_the_sagittal_view_selects_the_vertebra_there(qtbot, screen):
    p = screen.presenter
    other = p.levels[-1]
    at, _ = screen.sagittal.to_px(other.body.centre_lps_mm)
    _press(qtbot, screen.sagittal, at)
    assert p.chosen == other.verse


def test_another_name_renames_all_and_undo_takes_it_back(qtbot, screen):
    p = screen.presenter
    before = [a.verse for a in p.levels]
    names = screen.panel.names
    lower = NAME_FROM_VERSE[p.chosen - 1]
    names.setCurrentText(lower)
    assert screen.panel.confirm.text().startswith("Rename: ")
    screen.panel.confirm.click()
    assert [a.verse for a in p.levels if a.verse != 26] == [v - 1 for v in before if v != 26]
    assert all(t.state == "draft" for x in p.plan.levels for t in x.trajectories)
    p.session.undo()
    assert [a.verse for a in p.levels] == before


def test_a_doubt_is_marked_until_somebody_has_looked(screen):
    p = screen.presenter
    assert p.is_doubtful(p.chosen)
    assert screen.list.currentItem().toolTip().startswith("Has a doubt")
    p.look(p.chosen, DOUBT.code)
    assert not p.is_doubtful(p.chosen)
    assert p.plan.seen[-1].code == DOUBT.code


def test_painting_changes_the_labels_shown_and_can_be_taken_back(qtbot, screen):
    p = screen.presenter
    before = p.labels().labels.copy()
    p.set_tool("erase")
    at, _ = screen.axial.to_px(p.cursor_lps_mm)
    _press(qtbot, screen.axial, at)
    assert (p.labels().labels != before).any()
    assert screen.panel.apply.isEnabled()
    assert "Not applied yet" in screen.panel.edit_words.text()
    np.testing.assert_array_equal(p.found.vertebrae.labels, before)
    _press(qtbot, screen.axial, at + QPointF(12, 0))
    assert p.edit.undo_name.startswith("Erase")
    screen.panel.undo.click()
    screen.panel.undo.click()
    np.testing.assert_array_equal(p.labels().labels, before)
    assert not screen.panel.apply.isEnabled()
    assert screen.panel.apply.toolTip()


def _erase(qtbot, screen):
    p = screen.presenter
    p.set_tool("erase")
    at, _ = screen.axial.to_px(p.cursor_lps_mm)
    _press(qtbot, screen.axial, at)
    return NAME_FROM_VERSE[p.chosen]


def test_undo_takes_the_stroke_in_hand_before_a_step_of_the_plan(qtbot, planned, screen):
    p = screen.presenter
    planned.session.confirm_levels()
    name = _erase(qtbot, screen)
    assert f"Erase from {name}" in planned.bar.undo.toolTip()
    qtbot.keyClick(screen.axial, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert p.edit.undo_name is None
    assert p.plan.levels_confirmed, "the plan's own step is still there"
    redo = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(screen.axial, Qt.Key.Key_Z, redo)
    assert p.edit.undo_name == f"Erase from {name}"
    planned.go("trajectories")
    assert "Confirm the level count" in planned.bar.undo.toolTip(), "elsewhere undo is the plan's"


def test_what_is_painted_is_not_dropped_by_another_correction(qtbot, planned, screen):
    p = screen.presenter
    name = _erase(qtbot, screen)
    panel = screen.panel
    panel.names.setCurrentText(NAME_FROM_VERSE[p.chosen - 1])
    for button in (panel.confirm, panel.tool_buttons["move"], panel.import_button):
        assert not button.isEnabled()
    assert "Apply or discard it first" in panel.confirm_note.text()
    p.name_chosen(NAME_FROM_VERSE[p.chosen - 1])
    p.move_centre(p.cursor_lps_mm)
    assert p.unapplied == name
    assert not p.working
    assert name in planned.status.told.text()


def test_a_centre_cannot_be_put_on_mr_and_the_button_says_so(screen, monkeypatch):
    move = screen.panel.tool_buttons["move"]
    assert move.isEnabled()
    monkeypatch.setattr(screen.presenter, "volume", replace(screen.presenter.volume, modality="MR"))
    screen.panel.refresh()
    assert not move.isEnabled()
    assert "CT only" in move.toolTip()


def test_a_merged_vertebra_is_named_as_it_will_be(screen):
    p = screen.presenter
    one = p.found.level(p.chosen)
    assert p.name_shown(one) == NAME_FROM_VERSE[p.chosen]
    other = p.chosen + 1
    p._begin_edit()
    p.edit.merge(p.chosen, other)
    assert p.name_shown(one) == NAME_FROM_VERSE[other]


def test_closing_asks_about_what_is_painted_and_not_applied(qtbot, planned, screen):
    planned.session.mark_saved()
    name = _erase(qtbot, screen)
    planned.close()
    assert planned.isVisible()
    assert planned.question.objectName() == "unfinished"
    said = " ".join(label.text() for label in planned.question.findChildren(QLabel))
    assert f"What was painted on {name} is not applied" in said
    planned.question.reject()
    screen.panel.drop.click()
    planned.close()
    assert not planned.isVisible()


def test_the_plan_may_change_while_a_correction_is_measured(qtbot, screen, monkeypatch):
    p = screen.presenter
    go_on, plans = threading.Event(), []

    def measured(_case, found, plan, _edit, _progress):
        plans.append(plan)
        assert go_on.wait(20)
        return replace(found), plan

    monkeypatch.setattr(correct_levels, "apply_edit", measured)
    name = _erase(qtbot, screen)
    screen.panel.apply.click()
    qtbot.waitUntil(lambda: len(plans) == 1, timeout=10000)
    assert not screen.panel.undo.isEnabled(), "what is being measured stays as it is"
    assert "Measuring" in screen.panel.undo.toolTip()
    p.look(p.chosen, DOUBT.code)
    go_on.set()
    qtbot.waitUntil(lambda: not p.working and p.edit is None, timeout=10000)
    assert p.session.history.undo_label == f"Erase from {name}"
    assert len(plans) == 2, "measured again on the plan as it is now"
    assert [s.code for s in p.plan.seen] == [DOUBT.code]
