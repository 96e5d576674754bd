"""What the planning screen shows and does. It decides nothing: the session and the services do."""

from __future__ import annotations

from collections.abc import Callable

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
from planner.domain.plan import LevelPlan, Plan, Trajectory
from planner.session import PlanningSession
from ui.presenters.services import Handle, PatientWords, Services, XrayPicture, XrayView
from ui.tasks import TaskRunner

Array = NDArray[np.float64]


class CasePresenter(QObject):
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

    def __init__(
        self, session: PlanningSession, services: Services, tasks: TaskRunner, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.session, self.services, self.tasks = session, services, tasks
        self.volume: Volume = services.volume_of(session.case)
        self.patient: PatientWords = services.patient_of(session.case)
        self.cursor_lps_mm: Array = self.volume.grid.centre_lps_mm.copy()
        self.depth_mm = 0.0
        ct = self.volume.modality == "CT"
        low, high = (0.0, 1.0) if ct else np.percentile(self.volume.values[::2, ::4, ::4], [1, 99.5])
        self.window_level = (1800.0, 400.0) if ct else (float(high - low), float(high + low) / 2)
        self.overlays = True
        self.crosshair = True
        self.xrays: dict[str, XrayPicture] = {}
        self.xray_failure = ""
        self.dragging: Handle | None = None
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
        for channel in ("edit", "xray"):
            self.tasks.cancel(channel)

    @property
    def plan(self) -> Plan | None:
        """The plan to show: the preview while something is dragged."""
        return self.session.shown_plan

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

    def set_depth(self, depth_mm: float) -> None:
        """Go to a depth along the tool, in all views."""
        trajectory = self.trajectory
        if trajectory is None:
            return
        self.depth_mm = float(np.clip(depth_mm, 0, self.length_mm()))
        self.depth_changed.emit()
        self.set_cursor(self.at_depth(self.depth_mm)[0])

    def length_mm(self) -> float:
        """Length of the tool in the bone."""
        trajectory = self.trajectory
        return float(arc_mm(trajectory)[-1]) if trajectory else 0.0

    def at_depth(self, depth_mm: float) -> tuple[Array, Array]:
        """Point and unit tangent of the selected tool at a depth."""
        trajectory = self.trajectory
        if trajectory is None:
            return self.cursor_lps_mm, np.array([0.0, -1.0, 0.0])
        path, arc = np.array(trajectory.path_lps_mm, float), arc_mm(trajectory)
        point = np.array([np.interp(depth_mm, arc, path[:, a]) for a in range(3)])
        low, high = max(0.0, depth_mm - 0.6), min(float(arc[-1]), depth_mm + 0.6)
        ahead = np.array(
            [np.interp(high, arc, path[:, a]) - np.interp(low, arc, path[:, a]) for a in range(3)]
        )
        length = np.linalg.norm(ahead)
        return point, ahead / length if length > 1e-9 else np.array(
            trajectory.parameters.direction_lps, float
        )

    def pedicle_depth(self) -> float:
        """The depth shown across the tool: the present one, but the middle of the pedicle past the posterior
        wall, where a cut across the tool shows no pedicle any more."""
        marks = dict(self.checkpoints())
        if self.depth_mm > marks.get("Posterior wall", self.length_mm()) + 2.0 and "Mid-pedicle" in marks:
            return marks["Mid-pedicle"]
        return self.depth_mm

    def checkpoints(self) -> list[tuple[str, float]]:
        """Named depths along the selected tool, in order."""
        trajectory, anatomy = self.trajectory, self.anatomy
        if trajectory is None:
            return []
        path, arc = np.array(trajectory.path_lps_mm, float), arc_mm(trajectory)
        marks: list[tuple[str, float]] = [("Docking", 0.0)]
        if anatomy is not None:
            pedicle = anatomy.pedicles.get(trajectory.side)
            if pedicle is not None:
                nearest = int(np.argmin(np.linalg.norm(path - pedicle.isthmus_centre_lps_mm, axis=1)))
                marks.append(("Mid-pedicle", float(arc[nearest])))
            behind = (path - anatomy.body.posterior_wall_lps_mm) @ anatomy.body.posterior
            inside = np.flatnonzero(behind < 0)
            if len(inside) and inside[0] > 0:
                marks.append(("Posterior wall", float(arc[inside[0]])))
        if trajectory.parameters.turn_deg > 1:
            marks.append(("Bend", float(trajectory.parameters.straight_mm)))
        marks.append(("Target", float(arc[-1])))
        return sorted((m for m in marks if 0 <= m[1] <= arc[-1] + 1e-6), key=lambda m: m[1])

    def step_checkpoint(self, by: int) -> None:
        """Go to the next (1) or last (-1) checkpoint."""
        depths = [d for _, d in self.checkpoints()]
        rest = [d for d in depths if (d > self.depth_mm + 0.05 if by > 0 else d < self.depth_mm - 0.05)]
        if rest:
            self.set_depth(min(rest) if by > 0 else max(rest))

    def set_window(self, window: float, level: float) -> None:
        """Brightness of the slices."""
        self.window_level = (max(20.0, window), level)
        self.look_changed.emit()

    def set_overlays(self, shown: bool) -> None:
        """Show or hide what lies over the images."""
        self.overlays = shown
        self.look_changed.emit()

    def drag(self, handle: Handle, point_lps_mm: Array, final: bool) -> None:
        """Move a handle of the selected tool; shown at once, kept when ``final``."""
        plan, trajectory, level = self.session.plan, self.trajectory, self.level
        if plan is None or trajectory is None or level is None or self.segmentation is None:
            return
        self.dragging = None if final else handle
        case, segmentation = self.session.case, self.segmentation
        verse, side = level.verse, trajectory.side
        point = (float(point_lps_mm[0]), float(point_lps_mm[1]), float(point_lps_mm[2]))
        what = "entry" if handle == "entry" else "tip"
        label = f"Move {what}, {level.name} {side}"

        def work(_progress: Progress) -> Plan:
            return self.services.moved(case, segmentation, plan, verse, side, handle, point, not final)

        def done(moved: Plan) -> None:
            if self.session.plan is not plan:
                return
            if final:
                self.session.commit(label, moved)
                self.history_changed.emit()
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
        if trajectory is not None:
            start = trajectory.bone_entry_lps_mm if handle == "entry" else trajectory.tip_lps_mm
            self.drag(handle, np.array(start) + shift_lps_mm, final=True)

    def cancel_drag(self) -> None:
        """Put everything back as before the drag."""
        if self.dragging is None:
            return
        self.dragging = None
        self.tasks.cancel("edit")
        self.session.preview(None)

    def undo(self) -> None:
        """One step back."""
        self._guard(self.session.undo)

    def redo(self) -> None:
        """One step forward."""
        self._guard(self.session.redo)

    def confirm_levels(self) -> None:
        """A person has confirmed the names of the levels."""
        self._guard(self.session.confirm_levels)

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
        self.history_changed.emit()
        self.request_xrays()

    def _on_selection(self) -> None:
        self.xrays.clear()
        if self.trajectory is not None:
            self.depth_mm = self.length_mm()
            self.cursor_lps_mm = self.at_depth(self.depth_mm)[0]
        elif self.anatomy is not None:
            self.cursor_lps_mm = self.anatomy.body.centre_lps_mm.copy()
        self.selection_changed.emit()
        self.cursor_changed.emit()
        self.request_xrays()

    def request_xrays(self) -> None:
        """Ask for the X-rays of the selected tool; coarse while something is dragged."""
        plan, level, trajectory, case = self.plan, self.level, self.trajectory, self.session.case
        if plan is None or level is None or trajectory is None:
            return
        size = 256 if self.dragging else 640
        verse, side = level.verse, trajectory.side
        views: tuple[XrayView, ...] = ("ap", "lateral")

        def work(progress: Progress) -> dict[str, XrayPicture]:
            return {view: self.services.xray(case, plan, verse, side, view, size, progress) for view in views}

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


def arc_mm(trajectory: Trajectory) -> Array:
    """(n,) length from the bone entry to every point of the path."""
    path = np.array(trajectory.path_lps_mm, float)
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
