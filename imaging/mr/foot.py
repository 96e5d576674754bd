"""The foot of the column on MR: which body is S1, and the bodies that a chain of blocks missed above it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.mr.surface import BodySurface, Sampler, fit_surface, reframed

Array = NDArray[np.float64]

S1_TAPER = 0.22
RATIO_S1 = 1.5
_LEAST_LIKE, _MOST_LEAN_OF_L5_DEG = 0.25, 19.0


def headings_deg(bodies: list[BodySurface]) -> Array:
    """(n-1,) forward lean of the step from each body's middle to that above."""
    centres = np.array([b.centre_lps_mm for b in bodies])
    step = np.diff(centres, axis=0)
    return np.asarray(np.rad2deg(np.arctan2(-step[:, 1], step[:, 2])))


def which_is_s1(bodies: list[BodySurface]) -> tuple[int | None, float]:
    """(place of S1 among the lowest bodies, or None where it must lie below them; doubt 0..1).

    Lordosis ends at the sacrum: the step from S1 to L5 leans forward by about 38 degrees, that from L5 to L4
    by 12, that from L4 to L3 hardly (read off supine MR); below S1 the column turns back.
    """
    lean = headings_deg(bodies)
    costs: list[float] = []
    for n in range(-1, min(3, len(lean) - 2)):
        cost = 0.6 if n < 0 else ((lean[n] - 38) / 8) ** 2 / 2
        cost += ((lean[n + 1] - 12) / 9) ** 2 / 2 + ((lean[n + 2] + 1) / 9) ** 2 / 2
        costs.append(float(cost))
    best = int(np.argmin(costs))
    rest = [c for n, c in enumerate(costs) if n != best]
    doubt = float(1 / (1 + np.exp(min(rest) - costs[best]))) if rest else 0.5
    return (None if best == 0 else best - 1), doubt


def bodies_below(image: Sampler, bodies: list[BodySurface]) -> list[BodySurface]:
    """S1 under the lowest body of a chain that missed it, or S1 and L5 where no S1 is one step below.

    Changed marrow hides L5 and S1 from the chain. A body that leans as S1 does is not taken for L5.
    """
    found = _sacrum_below(image, bodies)
    if found is not None:
        return [found]
    fifth = _fifth_below(image, bodies)
    if fifth is None or headings_deg([fifth, *bodies])[0] > _MOST_LEAN_OF_L5_DEG:
        return []
    found = _sacrum_below(image, [fifth, *bodies])
    return [] if found is None else [found, fifth]


def _fifth_below(image: Sampler, bodies: list[BodySurface]) -> BodySurface | None:
    """A body like those above, one step below the lowest of them and leaning further forward."""
    centres = np.array([b.centre_lps_mm for b in bodies[:4]])
    step = float(np.median(np.linalg.norm(np.diff(centres, axis=0), axis=1)))
    size = np.median([b.size_mm for b in bodies[:4]], axis=0)
    lean = float(headings_deg(bodies)[0])
    best, out = _LEAST_LIKE, None
    for more_deg in (2.0, 9.0, 16.0):
        for length in (0.94 * step, 1.04 * step, 1.12 * step):
            body = _laid_below(image, bodies, lean + more_deg, length, lean + more_deg + 5.0, size, 0.0)
            if body is None:
                continue
            like = _like_those(bodies, body) - 0.1 * ((more_deg - 10) / 8) ** 2
            if like > best:
                best, out = like, body
    return None if out is None else fit_surface(image, reframed(out), 1.0)


def _sacrum_below(image: Sampler, bodies: list[BodySurface]) -> BodySurface | None:
    """S1 under the lowest body: it is short, tapers and leans."""
    depth = 0.92 * float(np.median([b.size_mm[1] for b in bodies[:4]]))
    size = np.array([RATIO_S1 * depth, depth, 23.0])
    best, out = _LEAST_LIKE, None
    for heading_deg in (26.0, 34.0, 42.0, 50.0):
        for length in (31.0, 36.0):
            for more_deg in (0.0, 9.0):
                body = _laid_below(image, bodies, heading_deg, length, heading_deg + more_deg, size, S1_TAPER)
                if body is None:
                    continue
                like = _like_those(bodies, body)
                like -= 0.15 * ((heading_deg - 41) / 8) ** 2 + 0.1 * ((length - 35) / 3) ** 2
                if like > best:
                    best, out = like, body
    return out


def _laid_below(
    image: Sampler,
    bodies: list[BodySurface],
    heading_deg: float,
    length_mm: float,
    tilt_deg: float,
    size: Array,
    taper: float,
) -> BodySurface | None:
    """A surface fitted at a step from the lowest body; None out of view."""
    h, a = np.deg2rad(heading_deg), np.deg2rad(tilt_deg)
    centre = bodies[0].centre_lps_mm + length_mm * np.array([0, np.sin(h), -np.cos(h)])
    if not _in_view(image, centre):
        return None
    up, back = np.array([0, -np.sin(a), np.cos(a)]), np.array([0, np.cos(a), np.sin(a)])
    axes = np.stack([np.array([1.0, 0, 0]), back, up])
    return fit_surface(image, BodySurface(centre, axes, size, np.empty(0), 3.0, taper), 3.0)


def _like_those(bodies: list[BodySurface], body: BodySurface) -> float:
    """How a body resembles those above it: edges as strong, marrow as bright and as even; 1 at best."""
    typical = float(np.median([b.fit for b in bodies]))
    marrow = float(np.median([b.marrow for b in bodies[:3]]))
    return body.fit / typical - 0.8 * abs(np.log(max(body.marrow, 1e-3) / marrow)) - 1.5 * body.spread


def _in_view(image: Sampler, point: Array) -> bool:
    index = (point - image.origin_lps_mm) / image.spacing_mm
    size = np.array(image.values.shape[::-1])
    return bool(((index > 0) & (index < size - 1)).all() and index[2] * image.spacing_mm[2] > 6)
