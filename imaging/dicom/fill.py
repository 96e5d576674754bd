"""Slices that are missing, interpolated between their neighbours; only ever when a person has agreed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.dicom.stack import Stack

MOST_GAP_MM = 6.0
MOST_FRACTION = 0.1


def may_fill(stack: Stack, count: int) -> bool:
    """Whether the gaps are few and narrow enough to ask: at most 6 mm wide, at most a tenth of the slices.

    6 mm [D] is less than the height of a pedicle or an endplate's curvature hides; across more, bone would
    be invented.
    """
    missing = sum(gap.missing for gap in stack.gaps)
    widest = max(((gap.missing + 1) * stack.spacing_mm for gap in stack.gaps), default=0.0)
    return (
        bool(stack.gaps)
        and not stack.same_place
        and not stack.uneven
        and widest <= MOST_GAP_MM + 0.05
        and missing <= MOST_FRACTION * (count + missing)
    )


def filled(values: NDArray[np.int16], stack: Stack) -> tuple[NDArray[np.int16], int]:
    """All slices of an even pile from those (n, rows, columns) there are, and how many were interpolated."""
    index = np.rint(stack.offsets_mm[:, 2] / stack.spacing_mm).astype(int)
    whole = np.empty((int(index[-1]) + 1, *values.shape[1:]), np.int16)
    whole[index] = values
    made = 0
    for n in np.flatnonzero(np.diff(index) > 1).tolist():
        low, high = int(index[n]), int(index[n + 1])
        for k in range(low + 1, high):
            t = (k - low) / (high - low)
            mixed = (1 - t) * values[n].astype(np.float32) + t * values[n + 1]
            whole[k] = np.rint(mixed).astype(np.int16)
            made += 1
    return whole, made
