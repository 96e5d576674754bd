"""Distances to the zero surface of a level set, far nearer to the truth than its grid is fine.

All in one file: numba's cache does not notice a change in a function that is called from another.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
# The 13 neighbours that a scan over k, j, i has passed.
BEFORE = np.array(
    [(a, b, c) for a in (0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1) if (a, b, c) > (0, 0, 0)]
)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _zero(a: float, b: float, c: float, d: float) -> float:  # pragma: no cover
    """Where between 0 and 1 the cubic through a, b, c, d at -1, 0, 1, 2 is zero; b and c differ in sign."""
    first = -a / 3 - b / 2 + c - d / 6
    second, third = a / 2 - b + c / 2, (d - a) / 6 + (b - c) / 2
    t = b / (b - c)
    for _ in range(4):
        slope = first + t * (2 * second + 3 * t * third)
        if slope == 0.0:
            break
        t = min(max(t - (b + t * (first + t * (second + t * third))) / slope, 0.0), 1.0)
    return t


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def crossings(level: Field) -> tuple[Field, Field]:  # pragma: no cover
    """Places (N, 3) in k, j, i where the grid's edges cross the zero (a cubic along each), and unit normals
    (N, 3) there towards greater values. The grid's outermost voxels are left out."""
    shape = level.shape
    move = np.eye(3, dtype=np.int64)
    count = 0
    for once in range(2):
        if once == 1:
            places, normals = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
        count = 0
        for k in range(1, shape[0] - 2):
            for j in range(1, shape[1] - 2):
                for i in range(1, shape[2] - 2):
                    here = level[k, j, i]
                    for n in range(3):
                        dk, dj, di = move[n, 0], move[n, 1], move[n, 2]
                        there = level[k + dk, j + dj, i + di]
                        if (here > 0) == (there > 0):
                            continue
                        if once == 1:
                            before = level[k - dk, j - dj, i - di]
                            after = level[k + 2 * dk, j + 2 * dj, i + 2 * di]
                            t = _zero(before, here, there, after)
                            places[count, 0], places[count, 1], places[count, 2] = k, j, i
                            places[count, n] += t
                            size = 1e-12
                            for m in range(3):
                                ak, aj, ai = move[m, 0], move[m, 1], move[m, 2]
                                a = level[k + ak, j + aj, i + ai] - level[k - ak, j - aj, i - ai]
                                b = level[k + dk + ak, j + dj + aj, i + di + ai]
                                b -= level[k + dk - ak, j + dj - aj, i + di - ai]
                                normals[count, m] = (1 - t) * a + t * b
                                size += normals[count, m] ** 2
                            for m in range(3):
                                normals[count, m] /= np.sqrt(size)
                        count += 1
    return places, normals


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def to_crossings(
    level: Field, places: Field, normals: Field, step_mm: float, far_mm: float, asked: NDArray[np.bool_]
) -> Field:  # pragma: no cover
    """Signed distance (mm, positive inside) of each voxel of an isotropic grid to its level set's zero.

    Each voxel's nearest crossing is handed on from voxel to voxel (Danielsson 1980). Its distance is that to
    the plane through the crossing, since no crossing need lie just where the nearest place is.

    Args:
        level: (K, J, I), positive inside.
        places, normals: by ``crossings``.
        step_mm: spacing.
        far_mm: where there is no crossing.
        asked: which voxels are measured; the others keep their level.
    """
    shape = level.shape
    # One voxel wider all round, so that no neighbour lies outside.
    wide = (shape[0] + 2, shape[1] + 2, shape[2] + 2)
    nearest = np.full(wide[0] * wide[1] * wide[2], -1, np.int32)
    apart = np.full(len(nearest), np.inf, np.float32)
    for n in range(len(places)):
        for end in range(2):
            k, j, i = int(places[n, 0]), int(places[n, 1]), int(places[n, 2])
            if end == 1:
                k, j, i = int(np.ceil(places[n, 0])), int(np.ceil(places[n, 1])), int(np.ceil(places[n, 2]))
            far = (k - places[n, 0]) ** 2 + (j - places[n, 1]) ** 2 + (i - places[n, 2]) ** 2
            at = ((k + 1) * wide[1] + j + 1) * wide[2] + i + 1
            if far < apart[at]:
                apart[at], nearest[at] = far, n
    back = np.empty(13, np.int64)
    for m in range(13):
        back[m] = (BEFORE[m, 0] * wide[1] + BEFORE[m, 1]) * wide[2] + BEFORE[m, 2]
    for turn in (1, -1, 1, -1):
        for kk in range(shape[0]):
            k = kk if turn == 1 else shape[0] - 1 - kk
            for jj in range(shape[1]):
                j = jj if turn == 1 else shape[1] - 1 - jj
                row = ((k + 1) * wide[1] + j + 1) * wide[2] + 1
                for ii in range(shape[2]):
                    i = ii if turn == 1 else shape[2] - 1 - ii
                    if not asked[k, j, i]:
                        continue
                    best, own = apart[row + i], nearest[row + i]
                    for m in range(13):
                        n = nearest[row + i - turn * back[m]]
                        if n < 0 or n == own:
                            continue
                        u, v, w = k - places[n, 0], j - places[n, 1], i - places[n, 2]
                        far = u * u + v * v + w * w
                        if far < best:
                            best, own = far, n
                    apart[row + i], nearest[row + i] = best, own
    result = np.empty(shape, np.float32)
    for k in range(shape[0]):
        for j in range(shape[1]):
            row = ((k + 1) * wide[1] + j + 1) * wide[2] + 1
            for i in range(shape[2]):
                if not asked[k, j, i]:
                    result[k, j, i] = level[k, j, i]
                    continue
                sign = 1.0 if level[k, j, i] > 0 else -1.0
                n = nearest[row + i]
                if n < 0:
                    result[k, j, i] = sign * far_mm
                    continue
                far = np.sqrt(apart[row + i])
                along = (k - places[n, 0]) * normals[n, 0] + (j - places[n, 1]) * normals[n, 1]
                along = sign * (along + (i - places[n, 2]) * normals[n, 2])
                # Beside a crease the nearest crossing's plane says nothing: its own distance stays.
                if along > 0 and apart[row + i] - along * along < 0.5:
                    far = along
                elif far < 0.5:
                    far = max(along, 0.0)
                result[k, j, i] = sign * far * step_mm
    return result
