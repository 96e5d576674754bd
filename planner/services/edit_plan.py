"""What an edit makes of a plan: the changed trajectory or target, everything about it measured again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from imaging.errors import PlannerError
from imaging.labels import Side
from imaging.progress import NULL_PROGRESS, Progress
from imaging.segmentation.result import SpineSegmentation
from planner.domain.device import DeviceProfile
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.plan import LevelPlan, Plan, Point, Target, Trajectory, TrajectoryParameters
from planner.services.open_case import Case
from planner.services.propose_plan import device_named, propose_level, views_of
from planner.services.vertebra_fields import fields_of
from planner.trajectory.evaluate import evaluate
from planner.trajectory.skin import skin_entry
from planner.trajectory.target import target_at


def change_trajectory(
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    verse: int,
    side: Side,
    parameters: TrajectoryParameters,
    limits: Limits = DEFAULT_LIMITS,
    quick: bool = False,
) -> Plan:
    """The plan with one trajectory's parameters changed and measured again, as a draft.

    ``quick`` is for previews while dragging: the breach probability is left out (nan), so the result may be
    shown but not saved.

    Raises:
        PlannerError: not_planned.
    """
    level, old = _planned(plan, verse, side)
    changed = _measured(case, found, level, old, parameters, device_named(old.device), limits, quick)
    return plan.with_trajectory(verse, changed)


def change_target(
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    verse: int,
    point_lps_mm: Point,
    limits: Limits = DEFAULT_LIMITS,
    quick: bool = False,
) -> Plan:
    """The plan with a level's target moved; its tools stay where they are and are measured against it.

    Raises:
        PlannerError: not_planned.
    """
    level = plan.level(verse)
    anatomy = found.level(verse)
    if level is None or anatomy is None or level.target is None:
        raise PlannerError("not_planned", "This level is not planned, so it has no target to move.")
    moved = replace(level, target=target_at(anatomy, point_lps_mm, level.target.radius_mm))
    trajectories = tuple(
        _measured(case, found, moved, t, t.parameters, device_named(t.device), limits, quick)
        for t in level.trajectories
    )
    return plan.with_level(replace(moved, trajectories=trajectories))


def plan_again(
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    verse: int,
    sides: Sequence[Side],
    device: DeviceProfile,
    target: Target | None = None,
    progress: Progress = NULL_PROGRESS,
    limits: Limits = DEFAULT_LIMITS,
) -> Plan:
    """The plan with ``sides`` of one level searched anew (other device or target); other sides stay."""
    fresh = propose_level(case, found, verse, sides, device, target, progress, limits)
    old = plan.level(verse)
    if old is None:
        raise PlannerError("not_planned", "This level is not part of the plan.")
    kept = tuple(t for t in old.trajectories if t.side not in sides)
    if fresh.target is not None and old.target != fresh.target:
        kept = tuple(
            _measured(case, found, fresh, t, t.parameters, device_named(t.device), limits, False)
            for t in kept
        )
    trajectories = sorted((*fresh.trajectories, *kept), key=lambda t: t.side)
    refused = (*fresh.refused, *(r for r in old.refused if r.side not in sides))
    return plan.with_level(replace(fresh, trajectories=tuple(trajectories), refused=refused))


def _planned(plan: Plan, verse: int, side: Side) -> tuple[LevelPlan, Trajectory]:
    level = plan.level(verse)
    trajectory = level.trajectory(side) if level else None
    if level is None or trajectory is None:
        raise PlannerError("not_planned", "This trajectory is not planned, so it cannot be changed.")
    return level, trajectory


def _measured(
    case: Case,
    found: SpineSegmentation,
    level: LevelPlan,
    old: Trajectory,
    parameters: TrajectoryParameters,
    device: DeviceProfile,
    limits: Limits,
    quick: bool,
) -> Trajectory:
    anatomy = found.level(level.verse)
    if anatomy is None or level.target is None:
        raise PlannerError("not_planned", "This level was not measured in these images.")
    same_line = (parameters.entry_lps_mm, parameters.direction_lps) == (
        old.parameters.entry_lps_mm,
        old.parameters.direction_lps,
    )
    skin = old.skin_entry_lps_mm
    if not same_line:
        skin = skin_entry(case.volume, parameters.entry_lps_mm, parameters.direction_lps)
    return evaluate(
        fields_of(found, level.verse),
        anatomy,
        level.target,
        old.side,
        device,
        parameters,
        limits,
        skin,
        views_of(anatomy, parameters.direction_lps, old.side),
        draws=not quick,
    )
