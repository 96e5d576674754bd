"""The plan: immutable values that say what is planned, where and how safely.

Every coordinate is patient LPS mm. Sequences of points are tuples, so that plans compare and hash by value.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE, Side
from planner.domain.candidate import NO_ANSWERS, CandidateSheet
from planner.domain.device import DeviceProfile
from planner.domain.doubt import Seen
from planner.domain.fusion import Fusion
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.modic import ModicFinding
from planner.domain.notebook import EMPTY, Notebook
from planner.domain.passport import Edit, ImagePrint

Point = tuple[float, float, float]
ViewName = Literal["ap", "lateral", "oblique", "en_face"]
State = Literal["draft", "reviewed", "approved"]
STATES: tuple[State, ...] = ("draft", "reviewed", "approved")
Access = Literal["transpedicular", "extrapedicular", "bipedicular"]
Choice = Literal["most central", "most forgiving"]


@dataclass(frozen=True)
class Source:
    """The images a plan stands on; ``images`` are their files, which do not decide equality."""

    study_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str
    modality: str
    voxel_sha256: str
    images: tuple[ImagePrint, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Target:
    """Where the lesion shall be, as a volume round a nominal point.

    ``depth_fraction`` counts from the true posterior wall, ``height_fraction`` from the lower endplate. The
    volume is what lies within ``radius_mm`` of the point; the tool's tip is on target within the window of
    depth, ``height_tolerance`` and ``lateral_tolerance_mm``. ``foramen_height`` is the measured height of the
    basivertebral foramen, None where it is not seen.
    """

    centre_lps_mm: Point
    depth_fraction: float
    height_fraction: float
    lateral_mm: float
    radius_mm: float
    evidence: str
    depth_low: float = 0.30
    depth_high: float = 0.50
    height_tolerance: float = 0.15
    lateral_tolerance_mm: float = 5.0
    foramen_height: float | None = None


@dataclass(frozen=True)
class Lesion:
    """Illustrative ellipsoid: semi axes are (across, across, along the electrode)."""

    centre_lps_mm: Point
    axis_lps: Point
    semi_axes_mm: Point
    target_coverage: float
    model: str = "ellipsoid"


@dataclass(frozen=True)
class HeatResult:
    """Illustrative bioheat solution round the electrode: temperatures in °C at the end of heating.

    ``diameter_mm`` and ``length_mm`` are of the volume with CEM43 of 240 minutes or more. The temperatures
    are the greatest at the canal's and at the endplates' surface; None where those are out of reach.
    """

    minutes: float
    temperature_c: float
    diameter_mm: float
    length_mm: float
    target_coverage: float
    canal_c: float | None
    endplates_c: float | None


@dataclass(frozen=True)
class Clearances:
    """Signed distances in mm as measured from the tool's surface to the segmented cortex or canal.

    Negative is outside; None is not measurable. What they need, reserve included, says ``domain.bands``.
    """

    medial: float | None
    lateral: float | None
    superior: float | None
    inferior: float | None
    canal: float | None
    electrode_to_canal: float | None
    lesion_to_canal: float | None
    anterior: float | None
    endplates: float | None
    neighbour: float | None = None


@dataclass(frozen=True)
class ProfilePoint:
    """Clearance along the tool: depth from bone entry, least clearance (mm) and its direction in words.

    Then by direction, None where no wall lies within 20 mm, and to the canal.
    """

    depth_mm: float
    clearance_mm: float
    toward: str
    medial_mm: float | None = None
    lateral_mm: float | None = None
    superior_mm: float | None = None
    inferior_mm: float | None = None
    canal_mm: float | None = None


@dataclass(frozen=True)
class Forgiveness:
    """What becomes of the insertion when the hand, the patient's roll or the segmentation is off.

    Probabilities are shares of ``draws`` simulated insertions; the target is missed where the electrode's
    middle leaves its window. ``safe_cone_deg`` is the greatest tilt of the
    introducer about its bone entry, in whatever direction, that stays inside bone.
    """

    draws: int
    breach: float
    medial: float
    inferior: float
    canal: float
    missed_target: float
    safe_cone_deg: float


@dataclass(frozen=True)
class LateralView:
    """The posterior wall on the true lateral view against the true wall where the tool passes it.

    ``distance_mm`` is how far the silhouette lies behind the true wall at the tool; negative: in front.
    """

    distance_mm: float
    true_wall_lps_mm: Point
    silhouette_lps_mm: Point


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
    """One planned cannula, evaluated. ``withdrawn`` says what took its last approval back."""

    side: Side
    access: Access
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
    forgiveness: Forgiveness | None = None
    lateral_view: LateralView | None = None
    straight_short_mm: float | None = None
    heat: HeatResult | None = None
    withdrawn: str = ""

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
class ScreeningItem:
    """One line of the screening sheet.

    ``value`` is None where it is not measurable; ``text`` then says why. ``verdict`` is good, caution, stop
    or unknown. ``at_lps_mm`` is the place it was measured and ``slice_number`` (from 1) the source slice.
    """

    code: str
    name: str
    value: float | None
    unit: str
    verdict: Literal["good", "caution", "stop", "unknown"]
    text: str
    limit: float | None = None
    at_lps_mm: Point | None = None
    slice_number: int | None = None


@dataclass(frozen=True)
class LevelPlan:
    """One vertebra's plan."""

    verse: int
    confidence: float
    target: Target | None
    trajectories: tuple[Trajectory, ...]
    refused: tuple[Refusal, ...]
    findings: tuple[Finding, ...] = ()
    screening: tuple[ScreeningItem, ...] = ()

    @property
    def name(self) -> str:
        """L4, S1 and so on."""
        return NAME_FROM_VERSE[self.verse]

    def trajectory(self, side: Side) -> Trajectory | None:
        """The trajectory of a side, if planned."""
        return next((t for t in self.trajectories if t.side == side), None)


@dataclass(frozen=True)
class ProcedureStep:
    """One insertion of the procedure, in its order.

    ``moves`` say in clinic words what the C-arm does before it, ``why_side`` why this side was taken.
    """

    verse: int
    side: Side
    why_side: str
    moves: tuple[str, ...]


@dataclass(frozen=True)
class Procedure:
    """Several levels as one plan: the insertions in order and how many lesions they make.

    ``moves`` counts the C-arm's positions, ``moves_unshared`` those without sharing between levels.
    """

    steps: tuple[ProcedureStep, ...]
    lesions: int
    moves: int
    moves_unshared: int


@dataclass(frozen=True)
class Plan:
    """All levels of a case, top to bottom.

    ``limits`` and ``devices`` are what the plan was made with; ``segmentation_sha256`` names the labels;
    ``modic`` and ``candidate`` are what a reader recorded, ``fusion`` the MR laid on the CT;
    ``edits`` are the changes that led here, oldest first, which do not decide equality.
    """

    source: Source
    levels: tuple[LevelPlan, ...]
    findings: tuple[Finding, ...]
    levels_confirmed: bool = False
    notebook: Notebook = EMPTY
    seen: tuple[Seen, ...] = ()
    limits: Limits = DEFAULT_LIMITS
    devices: tuple[DeviceProfile, ...] = ()
    segmentation_sha256: str = ""
    procedure: Procedure | None = None
    modic: tuple[ModicFinding, ...] = ()
    candidate: CandidateSheet = NO_ANSWERS
    fusion: Fusion | None = None
    edits: tuple[Edit, ...] = field(default=(), compare=False)

    def device(self, id: str) -> DeviceProfile | None:
        """The profile of that id that this plan was made with."""
        return next((device for device in self.devices if device.id == id), None)

    def level(self, verse: int) -> LevelPlan | None:
        """The plan of a vertebra, if asked for."""
        return next((level for level in self.levels if level.verse == verse), None)

    def planned(self, verse: int, side: Side) -> tuple[LevelPlan, Trajectory]:
        """A planned side with its level; PlannerError ``not_planned`` where there is none."""
        level = self.level(verse)
        trajectory = level.trajectory(side) if level else None
        if level is None or trajectory is None:
            raise PlannerError("not_planned", "This trajectory is not planned.")
        return level, trajectory

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
