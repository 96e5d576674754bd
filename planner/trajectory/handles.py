"""What a drag of the bend does to a tool: entry and tip stay, the stylet leaves the introducer elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imaging.errors import PlannerError
from planner.domain.device import DeviceProfile
from planner.domain.plan import Point, TrajectoryParameters


def bent(
    parameters: TrajectoryParameters, tip_lps_mm: Point, device: DeviceProfile, point_lps_mm: Point
) -> TrajectoryParameters:
    """Parameters with the start of the bend at ``point_lps_mm``, entry and tip kept.

    In the plane of the new straight part and the tip, with the arc's centre at (0, r), the tip is the vector
    (t, -r) turned by the angle of turn; so t and that angle follow from the tip's place alone.

    Raises:
        PlannerError: edit_impossible where the stylet cannot reach the tip from there.
    """
    radius = device.bend_radius_mm
    if radius is None:
        raise PlannerError("edit_impossible", "This instrument is straight: it has no bend to move.")
    entry, tip = np.array(parameters.entry_lps_mm), np.array(tip_lps_mm)
    start = np.array(point_lps_mm, float)
    straight = float(np.linalg.norm(start - entry))
    if straight < 3:
        raise PlannerError("edit_impossible", "The bend cannot begin before the introducer is in the bone.")
    d = (start - entry) / straight
    offset = tip - start
    along = float(offset @ d)
    side = offset - along * d
    across = float(np.linalg.norm(side))
    rest = along**2 + (across - radius) ** 2 - radius**2
    if rest < 0 or across < 1e-6:
        raise PlannerError("edit_impossible", "The stylet cannot bend that tightly. Move the bend back.")
    tip_mm = float(np.sqrt(rest))
    turn = float(np.degrees(np.arctan2(across - radius, along) - np.arctan2(-radius, tip_mm)))
    if turn < 0 or turn > device.max_turn_deg:
        limit = f"{device.max_turn_deg:.0f}°"
        raise PlannerError("edit_impossible", f"That needs a turn of {turn:.0f}°, the stylet has {limit}.")
    if tip_mm > device.max_straight_tip_mm:
        most = f"{device.max_straight_tip_mm:.0f} mm"
        text = f"That needs {tip_mm:.1f} mm straight after the bend, the stylet has {most}."
        raise PlannerError("edit_impossible", text)
    bend = side / across
    return replace(
        parameters,
        direction_lps=(float(d[0]), float(d[1]), float(d[2])),
        straight_mm=straight,
        bend_lps=(float(bend[0]), float(bend[1]), float(bend[2])),
        turn_deg=turn,
        tip_mm=tip_mm,
    )
