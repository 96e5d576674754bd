"""Values of a field between its voxels, and rays to its zero: compiled, since a drag asks for some ten
thousand at every move.

All in one file: numba's cache does not notice a change in a function that is called from another.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _at(
    field: NDArray[np.float32], m: Array, x: float, y: float, z: float, outside: float
) -> float:  # pragma: no cover
    nk, nj, ni = field.shape
    i = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]
    j = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]
    k = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]
    if not (0.0 <= i <= ni - 1 and 0.0 <= j <= nj - 1 and 0.0 <= k <= nk - 1):
        return outside
    # A field one voxel thick has no second neighbour.
    i0, j0, k0 = max(min(int(i), ni - 2), 0), max(min(int(j), nj - 2), 0), max(min(int(k), nk - 2), 0)
    i1, j1, k1 = min(i0 + 1, ni - 1), min(j0 + 1, nj - 1), min(k0 + 1, nk - 1)
    a, b, c = i - i0, j - j0, k - k0
    near = (1 - a) * field[k0, j0, i0] + a * field[k0, j0, i1]
    far = (1 - a) * field[k0, j1, i0] + a * field[k0, j1, i1]
    low = (1 - b) * near + b * far
    near = (1 - a) * field[k1, j0, i0] + a * field[k1, j0, i1]
    far = (1 - a) * field[k1, j1, i0] + a * field[k1, j1, i1]
    return float((1 - c) * low + c * ((1 - b) * near + b * far))


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def trilinear(
    field: NDArray[np.float32], ijk_from_lps: Array, points_lps_mm: Array, outside: float
) -> Array:  # pragma: no cover
    """(N,) values of a [k, j, i] field at (N, 3) LPS mm; ``outside`` beyond the outermost voxel centres."""
    out = np.empty(len(points_lps_mm))
    for n in range(len(points_lps_mm)):
        x, y, z = points_lps_mm[n, 0], points_lps_mm[n, 1], points_lps_mm[n, 2]
        out[n] = _at(field, ijk_from_lps, x, y, z, outside)
    return out


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
    lengths = np.zeros(len(starts))
    for n in range(len(starts)):
        length = 0.0
        for _ in range(steps):
            x = starts[n, 0] + length * directions[n, 0]
            y = starts[n, 1] + length * directions[n, 1]
            z = starts[n, 2] + length * directions[n, 2]
            gap = _at(field, ijk_from_lps, x, y, z, outside)
            if gap <= least_mm:
                break
            length = min(length + gap, reach_mm)
            if length >= reach_mm:
                break
        lengths[n] = length
    return lengths
