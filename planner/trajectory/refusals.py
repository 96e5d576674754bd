"""Why a side is not planned, in a sentence with numbers."""

from __future__ import annotations

import numpy as np

from imaging.anatomy import PedicleGeometry, VertebraAnatomy
from imaging.findings import Finding
from imaging.labels import Side
from planner.devices.catalogue import load_devices
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits, figure
from planner.domain.plan import Access, Refusal, Target
from planner.trajectory.fields import VertebraFields
from planner.trajectory.reach import straight_short_mm


def short_name(device: DeviceProfile) -> str:
    """Its gauge, as a physician calls it: '8G'."""
    return device.gauge


def not_measurable_refusal(anatomy: VertebraAnatomy, side: Side) -> Refusal:
    """The pedicle was not measured."""
    text = next(
        (f.text for f in anatomy.findings if f.code.endswith(f"_{side}") and f.severity == "stop"), ""
    )
    reason = text.split(": ", 1)[-1] or "the pedicle cannot be measured."
    return Refusal(side, "pedicle_not_measurable", f"{anatomy.name} {side} is not planned: {reason}")


def width_refusal(
    name: str,
    side: Side,
    pedicle: PedicleGeometry,
    device: DeviceProfile,
    limits: Limits,
    best_mm: float | None,
) -> Refusal | None:
    """A refusal where the pedicle is narrower than the introducer with its margin on both sides.

    ``best_mm`` is the best clearance measured on the ways found, None where there was none.
    """
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
    if best_mm is not None:
        keeps = figure(best_mm, limits.needed_mm(margin))
        reason += f" The best way found keeps {keeps} mm, needs {limits.needed_words(margin)}."
    thinner = [d for d in load_devices() if d.kind != "pair" and d.outer_diameter_mm + 2 * margin <= room]
    if thinner:
        largest = max(thinner, key=lambda d: (d.outer_diameter_mm, d.bend_radius_mm is not None))
        reason += f" {short_name(largest)} would fit."
    return Refusal(side, "pedicle_too_narrow", reason)


def not_reached_refusal(
    fields: VertebraFields,
    name: str,
    side: Side,
    device: DeviceProfile,
    pedicle: PedicleGeometry,
    target: Target,
    access: Access,
) -> Refusal:
    """No candidate reaches the target."""
    way = np.asarray(target.centre_lps_mm) - pedicle.isthmus_centre_lps_mm
    off = float(np.linalg.norm(way - pedicle.axis_lps * (way @ pedicle.axis_lps)))
    if access == "extrapedicular":
        reason = f"{name} {side} is not planned: no way beside the pedicle leads {device.name} to the target."
        return Refusal(side, "target_not_reached", reason)
    reason = f"{name} {side} is not planned: the target lies {off:.1f} mm off the pedicle's axis, "
    if device.bend_radius_mm is None:
        short = straight_short_mm(fields, pedicle, side, device, target, 0.0)
        reason += f"and a straight {short_name(device)} tool inside the pedicle cannot reach it"
        reason += "." if short is None else f"; it stays {short:.1f} mm away."
        reason += " A curved device may."
    else:
        reason += f"and no curve of {device.name} (up to {device.max_turn_deg:.0f}°) reaches it"
        reason += " from inside the pedicle."
    return Refusal(side, "target_not_reached", reason)


def breach_refusal(
    name: str, side: Side, device: DeviceProfile, limits: Limits, least_mm: float, toward: str
) -> Refusal:
    """The best path found leaves the bone, or comes nearer to its edge than the reserve for that edge."""
    reason = f"{name} {side} is not planned: the best way found for {device.name} "
    if least_mm < 0:
        reason += f"leaves the bone by {-least_mm:.1f} mm towards {toward}, limit 0 mm."
        reason += " No setting lifts this limit."
    else:
        keeps = figure(least_mm, limits.needed_mm(0.0))
        reason += f"keeps {keeps} mm towards {toward}, needs {limits.needed_words(0.0)}."
    if device.bend_radius_mm is None:
        reason += " A curved device may reach the target."
    return Refusal(side, "breach", reason)


def stop_refusal(name: str, side: Side, finding: Finding) -> Refusal:
    """The best path found breaks a hard stop."""
    text = finding.text[:1].lower() + finding.text[1:]
    return Refusal(side, finding.code, f"{name} {side} is not planned: on the best way found {text}")
