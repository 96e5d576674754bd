"""The four views of a planned side, with how good each is and what stands in its way, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.fluoro.obstacles import crest_matters, crest_mm, table_in_the_way
from imaging.fluoro.overlay import pedicle_ring_lps_mm
from imaging.fluoro.views import (
    beam_to_tool_deg,
    pose_for,
    view_isocentre,
    view_quality,
    within_reach,
)
from imaging.geometry.carm import CArm, CArmPose, Projection, oblique_and_tilt, pose_words
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.domain.plan import LevelPlan, Trajectory, ViewName

VIEWS: tuple[ViewName, ...] = ("ap", "lateral", "oblique", "en_face")
NAMES: dict[ViewName, str] = {
    "ap": "True AP",
    "lateral": "True lateral",
    "oblique": "Oblique",
    "en_face": "Down the tool",
}
# clinical.md 3.1 [P]
_TILT_DEG, _ROTATION_DEG, _PEDICLES_MM, _EN_FACE_DEG = 3.0, 3.0, 2.0, 3.0
_CREST_MM = 12.0


@dataclass(frozen=True)
class Measure:
    """One figure of a view: what, value, unit, and whether it is within its limit."""

    text: str
    value: float
    unit: str
    limit: float

    @property
    def good(self) -> bool:
        """Within the limit."""
        return abs(self.value) <= self.limit


@dataclass(frozen=True, eq=False)
class FoundView:
    """A view of one side.

    Attributes:
        view: which.
        pose: within the C-arm's reach.
        words: the angles in the clinic's words.
        measures: what matters most in this view first.
        obstacles: sentences on what stands in the beam or out of reach; empty is well.
    """

    view: ViewName
    pose: CArmPose
    words: str
    measures: tuple[Measure, ...]
    obstacles: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Every figure within its limit and nothing in the way."""
        return not self.obstacles and all(m.good for m in self.measures)

    @property
    def headline(self) -> Measure | None:
        """The figure to show first: one beyond its limit, else what matters most in this view."""
        return next((m for m in self.measures if not m.good), self.measures[0] if self.measures else None)


def found_views(
    volume: Volume, found: SpineSegmentation, level: LevelPlan, t: Trajectory, carm: CArm
) -> tuple[FoundView, ...]:
    """AP, lateral, oblique and en-face of a planned side, as far as ``carm`` reaches."""
    anatomy = found.level(level.verse)
    target = np.array(level.target.centre_lps_mm if level.target else t.tip_lps_mm)
    views = []
    for view in VIEWS:
        wanted = t.view_angles(view)
        angles = within_reach(wanted, carm.reach)
        centre = view_isocentre(anatomy, view, target) if anatomy is not None else target
        pose = pose_for(centre, angles)
        obstacles = []
        if (
            max(abs(a - b) for a, b in zip(oblique_and_tilt(*wanted), oblique_and_tilt(*angles), strict=True))
            > 0.5
        ):
            obstacles.append(f"Beyond this C-arm's reach: {pose_words(*wanted)} is wanted.")
        projection = Projection.of(carm, pose)
        measures: tuple[Measure, ...] = ()
        if anatomy is not None:
            measures = view_measures(view, anatomy, projection, t)
            if crest_matters(level.verse) and view != "ap":
                ring = [pedicle_ring_lps_mm(p, anatomy.body.superior)[::8] for p in anatomy.pedicles.values()]
                points = np.concatenate([*ring, anatomy.body.centre_lps_mm[None]])
                crest = crest_mm(volume, found.vertebrae, projection, points)
                if crest > _CREST_MM:
                    obstacles.append(f"The iliac crest lies in the way: {crest:.0f} mm of bone in the beam.")
        if table_in_the_way(projection):
            obstacles.append("The table's rail lies in the beam.")
        views.append(FoundView(view, pose, pose_words(*angles), measures, tuple(obstacles)))
    return tuple(views)


def view_measures(
    view: ViewName, anatomy: VertebraAnatomy, projection: Projection, t: Trajectory
) -> tuple[Measure, ...]:
    """The figures that judge a view, what matters most in it first."""
    q = view_quality(anatomy, projection)
    tilt = Measure("endplates square to", q.tilt_deg, "°", _TILT_DEG)
    turn = Measure("rotation", q.rotation_deg, "°", _ROTATION_DEG)
    if view == "ap":
        asymmetry = q.pedicle_asymmetry_mm
        rest = (
            [] if asymmetry is None else [Measure("pedicles differ by", abs(asymmetry), "mm", _PEDICLES_MM)]
        )
        if q.spinous_offset_mm is not None:
            rest.append(Measure("spinous process off centre", abs(q.spinous_offset_mm), "mm", _PEDICLES_MM))
        return (tilt, *rest, turn)
    if view == "lateral":
        apart = q.pedicle_separation_mm
        first = [] if apart is None else [Measure("pedicles overlap to", apart, "mm", _PEDICLES_MM)]
        return (*first, tilt, turn)
    path = np.array(t.path_lps_mm)
    axis = path[min(len(path) - 1, 8)] - path[0]
    to_tool = Measure("within of the tool", beam_to_tool_deg(projection, axis), "°", _EN_FACE_DEG)
    return (to_tool,) if view == "en_face" else (tilt,)
