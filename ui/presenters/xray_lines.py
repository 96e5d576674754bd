"""The plan and its anatomy as lines, to be laid over any picture; read by any thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import VertebraAnatomy
from imaging.fluoro.overlay import (
    Line,
    Outline,
    anatomy_lines,
    canal_outline,
    canal_points_lps_mm,
    lesion_outline,
    projected,
    target_outline,
    trap_line,
)
from imaging.geometry.carm import Projection
from imaging.segmentation.result import SpineSegmentation
from planner.domain.plan import LevelPlan, Trajectory

Monitor = Literal["ap", "lateral"]
_TARGET_MM = 2.5


@dataclass(frozen=True, eq=False)
class PlanLines:
    """Everything drawn over a picture of one trajectory."""

    trajectory: Trajectory
    level: LevelPlan
    anatomy: VertebraAnatomy | None
    lines: tuple[Line, ...]
    trap: Line | None
    canal_lps_mm: NDArray[np.float64] = field(repr=False)

    @classmethod
    def of(
        cls,
        trajectory: Trajectory,
        level: LevelPlan,
        anatomy: VertebraAnatomy | None,
        found: SpineSegmentation | None,
    ) -> PlanLines:
        """Of a planned trajectory and what was found of its vertebra."""
        lines = anatomy_lines(anatomy, trajectory.side) if anatomy is not None else []
        lines.append(Line("tool_axis", np.array(trajectory.path_lps_mm, float), trajectory.side))
        canal = np.zeros((0, 3))
        if anatomy is not None and found is not None:
            canal = canal_points_lps_mm(found.structures, anatomy)
        mm = trap_mm(trajectory)
        trap = trap_line(anatomy, trajectory.tip_lps_mm, mm) if anatomy is not None and mm else None
        return cls(trajectory, level, anatomy, tuple(lines), trap, canal)

    def outlines(self, monitor: Monitor, projection: Projection) -> list[Outline]:
        """All of it in a picture's pixels."""
        extra = [self.trap] if self.trap is not None and monitor == "lateral" else []
        out = projected([*self.lines, *extra], projection)
        if self.anatomy is not None and len(self.canal_lps_mm):
            edges = canal_outline(projection, self.canal_lps_mm, self.anatomy.body.superior)
            out += [edges] if edges is not None else []
        lesion, target = self.trajectory.lesion, self.level.target
        out.append(lesion_outline(projection, lesion.centre_lps_mm, lesion.axis_lps, lesion.semi_axes_mm))
        if target is not None:
            out.append(target_outline(projection, target.centre_lps_mm, _TARGET_MM))
        return out


def trap_mm(trajectory: Trajectory) -> float | None:
    """How far the true wall lies in front of the lateral view's line here, where the plan warns of it."""
    found = next((f for f in trajectory.findings if f.code == "lateral_silhouette"), None)
    return found.value if found is not None else None
