"""What the planning screen shows and does. It decides nothing: the session and the services do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.labels import SIDES, Side
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.devices.catalogue import device_by_id
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.notebook import Kind
from planner.domain.plan import LevelPlan, Plan, Point, Trajectory
from planner.session import PlanningSession
from planner.trajectory.entry_map import EntryMap
from planner.trajectory.reach import ReachSurface
from ui.presenters.along_tool import AlongTool
from ui.presenters.annotating import Annotating
from ui.presenters.counting import Counting
from ui.presenters.editing import Editing
from ui.presenters.exploring import Exploring
from ui.presenters.picturing import Picturing
from ui.presenters.services import Handle, PatientWords, Services, XrayPicture
from ui.tasks import TaskRunner
from ui.turns import Turns

if TYPE_CHECKING:
    from ui.views.mr_layer import Mode, MrLayer

Array = NDArray[np.float64]

DRAGGED_XRAY_S = 0.4


class CasePresenter(AlongTool, Annotating, Counting, Editing, Exploring, Picturing, QObject):
    """One open case for the views: selection, cursor, depth along the tool, edits, X-rays."""

    plan_changed = Signal()
    selection_changed = Signal()
    cursor_changed = Signal()
    depth_changed = Signal()
    look_changed = Signal()
    history_changed = Signal()
    xray_changed = Signal(str)
    told = Signal(str)
    failed = Signal(str, object, str)
    pointer_told = Signal(str)
    edit_asked = Signal(str)
    map_changed = Signal()
    pointed_changed = Signal()
    reach_changed = Signal()
    working = Signal(str, float)

    def __init__(
        self, session: PlanningSession, services: Services, tasks: TaskRunner, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.session, self.services, self.tasks = session, services, tasks
        self.turns = Turns(self)
        self.volume: Volume = services.volume_of(session.case)
        self.patient: PatientWords = services.patient_of(session.case)
        self.cursor_lps_mm: Array = self.volume.grid.centre_lps_mm.copy()
        self.depth_mm, self.at_target = 0.0, False
        ct = self.volume.modality == "CT"
        low, high = (0.0, 1.0) if ct else np.percentile(self.volume.values[::2, ::4, ::4], [1, 99.5])
        self.window_level = (1800.0, 400.0) if ct else (float(high - low), float(high + low) / 2)
        self.overlays = True
        self.crosshair = True
        self.slab_mm = 0.0
        self.mr_layer: MrLayer | None = None
        self.measuring: Kind | None = None
        self.marks: list[Point] = []
        self._nudged_at, self._nudges = 0.0, 0
        self._may_edit: set[tuple[int, Side]] = set()
        self._pointed: tuple[SpineSegmentation | None, int] = (None, 0)
        self.xrays: dict[str, XrayPicture] = {}
        self.xray_failure = ""
        self._xray_at = 0.0
        self._xray_later = QTimer(self)
        self._xray_later.setSingleShot(True)
        self._xray_later.timeout.connect(self.request_xrays)
        self.dragging: Handle | None = None
        self.entry_map: EntryMap | None = None
        self.reach: ReachSurface | None = None
        self.reach_shown = False
        self._links = [
            session.plan_changed.connect(lambda _old, _new: self._on_plan()),
            session.segmentation_changed.connect(lambda _old, _new: self._on_found()),
            session.selection_changed.connect(lambda _old, _new: self._on_selection()),
            session.clean_changed.connect(lambda _old, _new: self.history_changed.emit()),
        ]
        self._on_selection()

    def close(self) -> None:
        """Let go of the session; the views hear nothing any more."""
        for unlink in self._links:
            unlink()
        self._links = []
        for channel in ("edit", "xray", "map", "reach", "explore"):
            self.tasks.cancel(channel)

    @property
    def plan(self) -> Plan | None:
        """The plan to show: the preview while something is dragged."""
        return self.session.shown_plan

    @property
    def limits(self) -> Limits:
        """The limits that the plan is judged by."""
        return self.plan.limits if self.plan else DEFAULT_LIMITS

    @property
    def segmentation(self) -> SpineSegmentation | None:
        """What was found in the image."""
        return self.session.segmentation

    @property
    def level(self) -> LevelPlan | None:
        """The selected level's plan."""
        verse = self.session.selection.verse
        return self.plan.level(verse) if self.plan and verse is not None else None

    @property
    def side(self) -> Side:
        """The selected side."""
        return self.session.selection.side or "left"

    @property
    def trajectory(self) -> Trajectory | None:
        """The selected trajectory."""
        return self.level.trajectory(self.side) if self.level else None

    @property
    def anatomy(self) -> VertebraAnatomy | None:
        """The selected vertebra's anatomy."""
        verse = self.session.selection.verse
        return self.segmentation.level(verse) if self.segmentation and verse is not None else None

    def device_name(self) -> str:
        """Name of the selected tool's instrument; its id where the catalogue does not know it."""
        if self.trajectory is None:
            return ""
        own = self.plan.device(self.trajectory.device) if self.plan else None
        if own is not None:
            return own.name
        try:
            return device_by_id(self.trajectory.device).name
        except PlannerError:
            return self.trajectory.device

    def title(self) -> str:
        """The selected thing in words: L4 left."""
        return f"{self.level.name} {self.side}" if self.level else "No level selected"

    def select(self, verse: int, side: Side) -> None:
        """Select a level and a side everywhere."""
        self.session.select(verse, side)

    def select_first(self) -> None:
        """Select the first side that is planned, else the first refused one."""
        if self.plan is None:
            return
        for level in self.plan.levels:
            for side in SIDES:
                if level.trajectory(side):
                    self.select(level.verse, side)
                    return
        if self.plan.levels:
            self.select(self.plan.levels[0].verse, "left")

    def step_level(self, by: int) -> None:
        """Go a level down (1) or up (-1)."""
        if self.plan is None or not self.plan.levels:
            return
        numbers = [level.verse for level in self.plan.levels]
        at = numbers.index(self.level.verse) if self.level else 0
        self.select(numbers[min(len(numbers) - 1, max(0, at + by))], self.side)

    def set_cursor(self, point_lps_mm: Array) -> None:
        """Put the crosshair of all views on a point inside the image."""
        grid = self.volume.grid
        ijk = grid.indices_from_lps(point_lps_mm)
        ijk = np.clip(ijk, 0, np.array(grid.shape_kji[::-1]) - 1)
        self.cursor_lps_mm = grid.lps_from_indices(ijk)
        self.cursor_changed.emit()

    def set_window(self, window: float, level: float) -> None:
        """Brightness of the slices."""
        self.window_level = (max(20.0, window), level)
        self.look_changed.emit()

    def set_overlays(self, shown: bool) -> None:
        """Show or hide what lies over the images."""
        self.overlays = shown
        self.look_changed.emit()

    def show_mr(self, mode: Mode, share: float | None = None) -> None:
        """How the MR lies over the CT in every slice."""
        if self.mr_layer is not None:
            self.mr_layer.mode = mode
            self.mr_layer.share = self.mr_layer.share if share is None else share
            self.look_changed.emit()

    def undo(self) -> None:
        """One step back."""
        self._guard(self.session.undo)

    def redo(self) -> None:
        """One step forward."""
        self._guard(self.session.redo)

    def review(self) -> None:
        """Mark the selected trajectory as reviewed."""
        level, trajectory = self.level, self.trajectory
        if level is not None and trajectory is not None:
            self._guard(lambda: self.session.review(level.verse, trajectory.side))

    def look(self, where: int, code: str) -> None:
        """A person has looked at a doubt of a level (0: of the whole case)."""
        self._guard(lambda: self.session.acknowledge(where, code))

    def approve(self) -> None:
        """Approve the selected trajectory, or take the approval back."""
        level, trajectory = self.level, self.trajectory
        if level is None or trajectory is None:
            return
        if trajectory.state == "approved":
            self._guard(lambda: self.session.withdraw(level.verse, trajectory.side))
        else:
            self._guard(lambda: self.session.approve(level.verse, trajectory.side))

    def why_not_approvable(self) -> str:
        """The sentence beside Approve; empty when it may be pressed."""
        if self.level is None or self.session.plan is None:
            return "Approve waits for a planned trajectory."
        return self.session.why_not_approvable(self.level.verse, self.side)

    def _guard(self, action: Callable[[], None]) -> None:
        try:
            action()
        except PlannerError as error:
            self.told.emit(error.text)
        self.history_changed.emit()

    def _on_found(self) -> None:
        if self.plan is None:
            self.plan_changed.emit()

    def _on_plan(self) -> None:
        if self.trajectory is not None:
            # Who stands at the target stays there, however long the tool becomes.
            self.depth_mm = self.length_mm() if self.at_target else min(self.depth_mm, self.length_mm())
        self.plan_changed.emit()
        rest_s = self._xray_at + DRAGGED_XRAY_S - time.monotonic() if self.dragging else 0.0
        if rest_s <= 0:
            self._xray_later.stop()
            self.request_xrays()
        elif not self._xray_later.isActive():
            self._xray_later.start(int(1000 * rest_s) + 1)  # the hand may rest before the next move
        if not self.dragging:
            self.history_changed.emit()
            self.request_map()
            if self.reach_shown:
                self.show_reach(True)

    def _on_selection(self) -> None:
        self.xrays.clear()
        if self.trajectory is not None:
            self.depth_mm, self.at_target = self.length_mm(), True
            self.cursor_lps_mm = self.at_depth(self.depth_mm)[0]
        elif self.anatomy is not None:
            self.cursor_lps_mm = self.anatomy.body.centre_lps_mm.copy()
        self.entry_map = None
        self.selection_changed.emit()
        self.cursor_changed.emit()
        self.request_xrays()
        self.request_map()
        if self.reach_shown:
            self.show_reach(True)
