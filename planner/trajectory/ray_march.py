"""Rays through a field of distances, compiled: a drag measures some thousand of them at every move."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def march(
    field: NDArray[np.float32],
    ijk_from_lps: Array,
    starts: Array,
    directions: Array,
    steps: int,
    least_mm: float,
    reach_mm: float,
    outside: float,
) -> Array:  # pragma: no cover
    """(N,) way in mm from ``starts`` (N, 3) along ``directions`` (N, 3) to a field's zero (sphere tracing).

    Args:
        field: [k, j, i] signed distances in mm, sampled trilinearly; ``outside`` beyond its grid.
        ijk_from_lps: (4, 4) of the field's grid.
        starts, directions: LPS mm and unit vectors.
        steps: at most so many steps a ray.
        least_mm: a shorter step ends it.
        reach_mm: nothing farther is looked for.
        outside: value beyond the grid.
    """
    count = starts.shape[0]
    lengths = np.zeros(count)
    depth, rows, columns = field.shape
    a = ijk_from_lps
    for n in range(count):
        length = 0.0
        for _ in range(steps):
            x = starts[n, 0] + length * directions[n, 0]
            y = starts[n, 1] + length * directions[n, 1]
            z = starts[n, 2] + length * directions[n, 2]
            i = a[0, 0] * x + a[0, 1] * y + a[0, 2] * z + a[0, 3]
            j = a[1, 0] * x + a[1, 1] * y + a[1, 2] * z + a[1, 3]
            k = a[2, 0] * x + a[2, 1] * y + a[2, 2] * z + a[2, 3]
            if not (0 <= i <= columns - 1 and 0 <= j <= rows - 1 and 0 <= k <= depth - 1):
                gap = outside
            else:
                i0 = min(int(i), columns - 2) if columns > 1 else 0
                j0 = min(int(j), rows - 2) if rows > 1 else 0
                k0 = min(int(k), depth - 2) if depth > 1 else 0
                i1, j1, k1 = min(i0 + 1, columns - 1), min(j0 + 1, rows - 1), min(k0 + 1, depth - 1)
                u, v, w = i - i0, j - j0, k - k0
                near = (field[k0, j0, i0] * (1 - u) + field[k0, j0, i1] * u) * (1 - v) + (
                    field[k0, j1, i0] * (1 - u) + field[k0, j1, i1] * u
                ) * v
                far = (field[k1, j0, i0] * (1 - u) + field[k1, j0, i1] * u) * (1 - v) + (
                    field[k1, j1, i0] * (1 - u) + field[k1, j1, i1] * u
                ) * v
                gap = np.float64(np.float32(near * (1 - w) + far * w))
            if gap <= least_mm:
                break
            length = min(length + gap, reach_mm)
            if length >= reach_mm:
                break
        lengths[n] = length
    return lengths
