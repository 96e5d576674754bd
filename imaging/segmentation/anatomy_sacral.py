"""S1's pedicle: a part of the ala, closed by bone's surface only towards the canal and upwards."""

from __future__ import annotations

import numpy as np

from imaging.anatomy import BodyGeometry, PedicleGeometry
from imaging.geometry.grid import VolumeGrid
from imaging.labels import Side
from imaging.segmentation.anatomy_local import Field, sample

# Width and height, convergence and tilt of the axis: means after Okutan et al. 2003.
SIZE_MM = (22.3, 13.6)
AXIS_DEG = (41.0, -19.0)
BEHIND_WALL_MM = 1.0
WALL_MM = (1.4, 0.6)
"""Bone between the pedicle's ellipse and the canal, and over it."""
OUTLINE_MM = 0.5
"""So far the sacrum's outline lies outside its cortex, in front of the canal and above (phantom, seed 7)."""
CANAL_MM = (5.0, 6.5, 8.0, 9.5)
LEVELS_MM = (-3.0, -1.0, 1.0, 3.0, 5.0)


def measure_sacral(bone: Field, grid: VolumeGrid, body: BodyGeometry, side: Side) -> PedicleGeometry | None:
    """S1's isthmus, None without a canal or a surface above it.

    Bone goes on to lateral and downwards, so that no section is the least one. The isthmus is where the
    published ellipse lies against the canal's lateral wall and the ala's upper surface, 1 mm behind the
    posterior wall; its size and axis are the published means and not measured.

    Args:
        bone: level set of the sacrum on ``grid``, positive inside.
        body: S1's.
    """
    sign = 1 if side == "left" else -1
    wall = _canal_wall_mm(bone, grid, body, sign)
    if wall is None:
        return None
    converge, tilt = np.deg2rad(AXIS_DEG)
    lateral = wall + WALL_MM[0] + SIZE_MM[0] / 2 * np.cos(converge)
    top = _top_mm(bone, grid, body, sign, lateral)
    if top is None:
        return None
    height = top - OUTLINE_MM - (SIZE_MM[1] / 2 + WALL_MM[1]) / np.cos(tilt)
    local = np.array([sign * lateral, BEHIND_WALL_MM - OUTLINE_MM, height])
    axis = [-sign * np.sin(converge) * np.cos(tilt), -np.cos(converge) * np.cos(tilt), np.sin(tilt)]
    return PedicleGeometry(
        body.posterior_wall_lps_mm + local @ body.axes_lps,
        np.array(axis) @ body.axes_lps,
        *SIZE_MM,
        float(np.pi / 4 * SIZE_MM[0] * SIZE_MM[1]),
    )


def _canal_wall_mm(bone: Field, grid: VolumeGrid, body: BodyGeometry, sign: int) -> float | None:
    """How far from the midline the canal's lateral wall lies at the pedicle's height."""
    outward = np.arange(0.0, 22.0, 0.25)
    behind, height = np.meshgrid(CANAL_MM, LEVELS_MM, indexing="ij")
    local = np.stack(np.broadcast_arrays(sign * outward, behind[..., None], height[..., None]), -1)
    solid = sample(bone, grid, body.posterior_wall_lps_mm + local @ body.axes_lps) > 0
    found = solid.any(-1) & ~solid[..., 0]
    wall = np.where(found, outward[solid.argmax(-1)], np.nan)
    if found.mean() < 0.5:
        return None
    return float(np.nanmedian(np.nanmax(np.where(found.any(0), wall, 0.0), axis=0)))


def _top_mm(bone: Field, grid: VolumeGrid, body: BodyGeometry, sign: int, lateral: float) -> float | None:
    """Height of the bone's upper surface over the pedicle, from the wall's mid height."""
    heights = np.arange(0.0, 22.0, 0.25)
    across, behind = np.meshgrid(np.arange(-3, 3.1, 1.0), np.arange(0, 2.1, 1.0), indexing="ij")
    tops = []
    for a, b in zip(across.ravel(), behind.ravel(), strict=True):
        local = np.stack(np.broadcast_arrays(sign * (lateral + a), b, heights), -1)
        out = sample(bone, grid, body.posterior_wall_lps_mm + local @ body.axes_lps) <= 0
        if out.any() and not out[0]:
            tops.append(heights[int(out.argmax())])
    return float(np.median(tops)) if len(tops) > 6 else None
