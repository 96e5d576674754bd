"""The surface of one vertebral body on MR: the best closed surface round its middle.

A surface is a distance along each of many rays from the body's middle. What speaks for a distance is a fall
from marrow to the dark rim (or a rise to bright fluid or disc), and that what lies within is as bright as the
marrow's own median. Neighbouring rays are held together by semi-global matching (Hirschmueller 2008).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage as ndi

Array = NDArray[np.float64]

RAYS = (30, 96)
LABEL_MM = 0.7
REACH_MM = 10.5
LABELS = int(2 * REACH_MM / LABEL_MM) + 1
EDGE, REGION, HOLD = 2.0, 0.35, 0.006
REGION_CAP = 2.5
RISE_WORTH = 0.4
SLOPE = 0.6
FRONT_POWER = 2.0
LATERAL_HOLD = 8.0
# How much wider at the endplates than at mid height, as seen from above; where between it is even.
WAIST, WAIST_BEHIND, WAIST_EVEN = 0.15, 0.6, 0.35
SQUARE = 9
INSET_MM = -0.1
_BEYOND = 50.0


@dataclass(frozen=True, eq=False)
class Sampler:
    """Brightness at any place: an array [z, y, x] on an axis-aligned grid."""

    values: NDArray[np.float32]
    origin_lps_mm: Array
    spacing_mm: Array

    def __call__(self, points_lps_mm: ArrayLike) -> Array:
        """(...,) brightness; -1 outside the image."""
        return np.asarray(np.where(self.inside(points_lps_mm), self.held(points_lps_mm), -1.0))

    def inside(self, points_lps_mm: ArrayLike) -> NDArray[np.bool_]:
        """(...,) whether a place lies in the image."""
        index = (np.asarray(points_lps_mm, float) - self.origin_lps_mm) / self.spacing_mm
        size = np.array(self.values.shape[::-1])
        return np.asarray(~((index < -0.6) | (index > size - 0.4)).any(-1))

    def held(self, points_lps_mm: ArrayLike) -> Array:
        """(...,) brightness; outside the image that of its border, so that its end is no edge."""
        index = (np.asarray(points_lps_mm, float) - self.origin_lps_mm) / self.spacing_mm
        at = np.moveaxis(index[..., ::-1], -1, 0)
        return np.asarray(ndi.map_coordinates(self.values, at, order=1, mode="nearest", prefilter=False))


@dataclass(frozen=True, eq=False)
class BodySurface:
    """A vertebral body's frame and closed surface.

    Attributes:
        centre_lps_mm: (3,).
        axes_lps: (3, 3) rows are unit vectors left, posterior, superior.
        size_mm: (3,) width, depth, height of the box it was sought round.
        radius_mm: RAYS distances from the centre, empty before the search.
        back_power: how square the box is behind, seen from above; about 3 at L5, 5 at L1.
        taper: how much wider the box is at its top than in its middle, as a fraction; 0.25 for S1.
        marrow: median brightness inside; spread: its robust deviation, relative.
        fit: mean edge strength round the sagittal outline, relative to the marrow.
        seen: False where the search began between two neighbours, without a block of its own.
    """

    centre_lps_mm: Array
    axes_lps: Array
    size_mm: Array
    radius_mm: Array
    back_power: float = 4.0
    taper: float = 0.0
    marrow: float = 0.0
    spread: float = 0.0
    fit: float = 0.0
    seen: bool = True

    def to_local(self, points_lps_mm: ArrayLike) -> Array:
        """(..., 3) LPS mm to mm left, posterior, superior of the centre."""
        return np.asarray((np.asarray(points_lps_mm, float) - self.centre_lps_mm) @ self.axes_lps.T)

    def to_lps(self, local: ArrayLike) -> Array:
        """(..., 3) local mm to LPS mm."""
        return np.asarray(np.asarray(local, float) @ self.axes_lps + self.centre_lps_mm)

    def points_local_mm(self) -> Array:
        """(RAYS, 3) surface points in the body's frame."""
        return np.asarray(ray_directions() * self.radius_mm[..., None])

    def depth_mm(self, local: ArrayLike) -> Array:
        """(...,) distance along the ray beyond the surface; negative inside."""
        local = np.asarray(local, float)
        if local.ndim == 1:
            return np.asarray(self.depth_mm(local[None])[0])
        r = np.linalg.norm(local, axis=-1)
        theta = np.arccos(np.clip(local[..., 0] / np.maximum(r, 1e-6), -1, 1))
        phi = np.arctan2(local[..., 2], local[..., 1]) % (2 * np.pi)
        rows, columns = RAYS
        wide = np.concatenate([self.radius_mm, self.radius_mm[:, :1]], 1)
        at = [theta / np.pi * rows - 0.5, phi / (2 * np.pi) * columns]
        bound = ndi.map_coordinates(wide, at, order=1, mode="nearest", prefilter=False)
        return np.asarray(r - bound)


def ray_directions() -> Array:
    """(RAYS, 3) unit vectors; rows run from the left pole to the right one, columns from back over up."""
    theta = (np.arange(RAYS[0]) + 0.5) / RAYS[0] * np.pi
    phi = np.arange(RAYS[1]) / RAYS[1] * 2 * np.pi
    t, f = np.meshgrid(theta, phi, indexing="ij")
    return np.stack([np.cos(t), np.sin(t) * np.cos(f), np.sin(t) * np.sin(f)], -1)


def box_radius(size_mm: Array, back_power: float, taper: float = 0.0) -> Array:
    """(RAYS) distance to a box of these sides: oval seen from above, waisted between its endplates.

    A box that tapers (S1) has no waist; the others are narrowed at mid height and widened at their endplates.
    """
    rays = ray_directions()
    u = np.abs(rays) / (size_mm / 2)
    power = np.where(rays[..., 1] < 0, FRONT_POWER, back_power)
    axial = (u[..., 0] ** power + u[..., 1] ** power) ** (1 / power)
    waist = 0.0 if taper else WAIST * np.where(rays[..., 1] > 0, WAIST_BEHIND, 1.0)
    radius = (axial**SQUARE + u[..., 2] ** SQUARE) ** (-1 / SQUARE)
    for _ in range(4):
        z = np.clip(radius * rays[..., 2] / (size_mm[2] / 2), -1, 1)
        grown = 1 + taper * z + waist * (z**2 - WAIST_EVEN)
        radius = ((axial / grown) ** SQUARE + u[..., 2] ** SQUARE) ** (-1 / SQUARE)
    return np.asarray(radius)


def fit_surface(
    image: Sampler,
    body: BodySurface,
    hold: float = 1.0,
    *,
    region: float = REGION,
    reach_mm: float = REACH_MM,
) -> BodySurface:
    """The best closed surface round a body's box.

    Args:
        image: MR.
        body: the box and its frame.
        hold: how strongly the box is believed.
        region: what a place inside costs that is unlike the marrow; low where marrow is changed.
        reach_mm: how far from the box the surface may lie.
    """
    base = box_radius(body.size_mm, body.back_power, body.taper)
    delta = (np.arange(LABELS) - LABELS // 2) * LABEL_MM
    radius = np.maximum(base[..., None] + delta, 1.0)
    rays = ray_directions()
    values = image(body.to_lps(rays[..., None, :] * radius[..., None]))
    seen = values >= 0
    core = values[(delta < -3.5) & np.ones_like(seen) & seen]
    marrow = float(np.median(core)) if core.size else 1.0
    spread = float(1.4826 * np.median(np.abs(core - marrow)) / max(marrow, 1e-6)) if core.size else 1.0
    rel = np.where(seen, values / max(marrow, 1e-6), 0.6)
    inner = rel[..., (delta < -2.5)].mean(-1)
    inner = ndi.gaussian_filter(np.clip(inner, 0.75, 1.3), (1.5, 3), mode=("nearest", "wrap"))
    rel = rel / inner[..., None]
    soft = ndi.uniform_filter1d(rel, 3, axis=-1, mode="nearest")
    dark = np.minimum(np.minimum(ahead(soft, 1), ahead(soft, 2)), ahead(soft, 3))
    bright = ahead(ndi.uniform_filter1d(rel, 5, axis=-1, mode="nearest"), 3)
    behind = ahead(ndi.uniform_filter1d(rel, 3, axis=-1, mode="nearest"), -2)
    slope = ahead(rel, -1) - ahead(rel, 1)
    fall = 0.5 * (behind - dark) + SLOPE * slope
    rise = bright - behind
    edge = np.maximum(fall, RISE_WORTH * np.minimum(rise, 0.5) - 0.5 * RISE_WORTH * slope)
    raw = np.clip(edge, -0.3, 0.6)
    strong = float(np.percentile(edge.max(-1), 60))
    edge = np.minimum(edge / max(strong, 0.08), 1.2)
    unlike = np.clip(np.abs(rel - 1) / max(0.15, 2.0 * spread, 0.6 * strong) - 1, 0, 1.5)
    within = np.minimum(np.cumsum(region * unlike, -1), REGION_CAP)
    held = hold * HOLD * (1 + LATERAL_HOLD * rays[..., 0] ** 4)
    cost = -EDGE * edge + within + held[..., None] * delta**2
    cost[~seen] = (held[..., None] * delta**2)[~seen]
    cost[..., np.abs(delta) > reach_mm] = _BEYOND
    label = smooth_labels(cost)
    out = base + (label - LABELS // 2) * LABEL_MM
    out = ndi.gaussian_filter(out, (0.6, 0.7), mode=("nearest", "wrap"))
    picked = np.take_along_axis(raw, np.rint(label).astype(int)[..., None], -1)[..., 0]
    fit = float(picked[np.abs(rays[..., 0]) < 0.45].mean())
    return replace(body, radius_mm=np.maximum(out - INSET_MM, 2.0), marrow=marrow, spread=spread, fit=fit)


def ahead(values: Array, by: int) -> Array:
    """Values ``by`` labels further out."""
    at = np.clip(np.arange(values.shape[-1]) + by, 0, values.shape[-1] - 1)
    return np.asarray(values[..., at])


def smooth_labels(cost: Array) -> Array:
    """(RAYS) label (sub-label by parabola) of least aggregated cost."""
    jump = np.abs(np.arange(LABELS)[:, None] - np.arange(LABELS)[None])
    penalty = np.minimum(0.12 * jump + 0.06 * jump**2, 3.0)
    total = np.zeros_like(cost)
    rows, columns = RAYS
    # Round about: twice the circle, so that the seam is like any other place.
    twice = np.concatenate([cost, cost], 1)
    for order in (range(2 * columns), range(2 * columns - 1, -1, -1)):
        last = np.zeros((rows, LABELS))
        for n, c in enumerate(order):
            last = twice[:, c] + (last[:, None, :] + penalty).min(-1)
            last -= last.min(-1, keepdims=True)
            if n >= columns:
                total[:, c % columns] += last
    for order in (range(rows), range(rows - 1, -1, -1)):
        side = np.zeros((columns, LABELS))
        for r in order:
            side = cost[r] + (side[:, None, :] + penalty).min(-1)
            side -= side.min(-1, keepdims=True)
            total[r] += side
    best: NDArray[np.intp] = np.asarray(total.argmin(-1))
    inner = np.clip(best, 1, LABELS - 2)
    lower, here, upper = (np.take_along_axis(total, (inner + k)[..., None], -1)[..., 0] for k in (-1, 0, 1))
    curve = lower - 2 * here + upper
    shift = np.where((curve > 1e-9) & (best == inner), 0.5 * (lower - upper) / np.maximum(curve, 1e-9), 0.0)
    return np.asarray(best + np.clip(shift, -0.5, 0.5))


def reframed(body: BodySurface) -> BodySurface:
    """The frame turned and centred after the surface: endplates level, middle in the middle."""
    points = body.points_local_mm()
    half = body.size_mm / 2
    mid = np.abs(points[..., 0]) < 0.75 * half[0]
    core = mid & (np.abs(points[..., 1]) < 0.75 * half[1])
    slopes = []
    for sign in (1, -1):
        face = core & (sign * points[..., 2] > 0.45 * half[2])
        if face.sum() < 8:
            continue
        p = points[face]
        design = np.column_stack([p[:, 0], p[:, 1], np.ones(len(p))])
        slopes.append(_robust(design, p[:, 2])[:2])
    lean_l, lean_p = np.clip(np.mean(slopes, 0), -0.35, 0.35) if slopes else (0.0, 0.0)
    up = np.array([-0.7 * lean_l, -lean_p, 1.0])
    up /= np.linalg.norm(up)
    back = np.array([0.0, 1, 0]) - up * up[1]
    back /= np.linalg.norm(back)
    turn = np.stack([np.cross(back, up), back, up])
    axes = turn @ body.axes_lps
    turned = points @ turn.T
    size, middle = np.empty(3), np.empty(3)
    for k in range(3):
        others = [n for n in range(3) if n != k]
        near = (np.abs(turned[..., others]) < 0.6 * half[others]).all(-1)
        top = turned[..., k][near & (turned[..., k] > 0)]
        bottom = turned[..., k][near & (turned[..., k] < 0)]
        high = float(np.median(top)) if top.size else half[k]
        low = float(np.median(bottom)) if bottom.size else -half[k]
        size[k], middle[k] = high - low, (high + low) / 2
    middle[0] = 0.0
    centre = body.centre_lps_mm + middle @ axes
    return BodySurface(centre, axes, size, np.empty(0), body.back_power, body.taper, seen=body.seen)


def _robust(design: Array, values: Array) -> Array:
    weights: Array = np.ones(len(values))
    fit: Array = np.zeros(design.shape[1])
    for _ in range(4):
        fit = np.asarray(np.linalg.lstsq(design * weights[:, None], values * weights, rcond=None)[0])
        rest = np.abs(values - design @ fit)
        weights = 1 / np.maximum(1.0, rest / 0.8)
    return fit
