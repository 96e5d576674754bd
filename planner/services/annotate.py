"""Notes, locks, measurements and second candidates of a plan."""

from __future__ import annotations

import getpass
from dataclasses import replace
from datetime import datetime

import numpy as np

from imaging.errors import PlannerError
from planner.domain.notebook import Kept, Measurement, Notebook, Place
from planner.domain.plan import Plan, Trajectory
from planner.services.what_changed import what_changed


def with_notebook(plan: Plan, notebook: Notebook) -> Plan:
    """The plan with another notebook."""
    return replace(plan, notebook=notebook)


def require_unlocked(before: Plan, after: Plan) -> None:
    """Raise PlannerError ``locked`` where a trajectory that is locked in both plans differs."""
    for verse, side in before.notebook.locked:
        if (verse, side) not in after.notebook.locked:
            continue
        old, new = before.level(verse), after.level(verse)
        first = old.trajectory(side) if old else None
        second = new.trajectory(side) if new else None
        if first is not None and (second is None or first.parameters != second.parameters):
            name = old.name if old else ""
            raise PlannerError("locked", f"{name} {side} is locked and does not move. Unlock it first (K).")


def keep_candidate(plan: Plan, place: Place) -> Plan:
    """Put a copy of the shown trajectory aside as candidate B."""
    return with_notebook(plan, plan.notebook.with_candidate(place, plan.planned(*place)[1]))


def swap_candidate(plan: Plan, place: Place) -> Plan:
    """Show the candidate that was put aside and put the shown one aside, as a draft.

    Raises:
        PlannerError: no_candidate.
    """
    shown, other = plan.planned(*place)[1], plan.notebook.candidate(place)
    if other is None:
        raise PlannerError("no_candidate", "There is no second candidate yet. Keep one first.")
    swapped = plan.with_trajectory(place[0], replace(other, state="draft"))
    return with_notebook(swapped, plan.notebook.with_candidate(place, shown))


def kept_now(verse: int, trajectory: Trajectory) -> Kept:
    """A version with the time and the account that approved it."""
    try:
        who = getpass.getuser()
    except (OSError, KeyError):
        who = ""
    return Kept(verse, trajectory, datetime.now().astimezone().isoformat(timespec="seconds"), who)


def since_approved(plan: Plan, place: Place) -> str:
    """What differs from the version that was approved last, in words; empty where nothing does.

    None was approved: an empty string too; ``Notebook.last_approved`` tells the two apart.
    """
    kept, level = plan.notebook.last_approved(place), plan.level(place[0])
    if kept is None or level is None or level.trajectory(place[1]) is None:
        return ""
    return what_changed(plan.with_trajectory(place[0], kept.trajectory), plan, *place)


def measured_value(m: Measurement) -> float:
    """Length in mm, or angle in degrees (Cobb: between the two lines, 0 to 90)."""
    p = [np.array(q, float) for q in m.points_lps_mm]
    if m.kind == "length":
        return float(np.linalg.norm(p[1] - p[0]))
    a, b = (p[0] - p[1], p[2] - p[1]) if m.kind == "angle" else (p[1] - p[0], p[3] - p[2])
    product = float(np.linalg.norm(a) * np.linalg.norm(b))
    if product == 0:
        return 0.0
    angle = float(np.degrees(np.arccos(np.clip(a @ b / product, -1, 1))))
    return min(angle, 180 - angle) if m.kind == "cobb" else angle
