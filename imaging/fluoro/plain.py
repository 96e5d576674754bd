# ruff: noqa: ARG001 - a kernel and its stand-in take the same arguments
# mypy: disable-error-code="no-untyped-def, no-untyped-call"
"""The projector's and the monitor's kernels once more in numpy: same arguments, same output.

See ``kernel``.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

_CATMULL_ROM = np.array(
    [[-0.5, 1.5, -1.5, 0.5], [1.0, -2.5, 2.0, -0.5], [-0.5, 0.0, 0.5, 0.0], [0.0, 1.0, 0.0, 0.0]]
)
_FAR = 1e9
CASING_PX = 1.1
CASING_SHARE = 0.8
"""How wide and how dark the casing of a line on the glass is."""


def fill_rows(first, last, values, table, mask, step, transposed, flat, extent):
    """``rows._fill_rows``."""
    _, n_j, n_i = values.shape
    rows, columns = (n_i, n_j) if transposed else (n_j, n_i)
    framed = flat[: len(values) * rows * (columns + 3)].reshape(len(values), rows, columns + 3)
    for k in range(first, last):
        kept = mask[k // step].repeat(min(step, n_j), 0)[:n_j].repeat(min(step, n_i), 1)[:, :n_i]
        plane = np.where(kept, table[values[k].astype(np.int32) + 32768], 0)
        plane = plane.T if transposed else plane
        framed[k, :, 1 : columns + 1] = plane
        there = plane != 0
        some = there.any(1)
        extent[k, some, 0] = there.argmax(1)[some]
        extent[k, some, 1] = columns - there[:, ::-1].argmax(1)[some]


def accumulate_slices(
    top, bottom, out, flat, boxes, n_w, n_b, n_a, stride_w, stride_b, source_w, source_b, source_a, plane,
    start_a, start_b, step_a, step_b, size_a, can_shuffle,
):  # fmt: skip
    """``slice_sums.accumulate_slices``."""
    x, y = np.arange(size_a), np.arange(top, bottom)
    total = np.zeros((bottom - top, size_a), np.float32)
    for w in range(n_w):
        b0, b1, a0, a1 = boxes[w]
        if b0 >= b1:
            continue
        scale = (w - source_w) / (plane - source_w)
        along = source_a + (start_a - source_a) * scale + 1 + x * (step_a * scale)
        down = source_b + (start_b + y * step_b - source_b) * scale
        inner = slice(*np.searchsorted(along, (a0, a1 + 1)))
        lines = slice(*np.searchsorted(down, (b0 - 1, b1)))
        if inner.start >= inner.stop or lines.start >= lines.stop:
            continue
        # Rows b0 - 1 and b1 are empty, and so are the voxels beside a0 and a1 - 1.
        held = flat[w * stride_w + b0 * stride_b + a0 :]
        held = np.lib.stride_tricks.as_strided(held, (b1 - b0, a1 + 2 - a0), (stride_b * 2, 2))
        rows = np.zeros((b1 - b0 + 2, a1 + 2 - a0), np.float32)
        rows[1:-1] = held
        place = along[inner] - a0
        index = place.astype(np.intp)
        share = (place - index).astype(np.float32)
        rows = rows.take(index, 1) * (1 - share) + rows.take(index + 1, 1) * share
        place = down[lines] - (b0 - 1)
        index = np.minimum(place.astype(np.intp), b1 - b0)
        share = (place - index).astype(np.float32)[:, None]
        total[lines, inner] += rows[index] * (1 - share) + rows[index + 1] * share
    out.reshape(-1, size_a)[top:bottom] += np.rint(total).astype(np.int32)


def warp_to_detector(
    top, bottom, out, sums, square, w, b, a, plane, start_a, start_b, step_a, step_b, source, corner, column,
    row, length_form, unit,
):  # fmt: skip
    """``shear_warp.warp_to_detector``."""
    size_b, size_a = sums.shape
    u, v = np.arange(out.shape[1]), np.arange(top, bottom)[:, None]
    ray = [corner[axis] - source[axis] + u * column[axis] + v * row[axis] for axis in range(3)]
    slope = [part / ray[w] for part in ray]
    square_mm = sum(length_form[m, n] * slope[m] * slope[n] for m in range(3) for n in range(3))
    lengths = np.sqrt(square_mm) * unit
    x = (source[a] - start_a) / step_a + slope[a] * ((plane - source[w]) / step_a)
    y = (source[b] - start_b) / step_b + slope[b] * ((plane - source[w]) / step_b)
    if square:
        p, q = np.floor(x + 0.5).astype(np.intp), np.floor(y + 0.5).astype(np.intp)
        there = (p >= 0) & (q >= 0) & (p < size_a) & (q < size_b)
        seen = sums[np.clip(q, 0, size_b - 1), np.clip(p, 0, size_a - 1)]
    else:
        i, j = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
        there = (i >= 1) & (j >= 1) & (i + 2 < size_a) & (j + 2 < size_b)
        across, down = _catmull_rom(x - i), _catmull_rom(y - j)
        i, j = np.clip(i, 1, size_a - 3), np.clip(j, 1, size_b - 3)
        seen = sum(down[m] * across[n] * sums[j - 1 + m, i - 1 + n] for m in range(4) for n in range(4))
    out[top:bottom][there] = (np.maximum(seen, 0) * lengths)[there]


def _catmull_rom(t):
    return [((c[0] * t + c[1]) * t + c[2]) * t + c[3] for c in _CATMULL_ROM.T]


def corners(path, diameters, tolerance):
    """``tools._corners``."""
    count = len(path)
    kept = np.zeros(count, np.bool_)
    kept[0], last = True, 0
    for n in range(1, count):
        end = min(n + 1, count - 1)
        chord = path[end] - path[last]
        square = chord @ chord
        if n == count - 1:
            kept[n] = square > 1e-12
            break
        between = path[last + 1 : n + 1] - path[last]
        along = between @ chord
        off = (between**2).sum(1) - along**2 / max(square, 1e-12)
        joined = square > 1e-12 and ((along >= 0) & (along < square) & (off <= tolerance**2)).all()
        joined = joined and (abs(diameters[last + 1 : n + 1] - diameters[last]) < 1e-6).all()
        if not joined or abs(diameters[n + 1] - diameters[last]) > 1e-6:
            kept[n], last = True, n
    return kept


def chords(out, seen, uvs, reaches, frame, ends, axes, radii, planes, mus):
    """``tools._chords``."""
    source, corner, column, row = frame
    for n in np.flatnonzero(seen):
        low, high = uvs[n].min(0) - reaches[n], uvs[n].max(0) + reaches[n] + 2
        u0, v0 = np.maximum(low, 0).astype(int)
        u1, v1 = np.minimum(np.maximum(high, 0), out.shape[::-1]).astype(int)
        if u0 >= u1 or v0 >= v1:
            continue
        # Bands of rows keep a long slanted tool's box small.
        to, direction = uvs[n, 0], uvs[n, 1] - uvs[n, 0]
        for begin in range(v0, v1, 16):
            v = np.arange(begin, min(begin + 16, v1))
            left, right = u0, u1
            if abs(direction[1]) > 1e-6:
                middle = to[0] + (v - to[1]) * direction[0] / direction[1]
                half = reaches[n] * np.hypot(*direction) / abs(direction[1])
                left = max(left, int(middle.min() - half))
                right = min(right, int(middle.max() + half) + 2)
            if left >= right:
                continue
            u = np.arange(left, right)
            total = sum(
                _chord(corner + (u + du)[None, :, None] * column + (v + dv)[:, None, None] * row - source,
                       source, ends[n, 0], axes[n], radii[n], planes[n])
                for du in (-0.25, 0.25) for dv in (-0.25, 0.25)
            )  # fmt: skip
            out[v[0] : v[-1] + 1, left:right] += total * 0.25 * mus[n]


def _chord(ray, source, start, axis, radius, planes):
    off = source - start
    oa, ra, rr = off @ axis, ray @ axis, (ray**2).sum(-1)
    qa, qb = rr - ra**2, ray @ off - oa * ra
    qc = off @ off - oa**2 - radius**2
    across = qa > 1e-9 * rr
    root = np.sqrt(np.maximum(qb**2 - qa * qc, 0))
    qa = np.where(across, qa, 1)
    near, far = np.where(across, (-qb - root) / qa, -_FAR), np.where(across, (-qb + root) / qa, _FAR)
    far = np.where((root <= 0) & across | ~across & (qc > 0), near, far)
    for nx, ny, nz, d in planes[planes[:, 3] < _FAR]:
        along = ray @ np.array([nx, ny, nz])
        room = d - (nx * source[0] + ny * source[1] + nz * source[2])
        cut = room / np.where(abs(along) > 1e-12, along, 1)
        far = np.where(along > 1e-12, np.minimum(far, cut), far)
        near = np.where(along < -1e-12, np.maximum(near, cut), near)
        far = np.where((abs(along) <= 1e-12) & (room < 0), near, far)
    return np.maximum(far - near, 0) * np.sqrt(rr)


def block_rows(top, bottom, out, picture, step):
    """``coarse._block_rows``."""
    columns = out.shape[1]
    v = np.minimum(np.arange(top * step, bottom * step), picture.shape[0] - 1)
    u = np.minimum(np.arange(columns * step), picture.shape[1] - 1)
    out[top:bottom] = picture[v][:, u].reshape(bottom - top, step, columns, step).mean((1, 3))


def gaussian(picture, weights):
    """``coarse._gaussian``."""
    return ndimage.correlate1d(
        ndimage.correlate1d(picture, weights, 0, mode="nearest"), weights, 1, mode="nearest"
    )


def fine(coarse, top, bottom, columns, step):
    """Rows of a map ``step`` times finer, as ``picture_rows.fine_row`` makes them one by one."""
    places = [np.clip((np.arange(*ends) - (step - 1) / 2) / step, 0, size - 1)
              for ends, size in zip(((top, bottom), (0, columns)), coarse.shape, strict=True)]  # fmt: skip
    (v, f), (u, g) = (
        (low := np.minimum(place.astype(int), size - 2), (place - low).astype(np.float32))
        for place, size in zip(places, coarse.shape, strict=True)
    )
    lines = coarse[v] + (coarse[v + 1] - coarse[v]) * f[:, None]
    return lines[:, u] + (lines[:, u + 1] - lines[:, u]) * g


def clean_rows(top, bottom, out, body, metal, level, background, gain, step, ceiling):
    """``picture_rows.clean_rows``."""
    columns = body.shape[1]
    density = np.maximum(body[top:bottom] + metal[top:bottom] - level, -3)
    density -= fine(background, top, bottom, columns, step)
    out[top:bottom] = np.minimum(density * fine(gain, top, bottom, columns, step), ceiling)


def clinical_rows(
    top, bottom, out, body, metal, level, scatter, thin, step, spot, dilution, photons, electronic, noise,
    seed, blur, background, gain, ceiling,
):  # fmt: skip
    """``picture_rows.clinical_rows``."""
    rows, columns = body.shape
    first, last = max(top - 2, 0), min(bottom + 2, rows)
    signal = np.exp(np.clip(level - body[first:last] - metal[first:last], -80, 3))
    lit = (_to_neighbours(signal, spot) + fine(scatter, first, last, columns, step)) * dilution
    one = thin[first:last] / photons
    begins = (seed * 40503 + np.arange(first, last) * 7919) % (len(noise) - columns)
    random = np.lib.stride_tricks.sliding_window_view(noise, columns)[begins]
    seen = _to_neighbours(lit + random * np.sqrt(lit * one + (electronic * one) ** 2), blur)
    density = -np.log(np.maximum(seen, 2e-3))[top - first :][: bottom - top]
    density -= fine(background, top, bottom, columns, step)
    out[top:bottom] = np.minimum(density * fine(gain, top, bottom, columns, step), ceiling)


def _to_neighbours(picture, side):
    weights = np.array([side, 1 - 2 * side, side])
    return gaussian(picture, weights)


def grey_rows(
    top, bottom, out, flat, smooth, lit, step, edge_gain, low, scale, curve, metal, metal_grey, inverted,
    field, shutter,
):  # fmt: skip
    """``picture_rows.grey_rows``."""
    columns = flat.shape[1]
    x = flat[top:bottom]
    x = x + edge_gain * (x - fine(smooth, top, bottom, columns, step))
    grey = curve[np.clip((x - low) * scale * 256 + 512, 0, len(curve) - 1).astype(np.int32)]
    steel = metal[top:bottom]
    through = 1 / (1 + steel * (1.3 + steel * 1.1))
    grey = np.where(steel > 0, grey * through + np.minimum(grey, metal_grey) * (1 - through), grey)
    shown = fine(lit, top, bottom, columns, step)
    grey = ((255 - grey if inverted else grey) * shown + shutter * (1 - shown)) * field[top:bottom]
    out[top:bottom] = np.where(field[top:bottom] == 0, 0, np.clip(grey + 0.5, 0, 255)).astype(np.uint8)


def fill_glass(top, bottom, out, pixels, x0, y0, scale, shown):
    """``glass._fill_rows``."""
    rows, columns = pixels.shape
    v = (np.arange(top, bottom) + 0.5 - y0) / scale - 0.5
    u = (np.arange(out.shape[1]) + 0.5 - x0) / scale - 0.5
    inside = ((v >= -0.5) & (v < rows - 0.5))[:, None] & ((u >= -0.5) & (u < columns - 0.5))
    (v, f), (u, g) = (
        (low := place.astype(int), ((place - low) * 256).astype(np.int32))
        for place in (np.clip(v, 0, rows - 1), np.clip(u, 0, columns - 1))
    )
    wide = pixels.astype(np.int32)
    upper, lower = wide[v], wide[np.minimum(v + 1, rows - 1)]
    lines = upper * 256 + (lower - upper) * f[:, None]
    left, right = lines[:, u], lines[:, np.minimum(u + 1, columns - 1)]
    level = (left * 256 + (right - left) * g + 32768) >> 16
    out[top:bottom] = np.where(inside, shown[level], shown.dtype.type(0xFF000000))


def draw_strokes(out, field, points, ends, looks, colours, edge, cover, owner, extent):
    """``glass._draw_strokes``."""
    height, wide = out.shape
    for n, (width, on, off, is_clipped) in enumerate(looks):
        reach = width / 2 + CASING_PX + 1
        along = 0.0
        for m in range(ends[n], ends[n + 1] - 1):
            start, line = points[m], points[m + 1] - points[m]
            length = float(np.hypot(*line))
            x0, y0 = np.maximum(np.minimum(start, start + line) - reach, 0).astype(int)
            x1, y1 = np.minimum(np.maximum(start, start + line) + reach + 2, (wide, height)).astype(int)
            if x0 < x1 and y0 < y1 and length <= 1e5:
                x, y = np.arange(x0, x1) + 0.5, np.arange(y0, y1)[:, None] + 0.5
                px, py = x - start[0], y - start[1]
                t = np.clip((px * line[0] + py * line[1]) / max(length**2, 1e-6), 0, 1)
                gap = np.hypot(px - t * line[0], py - t * line[1]) - width / 2
                near = gap <= CASING_PX + 1
                if is_clipped > 0:
                    near &= (x - field[0]) ** 2 + (y - field[1]) ** 2 <= field[2] ** 2
                box = slice(y0, y1), slice(x0, x1)
                edge[box] = np.where(near, np.minimum(edge[box], gap), edge[box])
                share = np.clip(0.5 - gap, 0, 1) * near
                if off > 0:
                    place = (along + t * length) % (on + off)
                    share = share * np.clip(np.minimum(place, on - place) + 0.5, 0, 1)
                owner[box] = np.where(share > cover[box], n, owner[box])
                cover[box] = np.maximum(cover[box], share)
            along += length
    there = edge <= CASING_PX + 1
    dark = 1 - CASING_SHARE * np.clip(CASING_PX + 0.5 - edge[there], 0, 1)
    share, colour, old = cover[there], colours[owner[there]], out[there]
    mixed = np.full(len(old), 0xFF000000, np.uint32)
    for shift in (0, 8, 16):
        was, new = ((word >> np.uint32(shift) & np.uint32(255)).astype(float) for word in (old, colour))
        was = was * dark
        mixed |= (was + (new - was) * share + 0.5).astype(np.uint32) << np.uint32(shift)
    out[there] = mixed
