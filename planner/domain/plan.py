"""The plan: immutable values that say what is planned, where and how safely.

Every coordinate is patient LPS mm. Sequences of points are tuples, so that plans compare and hash by value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE, Side
from planner.domain.notebook import EMPTY, Notebook

Point = tuple[float, float, float]
ViewName = Literal["ap", "lateral", "oblique", "en_face"]
State = Literal["draft", "reviewed", "approved"]


@dataclass(frozen=True)
class Source:
    """The images a plan stands on."""

    study_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str
    modality: str
    voxel_sha256: str


@dataclass(frozen=True)
class Target:
    """Where the lesion shall be.

    ``depth_fraction`` counts from the posterior wall, ``height_fraction`` from the lower endplate.
    """

    centre_lps_mm: Point
    depth_fraction: float
    height_fraction: float
    lateral_mm: float
    radius_mm: float
    evidence: str


@dataclass(frozen=True)
class Lesion:
    """Illustrative ellipsoid: semi axes are (across, across, along the electrode)."""

    centre_lps_mm: Point
    axis_lps: Point
    semi_axes_mm: Point
    target_coverage: float


@dataclass(frozen=True)
class Clearances:
    """Signed distances in mm from the tool's surface; negative is a breach; None is not measurable."""

    medial: float | None
    lateral: float | None
    superior: float | None
    inferior: float | None
    canal: float | None
    electrode_to_canal: float | None
    lesion_to_canal: float | None
    anterior: float | None
    endplates: float | None

    def least_wall(self) -> float | None:
        """The least clearance to the pedicle's walls."""
        known = [v for v in (self.medial, self.lateral, self.superior, self.inferior) if v is not None]
        return min(known) if known else None


@dataclass(frozen=True)
class ProfilePoint:
    """Clearance along the tool: depth from bone entry, least clearance (mm) and its direction in words."""

    depth_mm: float
    clearance_mm: float
    toward: str


@dataclass(frozen=True)
class TrajectoryParameters:
    """What a user edits. The tool goes straight from entry along direction for straight_mm, then turns by
    turn_deg on bend_radius in the plane spanned by direction and bend_lps, then straight for tip_mm."""

    entry_lps_mm: Point
    direction_lps: Point
    straight_mm: float
    bend_lps: Point
    turn_deg: float
    tip_mm: float


@dataclass(frozen=True)
class Trajectory:
    """One planned cannula, evaluated."""

    side: Side
    access: str
    device: str
    parameters: TrajectoryParameters
    skin_entry_lps_mm: Point | None
    bone_entry_lps_mm: Point
    tip_lps_mm: Point
    path_lps_mm: tuple[Point, ...]
    outer_diameter_mm: tuple[float, ...]
    lesion: Lesion
    clearance_mm: Clearances
    profile: tuple[ProfilePoint, ...]
    least_clearance_lps_mm: Point
    gertzbein_robbins: str
    breach_probability: float
    findings: tuple[Finding, ...]
    carm: tuple[tuple[ViewName, float, float], ...]
    state: State = "draft"

    def view_angles(self, view: ViewName) -> tuple[float, float]:
        """(primary, secondary) degrees of a view."""
        return next((p, s) for name, p, s in self.carm if name == view)


@dataclass(frozen=True)
class Refusal:
    """A side that is not planned, with a sentence that says why."""

    side: Side
    code: str
    reason: str


@dataclass(frozen=True)
class LevelPlan:
    """One vertebra's plan."""

    verse: int
    confidence: float
    target: Target | None
    trajectories: tuple[Trajectory, ...]
    refused: tuple[Refusal, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def name(self) -> str:
        """L4, S1 and so on."""
        return NAME_FROM_VERSE[self.verse]

    def trajectory(self, side: Side) -> Trajectory | None:
        """The trajectory of a side, if planned."""
        return next((t for t in self.trajectories if t.side == side), None)


@dataclass(frozen=True)
class Plan:
    """All levels of a case, top to bottom."""

    source: Source
    levels: tuple[LevelPlan, ...]
    findings: tuple[Finding, ...]
    levels_confirmed: bool = False
    notebook: Notebook = EMPTY

    def level(self, verse: int) -> LevelPlan | None:
        """The plan of a vertebra, if asked for."""
        return next((level for level in self.levels if level.verse == verse), None)

    def with_level(self, changed: LevelPlan) -> Plan:
        """A plan with one level replaced."""
        return replace(self, levels=tuple(changed if x.verse == changed.verse else x for x in self.levels))

    def with_trajectory(self, verse: int, changed: Trajectory) -> Plan:
        """A plan with one trajectory replaced; a KeyError where the level is not planned."""
        level = self.level(verse)
        if level is None:
            raise KeyError(verse)
        rest = tuple(changed if t.side == changed.side else t for t in level.trajectories)
        return self.with_level(replace(level, trajectories=rest))
