"""The illustrative lesion: an ellipsoid round the electrode."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from planner.domain.device import DeviceProfile
from planner.domain.plan import Lesion, Target
from planner.trajectory.target import as_point

Array = NDArray[np.float64]


@lru_cache(maxsize=2)
def unit_ball(count_per_axis: int = 11) -> Array:
    """(N, 3) lattice points of the unit ball."""
    t = (np.arange(count_per_axis) + 0.5) / count_per_axis * 2 - 1
    grid = np.stack(np.meshgrid(t, t, t, indexing="ij"), -1).reshape(-1, 3)
    return np.asarray(grid[(grid**2).sum(1) <= 1])


@lru_cache(maxsize=2)
def unit_sphere(count: int = 240) -> Array:
    """(N, 3) evenly spread points of the unit sphere (golden spiral)."""
    i = np.arange(count) + 0.5
    z = 1 - 2 * i / count
    turn = np.pi * (1 + 5**0.5) * i
    r = np.sqrt(1 - z * z)
    return np.stack([r * np.cos(turn), r * np.sin(turn), z], 1)


def _frame(axis: Array) -> Array:
    helper = np.eye(3)[int(np.argmin(np.abs(axis)))]
    a = np.cross(axis, helper)
    a /= np.linalg.norm(a)
    return np.stack([a, np.cross(axis, a), axis])


def make_lesion(electrode: Array, device: DeviceProfile, target: Target) -> Lesion:
    """Ellipsoid centred on the electrode, with the share of the target sphere that it covers."""
    middle = electrode[len(electrode) // 2]
    axis = electrode[-1] - electrode[0]
    axis = axis / max(1e-9, float(np.linalg.norm(axis)))
    semi = np.array(
        [device.lesion_diameter_mm / 2, device.lesion_diameter_mm / 2, device.lesion_length_mm / 2]
    )
    return Lesion(as_point(middle), as_point(axis), as_point(semi), coverage(middle, axis, semi, target))


def pair_lesion(left_tip: Array, right_tip: Array, device: DeviceProfile, target: Target) -> Lesion:
    """One lesion between the tips of a pair: as wide as its profile says, a quarter of it beyond each tip."""
    way = left_tip - right_tip
    apart = float(np.linalg.norm(way))
    axis = way / max(apart, 1e-9)
    middle = (left_tip + right_tip) / 2
    wide = device.lesion_diameter_mm / 2
    semi = np.array([wide, wide, apart / 2 + wide / 2])
    return Lesion(
        as_point(middle), as_point(axis), as_point(semi), coverage(middle, axis, semi, target),
        "ellipsoid between both tips",
    )  # fmt: skip


def coverage(middle: Array, axis: Array, semi_axes_mm: Array, target: Target) -> float:
    """Share of the target's sphere that an ellipsoid covers."""
    ball = np.asarray(target.centre_lps_mm) + target.radius_mm * unit_ball()
    local = (ball - middle) @ _frame(axis).T / semi_axes_mm
    return float(((local**2).sum(1) <= 1.0).mean())


def lesion_surface(lesion: Lesion) -> Array:
    """(N, 3) LPS mm points on the lesion's surface."""
    frame = _frame(np.asarray(lesion.axis_lps))
    return np.asarray(np.asarray(lesion.centre_lps_mm) + (unit_sphere() * lesion.semi_axes_mm) @ frame)
