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
