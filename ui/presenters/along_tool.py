"""Depth along the selected tool: one slider for all views, with named checkpoints."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from planner.domain.plan import Trajectory

Array = NDArray[np.float64]


class AlongTool:
    """Mixed into the presenter of a case."""

    def set_depth(self, depth_mm: float) -> None:
        """Go to a depth along the tool, in all views."""
        trajectory = self.trajectory
        if trajectory is None:
            return
        self.depth_mm = float(np.clip(depth_mm, 0, self.length_mm()))
        self.at_target = self.depth_mm > self.length_mm() - 0.05
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


def arc_mm(trajectory: Trajectory) -> Array:
    """(n,) length from the bone entry to every point of the path."""
    for known, arc in _arcs:
        if known is trajectory:
            return arc
    path = np.array(trajectory.path_lps_mm, float)
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    _arcs.appendleft((trajectory, arc))
    return arc


_arcs: deque[tuple[Trajectory, Array]] = deque(maxlen=4)
