"""A spine unrolled along its canal: axes along, back and left, with the way back to LPS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage as ndi

from imaging.errors import PlannerError
from imaging.segmentation.iso import IsoVolume

Array = NDArray[np.float64]
Image = NDArray[np.float32]

P_RANGE_MM = (-50, 40)
L_RANGE_MM = (-30, 30)


@dataclass(frozen=True, eq=False)
class Straightened:
    """The spine sampled along a curve on the midline posterior wall of the bodies.

    Attributes:
        values: float32 [s, p, l] HU, 1 mm steps; s to the head, p back (0 at the wall), l left.
        wall_lps_mm: (n, 3) the curve, one point per s.
        along_lps, back_lps, left_lps: (n, 3) unit axes at each s.
    """

    values: Image
    wall_lps_mm: Array
    along_lps: Array
    back_lps: Array
    left_lps: Array

    def to_lps(self, s: ArrayLike, p: ArrayLike, lateral: ArrayLike) -> Array:
        """(..., 3) LPS mm of straightened coordinates (mm, s may be fractional)."""
        n = len(self.wall_lps_mm)
        s, p, lateral = (np.asarray(a, float) for a in (s, p, lateral))
        index = np.clip(s, 0, n - 1)
        grid = np.arange(n)

        def at(table: Array) -> Array:
            return np.stack([np.interp(index, grid, table[:, c]) for c in range(3)], -1)

        over = (s - index)[..., None] * at(self.along_lps)
        return np.asarray(
            at(self.wall_lps_mm)
            + over
            + p[..., None] * at(self.back_lps)
            + lateral[..., None] * at(self.left_lps)
        )

    def sample(self, s: Array, p: Array, lateral: Array) -> Image:
        """HU at straightened coordinates, inside the unrolled block."""
        index = np.stack(np.broadcast_arrays(s, p - P_RANGE_MM[0], lateral - L_RANGE_MM[0]))
        out = ndi.map_coordinates(self.values, index, order=1, mode="nearest")
        return np.asarray(out, dtype=np.float32)


def _axes(curve: Array, smooth_mm: float) -> tuple[Array, Array, Array]:
    tangent = np.gradient(ndi.gaussian_filter1d(curve, smooth_mm, axis=0, mode="nearest"), axis=0)
    tangent = ndi.gaussian_filter1d(tangent, smooth_mm / 2, axis=0, mode="nearest")
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    back = np.array([0.0, 1, 0]) - tangent * tangent[:, 1:2]
    back /= np.linalg.norm(back, axis=1, keepdims=True)
    return tangent, back, np.cross(back, tangent)


def _even(curve: Array, extend_mm: float) -> Array:
    """The curve in 1 mm steps of arc length, continued straight at both ends."""
    head = curve[-1] - curve[max(0, len(curve) - 12)]
    foot = curve[0] - curve[min(len(curve) - 1, 12)]
    curve = np.concatenate(
        [
            (curve[0] + foot / np.linalg.norm(foot) * extend_mm)[None],
            curve,
            (curve[-1] + head / np.linalg.norm(head) * extend_mm)[None],
        ]
    )
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))]
    steps = np.arange(0, length[-1], 1.0)
    return np.stack([np.interp(steps, length, curve[:, c]) for c in range(3)], 1)


def _unrolled(iso: IsoVolume, curve: Array, axes: tuple[Array, Array, Array]) -> Image:
    along, back, left = axes
    del along
    p = np.arange(P_RANGE_MM[0], P_RANGE_MM[1] + 1.0)
    lat = np.arange(L_RANGE_MM[0], L_RANGE_MM[1] + 1.0)
    points = (
        curve[:, None, None]
        + p[None, :, None, None] * back[:, None, None]
        + lat[None, None, :, None] * left[:, None, None]
    )
    return iso.sample(points)


def _wall_offset(values: Image) -> Array:
    """Per s, where the bodies' posterior wall lies from the canal path (mm, negative to the front)."""
    mid = -L_RANGE_MM[0]
    sheet = np.clip(values[:, :, mid - 6 : mid + 7], -60, 400).mean(2)
    sheet = ndi.gaussian_filter(sheet, (2.5, 1.0))
    edge = -np.gradient(sheet, axis=1)
    window = np.arange(-22, 1)
    reward = np.clip(edge[:, window - P_RANGE_MM[0]], 0, 60)
    best = reward[0].copy()
    back = np.zeros(reward.shape, int)
    for s in range(1, len(reward)):
        options = np.stack([np.roll(best, d) - 4.0 * abs(d) for d in (-1, 0, 1)])
        options[0, -1] = options[2, 0] = -np.inf
        choice = options.argmax(0)
        back[s] = np.arange(len(window)) - (choice - 1)
        best = options.max(0) + reward[s]
    path = np.zeros(len(reward), int)
    path[-1] = int(best.argmax())
    for s in range(len(reward) - 1, 0, -1):
        path[s - 1] = back[s, path[s]]
    return np.asarray(ndi.gaussian_filter1d(window[path].astype(float), 4.0, mode="nearest"))


def straighten(iso: IsoVolume, canal_lps_mm: Array, extend_mm: float = 25.0) -> Straightened:
    """Unroll ``iso`` along the canal and re-centre on the bodies' posterior wall.

    Raises:
        PlannerError: ``no_spine_found`` for a canal of one point, which has no direction.
    """
    if len(canal_lps_mm) < 2:
        raise PlannerError("no_spine_found", "The spinal canal is too short to follow. Choose a longer CT.")
    curve = _even(canal_lps_mm, extend_mm)
    axes = _axes(curve, 12.0)
    offset = _wall_offset(_unrolled(iso, curve, axes))
    wall = _even(curve + offset[:, None] * axes[1], 0.0)
    wall = ndi.gaussian_filter1d(wall, 4.0, axis=0, mode="nearest")
    wall = _even(wall, 4.0)
    axes = _axes(wall, 12.0)
    return Straightened(_unrolled(iso, wall, axes), wall, *axes)
