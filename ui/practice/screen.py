"""The Practice screen: set-up, room, debriefing and progress, one at a time."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QVBoxLayout, QWidget

from imaging.errors import PlannerError
from imaging.progress import Progress, SubProgress
from planner.practice.cases import case_scenario
from planner.practice.debrief import Debrief, debrief
from planner.practice.live import LiveSession
from planner.practice.log import SessionLog
from planner.practice.pack import read_pack, write_pack
from planner.practice.phantoms import build
from planner.practice.pictures import PictureMaker
from planner.practice.positions import expected
from planner.practice.room import RoomState
from planner.practice.scenario import Scenario
from planner.practice.steps import STEPS
from planner.practice.store import PracticeStore
from planner.services.xray_volume import xray_volume
from ui.practice.carm_view import back_picture
from ui.practice.debrief_page import DebriefPage
from ui.practice.driver import RoomDriver
from ui.practice.progress_page import ProgressPage
from ui.practice.room_page import RoomPage
from ui.practice.setup_page import SetupPage, Wish
from ui.practice.steps_panel import Expected
from ui.screens.registry import WindowContext
from ui.views.series_list import BusyBar

PICTURE_PX = 512
THUMB_PX = 256
CHANNEL = "practice"


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a room needs, made before it is entered."""

    scenario: Scenario
    maker: PictureMaker
    expected: Expected
    back: Any


class PracticeScreen(QWidget):
    """Belongs to the window, not to a case: a session goes on when another case is opened."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.context = context
        stored = str(QSettings().value("practice/store", ""))
        self.store = PracticeStore(Path(stored) if stored else None)
        cache = str(QSettings().value("practice/cache", ""))
        self.cache = Path(cache) if cache else None
        self.driver: RoomDriver | None = None
        self.prepared: Prepared | None = None
        self.last_wish: Wish | None = None
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self.busy = BusyBar()
        self.busy.cancel.connect(lambda: context.tasks.cancel(CHANNEL))
        box.addWidget(self.busy)
        self.stack = QStackedWidget()
        box.addWidget(self.stack, 1)
        self.setup = SetupPage()
        self.setup.begin.connect(self.begin)
        self.setup.progress_wanted.connect(self.show_progress)
        self.setup.export_pack.connect(self.export_pack)
        key = int(QSettings().value("practice/pedal_key", int(Qt.Key.Key_Space)))
        self.room = RoomPage(key)
        self.room.told.connect(context.tell)
        self.room.ended.connect(self._ended)
        self.debriefing = DebriefPage()
        self.debriefing.told.connect(context.tell)
        self.debriefing.again.connect(self.try_again)
        self.debriefing.another.connect(self.show_setup)
        self.debriefing.progress_wanted.connect(self.show_progress)
        self.progress = ProgressPage()
        self.progress.told.connect(context.tell)
        self.progress.back.connect(self.show_setup)
        self.progress.open_session.connect(self.open_session)
        for page in (self.setup, self.room, self.debriefing, self.progress):
            self.stack.addWidget(page)
        self.show_setup()

    def shown(self) -> None:
        """Back to the set-up where no room is open."""
        if self.stack.currentWidget() is self.setup:
            self.show_setup()
        elif self.stack.currentWidget() is self.room:
            self.room.setFocus()

    def show_setup(self) -> None:
        """What can be practised now."""
        try:
            learners = self.store.learners()
        except PlannerError as error:
            self.context.tell(error.text)
            learners = []
        self.setup.refresh(self.context.session.plan, learners)
        self.stack.setCurrentWidget(self.setup)

    def show_progress(self) -> None:
        """The learners."""
        try:
            log = self.driver.session.log if self.driver is not None else None
            self.progress.refresh(self.store, log.learner if log is not None else "")
        except PlannerError as error:
            self.context.tell(error.text)
            return
        self.stack.setCurrentWidget(self.progress)

    def begin(self, wish: Wish) -> None:
        """Build the body, the expected views and the back, then enter the room."""
        self.last_wish = wish
        self.busy.begin("Preparing the room")
        self._lock(True)

        def work(progress: Progress) -> Prepared:
            scenario = self._scenario(wish, SubProgress(progress, 0.0, 0.85))
            return prepare(scenario, wish.grade == "guided", SubProgress(progress, 0.85, 1.0))

        def done(prepared: Prepared) -> None:
            self.busy.hide()
            self._lock(False)
            self.enter(prepared, wish)

        self._run(work, done, "The room could not be prepared")

    def _lock(self, on: bool) -> None:
        """While a room is prepared nothing else can be chosen, and no key meant for the room does harm."""
        self.setup.setEnabled(not on)
        if on:
            self.setFocus()

    def _run(self, work: Any, done: Any, title: str) -> None:
        def over() -> None:
            self.busy.hide()
            self._lock(False)

        def failed(error: Exception, details: str) -> None:
            over()
            self.context.fail(title, error, details)

        self.context.tasks.start(CHANNEL, work, done, failed, self.busy.report, over)

    def _scenario(self, wish: Wish, progress: Progress) -> Scenario:
        if wish.spec is not None:
            return build(wish.spec, progress, self.cache)
        if wish.origin == "pack" and wish.pack is not None:
            return read_pack(wish.pack, progress)
        session = self.context.session
        plan, found, case = session.plan, session.segmentation, session.case
        if plan is None or found is None or case is None:
            raise PlannerError("no_case", "There is no planned case open to practise on.")
        volume = self.context.services.volume_of(case)
        if volume.modality == "MR":
            volume = xray_volume(case, found, progress)
        return case_scenario(volume, found, plan, wish.verse, wish.side, progress)

    def enter(self, prepared: Prepared, wish: Wish) -> None:
        """A new session in a prepared room."""
        self._close_driver()
        self.prepared = prepared
        session = LiveSession(
            prepared.scenario, wish.grade, wish.learner, random.randrange(2**31), prepared.maker.size_px
        )
        self.driver = RoomDriver(session, prepared.maker, self)
        self.driver.broken.connect(lambda e: self.context.fail("The picture could not be made", e, repr(e)))
        patient = _patient(self.context) if wish.origin == "case" else ""
        self.room.hand.speed = wish.speed
        self.room.enter(self.driver, prepared.expected, prepared.back, patient)
        self.stack.setCurrentWidget(self.room)
        self.room.setFocus()
        self.context.refresh()

    def try_again(self) -> None:
        """The same task once more."""
        if self.prepared is not None and self.last_wish is not None:
            self.enter(self.prepared, self.last_wish)
        else:
            self.show_setup()

    def _ended(self) -> None:
        driver, prepared = self.driver, self.prepared
        if driver is None or prepared is None:
            return
        driver.settle()
        log = driver.session.log
        self._uncover(log, prepared.scenario, prepared.maker, keep=True)

    def _uncover(
        self, log: SessionLog, scenario: Scenario, maker: PictureMaker, keep: bool, id: str = ""
    ) -> None:
        self.busy.begin("Uncovering the truth")

        def work(progress: Progress) -> tuple[Debrief, Any]:
            from ui.vtk.mesh import bone_surfaces

            data = debrief(scenario, log, SubProgress(progress, 0.0, 0.4))
            near = near_task(scenario)
            return data, bone_surfaces(near, SubProgress(progress, 0.4, 1.0))

        def done(answer: tuple[Debrief, Any]) -> None:
            data, surfaces = answer
            self.busy.hide()
            kept = id
            attempts = []
            try:
                if keep:
                    kept = self.store.add(log, data.score).id
                who = log.learner or "Anonymous"
                attempts = [a for a in self.store.attempts(who) if a.task == log.spec.task]
            except PlannerError as error:
                self.context.tell(error.text)
            self.debriefing.show_session(data, surfaces, maker, attempts, kept)
            self.stack.setCurrentWidget(self.debriefing)
            self.debriefing.setFocus()

        self._run(work, done, "The debriefing could not be shown")

    def open_session(self, id: str) -> None:
        """The debriefing of a stored session."""
        try:
            log = self.store.log(id)
        except PlannerError as error:
            self.context.tell(error.text)
            return
        self.busy.begin("Opening the session")
        now = self.prepared

        def work(progress: Progress) -> Prepared:
            if now is not None and now.scenario.spec.key == log.spec.key:
                return now
            if log.spec.kind != "phantom":
                raise PlannerError(
                    "needs_pack", "This session was made on a case: open that case or its pack first."
                )
            return prepare(build(log.spec, progress, self.cache), False, progress)

        def done(prepared: Prepared) -> None:
            self.busy.hide()
            self.prepared = prepared
            self.last_wish = None  # it was about another body, grade and learner
            self._uncover(log, prepared.scenario, prepared.maker, keep=False, id=id)

        self._run(work, done, "The session could not be opened")

    def export_pack(self, wish: Wish) -> None:
        """Write the chosen body and task as a case pack."""
        name, _ = QFileDialog.getSaveFileName(
            self, "Save as case pack", "case.bvnpack", "Case packs (*.bvnpack)"
        )
        if not name:
            return
        path = Path(name)
        self.busy.begin("Writing the case pack")

        def work(progress: Progress) -> None:
            scenario = self._scenario(wish, SubProgress(progress, 0.0, 0.6))
            write_pack(path, scenario, path.stem, SubProgress(progress, 0.6, 1.0))

        def done(_nothing: None) -> None:
            self.busy.hide()
            self.context.tell(f"Saved {path.name}: voxels, label maps and the task, nothing of the patient.")

        self._run(work, done, "The case pack could not be written")

    def _close_driver(self) -> None:
        if self.driver is not None:
            self.driver.close()
            self.driver.deleteLater()
            self.driver = None

    def unfinished(self) -> str:
        """What closing the window would lose."""
        state = self.driver.state if self.driver is not None else None
        begun = state is not None and not state.ended and state.exposure.presses > 0
        return "The practice session has not been ended, so it is not scored or kept." if begun else ""

    def restyle(self) -> None:
        """The theme has changed."""
        if self.driver is not None:
            self.room.steps.refresh()

    def shutdown(self) -> None:
        """Before the window goes."""
        self._close_driver()
        self.debriefing.shutdown()


def prepare(scenario: Scenario, guided: bool, progress: Progress) -> Prepared:
    """The picture maker, the views to expect and the back's picture. Can run on any thread."""
    progress.step(0.0, "Taking the views to expect")
    shown: Expected = {}
    if guided:
        small = PictureMaker(scenario, THUMB_PX)
        for n, step in enumerate(STEPS):
            progress.step(0.6 * n / len(STEPS), "Taking the views to expect")
            shown[step.key] = tuple(
                (caption, small.plain(carm, hand, 0, 1)[0])
                for caption, carm, hand in expected(scenario, step.key)
            )
    progress.step(0.7, "Warming the tube up")
    maker = PictureMaker(scenario, PICTURE_PX)
    first = RoomState()
    maker.take(first.carm, first.hand, 0, 1)
    return Prepared(scenario, maker, shown, back_picture(scenario))


def near_task(scenario: Scenario) -> Any:
    """The label map with the task's vertebra alone: the debriefing cuts that one open."""
    from imaging.volume import LabelVolume

    labels = scenario.vertebrae
    verse = scenario.spec.verse
    return LabelVolume(labels.grid, (labels.labels == verse).astype("uint8") * verse)


def _patient(context: WindowContext) -> str:
    return context.presenter.patient.name if context.presenter is not None else ""
