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
from imaging.mr.edges import at_marrow_edge
from imaging.mr.foot import RATIO_S1, S1_TAPER, bodies_below, headings_deg, which_is_s1
from imaging.mr.midline import midline, recentred
from imaging.mr.plates import with_fitting_plates
from imaging.mr.regions import redrawn
from imaging.mr.surface import BodySurface, Sampler, fit_surface, reframed
from imaging.progress import Progress

Array = NDArray[np.float64]

LEAST_BODIES = 3
_SLAB_MM = 13.0
MOST_TILT_DEG = 7.0
_LEAST_LIKENESS = 0.52
_SHORT_STEP_MM, _SHALLOW_MM, _ON_COURSE_MM = 29.0, 24.0, 16.0
_SHORT_FOOT = 0.8
# From a body's middle to the back of its canal: nearer to the image's edge is fat behind the spine.
_CANAL_BEHIND_MM = 38.0
# S1 was no link of the chain but laid below it by its usual lean: a disc or a cut L5 may be taken for it.
_SOUGHT_DOUBT = 0.5
# Width over depth at mid height, L5 and up: after the bodies of Panjabi 1992 and Zukic 2014.
_RATIO_L5, _RATIO_STEP = 1.37, 0.043
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
    bodies = _without_short_foot(_likeliest(image, blocks, chain))
    progress.step(0.6, "Looking for the sacrum")
    sacral, doubt = which_is_s1(bodies)
    if sacral is not None:
        bodies = bodies[sacral:]
    else:
        below = bodies_below(image, bodies)
        bodies = [*below, *bodies]
        sacral = 0 if below else None
        doubt = max(doubt, _SOUGHT_DOUBT)
    progress.step(0.7, "Drawing the vertebral bodies")
    refined = _refined(image, recentred(image, bodies), sacral is not None)
    return Column(tuple(refined), None if sacral is None else 0, doubt)


def _likeliest(image: Sampler, blocks: list[BlockOutline], chain: list[BlockOutline]) -> list[BodySurface]:
    """First bodies of the best chain, or of that between its blocks: discs make a chain as well."""
    bodies = _first_bodies(image, chain)
    if _likeness(bodies) >= _LEAST_LIKENESS:
        return bodies
    places = np.array([[b.y_mm, b.z_mm] for b in chain])
    reach = 0.28 * float(np.median(np.linalg.norm(np.diff(places, axis=0), axis=1)))
    course = _course_mm(blocks, places)
    apart = [np.linalg.norm(places - [b.y_mm, b.z_mm], axis=1).min() for b in blocks]
    between = [b for b, d, c in zip(blocks, apart, course, strict=True) if d > reach and c < _ON_COURSE_MM]
    other = best_chain(between)[0]
    if len(other) < LEAST_BODIES:
        return bodies
    others = _first_bodies(image, extended_down(other, between, 2))
    return max(bodies, others, key=_likeness)


def _without_short_foot(bodies: list[BodySurface]) -> list[BodySurface]:
    """Without what lies below a step too short for two vertebrae at the foot of a chain: a disc, or S2."""
    steps = np.linalg.norm(np.diff([b.centre_lps_mm for b in bodies], axis=0), axis=1)
    short = [
        n for n in range(min(2, len(bodies) - LEAST_BODIES)) if steps[n] < _SHORT_FOOT * np.median(steps)
    ]
    return bodies[max(short) + 1 :] if short else bodies


def _likeness(bodies: list[BodySurface]) -> float:
    """How like vertebrae: median height over the distance to the next, less for short steps and depths.

    The height is about 0.7 of the step of vertebrae, 0.4 of discs; lumbar vertebrae are 30 to 40 mm apart.
    """
    middles = np.array([b.centre_lps_mm for b in bodies])
    steps = np.linalg.norm(np.diff(middles, axis=0), axis=1)
    share = float(np.median([b.size_mm[2] for b in bodies[1:]] / steps))
    depth = float(np.median([b.size_mm[1] for b in bodies]))
    return min(share, 0.72) - 0.05 * (
        max(0.0, _SHORT_STEP_MM - float(np.median(steps))) + max(0.0, _SHALLOW_MM - depth)
    )


def _course_mm(blocks: list[BlockOutline], places: Array) -> Array:
    """(n,) how far before or behind the line through a chain each block lies; its lower end runs on."""
    z = np.array([b.z_mm for b in blocks])
    slope = (places[1, 0] - places[0, 0]) / (places[1, 1] - places[0, 1])
    y = np.interp(z, places[:, 1], places[:, 0]) + slope * np.minimum(z - places[0, 1], 0)
    return np.asarray(np.abs(np.array([b.y_mm for b in blocks]) - y))


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
    blocks = find_blocks((small / np.maximum(broad, 1e-6)).astype(np.float32), origin, 900)
    last = image.origin_lps_mm[1] + image.spacing_mm[1] * (image.values.shape[1] - 1)
    return [b for b in blocks if b.y_mm < last - _CANAL_BEHIND_MM]


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
        power = float(np.clip(2.8 + 0.4 * n, 3, 5))
        body = BodySurface(centre, axes, size, np.empty(0), power, seen=block.seen)
        bodies.append(reframed(fit_surface(image, body, 0.5)))
    return [fit_surface(image, b, 1.0) for b in bodies]


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
    for hold in (0.75, 2.25):
        size = np.array([b.size_mm for b in bodies])
        free = size[first:]
        trend = np.stack([_trend(free[:, k]) for k in range(3)], 1)
        place = np.arange(len(free))
        trend[:, 0] = (_RATIO_L5 - _RATIO_STEP * place) * trend[:, 1]
        size[first:] = np.clip(free, trend * [0.97, 0.92, 0.85], trend * [1.03, 1.08, 1.15])
        if with_sacrum:
            depth = float(np.clip(size[0, 1], 0.7 * trend[0, 1], 0.86 * trend[0, 1]))
            size[0] = [RATIO_S1 * depth, depth, np.clip(size[0, 2], 18, 30)]
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
        if hold < 1.0:
            bodies = [reframed(b) for b in bodies]
    bodies = with_fitting_plates(image, redrawn(image, bodies, with_sacrum), with_sacrum)
    return at_marrow_edge(image, bodies)
