"""One whole guided procedure at L4 left in the window, by mouse and keyboard alone."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from planner.practice.replay import compared_pictures, rescored
from planner.practice.score import planned_hand

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def bodies(tmp_path_factory):
    """Where built bodies are kept between the tests."""
    return tmp_path_factory.mktemp("bodies")


@pytest.fixture
def practice(qtbot, window, tmp_path, bodies):
    """The Practice screen, entered by its button, with a database and bodies of its own."""
    QSettings().setValue("practice/store", str(tmp_path / "practice.sqlite"))
    QSettings().setValue("practice/cache", str(bodies))
    QTest.mouseClick(window.bar.steps["practice"], LEFT)
    return window.host.widget("practice")


def _click(widget) -> None:
    """On its left end, where a tick box or a radio button has its mark."""
    QTest.mouseClick(widget, LEFT, pos=QPoint(10, widget.height() // 2))


class Fellow:
    """Hands that know the keys, and eyes that know where the plan would go."""

    def __init__(self, qtbot, screen) -> None:
        self.qtbot, self.screen, self.room = qtbot, screen, screen.room

    @property
    def state(self):
        return self.screen.driver.state

    def key(self, key, times=1, shift=False) -> None:
        mods = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
        for _ in range(times):
            QTest.keyClick(self.room, key, mods)

    def look(self, view=None) -> None:
        if view is not None:
            self.key(view)
        pulses = self.state.exposure.pulses
        QTest.keyPress(self.room, Qt.Key.Key_Space)
        assert self.state.beam_on
        QTest.keyRelease(self.room, Qt.Key.Key_Space)
        self.qtbot.waitUntil(lambda: not self.state.beam_on, timeout=20000)
        self.qtbot.waitUntil(
            lambda: self.screen.driver.held is not None and self.screen.driver.held.pulse >= pulses,
            timeout=40000,
        )

    def pair(self) -> None:
        self.look(Qt.Key.Key_F2)
        self.look(Qt.Key.Key_F3)

    def insert(self, to_mm: float) -> None:
        """Tap while short of the depth, then push; a pair of looks every few millimetres in bone."""
        docked = planned_hand(self.screen.prepared.scenario).inserted_mm
        docked -= self.screen.prepared.scenario.plan.parameters.straight_mm
        looked = docked - 1.5
        while self.state.hand.inserted_mm < to_mm - 0.3:
            rest = to_mm - self.state.hand.inserted_mm
            in_soft_tissue = self.state.hand.inserted_mm < docked - 7
            self.key(Qt.Key.Key_T if in_soft_tissue or rest > 6 else Qt.Key.Key_Up)
            if self.state.hand.inserted_mm > looked + (2 if looked < docked else 4.5):
                self.pair()
                looked = self.state.hand.inserted_mm


def test_a_guided_procedure_at_l4_by_mouse_and_keyboard(qtbot, window, practice):
    setup = practice.setup
    assert setup.level.currentText() == "L4"
    assert setup.side.currentText() == "left"
    assert not window.banner.isVisible()
    _click(setup.coarse)
    assert setup.coarse.isChecked()
    setup.speed.setFocus()
    QTest.keyClick(setup.speed, Qt.Key.Key_End)
    _click(setup.learner.lineEdit())
    QTest.keyClicks(setup.learner.lineEdit(), "Fellow 3")
    _click(setup.start)
    qtbot.waitUntil(lambda: practice.stack.currentWidget() is practice.room, timeout=240000)
    fellow, room = Fellow(qtbot, practice), practice.room
    scenario = practice.prepared.scenario
    goal, plan = planned_hand(scenario), scenario.plan.parameters
    for _ in range(6):
        _click(room.carm.steppers["along_mm"].more)
    fellow.look()
    fellow.pair()
    assert {"count", "views"} <= set(practice.driver.session.judge.done)
    fellow.look(Qt.Key.Key_F4)
    fellow.key(Qt.Key.Key_E)
    held = practice.driver.held
    projection = scenario.projection(held.carm, practice.driver.maker.size_px)
    # The tool is a point in this view: where its axis meets the skin is where it shall point.
    uv = projection.project(goal.skin_lps_mm)
    at = room.live.picture.widget_at(*uv)
    QTest.mouseClick(room.live.picture, LEFT, pos=QPoint(round(at.x()), round(at.y())))
    assert fellow.state.hand.skin_lps_mm is not None
    fellow.look()
    fellow.insert(goal.inserted_mm)
    fellow.pair()
    fellow.key(Qt.Key.Key_S)
    assert fellow.state.hand.lumen == "stylet"
    turns = round(goal.roll_deg / 15)
    fellow.key(Qt.Key.Key_Left if turns > 0 else Qt.Key.Key_Right, abs(turns))
    fellow.key(Qt.Key.Key_S, round(plan.turn_deg / 5))
    fellow.look(Qt.Key.Key_F2)
    while fellow.state.hand.tip_mm < plan.tip_mm - 0.25:
        before = fellow.state.hand.tip_mm
        fellow.key(Qt.Key.Key_Up)
        assert fellow.state.hand.tip_mm > before
    fellow.key(Qt.Key.Key_P)
    fellow.pair()
    window.close()
    assert window.isVisible()
    assert window.question.objectName() == "unfinished"
    window.question.reject()
    practice.room.setFocus()
    fellow.key(Qt.Key.Key_L)
    qtbot.waitUntil(lambda: room.steps.advice.text().startswith("All steps are done"), timeout=200000)
    _click(room.end)
    qtbot.waitUntil(lambda: practice.stack.currentWidget() is practice.debriefing, timeout=120000)
    page = practice.debriefing
    score = page.data.score
    assert score.passed, score.gates
    assert score.total >= 80, [(p.key, p.value, p.points) for p in score.parts]
    assert len(page.data.shots) == fellow.state.exposure.presses
    kept = practice.store.attempts("Fellow 3")
    assert [a.total for a in kept] == [score.total]
    log = practice.store.log(kept[0].id)
    assert rescored(scenario, log) == score
    assert len(log.pictures) == fellow.state.exposure.presses
    assert all(compared_pictures(scenario, log)[-3:])
    page.setFocus()
    before = page.time_s
    QTest.keyClick(page, Qt.Key.Key_Left)
    assert page.time_s < before
    assert np.array_equal(page.shot.pixels, page.picture(page.data.shot_at(page.time_s)))
    practice.show_progress()
    assert practice.progress.table.rowCount() == 1


def test_no_truth_and_no_help_in_an_examination(qtbot, practice, tmp_path):
    setup = practice.setup
    _click(setup.coarse)
    assert setup.coarse.isChecked()
    _click(setup.grades.button(2))
    _click(setup.start)
    qtbot.waitUntil(lambda: practice.stack.currentWidget() is practice.room, timeout=240000)
    room = practice.room
    assert room.steps.isHidden()
    assert practice.prepared.expected == {}
    room.carm.go("ap")
    assert (practice.driver.state.carm.orbit_deg, practice.driver.state.carm.tilt_deg) == (0.0, 0.0)
    QTest.keyClick(room, Qt.Key.Key_T)
    assert practice.driver.state.refusal == "Choose the skin entry first."
    _click(room.end)
    qtbot.waitUntil(lambda: practice.stack.currentWidget() is practice.debriefing, timeout=120000)
    assert practice.debriefing.data.score.total == 0
    practice.debriefing.frames[2].title.setText("Shot 21")  # as the debriefing before has left it
    practice.debriefing.go(0.0)
    assert practice.debriefing.frames[2].title.text() == "Shot", "no picture was taken, and none is claimed"
    _click(next(b for b in practice.debriefing.findChildren(QPushButton) if b.text() == "Other task"))
    assert practice.stack.currentWidget() is practice.setup
