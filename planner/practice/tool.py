"""The one geometry of the tool in the hand: what is drawn is what is felt and scored."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.labels import Side
from planner.domain.device import DeviceProfile
from planner.domain.plan import Point, TrajectoryParameters
from planner.practice.room import Hand
from planner.trajectory.path import build_path
from planner.trajectory.target import as_point

Array = NDArray[np.float64]
OUTSIDE_MM = 10.0
"""The described shaft begins this far outside the skin, so that it has a length before it is pushed in."""


def direction_from_angles(side: Side, medial_deg: float, cranial_deg: float) -> Point:
    """Unit vector from skin to spine of a prone patient's tool, turned to the midline and to the head."""
    c, t = np.deg2rad([medial_deg, cranial_deg])
    sign = 1.0 if side == "left" else -1.0
    return as_point([-sign * np.sin(c) * np.cos(t), -np.cos(c) * np.cos(t), np.sin(t)])


def angles_from_direction(side: Side, direction_lps: ArrayLike) -> tuple[float, float]:
    """(medial, cranial) degrees of a direction; inverse of ``direction_from_angles``."""
    d = np.asarray(direction_lps, float) / np.linalg.norm(direction_lps)
    sign = 1.0 if side == "left" else -1.0
    medial = np.rad2deg(np.arctan2(-sign * d[0], -d[1]))
    return float(medial), float(np.rad2deg(np.arcsin(np.clip(d[2], -1, 1))))


def across_tool(side: Side, direction_lps: ArrayLike) -> tuple[Array, Array]:
    """Unit vectors square to the tool: towards the midline and towards the head."""
    d = np.asarray(direction_lps, float)
    medial = np.array([-1.0 if side == "left" else 1.0, 0.0, 0.0])
    medial = medial - d * (medial @ d)
    medial /= np.linalg.norm(medial)
    cranial = np.array([0.0, 0.0, 1.0])
    cranial = cranial - d * (cranial @ d) - medial * (cranial @ medial)
    return medial, cranial / np.linalg.norm(cranial)


def turned(side: Side, direction_lps: ArrayLike, roll_deg: float) -> Array:
    """(3,) unit vector square to the tool at ``roll_deg``: 0 medial, 90 cranial."""
    medial, cranial = across_tool(side, direction_lps)
    angle = np.deg2rad(roll_deg)
    return np.asarray(np.cos(angle) * medial + np.sin(angle) * cranial)


def roll_of(side: Side, direction_lps: ArrayLike, bend_lps: ArrayLike) -> float:
    """Degrees of a bend's direction about the tool, as ``turned`` counts them."""
    medial, cranial = across_tool(side, direction_lps)
    bend = np.asarray(bend_lps, float)
    return float(np.rad2deg(np.arctan2(bend @ cranial, bend @ medial)))


def introducer_tip(hand: Hand) -> Array:
    """(3,) LPS mm of the introducer's tip; ValueError before a skin entry is chosen."""
    if hand.skin_lps_mm is None:
        raise ValueError("no skin entry yet")
    return np.asarray(np.array(hand.skin_lps_mm) + hand.inserted_mm * np.array(hand.direction_lps))


def parameters_of(hand: Hand, side: Side) -> TrajectoryParameters:
    """The tool as the planner's kinematics describe it; its entry lies OUTSIDE_MM outside the skin."""
    if hand.skin_lps_mm is None:
        raise ValueError("no skin entry yet")
    outside = np.array(hand.skin_lps_mm) - OUTSIDE_MM * np.array(hand.direction_lps)
    bend = turned(side, hand.direction_lps, hand.roll_deg)
    return TrajectoryParameters(
        as_point(outside),
        hand.direction_lps,
        hand.inserted_mm + OUTSIDE_MM,
        as_point(bend),
        hand.turn_deg,
        hand.tip_mm,
    )


def tool_axis(hand: Hand, side: Side, device: DeviceProfile) -> tuple[Array, Array, Array]:
    """(N, 3) axis from outside the skin to the tip, (N,) diameters, (M, 3) of the last electrode length."""
    return build_path(parameters_of(hand, side), device)
