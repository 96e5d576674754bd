"""Wide blurs for the monitor picture, on reduced copies of it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from imaging.fluoro import plain
from imaging.fluoro.kernel import kernel
from imaging.fluoro.threads import over_rows

Picture = NDArray[np.float32]


def block_mean(picture: NDArray[np.floating], step: int) -> Picture:
    """Means of blocks of ``step`` pixels, at least two a side; the last ones repeat the picture's edge."""
    rows, columns = (max(-(-n // step), 2) for n in picture.shape)
    out = np.empty((rows, columns), np.float32)
    over_rows(_block_rows, rows, out, as_f32(picture), step)
    return out


def broad(picture: NDArray[np.floating], sigma_px: float) -> Picture:
    """Wide Gaussian, cut at three sigma, edges repeated; a very wide one on a reduced copy."""
    step = max(1, int(sigma_px // 3))
    if step == 1:
        return _gaussian(as_f32(picture), _weights(sigma_px))
    small = _gaussian(block_mean(picture, step), _weights(sigma_px / step))
    rows, columns = picture.shape
    v = (np.arange(rows) - (step - 1) / 2) / step
    u = (np.arange(columns) - (step - 1) / 2) / step
    v0 = np.clip(np.floor(v).astype(int), 0, small.shape[0] - 2)
    u0 = np.clip(np.floor(u).astype(int), 0, small.shape[1] - 2)
    f = np.clip(v - v0, 0, 1)[:, None].astype(np.float32)
    g = np.clip(u - u0, 0, 1)[None, :].astype(np.float32)
    lines = small[v0] * (1 - f) + small[v0 + 1] * f
    return np.asarray(lines[:, u0] * (1 - g) + lines[:, u0 + 1] * g, np.float32)


def as_f32(values: NDArray[np.floating]) -> Picture:
    """The same as contiguous float32."""
    return np.ascontiguousarray(values, np.float32)


@lru_cache(maxsize=32)
def _weights(sigma_px: float) -> Picture:
    reach = int(3.0 * sigma_px + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_px) ** 2)
    return as_f32(weights / weights.sum())


@kernel(plain.block_rows, fastmath=True, error_model="numpy")
def _block_rows(top, bottom, out, picture, step):  # type: ignore[no-untyped-def]
    high, wide = picture.shape
    columns = out.shape[1]
    whole = min(columns, wide // step)
    share = np.float32(1 / (step * step))
    for row in range(top, bottom):
        for u in range(columns):
            out[row, u] = 0
        for n in range(step):
            line = picture[min(row * step + n, high - 1)]
            for u in range(whole):
                total = np.float32(0)
                for m in range(step):
                    total += line[u * step + m]
                out[row, u] += total * share
            for u in range(whole, columns):
                total = np.float32(0)
                for m in range(step):
                    total += line[min(u * step + m, wide - 1)]
                out[row, u] += total * share


@kernel(plain.gaussian, fastmath=True, error_model="numpy")
def _gaussian(picture, weights):  # type: ignore[no-untyped-def]
    rows, columns = picture.shape
    reach = len(weights) // 2
    out = np.empty_like(picture)
    line = np.empty(columns + 2 * reach, np.float32)
    down = np.empty(columns, np.float32)
    # Elements one by one: numba compiles an assigned slice for seconds, as it may raise an error with words.
    for v in range(rows):
        for u in range(columns):
            down[u] = 0
        for n in range(len(weights)):
            source = picture[min(max(v + n - reach, 0), rows - 1)]
            weight = weights[n]
            for u in range(columns):
                down[u] += weight * source[u]
        for u in range(columns):
            line[reach + u] = down[u]
        for n in range(reach):
            line[n], line[reach + columns + n] = down[0], down[columns - 1]
        for u in range(columns):
            out[v, u] = 0
        for n in range(len(weights)):
            weight = weights[n]
            for u in range(columns):
                out[v, u] += weight * line[u + n]
    return out
