"""The plane that the axial picture of a planned tool is cut in: the same on the screen and in print."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.domain.plan import Trajectory

Array = NDArray[np.float64]
AXIAL_DEG = 40.0


def cross(a: ArrayLike, b: ArrayLike) -> Array:
    """The vector product of two single vectors; numpy's own takes twenty times as long for these."""
    p, q = np.asarray(a, float), np.asarray(b, float)
    return np.array([p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]])


def axial_normal(t: Trajectory, superior_lps: Array) -> Array:
    """(3,) unit normal in LPS, upwards, of the plane for the vertebra whose upward axis is given.

    It holds the whole tool where that plane lies within 40 degrees of the vertebra's axial plane; else it is
    the most axial plane that holds entry and tip.
    """
    if holds_bend(t, superior_lps):
        across = _bend_normal(t)
        return across if across @ superior_lps >= 0 else -across
    chord = _unit(np.array(t.tip_lps_mm) - np.array(t.parameters.entry_lps_mm))
    return _unit(superior_lps - (superior_lps @ chord) * chord)


def holds_bend(t: Trajectory, superior_lps: Array) -> bool:
    """Whether the tool bends, in a plane within 40 degrees of the vertebra's axial plane."""
    if t.parameters.turn_deg <= 1:
        return False
    across = _bend_normal(t)
    return bool(abs(across @ superior_lps) > np.cos(np.deg2rad(AXIAL_DEG)))


def plane_words(t: Trajectory, superior_lps: Array) -> str:
    """What the plane holds, for its heading."""
    return "in the tool's plane" if holds_bend(t, superior_lps) else "through entry and tip"


def _bend_normal(t: Trajectory) -> Array:
    across = cross(t.parameters.direction_lps, t.parameters.bend_lps)
    length = float(np.linalg.norm(across))
    return across / length if length > 1e-3 else np.zeros(3)


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector))
