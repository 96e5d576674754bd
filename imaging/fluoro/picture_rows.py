"""The inner loops from line integrals to a monitor picture, one share of rows at a time.

Maps that vary slowly (scatter, background, gain) come on a grid ``step`` times coarser and are interpolated.
"""

from __future__ import annotations

import numba as nb
import numpy as np

_KERNEL = {"fastmath": True, "cache": True, "nogil": True, "error_model": "numpy"}
EXP_TABLE = np.exp(np.arange(-24.0, 4.0, 1 / 256)).astype(np.float32)
LOG_TABLE = -np.log(np.maximum(np.arange(0, 24.0, 1 / 1024), 2e-3)).astype(np.float32)


@nb.njit(**_KERNEL)
def shares_along(count, step, coarse):  # type: ignore[no-untyped-def]
    """First coarse index and weight of the next of ``count`` places."""
    index = np.empty(count, np.int64)
    share = np.empty(count, np.float32)
    for n in range(count):
        place = min(max((n - (step - 1) / 2) / step, 0.0), coarse - 1.0)
        index[n] = min(int(place), coarse - 2)
        share[n] = place - index[n]
    return index, share


@nb.njit(**_KERNEL)
def block_means(picture, step, rows, columns):  # type: ignore[no-untyped-def]
    """(rows, columns) means of ``step`` x ``step`` pixels; beyond the picture its edge repeats."""
    out = np.zeros((rows, columns), np.float32)
    high, wide = picture.shape
    share = np.float32(1 / (step * step))
    for v in range(rows * step):
        line = picture[min(v, high - 1)]
        row = v // step
        for u in range(columns):
            total = np.float32(0)
            for n in range(u * step, u * step + step):
                total += line[min(n, wide - 1)]
            out[row, u] += total * share
    return out


@nb.njit(**_KERNEL)
def signal_rows(top, bottom, out, body, metal, level, table):  # type: ignore[no-untyped-def]
    """out = exp(level - body - metal), at most e^3."""
    columns = body.shape[1]
    for v in range(top, bottom):
        for u in range(columns):
            x = min(level - body[v, u] - metal[v, u], np.float32(3))
            at = max(int((x + np.float32(24)) * np.float32(256) + np.float32(0.5)), 0)
            out[v, u] = table[at]


@nb.njit(**_KERNEL)
def detect_rows(  # type: ignore[no-untyped-def]
    top, bottom, out, signal, scatter, fall, step, spot, dilution, photons, electronic, noise, seed
):
    """Focal spot (3 x 3 with ``spot`` to each side), scatter, and noise of ``photons`` a unit of signal."""
    rows, columns = signal.shape
    iu, fu = shares_along(columns, step, scatter.shape[1])
    iv, fv = shares_along(rows, step, scatter.shape[0])
    line = np.empty(columns, np.float32)
    haze = np.empty(scatter.shape[1], np.float32)
    keep = np.float32(1 - 2 * spot)
    side = np.float32(spot)
    for v in range(top, bottom):
        up, down = max(v - 1, 0), min(v + 1, rows - 1)
        for u in range(columns):
            line[u] = keep * signal[v, u] + side * (signal[up, u] + signal[down, u])
        for n in range(scatter.shape[1]):
            haze[n] = scatter[iv[v], n] * (1 - fv[v]) + scatter[iv[v] + 1, n] * fv[v]
        random = (seed * 40503 + v * 7919) % (len(noise) - columns)
        for u in range(columns):
            left, right = line[max(u - 1, 0)], line[min(u + 1, columns - 1)]
            lit = keep * line[u] + side * (left + right)
            lit = (lit + haze[iu[u]] * (1 - fu[u]) + haze[iu[u] + 1] * fu[u]) * dilution
            n = photons * fall[v, u]
            out[v, u] = lit + noise[random + u] * np.sqrt(lit / n + electronic * electronic / (n * n))


@nb.njit(**_KERNEL)
def density_rows(top, bottom, out, signal, blur, table):  # type: ignore[no-untyped-def]
    """-log of the signal after the detector's blur (3 x 3 with ``blur`` to each side)."""
    rows, columns = signal.shape
    line = np.empty(columns, np.float32)
    keep, side = np.float32(1 - 2 * blur), np.float32(blur)
    for v in range(top, bottom):
        up, down = max(v - 1, 0), min(v + 1, rows - 1)
        for u in range(columns):
            line[u] = keep * signal[v, u] + side * (signal[up, u] + signal[down, u])
        for u in range(columns):
            left, right = line[max(u - 1, 0)], line[min(u + 1, columns - 1)]
            x = max(keep * line[u] + side * (left + right), np.float32(0)) * np.float32(1024)
            at = min(int(x), len(table) - 2)
            out[v, u] = table[at] + (table[at + 1] - table[at]) * (x - at)


@nb.njit(**_KERNEL)
def flatten_rows(top, bottom, out, density, background, gain, step, ceiling):  # type: ignore[no-untyped-def]
    """out = min((density - background) * gain, ceiling), both maps coarse."""
    rows, columns = density.shape
    iu, fu = shares_along(columns, step, gain.shape[1])
    iv, fv = shares_along(rows, step, gain.shape[0])
    wide = np.empty(gain.shape[1], np.float32)
    lift = np.empty(gain.shape[1], np.float32)
    for v in range(top, bottom):
        for n in range(gain.shape[1]):
            wide[n] = background[iv[v], n] * (1 - fv[v]) + background[iv[v] + 1, n] * fv[v]
            lift[n] = gain[iv[v], n] * (1 - fv[v]) + gain[iv[v] + 1, n] * fv[v]
        for u in range(columns):
            i, f = iu[u], fu[u]
            b = wide[i] + (wide[i + 1] - wide[i]) * f
            g = lift[i] + (lift[i + 1] - lift[i]) * f
            out[v, u] = min((density[v, u] - b) * g, ceiling)


@nb.njit(**_KERNEL)
def grey_rows(  # type: ignore[no-untyped-def]
    top,
    bottom,
    out,
    flat,
    smooth,
    lit,
    step,
    edge_gain,
    low,
    scale,
    curve,
    metal,
    metal_grey,
    inverted,
    field,
    shutter,
):
    """Edge enhancement, display curve, metal, shutter grey and field; ``smooth`` and ``lit`` are coarse."""
    rows, columns = flat.shape
    iu, fu = shares_along(columns, step, lit.shape[1])
    iv, fv = shares_along(rows, step, lit.shape[0])
    wide = np.empty(lit.shape[1], np.float32)
    shown = np.empty(lit.shape[1], np.float32)
    for v in range(top, bottom):
        for n in range(lit.shape[1]):
            wide[n] = smooth[iv[v], n] * (1 - fv[v]) + smooth[iv[v] + 1, n] * fv[v]
            shown[n] = lit[iv[v], n] * (1 - fv[v]) + lit[iv[v] + 1, n] * fv[v]
        for u in range(columns):
            i, f = iu[u], fu[u]
            x = flat[v, u]
            x += edge_gain * (x - wide[i] - (wide[i + 1] - wide[i]) * f)
            t = (x - low) * scale * np.float32(256) + np.float32(512)
            grey = curve[min(max(int(t), 0), len(curve) - 1)]
            steel = metal[v, u]
            if steel > 0:
                open_ = 1 / (1 + steel * (np.float32(1.3) + steel * np.float32(1.1)))
                grey = grey * open_ + min(grey, metal_grey) * (1 - open_)
            if inverted:
                grey = 255 - grey
            share = shown[i] + (shown[i + 1] - shown[i]) * f
            grey = (grey * share + shutter * (1 - share)) * field[v, u]
            out[v, u] = np.uint8(min(max(grey + np.float32(0.5), np.float32(0)), np.float32(255)))
