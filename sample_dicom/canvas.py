"""Signed distances painted on the part of a voxel grid that one bone needs.

Distances are millimetres, negative inside. Shapes that have no cheap exact distance use the first-order
one, value / |gradient|, which has the exact zero surface (Taubin 1994).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.geometry.grid import VolumeGrid
from sample_dicom.frames import Frame

F32 = NDArray[np.float32]
Distance = Callable[[F32, F32, F32], F32]
FAR_MM = 40.0
MARGIN_MM = 6.0


@dataclass(frozen=True, eq=False)
class Primitive:
    """A distance function of local (u, v, w) and the local box, (3,) low and high, that holds its inside."""

    distance: Distance
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def of(cls, distance: Distance, low: ArrayLike, high: ArrayLike) -> Primitive:
        """Primitive from any sequences."""
        return cls(distance, np.asarray(low, float), np.asarray(high, float))


def smooth_min(a: F32, b: F32, k: float) -> F32:
    """Union with a fillet; equals min(a, b) wherever they differ by k or more."""
    if k <= 0:
        return np.minimum(a, b)
    h = np.maximum(k - np.abs(a - b), 0.0) / k
    return np.asarray(np.minimum(a, b) - h * h * (k * 0.25), np.float32)


def smooth_max(a: F32, b: F32, k: float) -> F32:
    """Intersection with a rounded edge; equals max(a, b) wherever they differ by k or more."""
    return -smooth_min(-a, -b, k)


def ellipse_distance(a: F32, b: F32, half_a: F32 | float, half_b: F32 | float, power: float = 2.0) -> F32:
    """First-order distance to |a/A|^n + |b/B|^n = 1."""
    x, y = np.abs(a) / half_a, np.abs(b) / half_b
    if power == 2.0:
        g = np.sqrt(x * x + y * y) + 1e-6
        gradient = np.sqrt((x / half_a) ** 2 + (y / half_b) ** 2) / g
    else:
        # Beyond the end of a tapering shape a half axis would be negative.
        x, y = (np.where(np.signbit(part), np.float32(1e3), part) for part in (x, y))
        xp, yp = x ** (power - 1), y ** (power - 1)
        g = (x * xp + y * yp) ** (1 / power) + 1e-6
        gradient = np.sqrt((xp / half_a) ** 2 + (yp / half_b) ** 2) / g ** (power - 1)
    return np.asarray((g - 1) / np.maximum(gradient, 1e-3), np.float32)


def rod(
    start: ArrayLike,
    end: ArrayLike,
    start_radius: float,
    end_radius: float | None = None,
    stretch: ArrayLike = (1.0, 1.0, 1.0),
) -> Primitive:
    """Round-ended rod with a linearly changing radius, stretched about its own axis line along u, v, w."""
    p, q, s = (np.asarray(x, float) for x in (start, end, stretch))
    r0 = start_radius
    r1 = start_radius if end_radius is None else end_radius
    ps, step = p / s, (q - p) / s
    length2 = float(step @ step) or 1e-9

    def distance(u: F32, v: F32, w: F32) -> F32:
        du = u / np.float32(s[0]) - np.float32(ps[0])
        dv = v / np.float32(s[1]) - np.float32(ps[1])
        dw = w / np.float32(s[2]) - np.float32(ps[2])
        t = np.clip((du * step[0] + dv * step[1] + dw * step[2]) / length2, 0, 1).astype(np.float32)
        du -= t * np.float32(step[0])
        dv -= t * np.float32(step[1])
        dw -= t * np.float32(step[2])
        return np.asarray(np.sqrt(du * du + dv * dv + dw * dw) - (r0 + t * np.float32(r1 - r0)), np.float32)

    reach = max(r0, r1) * s
    return Primitive(distance, np.minimum(p, q) - reach, np.maximum(p, q) + reach)


def mirrored(primitive: Primitive) -> Primitive:
    """The same on the other side of the midline."""
    low, high = primitive.low * [-1, 1, 1], primitive.high * [-1, 1, 1]
    return Primitive(
        lambda u, v, w: primitive.distance(-u, v, w), np.minimum(low, high), np.maximum(low, high)
    )


def united(primitives: Sequence[Primitive], blend: float) -> Primitive:
    """Several as one, with fillets."""

    def distance(u: F32, v: F32, w: F32) -> F32:
        out = primitives[0].distance(u, v, w)
        for other in primitives[1:]:
            out = smooth_min(out, other.distance(u, v, w), blend)
        return out

    low, high = (np.stack([getattr(p, end) for p in primitives]) for end in ("low", "high"))
    return Primitive(distance, low.min(0), high.max(0))


def kept_where(primitive: Primitive, inside: Distance, blend: float = 1.0) -> Primitive:
    """What of a primitive lies where ``inside`` is negative."""
    return Primitive(
        lambda u, v, w: smooth_max(primitive.distance(u, v, w), inside(u, v, w), blend),
        primitive.low,
        primitive.high,
    )


def placed(primitive: Primitive, frame: Frame) -> Primitive:
    """A primitive of an inner frame as one of the frame that ``frame`` is given in."""
    rows = frame.axes_lps.astype(np.float32)
    o = frame.origin_lps_mm.astype(np.float32)

    def distance(u: F32, v: F32, w: F32) -> F32:
        x, y, z = u - o[0], v - o[1], w - o[2]
        return primitive.distance(*(np.asarray(r[0] * x + r[1] * y + r[2] * z, np.float32) for r in rows))

    corners = frame.lps(list(product(*zip(primitive.low, primitive.high, strict=True))))
    return Primitive(distance, corners.min(0), corners.max(0))


class Canvas:
    """A crop of the grid with its local coordinates and the distance of what was painted so far."""

    def __init__(self, grid: VolumeGrid, frame: Frame, low: ArrayLike, high: ArrayLike) -> None:
        self.frame = frame
        self._spacing = grid.spacing_ijk_mm
        corners = frame.lps(list(product(*zip(np.asarray(low), np.asarray(high), strict=True))))
        size = np.array(grid.shape_kji[::-1])
        ijk = grid.indices_from_lps(corners)
        first = np.clip(np.floor(ijk.min(0)).astype(int), 0, size)
        last = np.clip(np.ceil(ijk.max(0)).astype(int) + 1, first, size)
        self.slices = tuple(slice(int(a), int(b)) for a, b in zip(first[::-1], last[::-1], strict=True))
        self._first_lps = grid.lps_from_indices(first)
        axes_mm = [
            (self._first_lps[i] - frame.origin_lps_mm[i]) + np.arange(last[i] - first[i]) * self._spacing[i]
            for i in range(3)
        ]
        x, y, z = axes_mm[0][None, None, :], axes_mm[1][None, :, None], axes_mm[2][:, None, None]
        rows = frame.axes_lps
        self.u, self.v, self.w = (
            np.asarray(row[0] * x + row[1] * y + row[2] * z, np.float32) for row in rows
        )
        self.sdf: F32 = np.full(self.u.shape, FAR_MM, np.float32)

    def window(self, low: ArrayLike, high: ArrayLike, margin: float = MARGIN_MM) -> tuple[slice, ...]:
        """Slices of the crop that hold a local box and a margin."""
        lo, hi = np.asarray(low) - margin, np.asarray(high) + margin
        corners = self.frame.lps(list(product(*zip(lo, hi, strict=True))))
        index = (corners - self._first_lps) / self._spacing
        size = np.array(self.sdf.shape[::-1])
        first = np.clip(np.floor(index.min(0)).astype(int), 0, size)
        last = np.clip(np.ceil(index.max(0)).astype(int) + 1, first, size)
        return tuple(slice(int(a), int(b)) for a, b in zip(first[::-1], last[::-1], strict=True))

    def evaluate(self, primitive: Primitive, margin: float = MARGIN_MM) -> F32:
        """Distance on the whole crop, FAR_MM away from the primitive's box."""
        out = np.full(self.sdf.shape, FAR_MM, np.float32)
        at = self.window(primitive.low, primitive.high, margin)
        if out[at].size:
            out[at] = primitive.distance(self.u[at], self.v[at], self.w[at])
        return out

    def add(self, primitive: Primitive, blend: float = 2.0) -> None:
        """Unite with a primitive."""
        at = self.window(primitive.low, primitive.high)
        if self.sdf[at].size:
            d = primitive.distance(self.u[at], self.v[at], self.w[at])
            self.sdf[at] = smooth_min(self.sdf[at], d, blend)

    def add_both(self, primitive: Primitive, blend: float = 2.0) -> None:
        """Unite with a primitive and its mirror image."""
        self.add(primitive, blend)
        self.add(mirrored(primitive), blend)

    def carve(self, primitive: Primitive, blend: float = 1.0) -> None:
        """Take a primitive away."""
        at = self.window(primitive.low, primitive.high)
        if self.sdf[at].size:
            d = primitive.distance(self.u[at], self.v[at], self.w[at])
            self.sdf[at] = smooth_max(self.sdf[at], -d, blend)
