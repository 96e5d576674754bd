"""A vertebra's own frame from its two discs: origin on the posterior wall, axes left, back, up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.segmentation.discs import Disc
from imaging.segmentation.iso import NO_IMAGE_HU, IsoVolume

Array = NDArray[np.float64]

SEEN_SHARE = 0.3
"""Of what is compared: less in the image says nothing."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Local coordinates (l, p, s): mm to the left, behind the posterior wall, above mid height.

    Attributes:
        origin_lps_mm: (3,) midline posterior wall at mid height.
        axes_lps: (3, 3) rows are unit vectors left, posterior, superior.
        above, below: the discs.
        body_depth_mm: guessed depth of the body.
    """

    origin_lps_mm: Array
    axes_lps: Array
    above: Disc
    below: Disc

    def to_local(self, points_lps_mm: ArrayLike) -> Array:
        """(..., 3) LPS mm to (l, p, s)."""
        return np.asarray((np.asarray(points_lps_mm, float) - self.origin_lps_mm) @ self.axes_lps.T)

    def to_lps(self, local: ArrayLike) -> Array:
        """(..., 3) (l, p, s) to LPS mm."""
        return np.asarray(np.asarray(local, float) @ self.axes_lps + self.origin_lps_mm)

    def disc_plane(self, upper: bool) -> tuple[float, float, float]:
        """(a, b, c): the near face of the disc lies at s = a + b l + c p."""
        disc = self.above if upper else self.below
        sign = -1.0 if upper else 1.0
        normal = self.axes_lps @ disc.normal_lps
        at = self.to_local(disc.centre_lps_mm + sign * disc.normal_lps * disc.height_mm / 2)
        return float(at @ normal / normal[2]), float(-normal[0] / normal[2]), float(-normal[1] / normal[2])


def _unit(v: Array) -> Array:
    return np.asarray(v / np.linalg.norm(v))


def _wall_shift(iso: IsoVolume, frame: Frame) -> float:
    """How far behind the origin the midline posterior wall lies, from the falling edge of HU."""
    p = np.arange(-10, 14.1, 0.5)
    lat, s = np.arange(-6, 7, 2.0), np.arange(-9, 10, 2.0)
    grid = np.stack(np.meshgrid(lat, p, s, indexing="ij"), -1)
    hu = iso.sample(frame.to_lps(grid))
    known = hu > NO_IMAGE_HU
    line = (np.clip(hu, -60, 400) * known).sum((0, 2)) / np.maximum(known.sum((0, 2)), 1)
    # The image's own end is no edge.
    seen = known.mean((0, 2)) > SEEN_SHARE
    edge = np.where(seen[:-6] & seen[6:], line[:-6] - line[6:], 0.0)
    edge -= 1.0 * np.abs(p[3:-3] - 0.0)
    return float(p[3:-3][int(edge.argmax())])


def _turned(frame: Frame, degrees: float, lateral_mm: float) -> Frame:
    a = np.deg2rad(degrees)
    left, back, up = frame.axes_lps
    axes = np.stack([left * np.cos(a) + back * np.sin(a), back * np.cos(a) - left * np.sin(a), up])
    return Frame(frame.origin_lps_mm + lateral_mm * left, axes, frame.above, frame.below)


def _most_symmetric(iso: IsoVolume, frame: Frame) -> Frame:
    """Turn about the vertical and shift sideways until left and right look alike."""
    lat = np.arange(3, 34, 3.0)
    p, s = np.arange(-30, 33, 3.0), np.arange(-9, 13, 3.0)
    grid = np.stack(np.meshgrid(lat, p, s, indexing="ij"), -1)
    mirror = grid * np.array([-1.0, 1, 1])
    trials: list[tuple[Frame, float, float, int]] = []
    for degrees in np.arange(-12, 13, 3.0):
        for shift in np.arange(-7.5, 8, 1.5):
            trial = _turned(frame, degrees, shift)
            a, b = iso.sample(trial.to_lps(np.stack([grid, mirror])))
            both = (a > NO_IMAGE_HU) & (b > NO_IMAGE_HU)
            off = np.abs(np.clip(a, -100, 500) - np.clip(b, -100, 500))[both].sum()
            trials.append((trial, 0.35 * abs(degrees) + 0.5 * abs(shift), float(off), int(both.sum())))
    most = max(count for *_, count in trials)
    if most < SEEN_SHARE * grid[..., 0].size:
        return frame
    # Pairs that leave the image count as unlike as pairs are on average, or the emptiest trial would win.
    usual = sum(off for _, _, off, _ in trials) / sum(count for *_, count in trials)
    costs = [cost + (off + (most - count) * usual) / most for _, cost, off, count in trials]
    return trials[int(np.argmin(costs))][0]


def frame_between(iso: IsoVolume, below: Disc, above: Disc, over: Frame | None = None) -> Frame:
    """Frame of the vertebra between two discs.

    ``over``: the next vertebra's up, in whose midplane this one's middle is first sought; a disc's own middle
    is off where the image ends beside it.
    """
    up = _unit(0.5 * (above.normal_lps + below.normal_lps) + _unit(above.centre_lps_mm - below.centre_lps_mm))
    back = _unit(np.array([0.0, 1, 0]) - up * up[1])
    axes = np.stack([np.cross(back, up), back, up])
    middle = 0.5 * (above.centre_lps_mm + below.centre_lps_mm)
    if over is not None:
        middle = middle - over.to_local(middle)[0] * over.axes_lps[0]
    frame = Frame(middle + back * 16.0, axes, above, below)
    frame = Frame(frame.origin_lps_mm + _wall_shift(iso, frame) * back, axes, above, below)
    frame = _most_symmetric(iso, frame)
    shift = _wall_shift(iso, frame)
    return Frame(frame.origin_lps_mm + shift * frame.axes_lps[1], frame.axes_lps, above, below)
