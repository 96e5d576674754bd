"""Two inner loops over a row of pixels, written as explicit vectors.

Left to itself LLVM does not turn these loops into vector code, because it cannot prove that the row written
differs from the rows read; that costs a factor of ten. The vectors are plain LLVM IR of 16 lanes, not
instructions of one processor: AVX-512, AVX2 and NEON each get their own code, only of different speed.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped,unused-ignore]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
_F32, _I16, _I32, _I64 = ir.FloatType(), ir.IntType(16), ir.IntType(32), ir.IntType(64)
_VF, _VI32, _VI64 = ir.VectorType(_F32, LANES), ir.VectorType(_I32, LANES), ir.VectorType(_I64, LANES)
_VB = ir.VectorType(ir.IntType(1), LANES)


def _constant(kind: ir.VectorType, values: list[Any]) -> ir.Constant:
    return ir.Constant(kind, [ir.Constant(kind.element, value) for value in values])


def _spread(builder: Any, kind: ir.VectorType, scalar: Any) -> Any:
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(_I32, 0))
    mask = ir.Constant(_VI32, [ir.Constant(_I32, 0)] * LANES)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), mask)


def _call(builder: Any, name: str, kind: Any, arguments: list[Any]) -> Any:
    declared = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [a.type for a in arguments]), name
    )
    return builder.call(declared, arguments)


def _address(context: Any, builder: Any, array_type: Any, array: Any, offset: Any, element: ir.Type) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(builder.bitcast(data, element.as_pointer()), [offset])


@intrinsic  # type: ignore[untyped-decorator]
def resample_lanes(
    typing: Any, source: Any, offset: Any, last: Any, start: Any, step: Any, out: Any, at: Any
) -> Any:
    """out[at:at+16] = linear interpolation in source[offset:] at start + lane*step, held within 0..last.

    ``source`` is int16, ``out`` float32. Both neighbours of a place come with one 32-bit read, so element
    ``last + 1`` must exist.
    """
    signature = types.void(source, types.intp, types.float32, types.float32, types.float32, out, types.intp)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        row, offset_, last_, start_, step_, out_, at_ = args
        lanes = _constant(_VF, [float(n) for n in range(LANES)])
        place = builder.fadd(_spread(builder, _VF, start_), builder.fmul(lanes, _spread(builder, _VF, step_)))
        place = _call(builder, "llvm.maxnum.v16f32", _VF, [place, _constant(_VF, [0.0] * LANES)])
        place = _call(builder, "llvm.minnum.v16f32", _VF, [place, _spread(builder, _VF, last_)])
        index = builder.fptosi(place, _VI32)
        share = builder.fsub(place, builder.sitofp(index, _VF))
        base = builder.ptrtoint(_address(context, builder, sig.args[0], row, offset_, _I16), _I64)
        bytes_ = builder.shl(builder.sext(index, _VI64), _constant(_VI64, [1] * LANES))
        places = builder.inttoptr(
            builder.add(_spread(builder, _VI64, base), bytes_), ir.VectorType(_I32.as_pointer(), LANES)
        )
        everywhere = ir.Constant(_VB, [ir.Constant(ir.IntType(1), 1)] * LANES)
        pair = _call(
            builder,
            "llvm.masked.gather.v16i32.v16p0",
            _VI32,
            [places, ir.Constant(_I32, 2), everywhere, _constant(_VI32, [0] * LANES)],
        )
        half = _constant(_VI32, [16] * LANES)
        low = builder.sitofp(builder.ashr(builder.shl(pair, half), half), _VF)
        high = builder.sitofp(builder.ashr(pair, half), _VF)
        value = builder.fadd(low, builder.fmul(share, builder.fsub(high, low)))
        target = _address(context, builder, sig.args[5], out_, at_, _F32)
        builder.store(value, builder.bitcast(target, _VF.as_pointer()), align=4)
        return context.get_dummy_value()

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def add_weighted_lanes(
    typing: Any, ring: Any, stride: Any, weights: Any, at: Any, out: Any, out_at: Any
) -> Any:
    """out[out_at:out_at+16] += sum over 16 rows r of weights[r] * ring[r*stride + at:][:16], all float32."""
    signature = types.void(ring, types.intp, weights, types.intp, out, types.intp)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        ring_, stride_, weights_, at_, out_, out_at_ = args
        target = builder.bitcast(
            _address(context, builder, sig.args[4], out_, out_at_, _F32), _VF.as_pointer()
        )
        sums = [builder.load(target, align=4), *[_constant(_VF, [0.0] * LANES)] * 3]
        for row in range(16):
            number = ir.Constant(_I64, row)
            weight = builder.load(_address(context, builder, sig.args[2], weights_, number, _F32))
            offset = builder.add(at_, builder.mul(stride_, number))
            place = _address(context, builder, sig.args[0], ring_, offset, _F32)
            values = builder.load(builder.bitcast(place, _VF.as_pointer()), align=4)
            product = builder.fmul(values, _spread(builder, _VF, weight), flags=("contract",))
            sums[row % 4] = builder.fadd(sums[row % 4], product, flags=("contract",))
        total = builder.fadd(builder.fadd(sums[0], sums[1]), builder.fadd(sums[2], sums[3]))
        builder.store(total, target, align=4)
        return context.get_dummy_value()

    return signature, generate
