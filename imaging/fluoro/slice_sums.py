# ruff: noqa: ARG001 - numba reads the arguments of an intrinsic by position
"""The inner loops of the shear-warp projector, written as explicit vectors of 16-bit numbers.

Left to itself LLVM does not turn these loops into vector code, because it cannot prove that the row written
differs from the rows read; that costs a factor of ten. The vectors are LLVM IR of 16 lanes, with two
instructions of AVX2 by name: a rounding product, and the byte shuffle that picks the voxels of eight
neighbouring samples out of one register, where a gather would read them one by one. Processors without AVX2
take a plain loop in the shuffle's place.

Values are attenuation in thousandths of water, at most 8191, so that a lerp fits 16 bits and the sum of eight
slices 16 unsigned bits. Everything compiled lies in this one file: numba's cache does not notice a change in
a helper of another file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir  # type: ignore[import-untyped,unused-ignore]
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from imaging.fluoro import plain
from imaging.fluoro.kernel import kernel

LANES = 16
GROUP = 8
MOST = 8191
WIDEST_STEP = 2.0
AHEAD = 2
CAN_SHUFFLE = bool(binding.get_host_cpu_features().get("avx2")) and not config.CPU_NAME
_F32, _I8, _I16, _I32, _I64 = ir.FloatType(), *[ir.IntType(n) for n in (8, 16, 32, 64)]
_VF, _VI32, _VI16 = (ir.VectorType(kind, LANES) for kind in (_F32, _I32, _I16))
_V8, _VB = ir.VectorType(_I16, 8), ir.VectorType(_I8, 32)


def _all(kind: ir.VectorType, value: Any) -> ir.Constant:
    return ir.Constant(kind, [ir.Constant(kind.element, value)] * kind.count)


def _spread(builder: Any, kind: ir.VectorType, scalar: Any) -> Any:
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(_I32, 0))
    mask = ir.Constant(ir.VectorType(_I32, kind.count), [ir.Constant(_I32, 0)] * kind.count)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), mask)


def _call(builder: Any, name: str, kind: Any, arguments: list[Any]) -> Any:
    declared = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [a.type for a in arguments]), name
    )
    return builder.call(declared, arguments)


class _Arrays:
    """Vector loads and stores in the numpy arrays of one intrinsic's arguments."""

    def __init__(self, context: Any, builder: Any, kinds: Any, arrays: Any) -> None:
        self.builder = builder
        self.data = [
            context.make_array(k)(context, builder, a).data if isinstance(k, types.Array) else None
            for k, a in zip(kinds, arrays, strict=True)
        ]

    def at(self, number: int, offset: Any, kind: Any) -> Any:
        element = kind.element if isinstance(kind, ir.VectorType) else kind
        base = self.builder.bitcast(self.data[number], element.as_pointer())
        return self.builder.bitcast(self.builder.gep(base, [offset]), kind.as_pointer())

    def load(self, number: int, offset: Any, kind: Any) -> Any:
        return self.builder.load(self.at(number, offset, kind), align=1)

    def store(self, number: int, offset: Any, value: Any) -> None:
        self.builder.store(value, self.at(number, offset, value.type), align=1)


def _lerp(builder: Any, low: Any, high: Any, share: Any) -> Any:
    """low + (high - low) * share / 32768, rounded; LLVM does not find AVX2's one instruction by itself."""
    change = builder.sub(high, low)
    if CAN_SHUFFLE:
        return builder.add(low, _call(builder, "llvm.x86.avx2.pmul.hr.sw", _VI16, [change, share]))
    product = builder.mul(builder.sext(change, _VI32), builder.sext(share, _VI32))
    rounded = builder.ashr(builder.add(product, _all(_VI32, 1 << 14)), _all(_VI32, 15))
    return builder.add(low, builder.trunc(rounded, _VI16))


@intrinsic  # type: ignore[untyped-decorator]
def _plan_row(
    typing: Any,
    last: Any,
    start: Any,
    step: Any,
    begin: Any,
    end: Any,
    at: Any,
    bases: Any,
    control: Any,
    share: Any,
) -> Any:
    """Plans samples x in begin..end (multiples of 16) at start + x*step, held within 0..last.

    For every eight samples bases[(at + x)/8] gets the first one's voxel; control[4*(at + x):] 32 shuffle
    bytes for voxels 0..7 from there and 32 for voxels 8..15; share[at + x] the weight of the next voxel in
    1/32768.
    """
    signature = types.void(
        types.float32, types.float32, types.float32, types.intp, types.intp, types.intp, bases, control, share
    )

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        last_, start_, step_, begin_, end_, at_ = args[:6]
        arrays = _Arrays(context, builder, sig.args, args)
        lanes = ir.Constant(_VF, [ir.Constant(_F32, float(n)) for n in range(LANES)])
        halves = [
            ir.Constant(ir.VectorType(_I32, LANES), [ir.Constant(_I32, 8 * (n // 8)) for n in range(LANES)])
        ]
        with cgutils.for_range_slice(builder, begin_, end_, ir.Constant(_I64, LANES)) as (x, _):
            first = builder.uitofp(x, _F32)
            place = builder.fadd(_spread(builder, _VF, first), lanes)
            place = builder.fadd(
                _spread(builder, _VF, start_), builder.fmul(place, _spread(builder, _VF, step_))
            )
            place = _call(builder, "llvm.maxnum.v16f32", _VF, [place, _all(_VF, 0.0)])
            place = _call(builder, "llvm.minnum.v16f32", _VF, [place, _spread(builder, _VF, last_)])
            index = builder.fptosi(place, _VI32)
            weight = builder.fsub(place, builder.sitofp(index, _VF))
            weight = builder.fmul(weight, _all(_VF, 32767.0))
            to = builder.add(at_, x)
            arrays.store(8, to, builder.fptosi(weight, _VI16))
            base = builder.shuffle_vector(index, ir.Constant(_VI32, ir.Undefined), halves[0])
            pair = ir.Constant(ir.VectorType(_I32, 2), [ir.Constant(_I32, 0), ir.Constant(_I32, 8)])
            arrays.store(
                6,
                builder.lshr(to, ir.Constant(_I64, 3)),
                builder.shuffle_vector(index, ir.Constant(_VI32, ir.Undefined), pair),
            )
            rel = builder.trunc(builder.sub(index, base), _VI16)
            near = builder.icmp_signed("<", rel, _all(_VI16, 8))
            bytes_ = builder.add(builder.mul(rel, _all(_VI16, 0x0202)), _all(_VI16, 0x0100))
            none = _all(_VI16, -32640)  # 0x8080: the shuffle gives 0
            there = builder.shl(to, ir.Constant(_I64, 1))
            arrays.store(7, there, builder.select(near, bytes_, none))
            further = builder.select(near, none, builder.sub(bytes_, _all(_VI16, 0x1010)))
            arrays.store(7, builder.add(there, ir.Constant(_I64, LANES)), further)
        return context.get_dummy_value()

    return signature, generate


def _resampler(reach: int) -> Any:
    """An intrinsic that resamples a row as planned, where eight samples span at most 8*``reach`` voxels."""

    @intrinsic  # type: ignore[untyped-decorator]
    def resample(
        typing: Any, flat: Any, offset: Any, bases: Any, control: Any, share: Any, begin: Any, end: Any,
        at: Any, ring: Any, to: Any, ahead: Any
    ) -> Any:  # fmt: skip
        places = (types.intp, types.intp, types.intp)
        signature = types.void(flat, types.intp, bases, control, share, *places, ring, types.intp, types.intp)

        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            if not CAN_SHUFFLE:  # never called there, and the instruction would not compile
                return context.get_dummy_value()
            offset_, begin_, end_, at_, to_, ahead_ = args[1], args[5], args[6], args[7], args[9], args[10]
            arrays = _Arrays(context, builder, sig.args, args)
            join = ir.Constant(_VI32, [ir.Constant(_I32, n) for n in range(LANES)])
            with cgutils.for_range_slice(builder, begin_, end_, ir.Constant(_I64, LANES)) as (x, _):
                plan = builder.add(at_, x)
                eighth = builder.lshr(plan, ir.Constant(_I64, 3))
                starts = [
                    builder.add(
                        offset_,
                        builder.sext(arrays.load(2, builder.add(eighth, ir.Constant(_I64, n)), _I32), _I64),
                    )
                    for n in (0, 1)
                ]

                # The row wanted next lies a page or more away, where no processor looks by itself.
                soon = builder.bitcast(arrays.at(0, builder.add(starts[0], ahead_), _I16), _I8.as_pointer())
                hints = [ir.Constant(_I32, n) for n in (0, 3, 1)]
                _call(builder, "llvm.prefetch.p0", ir.VoidType(), [soon, *hints])

                def pick(extra: int, part: int) -> Any:
                    """The voxel at (0) or after (1) each sample, from voxels 8*part.. of the bases."""
                    shift = ir.Constant(_I64, 8 * part + extra)
                    two = [arrays.load(0, builder.add(s, shift), _V8) for s in starts]
                    row = builder.bitcast(builder.shuffle_vector(two[0], two[1], join), _VB)
                    where = builder.add(
                        builder.shl(plan, ir.Constant(_I64, 1)), ir.Constant(_I64, LANES * part)
                    )
                    chosen = builder.bitcast(arrays.load(3, where, _VI16), _VB)
                    return builder.bitcast(_call(builder, "llvm.x86.avx2.pshuf.b", _VB, [row, chosen]), _VI16)

                low, high = pick(0, 0), pick(1, 0)
                for part in range(1, reach):
                    low, high = builder.or_(low, pick(0, part)), builder.or_(high, pick(1, part))
                value = _lerp(builder, low, high, arrays.load(4, plan, _VI16))
                arrays.store(8, builder.add(to_, x), value)
            return context.get_dummy_value()

        return signature, generate

    return resample


_resample_near, _resample_wide = _resampler(1), _resampler(2)


@intrinsic  # type: ignore[untyped-decorator]
def _add_rows(
    typing: Any, ring: Any, stride: Any, shares: Any, begin: Any, end: Any, out: Any, to: Any
) -> Any:
    """out[to + x] += sum of 8 lerps of pairs of rows in ``ring`` by shares[pair]/32768, x in begin..end."""
    signature = types.void(ring, types.intp, shares, types.intp, types.intp, out, types.intp)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _, stride_, _, begin_, end_, _, to_ = args
        arrays = _Arrays(context, builder, sig.args, args)
        wide = [_spread(builder, _VI16, arrays.load(2, ir.Constant(_I64, g), _I16)) for g in range(GROUP)]
        rows = [builder.mul(stride_, ir.Constant(_I64, n)) for n in range(2 * GROUP)]
        with cgutils.for_range_slice(builder, begin_, end_, ir.Constant(_I64, LANES)) as (x, _):
            total = None
            for g in range(GROUP):
                low = arrays.load(0, builder.add(rows[2 * g], x), _VI16)
                high = arrays.load(0, builder.add(rows[2 * g + 1], x), _VI16)
                value = _lerp(builder, low, high, wide[g])
                total = value if total is None else builder.add(total, value)
            place = builder.add(to_, x)
            arrays.store(5, place, builder.add(arrays.load(5, place, _VI32), builder.zext(total, _VI32)))
        return context.get_dummy_value()

    return signature, generate


@kernel(plain.accumulate_slices, error_model="numpy")
def accumulate_slices(  # type: ignore[no-untyped-def]
    top, bottom, out, flat, boxes, n_w, n_b, n_a, stride_w, stride_b, source_w, source_b, source_a, plane,
    start_a, start_b, step_a, step_b, size_a, can_shuffle,
):  # fmt: skip
    """Adds the slices to rows top..bottom of flat int32 ``out`` with ``size_a`` (a multiple of 16) columns.

    Rows of ``flat`` have one 0 before and two after n_a voxels, and 32 elements follow the last one, as whole
    vectors are read. ``boxes`` (n_w, 4) holds the first and last + 1 index along b and along a of what is not
    0 in each slice.
    """
    ring = np.zeros(2 * GROUP * size_a, np.int16)
    shares = np.zeros(GROUP, np.int16)
    held = np.empty(2 * GROUP, np.int64)
    bases = np.zeros(GROUP * size_a // 8 + 2, np.int32)
    control = np.zeros(2 * GROUP * size_a, np.int16)
    share_a = np.zeros(GROUP * size_a, np.int16)
    scales = np.zeros(GROUP)
    last = np.float32(n_a + 1)
    for first in range(0, n_w, GROUP):
        count = min(GROUP, n_w - first)
        x0, x1, y0, y1 = size_a, 0, bottom, top
        for g in range(count):
            w = first + g
            if boxes[w, 0] >= boxes[w, 1]:
                continue
            scale = (w - source_w) / (plane - source_w)
            scales[g] = scale
            for axis in range(2):
                source, start, step = (source_a, start_a, step_a) if axis else (source_b, start_b, step_b)
                low = (source + (boxes[w, 2 * axis] - 1 - source) / scale - start) / step
                high = (source + (boxes[w, 2 * axis + 1] - source) / scale - start) / step
                if axis:
                    x0, x1 = min(x0, int(np.floor(low))), max(x1, int(np.ceil(high)) + 1)
                else:
                    y0, y1 = min(y0, int(np.floor(low))), max(y1, int(np.ceil(high)) + 1)
        x0, x1 = max(x0, 0) // LANES * LANES, -(-min(x1, size_a) // LANES) * LANES
        y0, y1 = max(y0, top), min(y1, bottom)
        if x0 >= x1 or y0 >= y1:
            continue
        for g in range(GROUP):
            held[2 * g], held[2 * g + 1], shares[g] = -2, -2, 0
            if g >= count or boxes[first + g, 0] >= boxes[first + g, 1]:
                for x in range(2 * g * size_a, (2 * g + 2) * size_a):
                    ring[x] = 0
                scales[g] = 0
            elif can_shuffle and step_a * scales[g] <= WIDEST_STEP:
                begin = source_a + (start_a - source_a) * scales[g] + 1.0
                _plan_row(
                    last, np.float32(begin), np.float32(step_a * scales[g]), x0, x1, g * size_a,
                    bases, control, share_a,
                )  # fmt: skip
        for y in range(y0, y1):
            for g in range(count):
                scale = scales[g]
                if scale == 0:
                    continue
                w = first + g
                place = source_b + (start_b + y * step_b - source_b) * scale
                low_b = int(np.floor(place))
                share = place - low_b
                # The even row is always the first of a pair, so that a row once resampled stays where it is.
                shares[g] = np.int16(32767 * (1 - share if low_b & 1 else share))
                for b in range(low_b, low_b + 2):
                    slot = 2 * g + (b & 1)
                    inside = boxes[w, 0] <= b < boxes[w, 1]
                    wanted = b if inside else -1
                    if held[slot] == wanted:
                        continue
                    held[slot] = wanted
                    at = slot * size_a
                    if not inside:
                        for x in range(at + x0, at + x1):
                            ring[x] = 0
                        continue
                    offset = w * stride_w + b * stride_b
                    move = step_a * scale
                    if can_shuffle and move <= 1:
                        _resample_near(
                            flat, offset, bases, control, share_a, x0, x1, g * size_a, ring, at,
                            AHEAD * stride_b,
                        )  # fmt: skip
                    elif can_shuffle and move <= WIDEST_STEP:
                        _resample_wide(
                            flat, offset, bases, control, share_a, x0, x1, g * size_a, ring, at,
                            AHEAD * stride_b,
                        )  # fmt: skip
                    else:
                        begin = source_a + (start_a - source_a) * scale + 1.0
                        for x in range(x0, x1):
                            p = min(max(begin + x * move, 0.0), n_a + 1.0)
                            i = int(p)
                            v, next_v = flat[offset + i], flat[offset + i + 1]
                            ring[at + x] = np.int16(v + (next_v - v) * (p - i) + 0.5)
            _add_rows(ring, size_a, shares, x0, x1, out, y * size_a)
