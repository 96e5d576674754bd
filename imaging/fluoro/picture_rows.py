"""The inner loops from line integrals to a monitor picture, one share of rows at a time.

Maps that vary slowly (scatter, background, gain) come on a grid ``step`` times coarser and are interpolated.
Each row passes through all steps while it is in the cache; only as many rows are kept as the blurs need.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from imaging.fluoro import plain
from imaging.fluoro.kernel import kernel

_LOOP = {"fastmath": True, "error_model": "numpy"}
_KERNEL = {**_LOOP, "cache": True, "nogil": True}
_F = np.float32
_LOG2_E, _LN_2, _LEAST_SIGNAL = _F(np.log2(np.e)), _F(np.log(2)), _F(2e-3)
# Fits over 0..1 that are exact at both ends: 2^f = 1 + f + f (1 - f) p(f), largest relative error 1e-5, and
# log2(1 + m) = m + m (1 - m) q(m), largest error 4e-5.
_P0, _P1, _P2 = _F(-0.306910), _F(-0.065611), _F(-0.013711)
_Q0, _Q1, _Q2, _Q3 = _F(0.442454), _F(-0.270160), _F(0.152021), _F(-0.045842)


@nb.njit(**_KERNEL)
def fine_row(out, coarse, v, step, between, slope):  # type: ignore[no-untyped-def]
    """out = row ``v`` of a map ``step`` times finer, linear between the coarse blocks' centres."""
    rows, cells = coarse.shape
    place = min(max((v - (step - 1) / 2) / step, 0.0), rows - 1.0)
    row = min(int(place), rows - 2)
    share = _F(place - row)
    above, below = coarse[row], coarse[row + 1]
    for n in range(cells):
        between[n] = above[n] + (below[n] - above[n]) * share
    for n in range(cells - 1):
        slope[n] = between[n + 1] - between[n]
    first = step // 2
    for u in range(min(first, len(out))):
        out[u] = between[0]
    for k in range(step):
        part = out[first + k :]
        f = _F((first + k - (step - 1) / 2) / step)
        for n in range(min(cells - 1, (len(part) + step - 1) // step)):
            part[n * step] = between[n] + slope[n] * f
    for u in range(first + (cells - 1) * step, len(out)):
        out[u] = between[cells - 1]


@nb.njit(**_KERNEL)
def _exp_row(out, bits, power, level, body, metal):  # type: ignore[no-untyped-def]
    """out = exp(level - body - metal), at most e^3; whole powers of 2 go straight into the exponent."""
    for u in range(len(out)):
        x = max(min(level - body[u] - metal[u], _F(3)), _F(-80)) * _LOG2_E + _F(127)
        whole = np.int32(x)
        f = x - _F(whole)
        bits[u] = whole << np.int32(23)
        out[u] = _F(1) + f + f * (_F(1) - f) * (_P0 + f * (_P1 + f * _P2))
    for u in range(len(out)):
        out[u] *= power[u]


@nb.njit(**_KERNEL)
def _minus_log_row(out, bits, mantissa):  # type: ignore[no-untyped-def]
    """out = -log(out), of at least 0.002; ``bits`` and ``mantissa`` are one array as int32 and float32."""
    for u in range(len(out)):
        mantissa[u] = max(out[u], _LEAST_SIGNAL)
    for u in range(len(out)):
        word = bits[u]
        out[u] = _F((word >> np.int32(23)) - np.int32(127))
        bits[u] = (word & np.int32(0x7FFFFF)) | np.int32(0x3F800000)
    for u in range(len(out)):
        m = mantissa[u] - _F(1)
        out[u] = -_LN_2 * (out[u] + m + m * (_F(1) - m) * (_Q0 + m * (_Q1 + m * (_Q2 + m * _Q3))))


@kernel(plain.clean_rows, **_LOOP)
def clean_rows(top, bottom, out, body, metal, level, background, gain, step, ceiling):  # type: ignore[no-untyped-def]
    """out = min((body + metal - level - background) * gain, ceiling), both maps coarse."""
    columns = body.shape[1]
    wide, lift = np.empty(columns, np.float32), np.empty(columns, np.float32)
    between, slope = np.empty(gain.shape[1], np.float32), np.empty(gain.shape[1], np.float32)
    for v in range(top, bottom):
        fine_row(wide, background, v, step, between, slope)
        fine_row(lift, gain, v, step, between, slope)
        for u in range(columns):
            density = max(body[v, u] + metal[v, u] - level, _F(-3))
            out[v, u] = min((density - wide[u]) * lift[u], ceiling)


@kernel(plain.clinical_rows, **_LOOP)
def clinical_rows(  # type: ignore[no-untyped-def]
    top, bottom, out, body, metal, level, scatter, thin, step, spot, dilution, photons, electronic, noise,
    seed, blur, background, gain, ceiling,
):  # fmt: skip
    """The same as ``clean_rows`` after focal spot, scatter, noise, detector blur and logarithm.

    Signal exp(level - body - metal), at most e^3; focal spot 3 x 3 with ``spot`` to each side; ``scatter``;
    noise of ``photons`` a unit of signal where ``thin`` is 1, falling as 1 / ``thin``; detector 3 x 3 with
    ``blur`` to each side.
    """
    rows, columns = body.shape
    signal = np.empty((3, columns), np.float32)
    seen = np.empty((3, columns), np.float32)
    line = np.empty(columns + 2, np.float32)
    haze, wide = np.empty(columns, np.float32), np.empty(columns, np.float32)
    lift, bits = np.empty(columns, np.float32), np.empty(columns, np.int32)
    between, slope = np.empty(gain.shape[1], np.float32), np.empty(gain.shape[1], np.float32)
    mantissa = bits.view(np.float32)
    keep, side = _F(1 - 2 * spot), _F(spot)
    hold, edge = _F(1 - 2 * blur), _F(blur)
    for r in range(top - 2, bottom + 2):
        if 0 <= r < rows:
            _exp_row(signal[r % 3], bits, mantissa, level, body[r], metal[r])
        m = r - 1
        if max(top - 1, 0) <= m <= min(bottom, rows - 1):
            up, middle, down = signal[max(m - 1, 0) % 3], signal[m % 3], signal[min(m + 1, rows - 1) % 3]
            for u in range(columns):
                line[u + 1] = keep * middle[u] + side * (up[u] + down[u])
            line[0], line[columns + 1] = line[1], line[columns]
            fine_row(haze, scatter, m, step, between, slope)
            begin = (seed * 40503 + m * 7919) % (len(noise) - columns)
            random, thinned, noisy = noise[begin : begin + columns], thin[m], seen[m % 3]
            for u in range(columns):
                lit = (keep * line[u + 1] + side * (line[u] + line[u + 2]) + haze[u]) * dilution
                one = thinned[u] / photons
                other = electronic * one
                noisy[u] = lit + random[u] * np.sqrt(lit * one + other * other)
        v = r - 2
        if top <= v < bottom:
            up, middle, down = seen[max(v - 1, 0) % 3], seen[v % 3], seen[min(v + 1, rows - 1) % 3]
            for u in range(columns):
                line[u + 1] = hold * middle[u] + edge * (up[u] + down[u])
            line[0], line[columns + 1] = line[1], line[columns]
            fine_row(wide, background, v, step, between, slope)
            fine_row(lift, gain, v, step, between, slope)
            density = out[v]
            for u in range(columns):
                density[u] = hold * line[u + 1] + edge * (line[u] + line[u + 2])
            _minus_log_row(density, bits, mantissa)
            for u in range(columns):
                density[u] = min((density[u] - wide[u]) * lift[u], ceiling)


@kernel(plain.grey_rows, **_LOOP)
def grey_rows(  # type: ignore[no-untyped-def]
    top, bottom, out, flat, smooth, lit, step, edge_gain, low, scale, curve, metal, metal_grey, inverted,
    field, shutter,
):  # fmt: skip
    """Edge enhancement, display curve, metal, shutter grey and field; ``smooth`` and ``lit`` are coarse."""
    columns = flat.shape[1]
    wide, shown = np.empty(columns, np.float32), np.empty(columns, np.float32)
    between, slope = np.empty(lit.shape[1], np.float32), np.empty(lit.shape[1], np.float32)
    last = np.int32(len(curve) - 1)
    for v in range(top, bottom):
        fine_row(wide, smooth, v, step, between, slope)
        fine_row(shown, lit, v, step, between, slope)
        for u in range(columns):
            x = flat[v, u]
            x += edge_gain * (x - wide[u])
            wide[u] = (x - low) * scale * _F(256) + _F(512)
        for u in range(columns):
            if field[v, u] == 0:
                out[v, u] = 0
                continue
            grey = curve[min(max(np.int32(wide[u]), np.int32(0)), last)]
            steel = metal[v, u]
            if steel > 0:
                open_ = 1 / (1 + steel * (_F(1.3) + steel * _F(1.1)))
                grey = grey * open_ + min(grey, metal_grey) * (1 - open_)
            if inverted:
                grey = 255 - grey
            grey = (grey * shown[u] + shutter * (1 - shown[u])) * field[v, u]
            out[v, u] = np.uint8(min(max(grey + _F(0.5), _F(0)), _F(255)))
