"""Where bone ends: a share of the way from soft tissue to the cortex's own brightness.

Growth by a fixed threshold ends too far out where the cortex is bright and the scanner's blur wide. Here
every place has its own threshold, set by the brightest bone nearby.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.progress import Tick, nothing
from imaging.segmentation.distance import steps_to
from imaging.segmentation.enclosure import with_marrow

SOFT_TISSUE_HU = 60.0
BRIGHTEST_HU = 1000.0
RIM_MM, SOFT_MM = (0.5, 3.0), (1.0, 4.0)
"""Depths under and heights over the surface where bone and soft tissue are measured, by ``NEARBY_MM``."""
NEARBY_MM, BAND_MM, BLUR_MM = 2.0, 1.0, 0.9
LEAST_STEP_HU, LEAST_SEEN = 60.0, 0.02


def drawn_back_to_edge(
    mask: NDArray[np.bool_],
    hu: NDArray[np.float32],
    spacing_mm: float,
    *,
    share: float = 0.25,
    reach_mm: float = 2.0,
    rim_mm: float = 3.0,
    tick: Tick = nothing,
) -> NDArray[np.bool_]:
    """One vertebra's mask without the blur around its cortex.

    Args:
        mask: (k, j, i) what was grown.
        hu: (k, j, i) CT.
        spacing_mm: of the isotropic grid.
        share: of the way from soft tissue to the local brightest bone at which bone ends.
        reach_mm: half side of the neighbourhood searched for the brightest bone.
        rim_mm: only voxels less deep than this are judged.
    """
    if not mask.any():
        return mask
    pad = int(np.ceil(4 / spacing_mm))
    low = np.maximum(np.argwhere(mask).min(0) - pad, 0)
    high = np.argwhere(mask).max(0) + pad + 1
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    grown, values = mask[box], hu[box].astype(np.float32)
    deep = steps_to(~grown) * spacing_mm > rim_mm
    tick()
    size = int(2 * round(reach_mm / spacing_mm) + 1)
    bright = ndi.maximum_filter(np.where(grown, np.minimum(values, BRIGHTEST_HU), -200.0), size=size)
    bright = ndi.gaussian_filter(bright, 1.0 / spacing_mm)
    bone = grown & (deep | (values > SOFT_TISSUE_HU + share * (bright - SOFT_TISSUE_HU)))
    closed = ndi.binary_closing(np.pad(bone, pad), iterations=max(1, round(2 / spacing_mm)))
    tick()
    bone = with_marrow(closed[pad:-pad, pad:-pad, pad:-pad] & grown, grown, spacing_mm)
    bone = ndi.binary_fill_holes(bone)
    tick()
    parts, count = ndi.label(bone)
    if count > 1:
        bone = parts == 1 + int(np.argmax(ndi.sum_labels(bone, parts, range(1, count + 1))))
    out = np.zeros_like(mask)
    out[box] = (ndi.gaussian_filter(bone.astype(np.float32), 0.5 / spacing_mm) > 0.5) & grown
    return out


def at_half_height(
    mask: NDArray[np.bool_],
    hu: NDArray[np.float32],
    other: NDArray[np.bool_],
    spacing_mm: float,
    *,
    tick: Tick = nothing,
) -> NDArray[np.bool_]:
    """One vertebra's mask with its edge laid where voxels are half bone.

    A voxel's share of bone is its HU's place between those of the soft tissue and of the rim nearby, so that
    a thin, blurred wall is judged by its own height. Only within ``BAND_MM`` of the mask's surface.

    Args:
        mask: (k, j, i) after ``drawn_back_to_edge``.
        hu: (k, j, i) CT.
        other: (k, j, i) what belongs to others; neither soft tissue nor to be taken.
        spacing_mm: of the isotropic grid.
    """
    if not mask.any():
        return mask
    at, pad = np.argwhere(mask), int(np.ceil(6 / spacing_mm))
    box = tuple(
        slice(max(0, int(a) - pad), int(b) + pad + 1) for a, b in zip(at.min(0), at.max(0), strict=True)
    )
    bone, foreign = mask[box], other[box] & ~mask[box]
    values = np.clip(hu[box], -150.0, BRIGHTEST_HU).astype(np.float32)
    deep = np.where(bone, steps_to(~bone) - 0.5, 0.5 - steps_to(bone)) * np.float32(spacing_mm)
    tick()
    rim = (deep > RIM_MM[0]) & (deep < RIM_MM[1])
    soft = (deep < -SOFT_MM[0]) & (deep > -SOFT_MM[1]) & ~foreign
    high, seen = _mean(values, rim, NEARBY_MM / spacing_mm)
    tick()
    low, free = _mean(values, soft, NEARBY_MM / spacing_mm)
    tick()
    known = (seen > LEAST_SEEN) & (free > LEAST_SEEN) & (high - low > LEAST_STEP_HU)
    known &= np.abs(ndi.gaussian_filter(deep, 0.6 / spacing_mm)) < BAND_MM
    share = np.clip((values - low) / np.maximum(high - low, 1.0), 0, 1)
    share = np.where(known, share, deep > 0).astype(np.float32)
    bone = ndi.gaussian_filter(share, BLUR_MM / spacing_mm) > 0.5
    tick()
    parts, count = ndi.label(bone & ~foreign)
    out = np.zeros_like(mask)
    if count:
        sizes = np.bincount(parts.ravel())
        out[box] = parts == 1 + int(np.argmax(sizes[1:]))
    return out


def _mean(
    values: NDArray[np.float32], where: NDArray[np.bool_], sigma: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(mean of the values nearby where so, how much of the surroundings is so)."""
    weight = ndi.gaussian_filter(where.astype(np.float32), sigma, truncate=3.0)
    total = ndi.gaussian_filter(np.where(where, values, np.float32(0)), sigma, truncate=3.0)
    return np.asarray(total / np.maximum(weight, 1e-3), np.float32), weight
