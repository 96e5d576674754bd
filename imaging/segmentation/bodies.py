"""Vertebral bodies: endplates as height fields over the disc planes, the wall as r(angle, height)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.segmentation.frames import Frame
from imaging.segmentation.iso import NO_IMAGE_HU, IsoVolume

Array = NDArray[np.float64]
Mode = Literal["nearest", "wrap"]

LAT_MM = np.arange(-34, 35, 1.0)
P_MM = np.arange(-48, 9, 1.0)
ANGLES = 72
LEVELS = np.linspace(0.04, 0.96, 22)
R_MM = np.arange(6, 40.1, 0.5)
# The steepest fall of clipped, smoothed HU lies this far outside the surface an expert draws.
EDGE_BIAS_MM = 0.4


@dataclass(frozen=True, eq=False)
class BodyModel:
    """A body in its vertebra's frame.

    Attributes:
        frame: of the vertebra.
        top_mm, bottom_mm: (lateral, p) s of the endplates over ``LAT_MM`` x ``P_MM``.
        axis_p_mm: where the body's axis stands, in front of the wall.
        wall_mm: (levels, angles) distance of the wall from that axis.
        cancellous_hu: median inside.
    """

    frame: Frame
    top_mm: Array
    bottom_mm: Array
    axis_p_mm: float
    wall_mm: Array
    cancellous_hu: float

    def contains(self, local: Array) -> NDArray[np.bool_]:
        """(...,) whether local points (..., 3) lie in the body."""
        return self.depth(local) <= 0

    def depth(self, local: Array) -> Array:
        """(...,) signed distance-like measure in mm, negative inside."""
        lat, p, s = np.moveaxis(local, -1, 0)
        index = np.stack([lat - LAT_MM[0], p - P_MM[0]])
        top = ndi.map_coordinates(self.top_mm, index, order=1, mode="nearest")
        bottom = ndi.map_coordinates(self.bottom_mm, index, order=1, mode="nearest")
        level = np.clip((s - bottom) / np.maximum(top - bottom, 1.0), 0, 1)
        angle = np.arctan2(lat, -(p - self.axis_p_mm)) / (2 * np.pi) * ANGLES
        row = (level - LEVELS[0]) / (LEVELS[1] - LEVELS[0])
        wrapped = np.concatenate([self.wall_mm, self.wall_mm[:, :1]], 1)
        r = ndi.map_coordinates(wrapped, np.stack([row, np.mod(angle, ANGLES)]), order=1, mode="nearest")
        radial = np.hypot(lat, p - self.axis_p_mm) - r
        return np.asarray(np.maximum(radial, np.maximum(s - top, bottom - s)) + EDGE_BIAS_MM)


def least_surface(
    cost: NDArray[np.floating],
    offsets: Array,
    sigmas: tuple[float, ...],
    reaches: tuple[float, ...],
    wrap: Mode = "nearest",
) -> Array:
    """Offsets that minimise ``cost`` (a, b, offset), coarse to fine under Gaussian smoothing."""
    step = offsets[1] - offsets[0]
    now = np.zeros(cost.shape[:2])
    ia, ib = np.meshgrid(*[np.arange(n, dtype=float) for n in cost.shape[:2]], indexing="ij")
    for sigma, reach in zip(sigmas, reaches, strict=True):
        local = np.arange(-reach, reach + 1e-6, step)
        index = (now[..., None] + local - offsets[0]) / step
        moved = ndi.map_coordinates(
            cost,
            np.stack(
                [
                    np.broadcast_to(ia[..., None], index.shape),
                    np.broadcast_to(ib[..., None], index.shape),
                    index,
                ]
            ),
            order=1,
            mode="nearest",
        )
        modes: tuple[Mode, Mode, Mode] = ("nearest", wrap, "nearest")
        smooth = ndi.gaussian_filter(moved, (sigma, sigma, 0), mode=modes)
        smooth += 0.15 * np.abs(local) * smooth.std()
        best = local[smooth.argmin(-1)]
        now = now + ndi.gaussian_filter(best, sigma / 2, mode=modes[:2])
    return now


def _carried_on(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """Profiles along the last axis, carried on where the image ends: its end is no edge of bone."""
    known = hu > NO_IMAGE_HU
    if known.all():
        return hu
    last = np.maximum.accumulate(np.where(known, np.arange(hu.shape[-1]), 0), axis=-1)
    return np.take_along_axis(hu, last, axis=-1)


def _endplate(iso: IsoVolume, frame: Frame, upper: bool, axis_p: float, radius: float) -> Array:
    a, b, c = frame.disc_plane(upper)
    sign = 1.0 if upper else -1.0
    lat, p = np.meshgrid(LAT_MM, P_MM, indexing="ij")
    plane = a + b * lat + c * p
    offsets = np.arange(-9, 9.01, 0.5)
    local = np.stack(np.broadcast_arrays(lat[..., None], p[..., None], plane[..., None] + sign * offsets), -1)
    values = np.clip(_carried_on(iso.sample(frame.to_lps(local))), -60, 500)
    values = ndi.gaussian_filter1d(values, 0.8, axis=-1)
    edge = np.zeros_like(values)
    edge[..., 3:-3] = values[..., :-6] - values[..., 6:]
    bright = ndi.maximum_filter1d(values, 5, axis=-1, origin=2)
    gain = np.clip(edge, 0, 350) + 0.15 * np.clip(bright, 0, 400)
    inside = np.hypot(lat, (p - axis_p) * 1.15) < radius
    gain *= np.where(inside, 1.0, 0.08)[..., None]
    shift = least_surface(-gain, offsets, (6.0, 3.0, 1.6), (6.0, 3.0, 2.0))
    return np.asarray(plane + sign * shift)


def _wall(iso: IsoVolume, frame: Frame, top: Array, bottom: Array, axis_p: float, soft_hu: float) -> Array:
    theta = np.arange(ANGLES) / ANGLES * 2 * np.pi
    lat = np.sin(theta)[:, None] * R_MM
    p = axis_p - np.cos(theta)[:, None] * R_MM
    index = np.stack([lat - LAT_MM[0], p - P_MM[0]])
    hi = ndi.map_coordinates(top, index, order=1, mode="nearest")
    lo = ndi.map_coordinates(bottom, index, order=1, mode="nearest")
    s = lo + (hi - lo) * LEVELS[:, None, None]
    local = np.stack([np.broadcast_to(lat, s.shape), np.broadcast_to(p, s.shape), s], -1)
    values = np.clip(iso.sample(frame.to_lps(local)), -60, 450)
    values = ndi.gaussian_filter1d(values, 0.8, axis=-1)
    edge = np.zeros_like(values)
    edge[..., 3:-3] = values[..., :-6] - values[..., 6:]
    outside = np.zeros_like(values)
    outside[..., :-4] = values[..., 4:]
    gain = np.clip(edge, 0, 300) * np.where(outside < soft_hu, 1.0, 0.35)
    # First guess: an ellipse-like outline common to all levels.
    common = ndi.gaussian_filter(gain.mean(0), (3.0, 1.0), mode=["wrap", "nearest"])
    depth = -axis_p
    prior = 1.0 / np.sqrt((np.sin(theta) / (depth * 1.38)) ** 2 + (np.cos(theta) / depth) ** 2)
    common = common - 2.2 * np.abs(R_MM - prior[:, None])
    first = R_MM[common.argmax(-1)]
    first = ndi.gaussian_filter1d(ndi.median_filter(first, 7, mode="wrap"), 1.5, mode="wrap")
    offsets = np.arange(-7, 7.01, 0.5)
    rows = np.broadcast_to(np.arange(len(LEVELS))[:, None, None], (len(LEVELS), ANGLES, len(offsets)))
    cols = np.broadcast_to(np.arange(ANGLES)[None, :, None], rows.shape)
    at = np.broadcast_to((first[:, None] + offsets - R_MM[0]) / 0.5, rows.shape)
    cost = -ndi.map_coordinates(gain, np.stack([rows, cols, at]), order=1, mode="nearest")
    shift = least_surface(cost, offsets, (3.0, 2.0, 1.1), (5.0, 3.0, 1.5), "wrap")
    return np.asarray(np.clip(first + shift, 6, 39))


def build_body(iso: IsoVolume, frame: Frame) -> BodyModel:
    """Fit endplates and wall of one body."""
    axis_p = -16.0
    top = _endplate(iso, frame, True, axis_p, 21.0)
    bottom = _endplate(iso, frame, False, axis_p, 21.0)
    core = np.stack(np.meshgrid(np.arange(-10, 11, 2.0), np.arange(-24, -7, 2.0), np.arange(-7, 8, 2.0)), -1)
    cancellous = float(np.median(iso.sample(frame.to_lps(core))))
    soft = float(np.clip(cancellous * 0.75, 40, 130))
    wall = _wall(iso, frame, top, bottom, axis_p, soft)
    return BodyModel(frame, top, bottom, axis_p, wall, cancellous)
