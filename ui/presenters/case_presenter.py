"""What the planning screen shows and does. It decides nothing: the session and the services do."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.labels import SIDES, Side
from imaging.progress import Progress
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.devices.catalogue import device_by_id
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.notebook import Kind
from planner.domain.plan import LevelPlan, Plan, Point, Trajectory
from planner.session import PlanningSession
from planner.trajectory.forgiveness import EntryMap
from planner.trajectory.reach import ReachSurface
from ui.presenters.along_tool import AlongTool
from ui.presenters.annotating import Annotating
from ui.presenters.counting import Counting
from ui.presenters.exploring import Exploring
from ui.presenters.services import Handle, PatientWords, Services, XrayPicture, XrayView
from ui.tasks import TaskRunner
from ui.turns import Turns

if TYPE_CHECKING:
    from ui.views.mr_layer import Mode, MrLayer

Array = NDArray[np.float64]

DRAGGED_XRAY_S = 0.25


class CasePresenter(AlongTool, Annotating, Counting, Exploring, QObject):
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
        self.depth_mm = 0.0
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
        self.dragging: Handle | None = None
        self.entry_map: EntryMap | None = None
        self.reach: ReachSurface | None = None
        self.reach_shown = False
        self._links = [
            session.plan_changed.connect(lambda _old, _new: self._on_plan()),
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

    def why_not_editable(self) -> str:
        """Why the selected tool may not be moved; empty when it may. An approved one is asked about once."""
        level, trajectory = self.level, self.trajectory
        if self.session.read_only:
            return self.session.read_only
        if level is None or trajectory is None or self.session.plan is None:
            return "There is no planned tool to move."
        place = (level.verse, trajectory.side)
        if place in self.session.plan.notebook.locked:
            return f"{self.title()} is locked and does not move. Unlock it first (K)."
        if trajectory.state == "approved" and place not in self._may_edit:
            return f"Edit {self.title()}? Its approval will be withdrawn."
        return ""

    def begin_edit(self) -> bool:
        """Whether an edit may begin now; if not, it is said why, or asked."""
        reason = self.why_not_editable()
        if reason.startswith("Edit "):
            self.edit_asked.emit(reason)
        elif reason:
            self.told.emit(reason)
        return not reason

    def allow_edit(self) -> None:
        """A person knows that editing the selected tool withdraws its approval."""
        if self.level is not None:
            self._may_edit.add((self.level.verse, self.side))

    def drag(
        self, handle: Handle, point_lps_mm: Array, final: bool, merge_key: Hashable | None = None
    ) -> None:
        """Move a handle of the selected tool; shown at once, kept when ``final``."""
        plan, trajectory, level = self.session.plan, self.trajectory, self.level
        if plan is None or trajectory is None or level is None or self.segmentation is None:
            return
        self.dragging = None if final else handle
        case, segmentation = self.session.case, self.segmentation
        verse, side = level.verse, trajectory.side
        point = (float(point_lps_mm[0]), float(point_lps_mm[1]), float(point_lps_mm[2]))
        what = {"entry": "entry", "bend": "bend", "target": "tip"}[handle]
        label = f"Move {what}, {level.name} {side}"

        def work(_progress: Progress) -> Plan:
            return self.services.moved(case, segmentation, plan, verse, side, handle, point, not final)

        def done(moved: Plan) -> None:
            if self.session.plan is not plan:
                return
            if final:
                self._may_edit.discard((verse, side))
                self._guard(lambda: self.session.commit(label, moved, merge_key))
            elif self.dragging:
                self.session.preview(moved)

        def failed(error: Exception, details: str) -> None:
            self.session.preview(None)
            if isinstance(error, PlannerError):
                self.told.emit(error.text)
            else:
                self.failed.emit("The change could not be worked out", error, details)

        self.tasks.latest("edit", work, done, failed)

    def nudge(self, handle: Handle, shift_lps_mm: Array) -> None:
        """Move a handle by a small step."""
        trajectory = self.trajectory
        if trajectory is None or not self.begin_edit():
            return
        now = time.monotonic()
        if now - self._nudged_at > 1.0:
            self._nudges += 1
        self._nudged_at = now
        key = ("nudge", handle, self.title(), self._nudges)
        self.drag(handle, self.handle_point(handle) + shift_lps_mm, final=True, merge_key=key)

    def handle_point(self, handle: Handle) -> Array:
        """Where a handle of the selected tool lies; the bend's is where the straight part ends."""
        t = self.trajectory
        if t is None:
            return self.cursor_lps_mm
        if handle == "bend":
            p = t.parameters
            return np.array(p.entry_lps_mm) + p.straight_mm * np.array(p.direction_lps, float)
        return np.array(t.bone_entry_lps_mm if handle == "entry" else t.tip_lps_mm, float)

    def handles(self) -> tuple[Handle, ...]:
        """The handles of the selected tool, the one that is grasped first where they meet first."""
        if self.trajectory is None:
            return ()
        return ("target", "bend", "entry") if self.trajectory.parameters.turn_deg > 1 else ("target", "entry")

    def tilt(self, across_lps: Array, degrees: float) -> None:
        """Turn the selected tool about its bone entry, its tip moving along ``across_lps``."""
        if self.trajectory is None:
            return
        reach = float(np.linalg.norm(self.handle_point("target") - self.handle_point("entry")))
        self.nudge("target", across_lps * np.tan(np.deg2rad(degrees)) * reach)

    def cancel_drag(self) -> None:
        """Put everything back as before the drag."""
        if self.dragging is None:
            return
        self.dragging = None
        self.tasks.cancel("edit")
        self.session.preview(None)

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

    def _on_plan(self) -> None:
        if self.trajectory is not None:
            self.depth_mm = min(self.depth_mm, self.length_mm())
        self.plan_changed.emit()
        if not self.dragging or time.monotonic() > self._xray_at + DRAGGED_XRAY_S:
            self.request_xrays()
        if not self.dragging:
            self.history_changed.emit()
            self.request_map()
            if self.reach_shown:
                self.show_reach(True)

    def _on_selection(self) -> None:
        self.xrays.clear()
        if self.trajectory is not None:
            self.depth_mm = self.length_mm()
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

    def request_xrays(self) -> None:
        """Ask for the X-rays of the selected tool; coarse while something is dragged."""
        plan, level, trajectory, case = self.plan, self.level, self.trajectory, self.session.case
        found = self.segmentation
        if plan is None or level is None or trajectory is None or found is None:
            return
        size = 256 if self.dragging else 640
        verse, side = level.verse, trajectory.side
        views: tuple[XrayView, ...] = ("ap", "lateral")
        self._xray_at = time.monotonic()

        def work(progress: Progress) -> dict[str, XrayPicture]:
            return {
                view: self.services.xray(case, found, plan, verse, side, view, size, progress)
                for view in views
            }

        def done(pictures: dict[str, XrayPicture]) -> None:
            if self.level is None or (self.level.verse, self.side) != (verse, side):
                return
            self.xrays, self.xray_failure = pictures, ""
            for view in pictures:
                self.xray_changed.emit(view)

        def failed(error: Exception, _details: str) -> None:
            self.xray_failure = (
                error.text if isinstance(error, PlannerError) else "The X-ray cannot be shown."
            )
            self.xray_changed.emit("ap")
            self.xray_changed.emit("lateral")
            if not isinstance(error, PlannerError):
                self.told.emit(f"{self.xray_failure} {type(error).__name__}: {error}")

        self.tasks.latest("xray", work, done, failed)
