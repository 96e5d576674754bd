"""Distances round one vertebra, prepared once and looked up many times."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage as ndi

from imaging.anatomy import VertebraAnatomy
from imaging.geometry.grid import VolumeGrid
from imaging.labels import SACRUM, Structure
from imaging.segmentation.anatomy_local import (
    FAR_MM,
    Box,
    Field,
    Mask,
    axis_mm,
    box_grid,
    distance_image,
    frame_grid,
    level_set,
    resample,
    sample,
    signed_distance,
)
from imaging.segmentation.cortex_edge import outside_mm
from imaging.segmentation.wall_edge import sharpened
from imaging.volume import LabelVolume, Volume

Array = NDArray[np.float64]
STEP_MM = 0.6
STAIRS_MM = 1.5
NEAR_MM = (4.5, 6.0)
"""As far from a surface as the CT's profiles across it, and its voxels beside it, are looked at."""
ORDINARY_MM = 0.55
"""An outline drawn as experts draw it lies so far outside the cortex, and is not corrected. The sacrum's was
set by no expert's labels: there the whole distance is taken off."""
MOST_MM = 1.5
"""Beyond this the outline is wrong rather than blurred, and the profile across it tells nothing."""


METAL_HU, METAL_MM3, METAL_REACH_MM = 2500, 60.0, 2.0


@dataclass(frozen=True, eq=False)
class VertebraFields:
    """Signed distances in mm on an isotropic grid along the body's axes (i left, j posterior, k superior).

    Attributes:
        verse: VerSe number.
        grid: 0.6 mm grid.
        centre_lps_mm, axes_lps: the body's frame; rows left, posterior, superior.
        bone_mm: distance to this vertebra's surface, positive inside bone.
        canal_mm: distance to the spinal canal, positive outside it; None where no canal is labelled.
        body_mm: approximate distance to the body's surface, positive inside.
        silhouette_mm: (K,) hindmost place of the body along posterior at each k, as a lateral view shows it.
        vertebrae: all labels, to see whether the way to the bone is free.
        other_mm: distance to every other vertebra, positive inside it; None where there is none near.
        volume: CT, for what lies between skin and bone; None where there is none.
    """

    verse: int
    grid: VolumeGrid
    centre_lps_mm: Array
    axes_lps: Array
    bone_mm: Field
    canal_mm: Field | None
    body_mm: Field
    silhouette_mm: Array
    vertebrae: LabelVolume
    other_mm: Field | None = None
    volume: Volume | None = None

    @property
    def step_mm(self) -> float:
        """Grid spacing."""
        return float(self.grid.spacing_ijk_mm[0])

    @property
    def centre_offset_mm(self) -> float:
        """Height of the body's centre above the grid's lowest plane."""
        return float((self.centre_lps_mm - self.grid.origin_lps_mm) @ self.axes_lps[2])

    def bone(self, points_lps_mm: ArrayLike) -> Array:
        """Signed distance to the bone's surface at (..., 3)."""
        return sample(self.bone_mm, self.grid, points_lps_mm)

    def canal(self, points_lps_mm: ArrayLike) -> Array:
        """Distance to the canal at (..., 3); large where unknown."""
        if self.canal_mm is None:
            return np.full(np.asarray(points_lps_mm).shape[:-1], FAR_MM)
        return sample(self.canal_mm, self.grid, points_lps_mm, FAR_MM)

    def body(self, points_lps_mm: ArrayLike) -> Array:
        """Approximate signed distance to the body's surface at (..., 3)."""
        return sample(self.body_mm, self.grid, points_lps_mm)

    def neighbour(self, points_lps_mm: ArrayLike) -> Array:
        """Distance to the nearest other vertebra at (..., 3), negative inside it; large without one."""
        if self.other_mm is None:
            return np.full(np.asarray(points_lps_mm).shape[:-1], FAR_MM)
        return -sample(self.other_mm, self.grid, points_lps_mm, -FAR_MM)

    def outward(self, points_lps_mm: ArrayLike) -> Array:
        """(..., 3) unit vectors in LPS towards the nearest surface of the bone (out of it)."""
        fall = self.fall(points_lps_mm)
        return np.asarray(fall / np.maximum(np.linalg.norm(fall, axis=-1, keepdims=True), 1e-9))

    def fall(self, points_lps_mm: ArrayLike) -> Array:
        """(..., 3) in LPS where the distance to the bone's surface falls, mm a mm.

        About 1 long where one wall is nearest, next to nothing midway between two.
        """
        points, steps = np.asarray(points_lps_mm, float), 0.6 * np.eye(3)
        return np.stack([self.bone(points - h) - self.bone(points + h) for h in steps], -1) / 1.2

    def local(self, points_lps_mm: ArrayLike) -> Array:
        """(..., 3) mm to left, posterior, superior of the body's centre."""
        return np.asarray((np.asarray(points_lps_mm, float) - self.centre_lps_mm) @ self.axes_lps.T)

    def other_bone(self, points_lps_mm: ArrayLike) -> NDArray[np.bool_]:
        """Whether points (..., 3) lie in another vertebra."""
        ijk = np.round(self.vertebrae.grid.indices_from_lps(points_lps_mm)).astype(int)
        size = np.array(self.vertebrae.grid.shape_kji[::-1])
        inside = ((ijk >= 0) & (ijk < size)).all(-1)
        ijk = np.clip(ijk, 0, size - 1)
        found = self.vertebrae.labels[ijk[..., 2], ijk[..., 1], ijk[..., 0]]
        return np.asarray(inside & (found != 0) & (found != self.verse))


def level_without_stairs(distance: sitk.Image, grid: VolumeGrid) -> Field:
    """Level set on ``grid``: the voxels' stairs smoothed off, curved walls kept where they are.

    Gaussian smoothing thrice over (Tukey 1977, "twicing" once more: 1 - (1 - G)^3 has neither a second nor a
    fourth moment) moves a curved wall less than one does. Narrow clefts stay open: no voxel's middle that
    is labelled outside becomes bone, nowhere more than halfway to it above the voxels' distance.
    """
    field = resample(distance, grid, -FAR_MM)
    sigma = STAIRS_MM / grid.spacing_ijk_mm[::-1]
    left = field
    for _ in range(3):
        left = left - ndi.gaussian_filter(left, sigma, truncate=3.5)
    return np.asarray(np.minimum(field - left, field + _room_mm(distance, grid)), dtype=np.float32)


def _room_mm(distance: sitk.Image, grid: VolumeGrid) -> Field:
    """Half the way from the nearest bone to the closest voxel labelled outside, which an image's slices may
    make longer than its pixels."""
    voxels, most = sitk.GetArrayFromImage(distance), max(distance.GetSpacing())
    apart = np.where(voxels < 0, np.minimum(-voxels, most), most).astype(np.float32)
    room = sitk.GetImageFromArray(ndi.minimum_filter(apart, 3) / 2)
    room.CopyInformation(distance)
    return resample(room, grid, min(distance.GetSpacing()) / 2)


def _with_metal(other_mm: Field | None, scan: Volume, grid: VolumeGrid) -> Field | None:
    """``other_mm`` with metal and what lies within 2 mm of it foreign too: its glare hides the cortex."""
    ijk = np.argwhere(scan.values > METAL_HU)[:, ::-1]
    at = np.round(grid.indices_from_lps(scan.grid.lps_from_indices(ijk))).astype(int)[:, ::-1]
    at = at[((at >= 0) & (at < grid.shape_kji)).all(1)]
    if len(at) * float(np.prod(scan.grid.spacing_ijk_mm)) < METAL_MM3:
        return other_mm
    free = np.ones(grid.shape_kji, bool)
    free[tuple(at.T)] = False
    away = ndi.distance_transform_edt(free, sampling=grid.spacing_ijk_mm[::-1])
    glare = np.asarray(METAL_REACH_MM - away, np.float32)
    return glare if other_mm is None else np.maximum(other_mm, glare)


def _bone(
    anatomy: VertebraAnatomy,
    own: Mask,
    own_grid: VolumeGrid,
    grid: VolumeGrid,
    scan: Volume | None,
    other_mm: Field | None,
) -> Field:
    step = float(grid.spacing_ijk_mm[0])
    level = level_without_stairs(distance_image(own, own_grid), grid)
    if scan is not None:
        unclear = _with_metal(other_mm, scan, grid)
        outside = outside_mm(signed_distance(level, step, NEAR_MM[0]), grid, scan, unclear)
        usual = 0.0 if anatomy.verse == SACRUM else ORDINARY_MM
        moved = np.clip(outside - usual, 0, MOST_MM)
        level = level - moved
        middles = [p.isthmus_centre_lps_mm for p in anatomy.pedicles.values()]
        if middles:
            level = signed_distance(level, step, NEAR_MM[1])
            level = sharpened(level, grid, scan, unclear, own, own_grid, moved, middles)
    return signed_distance(level, step)


def _canal_and_body(
    own: Mask, parts: NDArray[np.uint8], parts_grid: VolumeGrid, grid: VolumeGrid
) -> tuple[Field | None, Field]:
    tube = parts == Structure.CANAL
    canal = None
    if tube.any():
        canal = -signed_distance(level_set(tube, parts_grid, grid), float(grid.spacing_ijk_mm[0]))
    return canal, level_set(own & (parts == Structure.BODY), parts_grid, grid)


def prepare_fields(
    anatomy: VertebraAnatomy,
    vertebrae: LabelVolume,
    structures: LabelVolume,
    step_mm: float = STEP_MM,
    volume: Volume | None = None,
) -> VertebraFields:
    """Distance fields of one vertebra from its label maps; takes some seconds.

    ``volume`` is the CT, for the walls' own edge and for what lies between skin and bone.
    """
    body = anatomy.body
    half_depth, half_height = body.depth_mm / 2, body.height_mm / 2
    wide = 50.0 if anatomy.verse == SACRUM else 40.0
    low = np.array([-wide, -half_depth - 6, -half_height - 9])
    high = np.array([wide, half_depth + 34, half_height + 9])
    grid = frame_grid(body.centre_lps_mm, body.axes_lps, low, high, step_mm)
    corners = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    reach = body.centre_lps_mm + (low - 4 + corners * (high - low + 8)) @ body.axes_lps
    ijk = vertebrae.grid.indices_from_lps(reach)
    size = np.array(vertebrae.grid.shape_kji[::-1])
    first = np.clip(np.floor(ijk.min(0)).astype(int), 0, size - 1)
    last = np.clip(np.ceil(ijk.max(0)).astype(int) + 1, first + 1, size)
    box: Box = (slice(first[2], last[2]), slice(first[1], last[1]), slice(first[0], last[0]))
    near = box_grid(vertebrae.grid, box)
    own = vertebrae.labels[box] == anatomy.verse
    others = (vertebrae.labels[box] != 0) & ~own
    other = resample(distance_image(others, near), grid, -FAR_MM) if others.any() else None
    scan = volume if volume is not None and volume.modality == "CT" else None
    with ThreadPoolExecutor(1, thread_name_prefix="fields") as beside:
        soft = beside.submit(_canal_and_body, own, structures.labels[box], near, grid)
        bone = _bone(anatomy, own, near, grid, scan, other)
        canal, body_level = soft.result()
    posteriors = axis_mm(grid, body.centre_lps_mm)[1]
    lefts = axis_mm(grid, body.centre_lps_mm)[0]
    seen = (body_level[:, :, np.abs(lefts) < 0.36 * body.width_mm] > 0).sum(2) * step_mm > 2.0
    hindmost = np.where(seen.any(1), posteriors[seen.shape[1] - 1 - np.argmax(seen[:, ::-1], axis=1)], np.nan)
    hindmost = ndi.median_filter(np.where(np.isfinite(hindmost), hindmost, half_depth), 3)
    return VertebraFields(
        anatomy.verse,
        grid,
        body.centre_lps_mm,
        body.axes_lps,
        bone,
        canal,
        body_level,
        hindmost,
        vertebrae,
        other,
        scan,
    )
