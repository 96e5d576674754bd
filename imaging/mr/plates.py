"""Endplates that do not fit their column are sought again: changed marrow, and discs as bright as marrow.

A body that stops at a strong Modic band leaves a gap to its neighbour that no disc fills; the endplate is the
dark line further out. A body that runs into a disc is taller than its neighbours and leaves hardly any gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.mr.anatomy import body_geometry
from imaging.mr.surface import BodySurface, Sampler, fit_surface

Array = NDArray[np.float64]

# Gaps between drawn bodies are 4 to 17 mm on the test MRs and 15 to 19 mm on unchanged phantoms.
MOST_GAP_MM = 20.5
# In a column that tells what is usual, less is enough.
_WIDE, LEAST_WIDE_MM = 1.4, 15.0
LEAST_LINE = 0.04
_LEAST_MOVE_MM, _MOST_MOVE_MM = 3.0, 12.0
_DISC_MM, _DISC_SPREAD_MM = 11.0, 4.0
_STEP_MM = 0.5
_NARROW = 0.6
_LEAST_BODIES = 5
_HOLD, _REGION, _REACH_MM = 2.25, 0.05, 4.2
_SHORT_REGION = 0.35
# A body this much lower than its column, beside a gap no narrower than usual, may have left a band out.
_LOW_MM, _MORE_MM, _GAP_SHARE = 2.5, 3.0, 0.9
# Vertebrae grow no taller upwards: one that does at the top has taken a disc in.
_TOP_MM = 2.5


def with_fitting_plates(image: Sampler, bodies: Sequence[BodySurface], sacral: bool) -> list[BodySurface]:
    """Bodies, foot to head, with endplates that left a band out or took a disc in drawn again."""
    out = _shortened(image, list(bodies), sacral)
    gaps = gaps_mm(out)
    limit = np.full(len(gaps), MOST_GAP_MM)
    if len(out) >= _LEAST_BODIES:
        limit = np.minimum(limit, np.maximum(_WIDE * _usual(gaps), LEAST_WIDE_MM))
    for n in np.flatnonzero(gaps > limit):
        lower, upper = out[n], out[n + 1]
        start = body_geometry(upper).inferior_endplate[0]
        end = body_geometry(lower).superior_endplate[0]
        down, up = _lines(image, upper, lower, start, end)
        if down > _LEAST_MOVE_MM:
            out[n + 1] = _moved(image, upper, -1.0, down, _REGION)
        if up > _LEAST_MOVE_MM:
            out[n] = _moved(image, lower, 1.0, up, _REGION)
    return _heightened(image, out, sacral)


def _lines(
    image: Sampler, upper: BodySurface, lower: BodySurface, start: Array, end: Array
) -> tuple[float, float]:
    """How far below the upper body and above the lower one their endplates' dark lines lie; 0 if unsure."""
    way = end - start
    length = float(np.linalg.norm(way))
    along = np.arange(-4.0, length + 4.01, _STEP_MM)
    a, b = np.meshgrid(np.linspace(-0.3, 0.3, 7), np.linspace(-0.3, 0.3, 7), indexing="ij")
    share = np.clip(along / length, 0, 1)[:, None, None, None]
    sides = [
        a[..., None] * body.size_mm[0] * body.axes_lps[0] + b[..., None] * body.size_mm[1] * body.axes_lps[1]
        for body in (upper, lower)
    ]
    middle = start + (along / length)[:, None] * way
    points = middle[:, None, None, :] + (1 - share) * sides[0] + share * sides[1]
    values = image(points).reshape(len(along), -1)
    if (values < 0).mean() > 0.3:
        return 0.0, 0.0
    profile = np.median(values, 1) / max(0.5 * (upper.marrow + lower.marrow), 1e-6)
    n = 2 * round(1.5 / _STEP_MM) + 1
    before = ndi.maximum_filter1d(profile, n, origin=n // 2, mode="nearest")
    after = ndi.maximum_filter1d(profile, n, origin=-(n // 2), mode="nearest")
    line = np.minimum(before, after) - profile
    seen = (along > 0) & (along < length) & (line > LEAST_LINE)
    best, pair = -np.inf, None
    for i in np.flatnonzero(seen & (along < _MOST_MOVE_MM + 2)):
        for j in np.flatnonzero(seen & (along > length - _MOST_MOVE_MM - 2) & (along > along[i] + 4)):
            worth = min(line[i], 0.4) + min(line[j], 0.4)
            worth -= 0.1 * ((along[j] - along[i] - _DISC_MM) / _DISC_SPREAD_MM) ** 2
            if worth > best:
                best, pair = float(worth), (i, j)
    if pair is None:
        return 0.0, 0.0
    return float(along[pair[0]]) - 1.0, float(length - along[pair[1]]) - 1.0


def _moved(image: Sampler, body: BodySurface, side: float, by_mm: float, region: float) -> BodySurface:
    """A body sought again with one endplate further out (in, where negative), the other where it was."""
    geometry = body_geometry(body)
    plates = [float(body.to_local(p[0])[2]) for p in (geometry.inferior_endplate, geometry.superior_endplate)]
    low, high = (plates[0], plates[1] + by_mm) if side > 0 else (plates[0] - by_mm, plates[1])
    size = np.array([body.size_mm[0], body.size_mm[1], high - low])
    centre = body.to_lps(np.array([0.0, 0.0, (high + low) / 2]))
    start = replace(body, centre_lps_mm=centre, size_mm=size)
    return fit_surface(image, start, _HOLD, region=region, reach_mm=_REACH_MM)


def _heightened(image: Sampler, bodies: list[BodySurface], sacral: bool) -> list[BodySurface]:
    """Bodies that are low for their column, drawn out to a dark line no further than their height lacks."""
    out = list(bodies)
    if len(out) < _LEAST_BODIES:
        return out
    lacks = -_taller_mm(out, sacral)
    gaps = gaps_mm(out)
    for n in np.flatnonzero(
        (gaps > _GAP_SHARE * _usual(gaps)) & (np.maximum(lacks[:-1], lacks[1:]) > _LOW_MM)
    ):
        lower, upper = out[n], out[n + 1]
        start = body_geometry(upper).inferior_endplate[0]
        end = body_geometry(lower).superior_endplate[0]
        down, up = _lines(image, upper, lower, start, end)
        if lacks[n + 1] > _LOW_MM and _LEAST_MOVE_MM < down < lacks[n + 1] + _MORE_MM:
            out[n + 1] = _moved(image, upper, -1.0, down, _REGION)
        if lacks[n] > _LOW_MM and _LEAST_MOVE_MM < up < lacks[n] + _MORE_MM:
            out[n] = _moved(image, lower, 1.0, up, _REGION)
    return out


def _taller_mm(bodies: Sequence[BodySurface], sacral: bool) -> Array:
    """(n,) by how much each body is taller than is usual round about; 0 for S1, which is short by nature."""
    heights = np.array([body_geometry(b).height_mm for b in bodies])
    taller = heights - _usual(heights)
    if sacral:
        taller[0] = 0.0
    return np.asarray(taller)


def _shortened(image: Sampler, bodies: list[BodySurface], sacral: bool) -> list[BodySurface]:
    """Bodies that are tall for their column beside a gap that is narrow for it, drawn without the disc."""
    if len(bodies) < _LEAST_BODIES:
        return bodies
    gaps = gaps_mm(bodies)
    usual_gap = _usual(gaps)
    tall, wide = _taller_mm(bodies, sacral), np.r_[0.0, gaps - usual_gap, 0.0]
    out = list(bodies)
    if tall[-1] > _TOP_MM:  # the uppermost has no gap above that would tell
        out[-1] = _moved(image, out[-1], 1.0, -float(tall[-1]), _SHORT_REGION)
    for k in np.flatnonzero(gaps < _NARROW * usual_gap):
        # Which of the two took the disc in: the taller one, or that which stands off its other neighbour.
        low, high = tall[k] + wide[k], tall[k + 1] + wide[k + 2]
        if max(low, high) < _LEAST_MOVE_MM:
            continue
        by_mm = -float(usual_gap[k] - gaps[k])
        n, side = (k, 1.0) if low > high else (k + 1, -1.0)
        out[n] = _moved(image, out[n], side, by_mm, _SHORT_REGION)
    return out


def gaps_mm(bodies: Sequence[BodySurface]) -> Array:
    """(n-1,) from each body's superior endplate up to the next one's inferior endplate, foot to head.

    Along the mean of both long axes: a slip to the front or side adds nothing, an overlap is negative.
    """
    plates = [body_geometry(b) for b in bodies]
    out = []
    for low, up in pairwise(plates):
        along = low.superior + up.superior
        step = up.inferior_endplate[0] - low.superior_endplate[0]
        out.append(float(step @ along / np.linalg.norm(along)))
    return np.array(out)


def _usual(values: Array) -> Array:
    """Median of each value and its two neighbours on either side."""
    return np.asarray(ndi.median_filter(values, 5, mode="mirror"))
