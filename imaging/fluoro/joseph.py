"""Joseph's line integrals ray by ray: plain, and the reference for the fast projector.

P. M. Joseph, "An improved algorithm for reprojecting rays through pixel images", IEEE TMI 1(3), 1982: step
from slice to slice along the axis the ray follows most, interpolate bilinearly in each slice, and multiply
the sum by the length of one step.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


_KERNEL = {"fastmath": True, "cache": True, "nogil": True, "error_model": "numpy"}


@nb.njit(**_KERNEL)  # type: ignore[untyped-decorator]
def joseph_sums(
    top: int,
    bottom: int,
    out: NDArray[np.float32],
    values: NDArray[np.float32],
    source_ijk: Array,
    corner_ijk: Array,
    column_ijk: Array,
    row_ijk: Array,
    lps_from_ijk: Array,
) -> None:
    """Rows top..bottom of ``out``: line integrals of ``values`` [k, j, i] per mm, outside is 0.

    Args:
        source_ijk: (3,) focal spot in voxel indices (i, j, k).
        corner_ijk: (3,) pixel (0, 0) in voxel indices; ``column_ijk`` and ``row_ijk`` step one pixel.
        lps_from_ijk: (3, 3) linear part of the grid's matrix, for the length of a step in mm.
    """
    flat = values.ravel()
    size = np.array([values.shape[2], values.shape[1], values.shape[0]])
    stride = np.array([1, values.shape[2], values.shape[2] * values.shape[1]])
    for v in range(top, bottom):
        for u in range(out.shape[1]):
            ray = corner_ijk + u * column_ijk + v * row_ijk - source_ijk
            w = 0
            if abs(ray[1]) > abs(ray[w]):
                w = 1
            if abs(ray[2]) > abs(ray[w]):
                w = 2
            a = 1 if w == 0 else 0
            b = 1 if w == 2 else 2
            slope_a = ray[a] / ray[w]
            slope_b = ray[b] / ray[w]
            # The part of the ray in front of the source and within one voxel of the grid.
            first = 0.0
            last = size[w] - 1.0
            if ray[w] > 0:
                first = max(first, source_ijk[w])
            else:
                last = min(last, source_ijk[w])
            for axis, slope in ((a, slope_a), (b, slope_b)):
                if abs(slope) > 1e-12:
                    one = source_ijk[w] + (-1.0 - source_ijk[axis]) / slope
                    two = source_ijk[w] + (size[axis] - source_ijk[axis]) / slope
                    first = max(first, min(one, two))
                    last = min(last, max(one, two))
                elif source_ijk[axis] <= -1 or source_ijk[axis] >= size[axis]:
                    last = -1.0
            total = 0.0
            if last >= first:
                for n in range(int(np.ceil(first)), int(np.floor(last)) + 1):
                    x = source_ijk[a] + (n - source_ijk[w]) * slope_a
                    y = source_ijk[b] + (n - source_ijk[w]) * slope_b
                    i = int(np.floor(x))
                    j = int(np.floor(y))
                    f = np.float32(x - i)
                    g = np.float32(y - j)
                    at = n * stride[w] + i * stride[a] + j * stride[b]
                    if i >= 0 and j >= 0 and i < size[a] - 1 and j < size[b] - 1:
                        low = flat[at] * (1 - f) + flat[at + stride[a]] * f
                        at += stride[b]
                        high = flat[at] * (1 - f) + flat[at + stride[a]] * f
                        total += low * (1 - g) + high * g
                    else:
                        for dj in range(2):
                            for di in range(2):
                                if 0 <= i + di < size[a] and 0 <= j + dj < size[b]:
                                    weight = (f if di else 1 - f) * (g if dj else 1 - g)
                                    total += weight * flat[at + di * stride[a] + dj * stride[b]]
            step = lps_from_ijk @ (ray / ray[w])
            out[v, u] = total * np.sqrt(step[0] ** 2 + step[1] ** 2 + step[2] ** 2)
