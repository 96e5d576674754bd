"""Laminae and processes that X-rays of an MR are given: a model hung on the fitted pedicles.

Nothing here was seen on the image. Lengths are those of the phantom's mean spine, illustrative [P]; the parts
are rods in the body's frame, mm left, behind the posterior wall and up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import VertebraAnatomy
from imaging.labels import SACRUM, SIDES
from imaging.mr.model_arch import MEANS

Array = NDArray[np.float64]

# By VerSe number: how far the spinous process reaches behind the laminae, the transverse one from midline.
SPINOUS_MM = {17: 24, 18: 23, 19: 22, 20: 26, 21: 28, 22: 29, 23: 26, 24: 19, 25: 19, SACRUM: 12}
TRANSVERSE_MM = {17: 26, 18: 26, 19: 27, 20: 38, 21: 42, 22: 48, 23: 45, 24: 47, 25: 47}
REACH_MM = np.array([52.0, 78.0, 48.0])
_NOWHERE = -99.0


@dataclass(frozen=True, eq=False)
class _Rod:
    """From one end to the other, half as thick as its radii; ``stretch`` (>= 1) widens it along each axis."""

    start: Array
    end: Array
    radii_mm: tuple[float, float]
    stretch: Array

    def depth_mm(self, local: Array) -> Array:
        """(...,) depth below the surface, exact across the thin axis; negative outside."""
        way = self.end - self.start
        share = np.clip((local - self.start) @ way / (way @ way), 0, 1)
        off = np.linalg.norm((local - self.start - share[..., None] * way) / self.stretch, axis=-1)
        return np.asarray(self.radii_mm[0] + share * (self.radii_mm[1] - self.radii_mm[0]) - off)


def has_model(level: VertebraAnatomy) -> bool:
    """Whether laminae and processes can be hung on this level: its pedicles are there, and its means."""
    return level.verse in MEANS and all(side in level.pedicles for side in SIDES)


def posterior_depth_mm(level: VertebraAnatomy, points_lps_mm: Array) -> Array:
    """(...,) depth of places in a level's modelled laminae and processes; negative outside, and in the canal.

    Args:
        level: a vertebra that ``has_model``.
        points_lps_mm: (..., 3).
    """
    body = level.body
    local = (np.asarray(points_lps_mm, float) - body.posterior_wall_lps_mm) @ body.axes_lps.T
    out = np.full(local.shape[:-1], _NOWHERE)
    for rod in _rods(level):
        out = np.maximum(out, rod.depth_mm(local))
    half, deep = _canal_mm(level)
    canal = (local[..., 0] / half) ** 2 + ((local[..., 1] - deep / 2) / (deep / 2)) ** 2 < 1
    out[canal] = _NOWHERE
    return out


def _canal_mm(level: VertebraAnatomy) -> tuple[float, float]:
    means = MEANS[level.verse]
    scale = float(np.clip(level.body.depth_mm / (0.94 * means.body_depth_mm), 0.85, 1.15))
    return scale * means.canal_width_mm / 2, scale * means.canal_depth_mm + 1.0


def _rods(level: VertebraAnatomy) -> list[_Rod]:
    body, verse = level.body, level.verse
    half, deep = _canal_mm(level)
    tall = body.height_mm
    sacral = verse == SACRUM
    tip = deep + 4.0 + SPINOUS_MM[verse]
    # Hatchet: high where it leaves the laminae, lower at its tip; S1's is a low crest.
    root, end, high = (-0.1, -0.1, 1.0) if sacral else (-0.45, -0.75, 2.8)
    rods = [
        _rod([0, deep + 4, root * tall], [0, tip - 4, end * tall], (2.8, 3.2), (1, 1, high)),
    ]
    for side in SIDES:
        sign = 1.0 if side == "left" else -1.0
        place = level.pedicles[side].isthmus_centre_lps_mm - body.posterior_wall_lps_mm
        _, behind, up = (float(x) for x in body.axes_lps @ place)
        pillar = [sign * (half + 2.5), max(0.75 * deep, behind + 5), up - 3]
        outer = [sign * (0.9 * half + 1), 0.9 * deep, (root + 0.3) * tall]
        rods.append(_rod(outer, [sign * 1.5, deep + 4, root * tall], (3.0, 3.2), (1, 1, 2.6)))
        if sacral:
            continue
        rods.append(_rod(pillar, [sign * (half + 4), 0.72 * deep, 0.62 * tall], (5.5, 4.5), (1, 1, 1)))
        rods.append(_rod(pillar, [sign * (0.75 * half + 2), deep + 2, -0.8 * tall], (5.0, 4.5), (1, 1, 1)))
        reach = TRANSVERSE_MM[verse]
        rods.append(_rod([pillar[0] + sign * 2, behind + 4, up - 1], [sign * (reach - 3), behind + 9, up],
                         (4.0, 2.6), (1, 1, 1.5)))  # fmt: skip
    return rods


def _rod(
    start: list[float], end: list[float], radii_mm: tuple[float, float], stretch: tuple[float, float, float]
) -> _Rod:
    return _Rod(np.asarray(start, float), np.asarray(end, float), radii_mm, np.asarray(stretch, float))
