"""What is practised on: a body with its truth, a task in it, and a plan nobody sees in the room."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage as ndi

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.fluoro.views import true_ap_direction, true_lateral_direction
from imaging.geometry.carm import CArm, CArmPose, Projection
from imaging.labels import NAME_FROM_VERSE, Side
from imaging.progress import NULL_PROGRESS, Progress
from imaging.volume import LabelVolume, Volume
from planner.domain.device import DeviceProfile
from planner.domain.limits import DEFAULT_LIMITS
from planner.domain.plan import Point, Target, Trajectory, TrajectoryParameters
from planner.practice.room import CArmSetting
from planner.services.propose_plan import views_of
from planner.trajectory.evaluate import evaluate
from planner.trajectory.fields import VertebraFields, prepare_fields
from planner.trajectory.plan_level import Wish, plan_level
from planner.trajectory.target import as_point

Array = NDArray[np.float64]
SKIN_HU = -300.0


def voxels_sha256(volume: Volume) -> str:
    """Of a volume's values and place."""
    digest = hashlib.sha256(np.ascontiguousarray(volume.values).tobytes())
    digest.update(np.ascontiguousarray(volume.grid.lps_from_ijk).tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class ScenarioSpec:
    """What a log needs to find its scenario again.

    Attributes:
        kind: "phantom" (built from ``parameters``), "case" (the user's own images) or "pack" (a file).
        title: for people; holds no patient data.
        verse, side, device: the task.
        parameters: of a phantom, as plain values.
        voxels: sha256 of a case's or pack's voxels.
    """

    kind: str
    title: str
    verse: int
    side: Side
    device: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    voxels: str = ""

    @property
    def key(self) -> str:
        """The same for the same task in the same body, whoever does it."""
        body = self.voxels or ",".join(f"{k}={v}" for k, v in sorted(self.parameters.items()))
        return f"{self.kind}|{body}|{self.verse}|{self.side}|{self.device}"

    @property
    def task(self) -> str:
        """``L4 left``."""
        return f"{NAME_FROM_VERSE[self.verse]} {self.side}"


@dataclass(frozen=True, eq=False)
class Scenario:
    """A task in a body.

    Attributes:
        spec: how to find it again.
        volume: CT.
        vertebrae, structures: the truth's label maps.
        levels: measured or exactly known vertebrae, top to bottom.
        device: the instrument.
        fields: distances round the task's vertebra.
        plan: the way that the planner takes; hidden in the room.
    """

    spec: ScenarioSpec
    volume: Volume
    vertebrae: LabelVolume
    structures: LabelVolume
    levels: tuple[VertebraAnatomy, ...]
    device: DeviceProfile
    fields: VertebraFields
    target: Target
    plan: Trajectory

    @property
    def side(self) -> Side:
        """Side of the task."""
        return self.spec.side

    @cached_property
    def anatomy(self) -> VertebraAnatomy:
        """Of the task's vertebra."""
        return next(a for a in self.levels if a.verse == self.spec.verse)

    @cached_property
    def start_lps_mm(self) -> Array:
        """(3,) isocentre at the table's start: the middle of the bodies, not the task's."""
        centres = np.array([a.body.centre_lps_mm for a in self.levels])
        return np.asarray(np.round(centres.mean(0)))

    @cached_property
    def true_beams(self) -> tuple[Array, Array]:
        """Source-to-detector unit vectors of this vertebra's true AP and true lateral."""
        return true_ap_direction(self.anatomy), true_lateral_direction(self.anatomy)

    def pose(self, carm: CArmSetting) -> CArmPose:
        """The C-arm in the patient's frame; the table moves the patient, the isocentre against it."""
        shift = np.array([carm.across_mm, carm.height_mm, carm.along_mm])
        return CArmPose(carm.primary_deg, carm.tilt_deg, self.start_lps_mm - shift)

    def projection(self, carm: CArmSetting, size_px: int = 512) -> Projection:
        """Projection of a setting on a square picture."""
        return Projection.of(self.detector(carm, size_px), self.pose(carm))

    def detector(self, carm: CArmSetting, size_px: int = 512) -> CArm:
        """The C-arm with the setting's field on a square picture."""
        return replace(CArm(), columns=size_px, rows=size_px, pixel_mm=carm.field_mm / size_px)

    def hu(self, points_lps_mm: ArrayLike) -> Array:
        """HU (trilinear) at (..., 3); air outside."""
        points = np.asarray(points_lps_mm, float)
        ijk = self.volume.grid.indices_from_lps(points.reshape(-1, 3))
        values = ndi.map_coordinates(
            self.volume.values, ijk[:, ::-1].T, order=1, mode="constant", cval=-1000, output=np.float64
        )
        return np.asarray(values).reshape(points.shape[:-1])

    def label(self, points_lps_mm: ArrayLike) -> NDArray[np.uint8]:
        """VerSe number (nearest voxel) at (..., 3), 0 outside bone."""
        grid = self.vertebrae.grid
        ijk = np.round(grid.indices_from_lps(points_lps_mm)).astype(int)
        size = np.array(grid.shape_kji[::-1])
        inside = ((ijk >= 0) & (ijk < size)).all(-1)
        ijk = np.clip(ijk, 0, size - 1)
        return np.where(inside, self.vertebrae.labels[ijk[..., 2], ijk[..., 1], ijk[..., 0]], 0).astype(
            np.uint8
        )

    def skin_under(self, projection: Projection, uv_px: ArrayLike) -> Point | None:
        """LPS mm where the ray of a picture's point leaves the skin to the detector; None if it misses."""
        start = projection.detector_points(np.asarray(uv_px, float))
        towards = projection.source_lps_mm - start
        length = float(np.linalg.norm(towards))
        along = np.arange(0.0, length, 0.5)
        points = start + along[:, None] * towards / length
        body = self.hu(points) > SKIN_HU
        inside = self.volume.grid.contains(points)
        run = 6
        solid = np.convolve(body & inside, np.ones(run, int), "valid") == run
        hits = np.flatnonzero(solid)
        if not len(hits) or not inside[max(0, hits[0] - 2)]:
            return None
        return as_point(points[hits[0]])


def make_scenario(
    spec: ScenarioSpec,
    volume: Volume,
    vertebrae: LabelVolume,
    structures: LabelVolume,
    levels: tuple[VertebraAnatomy, ...],
    device: DeviceProfile,
    progress: Progress = NULL_PROGRESS,
    way: TrajectoryParameters | None = None,
    target: Target | None = None,
    skin_entry_lps_mm: Point | None = None,
) -> Scenario:
    """A scenario; ``way``, ``target`` and skin entry are a plan that exists, else one is made.

    Raises:
        PlannerError: ``no_fluoro`` without a CT, ``not_planned`` with the reason where there is no way.
    """
    if volume.modality != "CT":
        text = "X-rays are made from a CT or the stand-in of an MR, so this case cannot be practised."
        raise PlannerError("no_fluoro", text)
    anatomy = next((a for a in levels if a.verse == spec.verse), None)
    name = NAME_FROM_VERSE[spec.verse]
    if anatomy is None or spec.side not in anatomy.pedicles:
        raise PlannerError("not_planned", f"{name} {spec.side} was not measured, so it cannot be practised.")
    progress.step(0.0, f"{name}: preparing distances")
    fields = prepare_fields(anatomy, vertebrae, structures, volume=volume)
    progress.step(0.3, f"{name} {spec.side}: planning the way")
    if way is not None and target is not None:
        views = views_of(anatomy, way.direction_lps, spec.side)
        plan = evaluate(
            fields,
            anatomy,
            target,
            spec.side,
            device,
            way,
            DEFAULT_LIMITS,
            skin_entry_lps_mm,
            views,
            draws=False,
        )
        return Scenario(spec, volume, vertebrae, structures, levels, device, fields, target, plan)
    level = plan_level(
        anatomy, vertebrae, structures, volume, (spec.side,), Wish(device), views=views_of, fields=fields
    )
    found = level.trajectory(spec.side)
    if found is None or level.target is None:
        raise PlannerError(
            "not_planned", level.refused[0].reason if level.refused else f"{name} is not planned."
        )
    progress.step(1.0, f"{name} {spec.side}: ready")
    return Scenario(spec, volume, vertebrae, structures, levels, device, fields, level.target, found)
