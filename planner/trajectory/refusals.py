"""Why a side is not planned, in a sentence with numbers."""

from __future__ import annotations

import re

import numpy as np

from imaging.anatomy import PedicleGeometry
from imaging.labels import Side
from planner.devices.catalogue import load_devices
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits
from planner.domain.plan import Refusal, Target


def short_name(device: DeviceProfile) -> str:
    """'8G' where the name tells a gauge, else the whole name."""
    gauge = re.search(r"\d+G", device.name)
    return gauge.group(0) if gauge else device.name


def width_refusal(
    name: str, side: Side, pedicle: PedicleGeometry, device: DeviceProfile, limits: Limits
) -> Refusal | None:
    """A refusal where the pedicle is narrower than the introducer with its margin on both sides."""
    margin = limits.lateral_superior_mm
    room = min(pedicle.width_mm, pedicle.height_mm)
    needed = device.outer_diameter_mm + 2 * margin
    if room >= needed:
        return None
    word = "wide" if pedicle.width_mm <= pedicle.height_mm else "high"
    reason = (
        f"{name} {side} is not planned: the pedicle is {room:.1f} mm {word}, {short_name(device)} with "
        f"{margin:g} mm a side needs {needed:.1f} mm."
    )
    thinner = [d for d in load_devices() if d.outer_diameter_mm + 2 * margin <= room]
    if thinner:
        largest = max(thinner, key=lambda d: (d.outer_diameter_mm, d.bend_radius_mm is not None))
        reason += f" {short_name(largest)} would fit."
    return Refusal(side, "pedicle_too_narrow", reason)


def not_reached_refusal(
    name: str, side: Side, device: DeviceProfile, pedicle: PedicleGeometry, target: Target
) -> Refusal:
    """No candidate reaches the target through the pedicle."""
    way = np.asarray(target.centre_lps_mm) - pedicle.isthmus_centre_lps_mm
    off = float(np.linalg.norm(way - pedicle.axis_lps * (way @ pedicle.axis_lps)))
    reason = f"{name} {side} is not planned: the target lies {off:.1f} mm off the pedicle's axis, "
    if device.bend_radius_mm is None:
        reason += f"and a straight {short_name(device)} tool inside the pedicle cannot reach it."
        reason += " A curved device may."
    else:
        reason += f"and no curve of {device.name} (up to {device.max_turn_deg:.0f}°) reaches it"
        reason += " from inside the pedicle."
    return Refusal(side, "target_not_reached", reason)


def breach_refusal(name: str, side: Side, device: DeviceProfile, least_mm: float, toward: str) -> Refusal:
    """The best path found leaves the bone."""
    reason = (
        f"{name} {side} is not planned: the best way found for {device.name} leaves the bone by "
        f"{-least_mm:.1f} mm towards {toward}, limit 0 mm. No setting lifts this limit."
    )
    if device.bend_radius_mm is None:
        reason += " A curved device may reach the target."
    return Refusal(side, "breach", reason)
