"""From an MR volume to the surfaces of its vertebral bodies, foot to head, and which of them is S1."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.errors import PlannerError
from imaging.mr.blocks import STEP_MM, BlockOutline, find_blocks
from imaging.mr.chain import best_chain, extended_down
from imaging.mr.midline import midline
from imaging.mr.surface import BodySurface, Sampler, fit_surface, reframed
from imaging.progress import Progress

Array = NDArray[np.float64]

LEAST_BODIES = 3
_SLAB_MM = 13.0
S1_TAPER = 0.22
MOST_TILT_DEG = 7.0
_LEAST_SHARE = 0.52
# Width over depth at mid height, L5 and up: after the bodies of Panjabi 1992 and Zukic 2014.
_RATIO_L5, _RATIO_STEP, _RATIO_S1 = 1.37, 0.043, 1.4
_NO_SPINE = (
    "no_spine_found",
    "No row of lumbar vertebrae was found in this MR. Choose a sagittal T1, T2 or STIR of the lumbar spine.",
)


@dataclass(frozen=True, eq=False)
class Column:
    """Bodies from foot to head; ``sacral`` is the place of S1 among them, None where the sacrum is not seen.

    ``doubt`` is 0 (S1 stands out) to 1 (another body might as well be S1).
    """

    bodies: tuple[BodySurface, ...]
    sacral: int | None
    doubt: float


def find_column(image: Sampler, progress: Progress) -> Column:
    """Find the column of vertebral bodies.

    Raises:
        PlannerError: ``no_spine_found``.
    """
    progress.step(0.0, "Looking for the vertebral column")
    blocks = _blocks(image)
    chain = best_chain(blocks)[0]
    if len(chain) < LEAST_BODIES:
        raise PlannerError(*_NO_SPINE)
    progress.step(0.45, "Looking for the midline")
    bodies = _first_bodies(image, chain)
    if _share_of_step(bodies) < _LEAST_SHARE:
        blocks = _between(blocks, chain)
        between = best_chain(blocks)[0]
        if len(between) >= LEAST_BODIES:
            others = _first_bodies(image, extended_down(between, blocks, 2))
            bodies = max(bodies, others, key=_share_of_step)
    progress.step(0.6, "Looking for the sacrum")
    sacral, doubt = which_is_s1(bodies)
    if sacral is not None:
        bodies = bodies[sacral:]
    else:
        found = _sacrum_below(image, bodies)
        if found is not None:
            bodies = [found, *bodies]
            sacral = 0
    progress.step(0.7, "Drawing the vertebral bodies")
    refined = _refined(image, bodies, sacral is not None)
    return Column(tuple(refined), None if sacral is None else 0, doubt)


def _share_of_step(bodies: list[BodySurface]) -> float:
    """Median height of the bodies over the distance to the next: about 0.7 of vertebrae, 0.4 of discs."""
    middles = np.array([b.centre_lps_mm for b in bodies])
    steps = np.linalg.norm(np.diff(middles, axis=0), axis=1)
    return float(np.median([b.size_mm[2] for b in bodies[1:]] / steps))


def _between(blocks: list[BlockOutline], chain: list[BlockOutline]) -> list[BlockOutline]:
    """Blocks that lie between those of a chain, or beyond its ends."""
    places = np.array([[b.y_mm, b.z_mm] for b in chain])
    reach = 0.28 * float(np.median(np.linalg.norm(np.diff(places, axis=0), axis=1)))
    apart = [np.linalg.norm(places - [b.y_mm, b.z_mm], axis=1).min() for b in blocks]
    return [b for b, d in zip(blocks, apart, strict=True) if d > reach]


def _blocks(image: Sampler) -> list[BlockOutline]:
    x = image.values.shape[2] / 2 - 0.5
    half = max(0.5, _SLAB_MM / 2 / image.spacing_mm[0])
    columns = np.abs(np.arange(image.values.shape[2]) - x) <= half
    plane = image.values[:, :, columns].mean(2)
    zoom = image.spacing_mm[[2, 1]] / STEP_MM
    small = ndi.zoom(
        ndi.gaussian_filter(plane, 0.4 / image.spacing_mm[[2, 1]]),
        zoom,
        order=1,
        grid_mode=True,
        mode="nearest",
    )
    broad = ndi.gaussian_filter(small, 60.0 / STEP_MM) + 0.15 * float(np.percentile(small, 98))
    origin = image.origin_lps_mm[1:] + (STEP_MM - image.spacing_mm[1:]) / 2
    return find_blocks((small / np.maximum(broad, 1e-6)).astype(np.float32), origin, 900)


def _first_bodies(image: Sampler, chain: list[BlockOutline]) -> list[BodySurface]:
    x_mm, turn_deg = midline(image, chain)
    depth = float(np.clip(np.median([b.depth_mm for b in chain]), 30, 36))
    step = np.array([np.hypot(a.y_mm - b.y_mm, a.z_mm - b.z_mm) for a, b in pairwise(chain)])
    step = np.r_[step[0], (step[1:] + step[:-1]) / 2, step[-1]]
    bodies = []
    for n, block in enumerate(chain):
        up, back = np.array([0, *block.up_yz]), np.array([0, *block.back_yz])
        left, r = np.cross(back, up), np.deg2rad(turn_deg[n])
        axes = np.stack([left * np.cos(r) - back * np.sin(r), back * np.cos(r) + left * np.sin(r), up])
        centre = np.array([x_mm[n], block.y_mm, block.z_mm])
        size = np.array([1.25 * depth, depth, 0.75 * step[n]])
        body = BodySurface(centre, axes, size, np.empty(0), float(np.clip(2.8 + 0.4 * n, 3, 5)))
        bodies.append(reframed(fit_surface(image, body, 0.5)))
    return [fit_surface(image, b, 1.0) for b in bodies]


def _sacrum_below(image: Sampler, bodies: list[BodySurface]) -> BodySurface | None:
    """S1 under the lowest body of the chain, where the chain missed it: it is short, tapers and leans."""
    last = bodies[0]
    typical = float(np.median([b.fit for b in bodies]))
    marrow = float(np.median([b.marrow for b in bodies[:3]]))
    best, out = 0.0, None
    height, depth = 23.0, 0.92 * float(np.median([b.size_mm[1] for b in bodies[:4]]))
    for heading_deg in (26.0, 34.0, 42.0, 50.0):
        for length in (31.0, 36.0):
            for more_deg in (0.0, 9.0):
                h, a = np.deg2rad(heading_deg), np.deg2rad(heading_deg + more_deg)
                centre = last.centre_lps_mm + length * np.array([0, np.sin(h), -np.cos(h)])
                if not _in_view(image, centre):
                    continue
                up, back = np.array([0, -np.sin(a), np.cos(a)]), np.array([0, np.cos(a), np.sin(a)])
                size = np.array([_RATIO_S1 * depth, depth, height])
                axes = np.stack([np.array([1.0, 0, 0]), back, up])
                body = fit_surface(image, BodySurface(centre, axes, size, np.empty(0), 3.0, S1_TAPER), 3.0)
                like = body.fit / typical - 0.8 * abs(np.log(max(body.marrow, 1e-3) / marrow))
                like -= (
                    1.5 * body.spread + 0.15 * ((heading_deg - 41) / 8) ** 2 + 0.1 * ((length - 35) / 3) ** 2
                )
                if like > best:
                    best, out = like, body
    return out if best > 0.25 else None


def _in_view(image: Sampler, point: Array) -> bool:
    index = (point - image.origin_lps_mm) / image.spacing_mm
    size = np.array(image.values.shape[::-1])
    return bool(((index > 0) & (index < size - 1)).all() and index[2] * image.spacing_mm[2] > 6)


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


def _levelled(bodies: list[BodySurface], with_sacrum: bool) -> list[BodySurface]:
    """Bodies whose tilt agrees with the course of the column, within what endplates may differ from it."""
    lean = headings_deg(bodies)
    course = np.r_[lean[0], (lean[1:] + lean[:-1]) / 2, lean[-1]]
    if with_sacrum:
        course[0] += 5
        course[1] = 0.3 * lean[0] + 0.7 * lean[1]
    out = []
    for n, body in enumerate(bodies):
        up = body.axes_lps[2]
        tilt = float(np.rad2deg(np.arctan2(-up[1], up[2])))
        turn = np.deg2rad(np.clip(tilt, course[n] - MOST_TILT_DEG, course[n] + MOST_TILT_DEG) - tilt)
        left, back, up = body.axes_lps
        axes = np.stack(
            [left, back * np.cos(turn) + up * np.sin(turn), up * np.cos(turn) - back * np.sin(turn)]
        )
        out.append(replace(body, axes_lps=axes))
    return out


def _trend(values: Array) -> Array:
    """Theil-Sen line through values one per body."""
    n = np.arange(len(values))
    a, b = np.triu_indices(len(values), 1)
    slope = float(np.median((values[b] - values[a]) / (b - a)))
    return np.asarray(np.median(values - slope * n) + slope * n)


def _refined(image: Sampler, bodies: list[BodySurface], with_sacrum: bool) -> list[BodySurface]:
    first = 1 if with_sacrum else 0
    for hold in (1.0, 3.0):
        size = np.array([b.size_mm for b in bodies])
        free = size[first:]
        trend = np.stack([_trend(free[:, k]) for k in range(3)], 1)
        place = np.arange(len(free))
        trend[:, 0] = (_RATIO_L5 - _RATIO_STEP * place) * trend[:, 1]
        size[first:] = np.clip(free, trend * [0.97, 0.92, 0.85], trend * [1.03, 1.08, 1.15])
        if with_sacrum:
            depth = float(np.clip(size[0, 1], 0.7 * trend[0, 1], 1.0 * trend[0, 1]))
            size[0] = [_RATIO_S1 * depth, depth, np.clip(size[0, 2], 18, 30)]
        bodies = _levelled(bodies, with_sacrum)
        shaped = [
            replace(
                b,
                size_mm=s,
                back_power=float(np.clip(2.8 + 0.4 * (n - first), 3, 5)),
                taper=S1_TAPER if n < first else 0.0,
            )
            for n, (b, s) in enumerate(zip(bodies, size, strict=True))
        ]
        bodies = [fit_surface(image, b, hold) for b in shaped]
        if hold == 1.0:
            bodies = [reframed(b) for b in bodies]
    return bodies
