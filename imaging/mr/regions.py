"""Second pass over the bodies of a column: where brightness, as it is within and without on this image, says.

A first surface tells what marrow and its surroundings look like on this very image: histograms of
relative brightness just within and just without, pooled over the column for each kind of face. The second
surface takes each place along a ray by the logarithm of their ratio (optimal surface with region costs; Li
2006, Chan 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.mr.surface import (
    LABEL_MM,
    LABELS,
    BodySurface,
    Sampler,
    ahead,
    ray_directions,
    smooth_labels,
)

Array = NDArray[np.float64]

SIDE, FRONT, BACK, PLATE = range(4)
REGION, EDGE, HOLD = 0.2, 0.5, 0.04
MOST_RATIO = 1.2
_NEAR_MM, _FAR_MM = 1.6, 6.0
_BRIGHTNESS = np.linspace(0.0, 3.2, 49)
_NEIGHBOUR_MM = 60.0
_DELTA = (np.arange(LABELS) - LABELS // 2) * LABEL_MM


@dataclass(frozen=True, eq=False)
class _Seen:
    """Per ray and label: brightness (-1 unseen), and whether in a neighbour; per ray: kind of face."""

    rel: Array
    face: NDArray[np.intp]
    other: NDArray[np.bool_]


def redrawn(image: Sampler, bodies: Sequence[BodySurface], sacral: bool) -> list[BodySurface]:
    """Bodies of a column drawn again by what their regions look like on this image.

    Args:
        image: MR.
        bodies: foot to head, drawn once.
        sacral: whether the lowest is S1, which does not vote on what the others look like.
    """
    seen = [_look(image, body, bodies) for body in bodies]
    voters = seen[1:] if sacral and len(seen) > 1 else seen
    ratios = {face: _log_ratio(voters, face) for face in (SIDE, FRONT, BACK, PLATE)}
    out = []
    for body, look in zip(bodies, seen, strict=True):
        level = np.clip(np.digitize(look.rel, _BRIGHTNESS) - 1, 0, len(_BRIGHTNESS) - 2)
        marrow_like = np.zeros_like(look.rel)
        for face, ratio in ratios.items():
            here = look.face == face
            marrow_like[here] = ratio[level[here]]
        marrow_like[look.other] = -MOST_RATIO
        marrow_like[look.rel < 0] = 0.0
        soft = ndi.uniform_filter1d(look.rel, 3, axis=-1, mode="nearest")
        fall = np.clip(ahead(soft, -2) - np.minimum(ahead(soft, 1), ahead(soft, 2)), 0, 0.5) / 0.4
        held = np.broadcast_to(HOLD * _DELTA**2, look.rel.shape)
        cost = held - REGION * LABEL_MM * np.cumsum(marrow_like, -1) - EDGE * fall
        label = smooth_labels(np.where(look.rel < 0, held, cost))
        radius = body.radius_mm + (label - LABELS // 2) * LABEL_MM
        radius = ndi.gaussian_filter(radius, (0.6, 0.7), mode=("nearest", "wrap"))
        out.append(replace(body, radius_mm=np.maximum(radius, 2.0)))
    return out


def _look(image: Sampler, body: BodySurface, bodies: Sequence[BodySurface]) -> _Seen:
    radius = np.maximum(body.radius_mm[..., None] + _DELTA, 1.0)
    points = body.to_lps(ray_directions()[..., None, :] * radius[..., None])
    values = image(points)
    deep = values[..., _DELTA < -2.0]
    known = deep >= 0
    level = float(np.median(deep[known])) if known.any() else 1.0
    inner = np.where(known, deep, 0.0).sum(-1) / np.maximum(known.sum(-1), 1)
    inner = np.clip(np.where(known.any(-1), inner, level) / max(level, 1e-6), 0.75, 1.3)
    inner = ndi.gaussian_filter(inner, (1.5, 3), mode=("nearest", "wrap")) * max(level, 1e-6)
    other = np.zeros(values.shape, bool)
    for b in bodies:
        if b is not body and np.linalg.norm(b.centre_lps_mm - body.centre_lps_mm) < _NEIGHBOUR_MM:
            other |= b.depth_mm(b.to_local(points)) < 1.0
    return _Seen(np.where(values >= 0, values / inner[..., None], -1.0), faces(body), other)


def faces(body: BodySurface) -> NDArray[np.intp]:
    """(RAYS) SIDE, FRONT, BACK or PLATE."""
    u = body.points_local_mm() / (body.size_mm / 2)
    axis = np.abs(u).argmax(-1)
    return np.where(axis == 0, SIDE, np.where(axis == 2, PLATE, np.where(u[..., 1] > 0, BACK, FRONT)))


def _log_ratio(seen: Sequence[_Seen], face: int) -> Array:
    """(bins,) logarithm of how much likelier a brightness is within than without, at one kind of face."""
    shares = []
    for sign in (-1, 1):
        there = (sign * _DELTA > _NEAR_MM) & (sign * _DELTA < _FAR_MM)
        count = np.zeros(len(_BRIGHTNESS) - 1)
        for s in seen:
            use = (s.face == face)[..., None] & there & ~s.other & (s.rel >= 0)
            count += np.histogram(np.clip(s.rel[use], 0, _BRIGHTNESS[-1] - 0.01), _BRIGHTNESS)[0]
        count = ndi.gaussian_filter1d(count, 1.2, mode="nearest")
        total = max(float(count.sum()), 1.0)
        shares.append((count / total + 1e-3) / (1 + 1e-3 * len(count)))
    return np.asarray(np.clip(np.log(shares[0] / shares[1]), -MOST_RATIO, MOST_RATIO))
