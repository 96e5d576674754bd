"""Marrow of L5's transverse processes, as dark as muscle behind a cortex that no threshold finds.

L5's are the stoutest of all and an aged one's marrow has 0 to 80 HU. What lies beside and behind the wall
that was found is divided by a minimum cut: it ends where HU falls outward, into fat or at a faint rim.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.progress import Tick, nothing
from imaging.segmentation.arch import Block
from imaging.segmentation.bodies import BodyModel
from imaging.segmentation.iso import NO_IMAGE_HU
from imaging.segmentation.minimum_cut import minimum_cut

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LATERAL_MM = 24.0
BEHIND_MM = (-8.0, 28.0)
OVER_MM, UNDER_MM = 4.0, 2.0
"""Beyond the upper and lower endplate's plane."""
REACH_MM = 14.0
MARROW_HU, SPAN_HU, BELIEF = 30.0, 25.0, 0.05
STEP_HU = 40.0
"""A fall of HU between neighbours makes the cut e times cheaper."""
FADE, FADE_MM = 0.005, 10.0
HOLD = 50.0
LEAST_RADIUS_MM = 1.0
CALM_MM = 1.0
FEWEST = 50


def with_process_marrow(
    mask: Mask, block: Block, body: BodyModel, free: Mask, spacing_mm: float, tick: Tick = nothing
) -> Mask:
    """A vertebra's mask with the marrow of its transverse processes.

    Args:
        mask: (k, j, i) what was found, cortex and all.
        free: (k, j, i) where nobody else's bone is.
    """
    if not mask.any():
        return mask
    lat, p, s = np.moveaxis(block.local, -1, 0)
    above, below = (a + b * lat + c * p for a, b, c in (body.frame.disc_plane(up) for up in (True, False)))
    room = (p > BEHIND_MM[0]) & (p < BEHIND_MM[1]) & (s > below - UNDER_MM) & (s < above + OVER_MM)
    seen = block.hu > NO_IMAGE_HU
    calm = ndi.gaussian_filter(np.clip(block.hu, -150.0, 400.0), CALM_MM / spacing_mm).astype(np.float64)
    away = ndi.distance_transform_edt(~mask) * spacing_mm
    tick()
    believed = BELIEF * np.clip((calm - MARROW_HU) / SPAN_HU, -3.0, 2.0) - FADE * (away / FADE_MM) ** 2
    out = mask.copy()
    for side in (-1, 1):
        open_ = room & (side * lat > LATERAL_MM) & free & seen & ~mask & (away < REACH_MM)
        if open_.sum() < FEWEST:
            continue
        nodes = ndi.binary_dilation(open_) & seen
        kept = minimum_cut(
            nodes,
            calm,
            lambda one, two: np.exp(-np.abs(one - two) / STEP_HU),
            np.where(mask, HOLD, np.where(open_, np.maximum(believed, 0), 0)),
            np.where(mask, 0.0, np.where(open_, np.maximum(-believed, 0), HOLD)),
        )
        tick()
        out |= _thick(kept & open_, spacing_mm)
    return out


def _thick(added: Mask, spacing_mm: float) -> Mask:
    """What is thicker than the blur of an edge."""
    core = ndi.distance_transform_edt(added) * spacing_mm > LEAST_RADIUS_MM
    if not core.any():
        return core
    return np.asarray(
        added & (ndi.distance_transform_edt(~core) * spacing_mm <= LEAST_RADIUS_MM + spacing_mm)
    )
