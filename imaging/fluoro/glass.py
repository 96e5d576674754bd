"""What a monitor's glass shows: the picture scaled to the glass's pixels, and anti-aliased lines over it.

Made off the window's thread and without the interpreter's lock, which a toolkit's painter holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.fluoro import plain
from imaging.fluoro.kernel import kernel
from imaging.fluoro.plain import CASING_PX, CASING_SHARE
from imaging.fluoro.threads import over_rows

Glass = NDArray[np.uint32]
_KERNEL = {"fastmath": True, "error_model": "numpy"}
_OPAQUE = np.uint32(0xFF000000)
_F = np.float32


@dataclass(frozen=True, eq=False)
class Stroke:
    """A line on the glass over a dark casing.

    Attributes:
        points_px: (N, 2) glass pixels, the first one's corner at 0.
        rgb: 0xRRGGBB.
        width_px: of the line.
        dash_px: lengths drawn and left out; both 0 for a whole line.
        clipped: whether it ends at the picture's round field.
    """

    points_px: NDArray[np.float64]
    rgb: int
    width_px: float
    dash_px: tuple[float, float] = (0.0, 0.0)
    clipped: bool = True


def glass(
    pixels: NDArray[np.uint8],
    width: int,
    height: int,
    corner_px: tuple[float, float],
    scale: float,
    grey: NDArray[np.uint8],
    strokes: Sequence[Stroke] = (),
) -> Glass:
    """(height, width) 0xffRRGGBB, black beside the picture.

    Args:
        pixels: (rows, columns) uint8 picture, sampled bilinearly.
        width, height: of the glass.
        corner_px: (x, y) on the glass of the outer corner of the picture's pixel (0, 0).
        scale: glass pixels a picture pixel.
        grey: (256,) uint8 shown for each grey of the picture.
        strokes: where lines meet, the nearer one is seen.
    """
    out = np.empty((height, width), np.uint32)
    x, y = corner_px
    shown = np.uint32(0x010101) * grey + _OPAQUE
    over_rows(_fill_rows, height, out, np.ascontiguousarray(pixels), _F(x), _F(y), _F(scale), shown)
    strokes = [s for s in strokes if len(s.points_px) > 1 and np.isfinite(s.points_px).all()]
    if strokes:
        rows, columns = pixels.shape
        field = np.array(
            [x + columns * scale / 2, y + rows * scale / 2, min(rows, columns) * scale / 2], np.float32
        )
        _draw_strokes(
            out, field,
            np.concatenate([s.points_px for s in strokes]).astype(np.float32),
            np.cumsum([0, *(len(s.points_px) for s in strokes)]),
            np.array([(s.width_px, *s.dash_px, s.clipped) for s in strokes], np.float32),
            np.array([s.rgb for s in strokes], np.uint32),
            np.full((height, width), 1e6, np.float32), np.zeros((height, width), np.float32),
            np.zeros((height, width), np.uint8), np.tile(np.array([width, 0]), (height, 1)),
        )  # fmt: skip
    return out


@kernel(plain.fill_glass, **_KERNEL)
def _fill_rows(top, bottom, out, pixels, x0, y0, scale, shown):  # type: ignore[no-untyped-def]
    rows, columns = pixels.shape
    wide = out.shape[1]
    step = _F(1) / scale
    first = max(0, int(np.ceil(x0 - _F(0.5))))
    last = min(wide, int(np.ceil(x0 + columns * scale - _F(0.5))))
    one, two = np.empty(wide, np.int32), np.empty(wide, np.int32)
    share = np.empty(wide, np.int32)
    for x in range(first, last):
        u = min(max((_F(x) + _F(0.5) - x0) * step - _F(0.5), _F(0)), _F(columns - 1))
        one[x] = int(u)
        two[x] = min(one[x] + 1, columns - 1)
        share[x] = np.int32((u - _F(one[x])) * _F(256))
    line = np.empty(columns, np.int32)
    for y in range(top, bottom):
        for x in range(wide):
            out[y, x] = _OPAQUE
        place = (_F(y) + _F(0.5) - y0) * step - _F(0.5)
        if place < _F(-0.5) or place >= _F(rows) - _F(0.5):
            continue
        v = min(max(place, _F(0)), _F(rows - 1))
        above = int(v)
        f = np.int32((v - _F(above)) * _F(256))
        upper, lower = pixels[above], pixels[min(above + 1, rows - 1)]
        for u in range(columns):
            line[u] = np.int32(upper[u]) * np.int32(256) + (np.int32(lower[u]) - np.int32(upper[u])) * f
        for x in range(first, last):
            low = line[one[x]]
            level = low * np.int32(256) + (line[two[x]] - low) * share[x] + np.int32(32768)
            out[y, x] = shown[level >> np.int32(16)]


@kernel(plain.draw_strokes, **_KERNEL)
def _draw_strokes(out, field, points, ends, looks, colours, edge, cover, owner, extent):  # type: ignore[no-untyped-def]
    """Each pixel takes its colour from the line nearest to it, and a casing from the nearest of all.

    Of the glass's shape: ``edge`` how far beyond the nearest line's edge (far), ``cover`` by which share it
    is covered (0), ``owner`` which line that is; ``extent`` (rows, 2) which columns were touched (none).
    """
    height, wide = out.shape
    for n in range(len(colours)):
        half, on, off = looks[n, 0] * _F(0.5), looks[n, 1], looks[n, 2]
        period = _F(1) / max(on + off, _F(1e-3))
        reach = half + _F(CASING_PX + 1)
        along = _F(0)
        for m in range(ends[n], ends[n + 1] - 1):
            ax, ay = points[m, 0], points[m, 1]
            dx, dy = points[m + 1, 0] - ax, points[m + 1, 1] - ay
            square = dx * dx + dy * dy
            length = np.sqrt(square)
            shorter = _F(1) / max(square, _F(1e-6))
            low, high = min(ay, ay + dy) - reach, max(ay, ay + dy) + reach
            if high < 0 or low > _F(height) or length > _F(1e5):
                along += length
                continue
            for y in range(max(0, int(low)), min(height, int(high) + 1)):
                py = _F(y) + _F(0.5) - ay
                left, right = min(ax, ax + dx) - reach, max(ax, ax + dx) + reach
                if abs(dy) > _F(1e-3) * abs(dx) and abs(dy) > _F(1e-3):
                    middle = ax + py * dx / dy
                    spread = reach * length / abs(dy)
                    left, right = max(left, middle - spread), min(right, middle + spread)
                x0, x1 = max(0, int(left)), min(wide, int(right) + 2)
                if x0 >= x1:
                    continue
                extent[y, 0], extent[y, 1] = min(extent[y, 0], x0), max(extent[y, 1], x1)
                for x in range(x0, x1):
                    px = _F(x) + _F(0.5) - ax
                    t = min(max((px * dx + py * dy) * shorter, _F(0)), _F(1))
                    qx, qy = px - t * dx, py - t * dy
                    gap = np.sqrt(qx * qx + qy * qy) - half
                    if gap > _F(CASING_PX + 1):
                        continue
                    if looks[n, 3] > 0:
                        fx, fy = _F(x) + _F(0.5) - field[0], _F(y) + _F(0.5) - field[1]
                        if fx * fx + fy * fy > field[2] * field[2]:
                            continue
                    edge[y, x] = min(edge[y, x], gap)
                    share = min(max(_F(0.5) - gap, _F(0)), _F(1))
                    if off > 0:
                        place = (along + t * length) * period
                        place = (place - np.floor(place)) / period
                        share *= min(max(min(place, on - place) + _F(0.5), _F(0)), _F(1))
                    if share > cover[y, x]:
                        cover[y, x] = share
                        owner[y, x] = n
            along += length
    for y in range(height):
        for x in range(extent[y, 0], extent[y, 1]):
            if edge[y, x] > CASING_PX + 1:
                continue
            dark = _F(1) - _F(CASING_SHARE) * min(max(_F(CASING_PX + 0.5) - edge[y, x], _F(0)), _F(1))
            share, colour, old = cover[y, x], colours[owner[y, x]], out[y, x]
            mixed = _OPAQUE
            for shift in (0, 8, 16):
                was = _F((old >> np.uint32(shift)) & np.uint32(255)) * dark
                new = _F((colour >> np.uint32(shift)) & np.uint32(255))
                mixed |= np.uint32(was + (new - was) * share + _F(0.5)) << np.uint32(shift)
            out[y, x] = mixed
