"""Places along a surface: where a bright shell's edge lies in the CT's voxels, and where labels have it.

Compiled loops, all in one file: numba's cache does not notice a change in a function called from another.
"""

from __future__ import annotations

from math import erf, exp, sqrt

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

EDGE, THICK, SOFT, MARROW, CORTEX = range(5)
SPREAD = np.array([0.3, 0.6, 60.0, 120.0, 60.0])
"""Standard deviation of the five before the CT is looked at, mm and HU."""
NOISE_HU = 40.0
"""Of a voxel: noise, the marrow's texture and what the model leaves out."""
LABEL_SD_MM = 0.08
WRONG = 0.01


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _solve(matrix: Array, right: Array) -> None:  # pragma: no cover
    """Overwrite ``right`` with the solution; ``matrix`` is symmetric and positive definite, and is lost."""
    size = len(right)
    for q in range(size):
        for u in range(q + 1, size):
            part = matrix[u, q] / matrix[q, q]
            right[u] -= part * right[q]
            for v in range(q, size):
                matrix[u, v] -= part * matrix[q, v]
    for q in range(size - 1, -1, -1):
        for v in range(q + 1, size):
            right[q] -= matrix[q, v] * right[v]
        right[q] /= matrix[q, q]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def fit_shells(
    first: Index,
    voxel: Index,
    weight: Array,
    depth_mm: Array,
    blur_mm: Array,
    hu: Array,
    start: Array,
    fixed: bool,
    rounds: int,
) -> Array:  # pragma: no cover
    """(N, 7) per place: edge (mm deeper than the surface), thickness, HU of soft tissue, marrow and cortex;
    standard deviation of the edge (mm) and root mean square of what is left (HU).

    Least squares over a place's voxels by Gauss-Newton, outliers weighing less (Cauchy), with ``start`` as
    the expected values. A voxel at depth s shows soft tissue, cortex and marrow by normal distribution
    functions of its blur, s - edge and s - edge - thickness.

    Args:
        first: (N + 1,) a place's voxels are ``voxel[first[n]:first[n + 1]]``.
        voxel, weight: indices of voxels and what they count, by their distance from the place.
        depth_mm, blur_mm, hu: of all voxels; below the surface, the blur's standard deviation across it.
        start: (5,) edge, thickness, soft, marrow, cortex.
        fixed: the cortex' HU stays as it is.
        rounds: of Gauss-Newton.
    """
    places = len(first) - 1
    result = np.zeros((places, 7))
    root, dense = 1 / sqrt(2.0), 1 / sqrt(2 * np.pi)
    matrix, kept = np.empty((5, 5)), np.empty((5, 5))
    right, slope, change, p = np.empty(5), np.empty(5), np.empty(5), np.empty(5)
    for n in range(places):
        for q in range(5):
            p[q] = start[q]
        left, total = 0.0, 1e-9
        for _ in range(rounds):
            for q in range(5):
                for u in range(5):
                    matrix[q, u] = 0.0
                matrix[q, q] = 1 / SPREAD[q] ** 2
                right[q] = (start[q] - p[q]) / SPREAD[q] ** 2
            left, total = 0.0, 1e-9
            for a in range(first[n], first[n + 1]):
                v = voxel[a]
                x = (depth_mm[v] - p[EDGE]) / blur_mm[v]
                y = x - p[THICK] / blur_mm[v]
                outer, inner = 0.5 + 0.5 * erf(x * root), 0.5 + 0.5 * erf(y * root)
                dx, dy = dense * exp(-0.5 * x * x) / blur_mm[v], dense * exp(-0.5 * y * y) / blur_mm[v]
                off = hu[v] - p[SOFT] * (1 - outer) - p[CORTEX] * (outer - inner) - p[MARROW] * inner
                slope[EDGE] = dy * (p[CORTEX] - p[MARROW]) - dx * (p[CORTEX] - p[SOFT])
                slope[THICK] = dy * (p[CORTEX] - p[MARROW])
                slope[SOFT], slope[MARROW], slope[CORTEX] = 1 - outer, inner, outer - inner
                left += weight[a] * min(off * off, 1e6)
                total += weight[a]
                w = weight[a] / (1 + (off / (3 * NOISE_HU)) ** 2) / NOISE_HU**2
                for q in range(5):
                    right[q] += w * slope[q] * off
                    for u in range(5):
                        matrix[q, u] += w * slope[q] * slope[u]
            if fixed:
                for q in range(5):
                    matrix[CORTEX, q], matrix[q, CORTEX] = 0.0, 0.0
                matrix[CORTEX, CORTEX], right[CORTEX] = 1.0, 0.0
            for q in range(5):
                change[q] = right[q]
                for u in range(5):
                    kept[q, u] = matrix[q, u]
            _solve(matrix, change)
            p[EDGE] = min(max(p[EDGE] + min(max(change[EDGE], -0.3), 0.3), -1.5), 2.0)
            p[THICK] = min(max(p[THICK] + min(max(change[THICK], -0.4), 0.4), 0.25), 4.0)
            p[SOFT] = min(max(p[SOFT] + change[SOFT], -300.0), 400.0)
            p[MARROW] = min(max(p[MARROW] + change[MARROW], -150.0), 700.0)
            p[CORTEX] += change[CORTEX]
        for q in range(5):
            result[n, q] = p[q]
            change[q] = 1.0 if q == EDGE else 0.0
        _solve(kept, change)
        result[n, 5] = sqrt(max(change[EDGE], 0.0))
        result[n, 6] = sqrt(left / total)
    return result


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def fit_labels(
    first: Index, voxel: Index, weight: Array, depth_mm: Array, inside: NDArray[np.bool_], rounds: int
) -> Array:  # pragma: no cover
    """(N, 2) by how many mm deeper than the surface each place's labels have it, and the variance of that.

    A probit by Fisher's scoring: a label is as sure as its voxel's middle is far from the surface.

    Args:
        first, voxel, weight: as for ``fit_shells``.
        depth_mm, inside: of all voxels, below the surface and by label; one in a hundred may be wrong anyhow.
        rounds: of scoring.
    """
    result = np.zeros((len(first) - 1, 2))
    root, dense = 1 / sqrt(2.0), 1 / sqrt(2 * np.pi)
    for n in range(len(result)):
        m, worth = 0.0, 0.0
        for _ in range(rounds):
            score, worth = 0.0, 1.0
            for a in range(first[n], first[n + 1]):
                z = (depth_mm[voxel[a]] - m) / LABEL_SD_MM
                share = WRONG + (1 - 2 * WRONG) * (0.5 + 0.5 * erf(z * root))
                steep = (1 - 2 * WRONG) * dense * exp(-0.5 * z * z) / LABEL_SD_MM
                unsure = share * (1 - share)
                score -= weight[a] * steep * ((1.0 if inside[voxel[a]] else 0.0) - share) / unsure
                worth += weight[a] * steep * steep / unsure
            m += min(max(score / worth, -0.1), 0.1)
        result[n, 0], result[n, 1] = m, 1 / worth
    return result
