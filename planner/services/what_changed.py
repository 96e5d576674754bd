"""What an approval stands on, compared between two plans, in words."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np

from imaging.labels import Side
from planner.domain.plan import Plan, Point, Target, Trajectory, TrajectoryParameters


def what_changed(before: Plan, after: Plan, verse: int, side: Side) -> str:
    """The differences that take an approval back, joined by 'and'; empty where there is none."""
    said = _of_the_case(before, after)
    old_level, level = before.level(verse), after.level(verse)
    old = old_level.trajectory(side) if old_level else None
    new = level.trajectory(side) if level else None
    if old_level is None or level is None or old is None or new is None:
        said.append("the levels were renamed or planned anew")
        return " and ".join(dict.fromkeys(said))
    said += _target(old_level.target, level.target)
    said += _device(before, after, old, new)
    if old.access != new.access:
        said.append(f"the access changed from {old.access} to {new.access}")
    said += _parameters(old.parameters, new.parameters)
    if not said and not _same_content(old, new):
        said.append("what was measured on it changed")
    return " and ".join(dict.fromkeys(said))


def _same_content(old: Trajectory, new: Trajectory) -> bool:
    return replace(old, state=new.state, withdrawn=new.withdrawn, heat=new.heat) == new


def _of_the_case(before: Plan, after: Plan) -> list[str]:
    said = []
    if before.source != after.source:
        said.append("the images differ from those it was made on")
    if before.segmentation_sha256 != after.segmentation_sha256:
        said.append("the segmentation changed")
    if before.levels_confirmed and not after.levels_confirmed:
        said.append("the level count is no longer confirmed")
    if before.limits != after.limits:
        parts = [
            f"{f.name} {getattr(before.limits, f.name):g} to {getattr(after.limits, f.name):g}"
            for f in fields(before.limits)
            if getattr(before.limits, f.name) != getattr(after.limits, f.name)
        ]
        said.append(f"limits changed ({', '.join(parts)})")
    return said


def _target(old: Target | None, new: Target | None) -> list[str]:
    if old == new:
        return []
    if old is None or new is None:
        return ["the target changed"]
    way = np.subtract(new.centre_lps_mm, old.centre_lps_mm)
    length = float(np.linalg.norm(way))
    if length < 0.05:
        return ["the target's volume changed"]
    # Fractions tell the direction in the body's own axes; 35 and 27 mm are a body's usual depth and height.
    parts = {
        "forward": 35 * (new.depth_fraction - old.depth_fraction),
        "up": 27 * (new.height_fraction - old.height_fraction),
        "left": new.lateral_mm - old.lateral_mm,
    }
    opposite = {"forward": "back", "up": "down", "left": "right"}
    word, value = max(parts.items(), key=lambda item: abs(item[1]))
    return [f"the target moved {length:.1f} mm {word if value > 0 else opposite[word]}"]


def _device(before: Plan, after: Plan, old: Trajectory, new: Trajectory) -> list[str]:
    was, now = before.device(old.device), after.device(new.device)
    if old.device != new.device:
        names = [was.name if was else old.device, now.name if now else new.device]
        return [f"the instrument changed from {names[0]} to {names[1]}"]
    if was != now and was is not None and now is not None:
        return [f"the numbers of {now.name} changed"]
    return []


def _angle_deg(a: Point, b: Point) -> float:
    cosine = float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def _parameters(old: TrajectoryParameters, new: TrajectoryParameters) -> list[str]:
    if old == new:
        return []
    said = []
    moved = float(np.linalg.norm(np.subtract(new.entry_lps_mm, old.entry_lps_mm)))
    if moved >= 0.05:
        said.append(f"the entry moved {moved:.1f} mm")
    turned = _angle_deg(old.direction_lps, new.direction_lps)
    if turned >= 0.05:
        said.append(f"the direction turned {turned:.1f}°")
    if abs(new.turn_deg - old.turn_deg) >= 0.05:
        said.append(f"the stylet's turn went from {old.turn_deg:.0f}° to {new.turn_deg:.0f}°")
    plane = _angle_deg(old.bend_lps, new.bend_lps)
    if plane >= 0.5 and turned < 0.05:
        said.append(f"the plane of the curve turned {plane:.0f}°")
    deeper = (new.straight_mm + new.tip_mm) - (old.straight_mm + old.tip_mm)
    if abs(deeper) >= 0.05:
        said.append(f"the tool went {abs(deeper):.1f} mm {'deeper' if deeper > 0 else 'back'}")
    return said or ["the tool moved by less than 0.05 mm"]
