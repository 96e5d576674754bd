"""Edits of the selected tool by hand: drag, nudge, tilt, and whether it may be moved at all."""

from __future__ import annotations

import time
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from imaging.errors import PlannerError
from imaging.progress import Progress
from planner.domain.plan import Plan
from ui.presenters.services import Handle

Array = NDArray[np.float64]


class Editing:
    """Mixed into the presenter of a case."""

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

    def grips(self) -> list[tuple[Handle, Array]]:
        """The handles and where each may be grasped, LPS mm: that of the tip at the target's ring too."""
        grips = [(name, self.handle_point(name)) for name in self.handles()]
        if grips and self.level is not None and self.level.target is not None:
            grips.append(("target", np.array(self.level.target.centre_lps_mm)))
        return grips

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
