"""The discs between named bodies of an MR: what lies between two endplates, within both bodies' outline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.mr.model_arch import wall_mm
from imaging.mr.surface import FRONT_POWER, BodySurface

Array = NDArray[np.float64]

WIDER = 1.04
MOST_HEIGHT_MM = 26.0
DIP = 0.7


def in_disc(lower: BodySurface, upper: BodySurface, points_lps_mm: Array) -> NDArray[np.bool_]:
    """(...,) whether places lie between two neighbouring bodies, within the outline between them.

    Places within the bodies themselves are not taken out. The outline is as wide as the endplates, which
    are wider than the bodies' middles. Bodies that are too far apart to be neighbours have no disc.
    """
    points = np.asarray(points_lps_mm, float)
    below, above = lower.to_local(points), upper.to_local(points)
    # From where an endplate may dip to; beside a body's waist there is no disc.
    out = np.asarray(
        (below[..., 2] > DIP * lower.size_mm[2] / 2) & (above[..., 2] < -DIP * upper.size_mm[2] / 2)
    )
    gap = (
        np.linalg.norm(upper.centre_lps_mm - lower.centre_lps_mm) - (lower.size_mm[2] + upper.size_mm[2]) / 2
    )
    if gap > MOST_HEIGHT_MM:
        return np.zeros(points.shape[:-1], bool)
    below, above = below[out], above[out]
    # 0 at the lower endplate, 1 at the upper one.
    from_low = np.maximum(below[..., 2] - lower.size_mm[2] / 2, 0.0)
    from_high = np.maximum(-above[..., 2] - upper.size_mm[2] / 2, 0.0)
    share = from_low / np.maximum(from_low + from_high, 1e-3)
    out[out] = (1 - share) * _outline(lower, below) + share * _outline(upper, above) <= 1
    return out


def _outline(body: BodySurface, local: Array) -> Array:
    """(...,) 1 on a body's outline seen from above, less within."""
    half = WIDER * body.size_mm / 2
    back = np.maximum(wall_mm(body), 1.0)
    u = np.abs(local[..., 0]) / half[0]
    v = np.where(local[..., 1] > 0, np.abs(local[..., 1]) / back, np.abs(local[..., 1]) / half[1])
    power = np.where(local[..., 1] > 0, body.back_power, FRONT_POWER)
    return np.asarray((u**power + v**power) ** (1 / power))
