"""Simulated X-rays of a plan: which pose, which tool, what is written on the picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.fluoro.annotate import annotate, edge_letters
from imaging.fluoro.engine import FluoroEngine
from imaging.fluoro.picture import PictureSettings
from imaging.fluoro.technique import NO_DOSE, Dose, Technique
from imaging.fluoro.tools import Tool, with_handle
from imaging.fluoro.views import pose_for
from imaging.geometry.carm import CArm, CArmPose, Projection, pose_words
from imaging.labels import NAME_FROM_VERSE, Side
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.domain.plan import LevelPlan, Plan, Trajectory, ViewName
from planner.export.pictures import FluoroShot, orientation_letters
from planner.report.checkpoints import Checkpoint, advanced_to, checkpoints
from planner.services.open_case import Case
from planner.services.segment_case import segment_case
from planner.services.xray_engine import engine_of
from planner.services.xray_volume import xray_volume

Picture = NDArray[np.uint8]
_STATION_PX = 384
VIEWS: tuple[ViewName, ...] = ("ap", "lateral", "oblique", "en_face")


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture: (h, w) uint8 without and with writing, and the projection it was made with."""

    plain: Picture
    picture: Picture
    projection: Projection
    dose: Dose = NO_DOSE

    @property
    def letters(self) -> tuple[str, str]:
        """Which side of the patient the picture's left and right edges are."""
        return edge_letters(self.projection)

    def for_dicom(self, level: str, side: Side, view: ViewName) -> FluoroShot:
        """What the DICOM export needs of it."""
        p = self.projection
        return FluoroShot(
            level=level,
            side=side,
            view=view,
            picture=np.repeat(self.picture[..., None], 3, axis=2) if self.picture.ndim == 2 else self.picture,
            primary_deg=p.pose.primary_deg,
            secondary_deg=p.pose.secondary_deg,
            sid_mm=p.carm.sid_mm,
            sod_mm=p.carm.sod_mm,
            pixel_mm=p.carm.pixel_mm,
            patient_orientation=orientation_letters(p.u_lps, p.v_lps),
        )


@dataclass(frozen=True, eq=False)
class TrajectoryShots:
    """The four pictures of one trajectory, and AP and lateral at each checkpoint of the insertion."""

    views: Mapping[ViewName, Shot]
    stations: tuple[tuple[Checkpoint, Shot, Shot], ...] = ()


class FluoroRoom:
    """Annotated pictures of one volume, without its scanner's table, with planned tools in it."""

    def __init__(self, volume: Volume, carm: CArm | None = None, engine: FluoroEngine | None = None) -> None:
        self.engine = engine or engine_of(volume)
        self.carm = carm or CArm()

    def resized(self, size_px: int) -> FluoroRoom:
        """A room with the same volume and C-arm and smaller or larger pictures."""
        return FluoroRoom(self.engine.volume, self.carm.resized(size_px), self.engine)

    def take(
        self,
        pose: CArmPose,
        tool: Trajectory | None = None,
        settings: PictureSettings | None = None,
        level: str | None = None,
        side: Side | None = None,
        view: ViewName | None = None,
    ) -> Shot:
        """A picture at ``pose``, with the tool in place where one is given."""
        tools = planned_tools(tool) if tool is not None else ()
        shot = self.engine.take(pose, settings, tools, self.carm)
        picture = annotate(shot.pixels, shot.projection, side=side, level=level, view=view)
        return Shot(shot.pixels, picture, shot.projection, shot.dose)


def planned_tools(t: Trajectory) -> tuple[Tool, ...]:
    """A planned tool with its shaft and hub."""
    from planner.devices.catalogue import device_by_id

    length = device_by_id(t.device).introducer_length_mm
    path, diameters = with_handle(t.path_lps_mm, t.outer_diameter_mm, length, t.skin_entry_lps_mm)
    return (Tool(path, diameters),)


def isocentre(level: LevelPlan) -> NDArray[np.float64]:
    """Where the C-arm is centred for a level: its target, in LPS mm."""
    if level.target is None:
        raise PlannerError("not_planned", f"{level.name} is not planned, so no view is known of it.")
    return np.array(level.target.centre_lps_mm)


def render_all(
    case: Case, found: SpineSegmentation, plan: Plan, progress: Progress = NULL_PROGRESS
) -> dict[tuple[int, Side], TrajectoryShots]:
    """The four pictures of every planned trajectory, by level and side; from MR stamped as such."""
    room = FluoroRoom(xray_volume(case, found))
    small = room.resized(_STATION_PX)
    jobs = [(level, t) for level in plan.levels for t in level.trajectories]
    result: dict[tuple[int, Side], TrajectoryShots] = {}
    for n, (level, t) in enumerate(jobs):
        views: dict[ViewName, Shot] = {}
        for k, view in enumerate(VIEWS):
            progress.step(
                (n + k / 4) / len(jobs), f"X-ray of {level.name} {t.side}, {view.replace('_', '-')}"
            )
            pose = pose_for(isocentre(level), t.view_angles(view))
            views[view] = room.take(pose, t, level=level.name, side=t.side, view=view)
        anatomy = found.level(level.verse)
        stations = _stations(small, level, t, anatomy) if anatomy is not None else ()
        result[level.verse, t.side] = TrajectoryShots(views, stations)
    return result


def _stations(
    room: FluoroRoom, level: LevelPlan, t: Trajectory, anatomy: VertebraAnatomy
) -> tuple[tuple[Checkpoint, Shot, Shot], ...]:
    ap, lateral = (pose_for(isocentre(level), t.view_angles(view)) for view in ("ap", "lateral"))
    result = []
    for station in checkpoints(t, anatomy):
        tool = advanced_to(t, station.depth_mm)
        result.append((station, room.take(ap, tool), room.take(lateral, tool)))
    return tuple(result)


@dataclass(frozen=True)
class FluoroRequest:
    """One picture that somebody asks for; ``angles_deg`` (primary, secondary) go before ``view``."""

    view: ViewName = "ap"
    angles_deg: tuple[float, float] | None = None
    verse: int | None = None
    side: Side | None = None
    size_px: int = 768
    kv: float = 80.0
    quality: Literal["clean", "clinical"] = "clinical"
    spectrum: bool = False
    bone_dark: bool = True
    magnify: float = 1.0
    ct_table: bool = False
    settings: PictureSettings | None = field(default=None)


def render_case_picture(
    case: Case, plan: Plan | None, request: FluoroRequest, progress: Progress = NULL_PROGRESS
) -> tuple[Picture, str]:
    """The annotated picture and its angles in words; with a plan, of the asked or first trajectory.

    Raises:
        PlannerError: source_changed, not_planned, needs_plan, and of an MR those of segmenting.
    """
    settings = request.settings or PictureSettings(
        quality=request.quality,
        technique=Technique(kv=request.kv, beam="spectrum" if request.spectrum else "mono"),
        bone_dark=request.bone_dark,
    )
    volume = case.volume
    if volume.modality == "MR":
        volume = xray_volume(case, segment_case(case, None, SubProgress(progress, 0.0, 0.9)))
    progress.step(0.9, "Taking the X-ray")
    carm = CArm().magnified(request.magnify).resized(request.size_px)
    room = FluoroRoom(volume, carm, engine_of(volume, patient_only=not request.ct_table))
    if plan is None:
        pose = _pose_without_plan(case, request)
        view = request.view if request.angles_deg is None else None
        return room.take(pose, None, settings, view=view).picture, pose_words(*_angles(pose))
    if plan.source.voxel_sha256 != case.source.voxel_sha256:
        raise PlannerError("source_changed", "The images differ from those this plan was made on.")
    level, t = _planned(plan, request)
    pose = pose_for(isocentre(level), request.angles_deg or t.view_angles(request.view))
    view = request.view if request.angles_deg is None else None
    shot = room.take(pose, t, settings, level.name, t.side, view)
    progress.step(1.0, "X-ray taken")
    return shot.picture, f"{level.name} {t.side}, {pose_words(*_angles(pose))}"


def _angles(pose: CArmPose) -> tuple[float, float]:
    return pose.primary_deg, pose.secondary_deg


def _pose_without_plan(case: Case, request: FluoroRequest) -> CArmPose:
    angles = request.angles_deg or {"ap": (180.0, 0.0), "lateral": (90.0, 0.0)}.get(request.view)
    if angles is None:
        raise PlannerError("needs_plan", "The oblique and en-face views follow a planned tool: give --plan.")
    return pose_for(case.volume.grid.centre_lps_mm, angles)


def _planned(plan: Plan, request: FluoroRequest) -> tuple[LevelPlan, Trajectory]:
    for level in plan.levels:
        for t in level.trajectories:
            if request.verse in (None, level.verse) and request.side in (None, t.side):
                return level, t
    name = NAME_FROM_VERSE[request.verse] if request.verse is not None else "any level"
    side = f" {request.side}" if request.side else ""
    raise PlannerError("not_planned", f"The plan holds no trajectory of {name}{side}.")
