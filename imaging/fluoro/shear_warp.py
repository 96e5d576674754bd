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

from imaging.fluoro.slice_sums import LANES

Array = NDArray[np.float64]
_COARSEST_STEP = 0.7


@dataclass(frozen=True, eq=False)
class Intermediate:
    """The picture on a plane parallel to the slices.

    Attributes:
        axes: voxel axes (0 i, 1 j, 2 k): across slices, along the picture's columns, along its rows.
        plane: index of the plane on the first axis.
        start, step: voxel index of the first sample and distance of samples, on the third and second axis.
        size: samples along a and b; a is a multiple of the vector width.
        square: whether every pixel's place on the plane is a sample, so that no warp is needed.
    """

    axes: tuple[int, int, int]
    plane: float
    start: tuple[float, float]
    step: tuple[float, float]
    size: tuple[int, int]
    square: bool


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
        (-(-sizes[0] // LANES) * LANES, sizes[1]), square,
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


@nb.njit(fastmath=True, cache=True, nogil=True, error_model="numpy")
def warp_to_detector(  # type: ignore[no-untyped-def]
    top, bottom, out, sums, square, w, b, a, plane, start_a, start_b, step_a, step_b, source, corner, column,
    row, lps_from_ijk, unit,
):  # fmt: skip
    """Rows top..bottom of line integrals: ``sums`` at each pixel's place times step length and ``unit``.

    Catmull-Rom samples, or the nearest one where the picture is ``square`` to the slices and they coincide.
    """
    size_b, size_a = sums.shape
    for v in range(top, bottom):
        wx = np.empty(4, np.float32)
        wy = np.empty(4, np.float32)
        for u in range(out.shape[1]):
            rw = 1 / (corner[w] + u * column[w] + v * row[w] - source[w])
            ra = (corner[a] + u * column[a] + v * row[a] - source[a]) * rw
            rb = (corner[b] + u * column[b] + v * row[b] - source[b]) * rw
            x = (source[a] + ra * (plane - source[w]) - start_a) / step_a
            y = (source[b] + rb * (plane - source[w]) - start_b) / step_b
            total = np.float32(0)
            if square:
                p, q = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
                if p < 0 or q < 0 or p >= size_a or q >= size_b:
                    continue
                total = np.float32(sums[q, p])
            else:
                i, j = int(np.floor(x)), int(np.floor(y))
                if i < -1 or j < -1 or i > size_a or j > size_b:
                    continue
                f, g = np.float32(x - i), np.float32(y - j)
                half = np.float32(0.5)
                for weights, t in ((wx, f), (wy, g)):
                    weights[0] = ((2 - t) * t - 1) * t * half
                    weights[1] = ((3 * t - 5) * t * t + 2) * half
                    weights[2] = ((4 - 3 * t) * t + 1) * t * half
                    weights[3] = (t - 1) * t * t * half
                if i >= 1 and j >= 1 and i + 2 < size_a and j + 2 < size_b:
                    for m in range(4):
                        line = np.float32(0)
                        for n in range(4):
                            line += wx[n] * np.float32(sums[j - 1 + m, i - 1 + n])
                        total += wy[m] * line
                else:
                    for m in range(4):
                        q = min(max(j - 1 + m, 0), size_b - 1)
                        for n in range(4):
                            p = min(max(i - 1 + n, 0), size_a - 1)
                            total += wy[m] * wx[n] * np.float32(sums[q, p])
                total = max(total, np.float32(0))
            length = 0.0
            for c in range(3):
                part = lps_from_ijk[c, w] + ra * lps_from_ijk[c, a] + rb * lps_from_ijk[c, b]
                length += part * part
            out[v, u] = total * np.sqrt(length) * unit
