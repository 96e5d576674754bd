"""Line integrals slice by slice: Joseph's sums as two one-dimensional resamplings and one final warp.

On a plane parallel to the slices that the central ray crosses most steeply, every slice of the volume
appears merely scaled and shifted. Joseph's bilinear samples then split exactly into an interpolation along
rows and one along columns. A view square to the volume needs no more; others end with one homography onto
the detector.

After P. Lacroute and M. Levoy, "Fast volume rendering using a shear-warp factorization", SIGGRAPH 1994. Rays
that follow another axis than the central one are sampled less densely than in Joseph's own choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
from numpy.typing import NDArray

from imaging.fluoro.vector_rows import (
    LANES,
    WIDEST_PERMUTED_STEP,
    add_weighted_lanes,
    permute_lanes,
    plan_lanes,
    resample_lanes,
)

Array = NDArray[np.float64]
_GROUP = 8
_COARSEST_STEP = 0.7
_WIDE = 2 * LANES


@dataclass(frozen=True, eq=False)
class Intermediate:
    """The picture on a plane parallel to the slices.

    Attributes:
        axes: voxel axes (0 i, 1 j, 2 k): across slices, along the picture's columns, along its rows.
        plane: index of the plane on the first axis.
        start, step: voxel index of the first sample and distance of samples, on the third and second axis.
        size: samples along a and b; a is a multiple of the vector width.
    """

    axes: tuple[int, int, int]
    plane: float
    start: tuple[float, float]
    step: tuple[float, float]
    size: tuple[int, int]


def intermediate_for(
    source: Array, corner: Array, column: Array, row: Array, size_ijk: Array, rows: int, columns: int
) -> Intermediate | None:
    """Plane and sampling for a picture; None with the source among the slices or rays along them.

    All vectors are in voxel indices (i, j, k); see joseph_sums.
    """
    centre = corner + column * (columns - 1) / 2 + row * (rows - 1) / 2
    w = int(np.argmax(abs(centre - source)))
    # Rows in memory run along i, or along j in the copy for slices square to i.
    a = 1 if w == 0 else 0
    b = 3 - w - a
    plane = (size_ijk[w] - 1) / 2
    ends = np.array([source[w] - -0.5, source[w] - (size_ijk[w] - 0.5)])
    if ends[0] * ends[1] <= 0:
        return None
    corners = (
        np.array([corner + u * column + v * row for u in (0, columns - 1) for v in (0, rows - 1)]) - source
    )
    toward = np.sign(plane - source[w])
    if (corners[:, w] * toward <= 1e-3 * abs(corners).max()).any():
        return None
    on_plane = source + corners * ((plane - source[w]) / corners[:, w])[:, None]
    square = _is_rectangle(on_plane[:, [a, b]])
    shadow = []
    for end in (0.0, size_ijk[w] - 1.0):
        scale = (plane - source[w]) / (end - source[w])
        for axis in (a, b):
            shadow.append(source[axis] + (np.array([-1.0, size_ijk[axis]]) - source[axis]) * scale)
    steps, starts, sizes = [], [], []
    ray = centre - source
    scale = (plane - source[w]) / ray[w]
    for n, axis in enumerate((a, b)):
        # How far one detector pixel moves along this axis on the plane, at the picture's centre.
        moves = [abs(scale * (move[axis] - ray[axis] / ray[w] * move[w])) for move in (column, row)]
        # Samples are never coarser than the voxels where a warp follows, or sharp edges would alias.
        steps.append(max(moves) if square else min(max(moves), _COARSEST_STEP))
        low = max(on_plane[:, axis].min(), min(shadow[n][0], shadow[n + 2][0]))
        high = min(on_plane[:, axis].max(), max(shadow[n][1], shadow[n + 2][1]))
        first = (
            on_plane[:, axis].min() + (np.floor((low - on_plane[:, axis].min()) / steps[n]) - 2) * steps[n]
        )
        starts.append(float(first))
        sizes.append(max(4, int(np.ceil((high - first) / steps[n])) + 4))
    return Intermediate(
        (w, b, a), float(plane), (starts[0], starts[1]), (float(steps[0]), float(steps[1])),
        (-(-sizes[0] // _WIDE) * _WIDE, sizes[1]),
    )  # fmt: skip


def _is_rectangle(corners: Array) -> bool:
    """Whether corners (order 00, 01, 10, 11) make a rectangle along the axes, so that no warp is needed."""
    tolerance = 1e-6 * np.ptp(corners, axis=0).max()
    near = [[0, 1, 2, 3], [0, 2, 1, 3]]
    return any(
        bool(abs(corners[p[::2], 0] - corners[p[1::2], 0]).max() < tolerance)
        and bool(abs(corners[q[::2], 1] - corners[q[1::2], 1]).max() < tolerance)
        for p, q in (near, near[::-1])
    )


@nb.njit(parallel=True, fastmath=True, cache=True, nogil=True, error_model="numpy")
def accumulate_slices(  # type: ignore[no-untyped-def]
    flat, n_w, n_b, n_a, stride_w, stride_b, source_w, source_b, source_a, plane,
    start_a, start_b, step_a, step_b, size_a, size_b, block_rows, permute,
):  # fmt: skip
    """(size_b, size_a) sums over slices; rows of ``flat`` (int16) have one 0 before and two after n_a voxels.

    After its last row ``flat`` has 32 more elements, as whole vectors are read.
    """
    out = np.zeros(size_b * size_a, np.float32)
    blocks = (size_b + block_rows - 1) // block_rows
    for block in nb.prange(blocks):
        ring = np.zeros(2 * _GROUP * size_a, np.float32)
        weights = np.zeros(2 * _GROUP, np.float32)
        held = np.empty(2 * _GROUP, np.int64)
        control = np.zeros(2 * _GROUP * size_a, np.int16)
        shares = np.zeros(_GROUP * size_a, np.float32)
        begins = np.zeros(_GROUP * (size_a // LANES), np.int64)
        planned = np.zeros(_GROUP, np.bool_)
        last = np.float32(n_a + 1)
        for first in range(0, n_w, _GROUP):
            held[:] = -1
            planned[:] = False
            for y in range(block * block_rows, min((block + 1) * block_rows, size_b)):
                used = False
                for g in range(_GROUP):
                    weights[2 * g] = 0
                    weights[2 * g + 1] = 0
                    if first + g >= n_w:
                        continue
                    w = first + g
                    scale = (w - source_w) / (plane - source_w)
                    place = source_b + (start_b + y * step_b - source_b) * scale
                    low = int(np.floor(place))
                    share = np.float32(place - low)
                    for n in range(2):
                        b = low + n
                        if b < 0 or b >= n_b:
                            continue
                        slot = 2 * g + (b & 1)
                        weights[slot] = share if n else 1 - share
                        used = True
                        if held[slot] != b:
                            held[slot] = b
                            begin = source_a + (start_a - source_a) * scale + 1.0
                            move = step_a * scale
                            offset = w * stride_w + b * stride_b
                            if permute and move <= WIDEST_PERMUTED_STEP:
                                if not planned[g]:
                                    planned[g] = True
                                    for x in range(0, size_a, LANES):
                                        begins[(g * size_a + x) // LANES] = plan_lanes(
                                            last, np.float32(begin + x * move), np.float32(move),
                                            control, shares, g * size_a + x,
                                        )  # fmt: skip
                                for x in range(0, size_a, LANES):
                                    voxel = begins[(g * size_a + x) // LANES]
                                    permute_lanes(
                                        flat, offset + voxel, control, shares, g * size_a + x,
                                        ring, slot * size_a + x,
                                    )  # fmt: skip
                            else:
                                for x in range(0, size_a, LANES):
                                    resample_lanes(
                                        flat, offset, last, np.float32(begin + x * move), np.float32(move),
                                        ring, slot * size_a + x,
                                    )  # fmt: skip
                if used:
                    for x in range(0, size_a, _WIDE):
                        add_weighted_lanes(ring, size_a, weights, x, out, y * size_a + x)
    return out.reshape(size_b, size_a)


@nb.njit(parallel=True, fastmath=True, cache=True, nogil=True, error_model="numpy")
def warp_to_detector(  # type: ignore[no-untyped-def]
    sums, w, b, a, plane, start_a, start_b, step_a, step_b, source, corner, column, row, lps_from_ijk, unit,
    rows, columns,
):  # fmt: skip
    """(rows, columns) line integrals: Catmull-Rom samples of ``sums`` times step length and ``unit``."""
    out = np.zeros((rows, columns), np.float32)
    size_b, size_a = sums.shape
    for v in nb.prange(rows):
        wx = np.empty(4, np.float32)
        wy = np.empty(4, np.float32)
        for u in range(columns):
            rw = corner[w] + u * column[w] + v * row[w] - source[w]
            ra = (corner[a] + u * column[a] + v * row[a] - source[a]) / rw
            rb = (corner[b] + u * column[b] + v * row[b] - source[b]) / rw
            x = (source[a] + ra * (plane - source[w]) - start_a) / step_a
            y = (source[b] + rb * (plane - source[w]) - start_b) / step_b
            i = int(np.floor(x))
            j = int(np.floor(y))
            if i < -1 or j < -1 or i > size_a or j > size_b:
                continue
            for weights, f in ((wx, x - i), (wy, y - j)):
                weights[0] = ((2 - f) * f - 1) * f / 2
                weights[1] = ((3 * f - 5) * f * f + 2) / 2
                weights[2] = ((4 - 3 * f) * f + 1) * f / 2
                weights[3] = (f - 1) * f * f / 2
            total = np.float32(0)
            for m in range(4):
                q = min(max(j - 1 + m, 0), size_b - 1)
                line = np.float32(0)
                for n in range(4):
                    p = min(max(i - 1 + n, 0), size_a - 1)
                    line += wx[n] * sums[q, p]
                total += wy[m] * line
            length = 0.0
            for c in range(3):
                part = lps_from_ijk[c, w] + ra * lps_from_ijk[c, a] + rb * lps_from_ijk[c, b]
                length += part * part
            out[v, u] = max(total, np.float32(0)) * np.sqrt(length) * unit
    return out
