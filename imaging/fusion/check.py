"""How well a fusion fits, measured on what it was not made from: the bodies as drawn on either image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import BodyGeometry
from imaging.fusion.start import moved
from imaging.labels import Structure
from imaging.segmentation.result import SpineSegmentation

Array = NDArray[np.float64]

_MIDDLE = 0.3
_LEAST_POINTS = 40
_FAR_MM = 8.0


def edge_points(found: SpineSegmentation, verse: int) -> Array | None:
    """(n, 3) LPS mm on a body's outline in the sagittal slices of its middle; None where it is not drawn."""
    anatomy = found.level(verse)
    if anatomy is None:
        return None
    inside = (found.vertebrae.labels == verse) & (found.structures.labels == Structure.BODY)
    if not inside.any():
        return None
    grid = found.vertebrae.grid
    body = anatomy.body
    axes = np.abs(grid.direction_lps.T @ body.left)
    rims = []
    for axis in range(3):
        if axes[axis] > 0.7:
            continue  # from slice to slice an MR shows no edge
        for step in (1, -1):
            rim = inside & ~np.roll(inside, step, 2 - axis)
            k, j, i = np.nonzero(rim)
            ijk = np.stack([i, j, k], -1).astype(float)
            ijk[:, axis] -= 0.5 * step
            rims.append(grid.lps_from_indices(ijk))
    points = np.concatenate(rims)
    beside = np.abs((points - body.centre_lps_mm) @ body.left)
    points = points[beside <= _MIDDLE * body.width_mm / 2]
    return points if len(points) >= _LEAST_POINTS else None


def surface_mm(ct: SpineSegmentation, verse: int, ct_from_mr: Array, points_mr: Array) -> float:
    """How far the body's outline on MR lies from its surface on CT: a robust deviation in mm.

    The common distance is taken out: MR shows marrow, CT the cortex's outside, so that outlines lie inside.
    """
    grid = ct.vertebrae.grid
    inside = (ct.vertebrae.labels == verse) & (ct.structures.labels == Structure.BODY)
    if not inside.any():
        return _FAR_MM
    k, j, i = np.nonzero(inside)
    low = np.maximum([k.min(), j.min(), i.min()] - np.ceil(12 / grid.spacing_ijk_mm[::-1]).astype(int), 0)
    high = [
        int(v.max() + 1 + np.ceil(12 / s)) for v, s in zip((k, j, i), grid.spacing_ijk_mm[::-1], strict=True)
    ]
    box = inside[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    spacing = grid.spacing_ijk_mm[::-1]
    signed = ndi.distance_transform_edt(~box, spacing) - ndi.distance_transform_edt(box, spacing)
    index = grid.indices_from_lps(moved(ct_from_mr, points_mr))[:, ::-1] - low
    d = ndi.map_coordinates(signed, index.T, order=1, mode="nearest")
    d = np.clip(d, -_FAR_MM, _FAR_MM)
    return float(1.4826 * np.median(np.abs(d - np.median(d))))


def step_mm(upper: BodyGeometry, lower: BodyGeometry, first: Array, second: Array) -> float:
    """How far two neighbours' motions part at the disc between them, in mm: bones do not leave each other."""
    disc = (upper.inferior_endplate[0] + lower.superior_endplate[0]) / 2
    at = [moved(np.linalg.inv(m), disc) for m in (first, second)]
    return float(np.linalg.norm(at[0] - at[1]))
