"""From the working grid back to the image's own."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.iso import IsoVolume
from imaging.volume import LabelVolume, Volume

Array = NDArray[np.float64]


def to_source(labels: NDArray[np.uint8], iso: IsoVolume, volume: Volume) -> LabelVolume:
    """Labels of the working grid on the source's own grid: each resampled linearly, the strongest wins.

    Each label is resampled within its own box only, for speed.
    """
    grid = volume.grid
    share = np.zeros(grid.shape_kji, np.float32)
    taken = np.zeros(grid.shape_kji, np.float32)
    winner = np.zeros(grid.shape_kji, np.uint8)
    for number, found in enumerate(ndi.find_objects(labels), 1):
        if found is None:
            continue
        held = tuple(slice(max(0, s.start - 1), s.stop + 1) for s in found)
        origin = iso.origin_lps_mm + np.array([s.start for s in held[::-1]]) * iso.spacing_mm
        mask = np.ascontiguousarray(labels[held] == number).astype(np.float32)
        box = _box_in(grid, origin, origin + (np.array(mask.shape[::-1]) - 1) * iso.spacing_mm)
        if box is None:
            continue
        image = sitk.GetImageFromArray(mask)
        image.SetOrigin(origin.tolist())
        image.SetSpacing(iso.spacing_mm.tolist())
        low = [s.start for s in box[::-1]]
        part = sitk.Resample(
            image,
            [s.stop - s.start for s in box[::-1]],
            sitk.Transform(),
            sitk.sitkLinear,
            grid.lps_from_indices(low).tolist(),
            grid.spacing_ijk_mm.tolist(),
            grid.direction_lps.ravel().tolist(),
        )
        mine = sitk.GetArrayFromImage(part)
        taken[box] += mine
        stronger = mine > share[box]
        share[box][stronger] = mine[stronger]
        winner[box][stronger] = number
    winner[share <= 1 - taken] = 0
    return LabelVolume(grid, winner)


def _box_in(grid: VolumeGrid, low_lps_mm: Array, high_lps_mm: Array) -> tuple[slice, ...] | None:
    """[k, j, i] slices of a grid that hold a box of LPS mm; None where they do not meet."""
    ends = np.stack([low_lps_mm, high_lps_mm])
    corners = np.array([[ends[x, 0], ends[y, 1], ends[z, 2]] for x, y, z in np.ndindex(2, 2, 2)])
    ijk = grid.indices_from_lps(corners)
    size = np.array(grid.shape_kji[::-1])
    low = np.clip(np.floor(ijk.min(0)).astype(int), 0, size)
    high = np.clip(np.ceil(ijk.max(0)).astype(int) + 1, 0, size)
    if (high <= low).any():
        return None
    return tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
