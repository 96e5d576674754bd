# ruff: noqa: ARG001 - numba reads the arguments of an intrinsic by position
"""The inner loops over a row of pixels, written as explicit vectors.

Left to itself LLVM does not turn these loops into vector code, because it cannot prove that the row written
differs from the rows read; that costs a factor of ten. The vectors are plain LLVM IR of 16 lanes, not
instructions of one processor: AVX-512, AVX2 and NEON each get their own code, only of different speed. The
one exception is ``permute_lanes``, for processors with AVX-512 BW: there one shuffle of 32 voxels replaces
16 scattered reads.
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding, ir  # type: ignore[import-untyped,unused-ignore]
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
CAN_PERMUTE = bool(binding.get_host_cpu_features().get("avx512bw")) and not config.CPU_NAME
WIDEST_PERMUTED_STEP = 1.9
_F32, _I16, _I32, _I64 = ir.FloatType(), ir.IntType(16), ir.IntType(32), ir.IntType(64)
_VF, _VI32, _VI64 = ir.VectorType(_F32, LANES), ir.VectorType(_I32, LANES), ir.VectorType(_I64, LANES)
_V32 = ir.VectorType(_I16, 32)
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


def _places(builder: Any, last: Any, start: Any, step: Any) -> tuple[Any, Any]:
    """(index, share) of 16 places start + lane*step held within 0..last."""
    lanes = _constant(_VF, [float(n) for n in range(LANES)])
    place = builder.fadd(_spread(builder, _VF, start), builder.fmul(lanes, _spread(builder, _VF, step)))
    place = _call(builder, "llvm.maxnum.v16f32", _VF, [place, _constant(_VF, [0.0] * LANES)])
    place = _call(builder, "llvm.minnum.v16f32", _VF, [place, _spread(builder, _VF, last)])
    index = builder.fptosi(place, _VI32)
    return index, builder.fsub(place, builder.sitofp(index, _VF))


@intrinsic  # type: ignore[untyped-decorator]
def plan_lanes(typing: Any, last: Any, start: Any, step: Any, control: Any, share: Any, at: Any) -> Any:
    """Writes what ``permute_lanes`` needs for 16 places; returns the first place's index.

    control[2*at:2*at+32] (int16) gets both neighbours' numbers counted from that index, share[at:at+16] the
    weight of the second.
    """
    signature = types.intp(types.float32, types.float32, types.float32, control, share, types.intp)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        last_, start_, step_, control_, share_, at_ = args
        index, weight = _places(builder, last_, start_, step_)
        first = builder.extract_element(index, ir.Constant(_I32, 0))
        low = builder.trunc(builder.sub(index, _spread(builder, _VI32, first)), ir.VectorType(_I16, LANES))
        high = builder.add(low, _constant(ir.VectorType(_I16, LANES), [1] * LANES))
        both = builder.shuffle_vector(
            low, high, ir.Constant(ir.VectorType(_I32, 32), [ir.Constant(_I32, n) for n in range(32)])
        )
        twice = builder.mul(at_, ir.Constant(_I64, 2))
        target = _address(context, builder, sig.args[3], control_, twice, _I16)
        builder.store(both, builder.bitcast(target, _V32.as_pointer()), align=2)
        target = _address(context, builder, sig.args[4], share_, at_, _F32)
        builder.store(weight, builder.bitcast(target, _VF.as_pointer()), align=4)
        return builder.sext(first, _I64)

    return signature, generate


@intrinsic  # type: ignore[untyped-decorator]
def permute_lanes(
    typing: Any, source: Any, offset: Any, control: Any, share: Any, plan_at: Any, out: Any, at: Any
) -> Any:
    """out[at:at+16] = interpolation in source[offset:offset+32] as ``plan_lanes`` planned at ``plan_at``."""
    signature = types.void(source, types.intp, control, share, types.intp, out, types.intp)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        row, offset_, control_, share_, plan_at_, out_, at_ = args
        if not CAN_PERMUTE:  # never called there, and the instruction would not compile
            return context.get_dummy_value()

        def load(kind: Any, element: Any, number: int, array: Any, place: Any, align: int) -> Any:
            address = _address(context, builder, sig.args[number], array, place, element)
            return builder.load(builder.bitcast(address, kind.as_pointer()), align=align)

        voxels = load(_V32, _I16, 0, row, offset_, 2)
        chosen = load(_V32, _I16, 2, control_, builder.mul(plan_at_, ir.Constant(_I64, 2)), 2)
        weight = load(_VF, _F32, 3, share_, plan_at_, 4)
        picked = _call(builder, "llvm.x86.avx512.permvar.hi.512", _V32, [voxels, chosen])
        halves = []
        for begin in (0, LANES):
            mask = ir.Constant(_VI32, [ir.Constant(_I32, begin + n) for n in range(LANES)])
            half = builder.shuffle_vector(picked, ir.Constant(_V32, ir.Undefined), mask)
            halves.append(builder.sitofp(builder.sext(half, _VI32), _VF))
        change = builder.fmul(weight, builder.fsub(halves[1], halves[0]), flags=("contract",))
        value = builder.fadd(halves[0], change, flags=("contract",))
        target = _address(context, builder, sig.args[5], out_, at_, _F32)
        builder.store(value, builder.bitcast(target, _VF.as_pointer()), align=4)
        return context.get_dummy_value()

    return signature, generate


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
        index, share = _places(builder, last_, start_, step_)
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
    """out[out_at:out_at+32] += sum over 16 rows r of weights[r] * ring[r*stride + at:][:32], all float32."""
    signature = types.void(ring, types.intp, weights, types.intp, out, types.intp)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        ring_, stride_, weights_, at_, out_, out_at_ = args
        wide = []
        for row in range(16):
            number = ir.Constant(_I64, row)
            weight = builder.load(_address(context, builder, sig.args[2], weights_, number, _F32))
            wide.append(_spread(builder, _VF, weight))
        for part in (0, LANES):
            shift = ir.Constant(_I64, part)
            target = builder.bitcast(
                _address(context, builder, sig.args[4], out_, builder.add(out_at_, shift), _F32),
                _VF.as_pointer(),
            )
            sums = [builder.load(target, align=4), *[_constant(_VF, [0.0] * LANES)] * 3]
            for row in range(16):
                offset = builder.add(builder.add(at_, shift), builder.mul(stride_, ir.Constant(_I64, row)))
                place = _address(context, builder, sig.args[0], ring_, offset, _F32)
                values = builder.load(builder.bitcast(place, _VF.as_pointer()), align=4)
                product = builder.fmul(values, wide[row], flags=("contract",))
                sums[row % 4] = builder.fadd(sums[row % 4], product, flags=("contract",))
            total = builder.fadd(builder.fadd(sums[0], sums[1]), builder.fadd(sums[2], sums[3]))
            builder.store(total, target, align=4)
        return context.get_dummy_value()

    return signature, generate
