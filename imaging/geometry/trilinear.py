"""Values of a field between its voxels, one pass for the place and the eight neighbours."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def trilinear(
    field: NDArray[np.float32], ijk_from_lps: Array, points_lps_mm: Array, outside: float
) -> Array:  # pragma: no cover
    """(N,) values of a [k, j, i] field at (N, 3) LPS mm; ``outside`` beyond the outermost voxel centres."""
    nk, nj, ni = field.shape
    m = ijk_from_lps
    out = np.empty(len(points_lps_mm))
    for n in range(len(points_lps_mm)):
        x, y, z = points_lps_mm[n, 0], points_lps_mm[n, 1], points_lps_mm[n, 2]
        i = m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3]
        j = m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3]
        k = m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3]
        if not (0.0 <= i <= ni - 1 and 0.0 <= j <= nj - 1 and 0.0 <= k <= nk - 1):
            out[n] = outside
            continue
        i0, j0, k0 = min(int(i), ni - 2), min(int(j), nj - 2), min(int(k), nk - 2)
        a, b, c = i - i0, j - j0, k - k0
        near = (1 - a) * field[k0, j0, i0] + a * field[k0, j0, i0 + 1]
        far = (1 - a) * field[k0, j0 + 1, i0] + a * field[k0, j0 + 1, i0 + 1]
        low = (1 - b) * near + b * far
        near = (1 - a) * field[k0 + 1, j0, i0] + a * field[k0 + 1, j0, i0 + 1]
        far = (1 - a) * field[k0 + 1, j0 + 1, i0] + a * field[k0 + 1, j0 + 1, i0 + 1]
        out[n] = (1 - c) * low + c * ((1 - b) * near + b * far)
    return out
