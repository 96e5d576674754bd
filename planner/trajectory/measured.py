"""What the checks of one trajectory look at."""

from __future__ import annotations

from dataclasses import dataclass

from imaging.labels import Side
from planner.domain.plan import Access, Clearances, Forgiveness, Target


@dataclass(frozen=True)
class Measured:
    """What the checks look at; lengths in mm, depth and height as fractions of the body."""

    name: str
    side: Side
    access: Access
    clearances: Clearances
    least_mm: float
    least_toward: str
    least_along_mm: float
    lesion_coverage: float
    lesion_to_endplate_mm: float
    bend_past_wall_mm: float | None
    turn_deg: float
    tip_depth: float
    tip_height: float
    tip_lateral_mm: float
    target: Target
    trap_mm: float | None
    forgiveness: Forgiveness | None
    skin_to_bone_mm: float | None
    straight_mm: float
    entry_side_mm: float
    body_depth_mm: float
    oblique_deg: float
    tilt_deg: float
    bone_in_way_mm: float
    straight_short_mm: float | None
    pedicle_room_mm: tuple[float, str] | None
