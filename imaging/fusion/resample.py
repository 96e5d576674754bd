"""An MR drawn where the CT lies: rigid within every vertebra, between them by how near each is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.geometry.grid import VolumeGrid
from imaging.progress import NULL_PROGRESS, Progress
from imaging.volume import LabelVolume, Volume

Array = NDArray[np.float64]

STEP_MM = 1.0
_BESIDE_MM = (12.0, 40.0, 12.0)
_REACH_MM = 45.0
NOTHING = -1


def mr_on_ct(
    vertebrae: LabelVolume,
    mr: Volume,
    ct_from_mr: Mapping[int, Array],
    progress: Progress = NULL_PROGRESS,
) -> Volume:
    """The MR on an axis-aligned 1 mm grid round the CT's vertebrae, in the CT's frame of reference.

    Args:
        vertebrae: labels of the CT.
        ct_from_mr: (4, 4) motion by VerSe number; vertebrae left out are not drawn.

    Returns:
        Volume; NOTHING where no MR lies or no moved vertebra is within 45 mm.
    """
    grid = vertebrae.grid
    near = np.isin(vertebrae.labels, list(ct_from_mr))
    box = ndi.find_objects(near.astype(np.uint8))[0]
    corners = np.array([[s.start, s.stop - 1] for s in box[::-1]], float)
    ends = np.array([[corners[n, b] for n, b in enumerate(bits)] for bits in np.ndindex(2, 2, 2)])
    places = grid.lps_from_indices(ends)
    low, high = places.min(0) - _BESIDE_MM, places.max(0) + _BESIDE_MM
    shape = tuple(int(n) for n in np.ceil((high - low) / STEP_MM)[::-1] + 1)
    target = VolumeGrid.from_parts(
        (shape[0], shape[1], shape[2]),
        low,
        (STEP_MM,) * 3,
        frame_of_reference_uid=grid.frame_of_reference_uid,
    )
    far = {}
    spacing = grid.spacing_ijk_mm[::-1] * 2
    for n, verse in enumerate(ct_from_mr):
        progress.step(0.5 * n / len(ct_from_mr), "Measuring the way to each vertebra")
        own = vertebrae.labels[::2, ::2, ::2] == verse
        far[verse] = ndi.distance_transform_edt(~own, spacing).astype(np.float32)
    out = np.full(shape, NOTHING, np.int16)
    columns, rows = np.meshgrid(np.arange(shape[2]), np.arange(shape[1]))
    for k in range(shape[0]):
        if k % 20 == 0:
            progress.step(0.5 + 0.5 * k / shape[0], "Drawing the MR on the CT")
        points = target.lps_from_indices(np.stack([columns, rows, np.full_like(rows, k)], -1))
        index = np.moveaxis(grid.indices_from_lps(points)[..., ::-1] / 2, -1, 0)
        total, weight = np.zeros(points.shape), np.zeros(points.shape[:2])
        least = np.full(points.shape[:2], np.inf)
        for verse, motion in ct_from_mr.items():
            d = ndi.map_coordinates(far[verse], index, order=1, mode="nearest")
            w = 1 / (d + 0.3) ** 4
            back = np.linalg.inv(motion)
            total += w[..., None] * (points @ back[:3, :3].T + back[:3, 3])
            weight += w
            least = np.minimum(least, d)
        there = total / weight[..., None]
        values = ndi.map_coordinates(
            mr.values, np.moveaxis(mr.grid.indices_from_lps(there)[..., ::-1], -1, 0), np.float32, order=1
        )
        seen = mr.grid.contains(there) & (least <= _REACH_MM)
        out[k][seen] = np.maximum(values[seen], 0).astype(np.int16)
    progress.step(1.0, "MR drawn on the CT")
    return Volume(target, out, "MR")
