"""Kinematics of a cannula: straight, then an arc, then a straight tip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.domain.device import DeviceProfile
from planner.domain.plan import TrajectoryParameters

Array = NDArray[np.float64]
STEP_MM = 0.5


def bend_frame(parameters: TrajectoryParameters) -> tuple[Array, Array]:
    """Unit direction and the unit vector, perpendicular to it, towards which the tool turns."""
    direction = np.asarray(parameters.direction_lps, float)
    direction = direction / np.linalg.norm(direction)
    bend = np.asarray(parameters.bend_lps, float)
    bend = bend - direction * (bend @ direction)
    length = float(np.linalg.norm(bend))
    if length < 1e-9:
        helper = np.eye(3)[int(np.argmin(np.abs(direction)))]
        bend = helper - direction * (helper @ direction)
        length = float(np.linalg.norm(bend))
    return direction, bend / length


def arc_offsets(arc_mm: Array, radius_mm: float, turn_rad: float) -> tuple[Array, Array]:
    """Forward and sideways way (mm) at ``arc_mm`` past the bend's start; straight on after the turn.

    forward = R sin a, sideways = R (1 - cos a) on the arc, then along its end tangent.
    """
    angle = np.minimum(arc_mm / radius_mm, turn_rad)
    rest = np.maximum(arc_mm - radius_mm * turn_rad, 0.0)
    forward = radius_mm * np.sin(angle) + rest * np.cos(turn_rad)
    sideways = radius_mm * (1 - np.cos(angle)) + rest * np.sin(turn_rad)
    return forward, sideways


def path_length_mm(parameters: TrajectoryParameters, device: DeviceProfile) -> float:
    """Length of the axis from bone entry to tip."""
    turn = np.deg2rad(max(0.0, parameters.turn_deg)) if device.bend_radius_mm else 0.0
    return float(parameters.straight_mm + (device.bend_radius_mm or 0.0) * turn + parameters.tip_mm)


def points_at(parameters: TrajectoryParameters, device: DeviceProfile, along_mm: Array) -> Array:
    """(N, 3) LPS mm of the axis at distances (N,) from the bone entry."""
    direction, bend = bend_frame(parameters)
    radius = device.bend_radius_mm or 1.0
    turn = float(np.deg2rad(max(0.0, parameters.turn_deg))) if device.bend_radius_mm else 0.0
    straight = np.minimum(along_mm, parameters.straight_mm)
    past = np.maximum(along_mm - parameters.straight_mm, 0.0)
    forward, sideways = arc_offsets(past, radius, turn)
    entry = np.asarray(parameters.entry_lps_mm, float)
    return np.asarray(entry + (straight + forward)[:, None] * direction + sideways[:, None] * bend)


def build_path(parameters: TrajectoryParameters, device: DeviceProfile) -> tuple[Array, Array, Array]:
    """Axis of the tool from bone entry to tip.

    Returns:
        (N, 3) points in LPS mm at most 0.5 mm apart, (N,) outer diameters in mm (introducer along the
        straight part, the wider of stylet and probe beyond it), and (M, 3) points of the electrode.
    """
    total = path_length_mm(parameters, device)
    count = max(2, int(np.ceil(total / STEP_MM)) + 1)
    along = np.linspace(0.0, total, count)
    points = points_at(parameters, device, along)
    diameters = np.where(
        along <= parameters.straight_mm + 1e-9, device.outer_diameter_mm, device.channel_diameter_mm
    )
    front = total - device.electrode_to_tip_mm
    electrode = np.linspace(max(0.0, front - device.electrode_length_mm), front, 17)
    return points, diameters, points_at(parameters, device, electrode)
