# ruff: noqa: ARG001 - numba reads the arguments of an intrinsic by position
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
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped,unused-ignore]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from imaging.fluoro import plain
from imaging.fluoro.kernel import kernel
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


# Catmull-Rom weights of four samples as polynomials of the place t between the middle two.
_CUBIC = ((-0.5, 1.5, -1.5, 0.5), (1.0, -2.5, 2.0, -0.5), (-0.5, 0.0, 0.5, 0.0), (0.0, 1.0, 0.0, 0.0))


@intrinsic  # type: ignore[untyped-decorator]
def _cubic(typing: Any, sums: Any, first: Any, stride: Any, across: Any, down: Any) -> Any:
    """Catmull-Rom sample of flat int32 ``sums`` by vectors of four, ``first`` of 4 x 4 on.

    Left to itself LLVM works through the sixteen neighbours one by one.
    """
    signature = types.float32(sums, types.intp, types.intp, types.float32, types.float32)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        f32, i32 = ir.FloatType(), ir.IntType(32)
        floats, ints = ir.VectorType(f32, 4), ir.VectorType(i32, 4)
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        nothing = ir.Constant(floats, ir.Undefined)

        def spread(scalar: Any) -> Any:
            one = builder.insert_element(nothing, scalar, ir.Constant(i32, 0))
            return builder.shuffle_vector(one, nothing, ir.Constant(ints, [0] * 4))

        def weights(t: Any) -> Any:
            total = ir.Constant(floats, list(_CUBIC[0]))
            for row in _CUBIC[1:]:
                total = builder.fadd(
                    builder.fmul(total, t, ("fast",)), ir.Constant(floats, list(row)), ("fast",)
                )
            return total

        down_weights = weights(spread(args[4]))
        column = None
        for m in range(4):
            at = builder.gep(data, [builder.add(args[1], builder.mul(args[2], ir.Constant(args[2].type, m)))])
            four = builder.sitofp(builder.load(builder.bitcast(at, ints.as_pointer()), align=4), floats)
            share = builder.shuffle_vector(down_weights, nothing, ir.Constant(ints, [m] * 4))
            part = builder.fmul(four, share, ("fast",))
            column = part if column is None else builder.fadd(column, part, ("fast",))
        line = builder.fmul(column, weights(spread(args[3])), ("fast",))
        lanes = [builder.extract_element(line, ir.Constant(i32, n)) for n in range(4)]
        return builder.fadd(
            builder.fadd(lanes[0], lanes[1], ("fast",)), builder.fadd(lanes[2], lanes[3], ("fast",))
        )

    return signature, generate


@kernel(plain.warp_to_detector, fastmath=True, error_model="numpy")
def warp_to_detector(  # type: ignore[no-untyped-def]
    top, bottom, out, sums, square, w, b, a, plane, start_a, start_b, step_a, step_b, source, corner, column,
    row, length_form, unit,
):  # fmt: skip
    """Rows top..bottom of line integrals: ``sums`` at each pixel's place times step length and ``unit``.

    ``length_form`` (3, 3) gives the square of a step's length in mm: the grid's matrix, transposed, times it.
    Catmull-Rom samples, or the nearest one where the picture is ``square`` to the slices and they coincide.
    """
    size_b, size_a = sums.shape
    flat = sums.ravel()
    columns = out.shape[1]
    # Length of a step along w with slopes ra and rb: the root of a quadratic form.
    ww, aa, bb = length_form[w, w], length_form[a, a], length_form[b, b]
    wa, wb, ab = 2 * length_form[w, a], 2 * length_form[w, b], 2 * length_form[a, b]
    # A shift keeps places positive, where cutting off is rounding down.
    shift = 4.0
    x0 = (source[a] - start_a) / step_a + shift
    y0 = (source[b] - start_b) / step_b + shift
    x1, y1 = (plane - source[w]) / step_a, (plane - source[w]) / step_b
    xs, ys = np.empty(columns, np.float64), np.empty(columns, np.float64)
    lengths = np.empty(columns, np.float32)
    most_x, most_y = size_a + shift + 1, size_b + shift + 1
    for v in range(top, bottom):
        pw, pa = corner[w] + v * row[w] - source[w], corner[a] + v * row[a] - source[a]
        pb = corner[b] + v * row[b] - source[b]
        for u in range(columns):
            rw = 1 / (pw + u * column[w])
            ra, rb = (pa + u * column[a]) * rw, (pb + u * column[b]) * rw
            xs[u] = min(max(x0 + ra * x1, 0.0), most_x)
            ys[u] = min(max(y0 + rb * y1, 0.0), most_y)
            square_mm = ww + ra * (wa + ra * aa + rb * ab) + rb * (wb + rb * bb)
            lengths[u] = np.sqrt(np.float32(square_mm)) * np.float32(unit)
        if square:
            for u in range(columns):
                p, q = int(xs[u] - (shift - 0.5)), int(ys[u] - (shift - 0.5))
                if xs[u] >= shift - 0.5 and ys[u] >= shift - 0.5 and p < size_a and q < size_b:
                    out[v, u] = np.float32(flat[q * size_a + p]) * lengths[u]
            continue
        for u in range(columns):
            i, j = int(xs[u]) - 4, int(ys[u]) - 4
            f, g = np.float32(xs[u] - (i + 4)), np.float32(ys[u] - (j + 4))
            if i >= 1 and j >= 1 and i + 2 < size_a and j + 2 < size_b:
                total = _cubic(flat, (j - 1) * size_a + i - 1, size_a, f, g)
                out[v, u] = max(total, np.float32(0)) * lengths[u]
