"""One vertebra on its own fine, isotropic grid, without the source's stair-steps."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage as ndi

from imaging.geometry.grid import VolumeGrid
from imaging.geometry.redistance import crossings, to_crossings
from imaging.geometry.trilinear import trilinear
from imaging.sitk_bridge import image_from_array

Array = NDArray[np.float64]
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
Box = tuple[slice, slice, slice]

FAR_MM = 20.0


def frame_grid(
    centre_lps_mm: ArrayLike, axes_lps: ArrayLike, low_mm: ArrayLike, high_mm: ArrayLike, step_mm: float
) -> VolumeGrid:
    """Isotropic grid whose i, j, k run along the rows of ``axes_lps`` (left, posterior, superior).

    ``low_mm`` and ``high_mm`` (3,) are the extent along those axes relative to ``centre_lps_mm``.
    """
    axes, low, high = np.asarray(axes_lps, float), np.asarray(low_mm, float), np.asarray(high_mm, float)
    size = np.ceil((high - low) / step_mm).astype(int) + 1
    origin = np.asarray(centre_lps_mm, float) + low @ axes
    return VolumeGrid.from_parts((int(size[2]), int(size[1]), int(size[0])), origin, [step_mm] * 3, axes.T)


def axis_mm(grid: VolumeGrid, centre_lps_mm: ArrayLike) -> tuple[Array, Array, Array]:
    """Coordinates (mm from the centre) along i, j and k of a grid made by ``frame_grid``."""
    start = (grid.origin_lps_mm - np.asarray(centre_lps_mm, float)) @ grid.direction_lps
    k, j, i = grid.shape_kji
    step = grid.spacing_ijk_mm
    return (
        start[0] + step[0] * np.arange(i),
        start[1] + step[1] * np.arange(j),
        start[2] + step[2] * np.arange(k),
    )


def box_grid(grid: VolumeGrid, box: Box) -> VolumeGrid:
    """The grid of ``array[box]``."""
    matrix = grid.lps_from_ijk.copy()
    matrix[:3, 3] = grid.lps_from_indices([box[2].start, box[1].start, box[0].start])
    shape = (box[0].stop - box[0].start, box[1].stop - box[1].start, box[2].stop - box[2].start)
    return VolumeGrid(shape, matrix, grid.frame_of_reference_uid)


def widen(box: tuple[slice, ...], shape: tuple[int, ...], voxels: int) -> Box:
    """A box with a margin, kept within ``shape``."""
    a, b, c = (
        slice(max(0, s.start - voxels), min(n, s.stop + voxels)) for s, n in zip(box, shape, strict=True)
    )
    return a, b, c


def distance_image(mask: Mask, grid: VolumeGrid) -> sitk.Image:
    """Signed distance map of a mask on its own grid, positive inside; zero lies between voxels."""
    padded = np.pad(mask, 2)
    matrix = grid.lps_from_ijk.copy()
    matrix[:3, 3] = grid.lps_from_indices([-2, -2, -2])
    if not padded.any():
        return image_from_array(np.full(padded.shape, -FAR_MM, np.float32), VolumeGrid(padded.shape, matrix))
    spacing = grid.spacing_ijk_mm[::-1]
    distance = -ndi.distance_transform_edt(~padded, sampling=spacing)
    tight = widen(ndi.find_objects(padded.view(np.uint8))[0], padded.shape, 1)
    distance[tight] += ndi.distance_transform_edt(padded[tight], sampling=spacing)
    distance = np.clip(distance, -FAR_MM, FAR_MM).astype(np.float32)
    return image_from_array(distance, VolumeGrid(padded.shape, matrix))


def level_set(mask: Mask, grid: VolumeGrid, target: VolumeGrid, sigma_mm: float = 0.6) -> Field:
    """Smoothed signed level set of a mask on ``target``, positive inside; zero lies on the surface.

    Shape-based interpolation (Raya & Udupa 1990): the signed distance map, not the mask, is interpolated,
    so that thick slices give slopes instead of steps. ``mask`` is [k, j, i] on ``grid``.
    """
    return level_set_of(distance_image(mask, grid), target, sigma_mm)


def level_set_of(distance: sitk.Image, target: VolumeGrid, sigma_mm: float = 0.6) -> Field:
    """``level_set`` from a ``distance_image`` made before."""
    field = resample(distance, target, -FAR_MM)
    smoothed = ndi.gaussian_filter(field, sigma_mm / target.spacing_ijk_mm[::-1], truncate=3.0)
    return np.asarray(smoothed, dtype=np.float32)


def resample(image: sitk.Image, target: VolumeGrid, outside: float) -> Field:
    """Linear resampling of an image onto a grid, float32 [k, j, i]."""
    result = sitk.Resample(
        image,
        list(reversed(target.shape_kji)),
        sitk.Transform(),
        sitk.sitkLinear,
        target.origin_lps_mm.tolist(),
        target.spacing_ijk_mm.tolist(),
        target.direction_lps.ravel().tolist(),
        outside,
        sitk.sitkFloat32,
    )
    return np.asarray(sitk.GetArrayFromImage(result), dtype=np.float32)


def signed_distance(level: Field, step_mm: float, within_mm: float | None = None) -> Field:
    """Distance (mm) to the level set's zero surface, positive inside, with sub-voxel accuracy.

    ``within_mm``: farther from the surface the level stays as it is, which is quicker.
    """
    inside = level > 0
    if not inside.any():
        return np.full(level.shape, -FAR_MM, np.float32)
    if inside.all():
        return np.full(level.shape, FAR_MM, np.float32)
    # No crossing is looked for in the two outermost layers.
    wide = np.pad(np.asarray(level, np.float32), 2, mode="edge")
    places, normals = crossings(wide)
    asked = np.ones(wide.shape, bool)
    if within_mm is not None:
        asked[:] = False
        asked[tuple(places.astype(int).T)] = True
        asked = ndi.maximum_filter(asked, 2 * int(np.ceil(within_mm / step_mm)) + 1)
    inner = (slice(2, -2),) * 3
    return np.ascontiguousarray(to_crossings(wide, places, normals, step_mm, FAR_MM, asked)[inner])


def sample(field: Field, grid: VolumeGrid, points_lps_mm: ArrayLike, outside: float = -FAR_MM) -> Array:
    """Trilinear values of a [k, j, i] field at (..., 3) LPS mm; ``outside`` beyond the grid."""
    points = np.asarray(points_lps_mm, float)
    flat = np.ascontiguousarray(points.reshape(-1, 3))
    values = trilinear(np.ascontiguousarray(field, np.float32), grid.ijk_from_lps, flat, float(outside))
    return np.asarray(values, dtype=np.float64).reshape(points.shape[:-1])


def exits_mm(level_outward: Field, step_mm: float) -> Array:
    """How far from the first plane of axis 0 each column leaves the level set; nan from outside."""
    out = level_outward <= 0
    first = np.argmax(out, axis=0)
    known = out.any(axis=0) & (first > 0)
    back = np.maximum(first - 1, 0)[None]
    a = np.take_along_axis(level_outward, back, 0)[0]
    b = np.take_along_axis(level_outward, first[None], 0)[0]
    part = a / np.where(a - b > 1e-6, a - b, 1.0)
    return np.where(known, (np.maximum(first - 1, 0) + part) * step_mm, np.nan)
