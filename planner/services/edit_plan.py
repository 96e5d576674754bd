"""What an edit makes of a plan: the changed trajectory or target, everything about it measured again.

Limits and instruments are the plan's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.labels import Side
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.result import SpineSegmentation
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits
from planner.domain.plan import (
    Access,
    Choice,
    LevelPlan,
    Plan,
    Point,
    Target,
    Trajectory,
    TrajectoryParameters,
)
from planner.services.mr_intervals import with_intervals
from planner.services.open_case import Case
from planner.services.procedure import with_procedure
from planner.services.propose_plan import (
    device_of,
    limit_findings,
    propose_level,
    require_access,
    views_of,
    with_device,
)
from planner.services.vertebra_fields import fields_of, segmentation_sha256
from planner.trajectory.evaluate import evaluate
from planner.trajectory.fields import VertebraFields
from planner.trajectory.lesion import pair_lesion
from planner.trajectory.skin import skin_entry
from planner.trajectory.target import put_at, target_at

INSIDE_MM = 2.0


def change_trajectory(
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    verse: int,
    side: Side,
    parameters: TrajectoryParameters,
    quick: bool = False,
) -> Plan:
    """The plan with one trajectory's parameters changed and measured again, as a draft.

    ``quick`` is for previews while dragging: the breach probability is left out (nan), so the result may be
    shown but not saved.

    Raises:
        PlannerError: not_planned.
    """
    level, old = plan.planned(verse, side)
    changed = _measured(case, found, plan, level, old, parameters, quick)
    return _ordered(plan.with_trajectory(verse, changed), quick)


def change_target(
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    verse: int,
    point_lps_mm: Point,
    quick: bool = False,
) -> Plan:
    """The plan with a level's target moved; its tools stay where they are and are measured against it.

    A point outside the body, or nearer than 3 mm to its surface, is brought back into it.

    Raises:
        PlannerError: not_planned.
    """
    level = plan.level(verse)
    anatomy = found.level(verse)
    if level is None or anatomy is None or level.target is None:
        raise PlannerError("not_planned", "This level is not planned, so it has no target to move.")
    return with_target(case, found, plan, verse, target_at(anatomy, point_lps_mm, level.target), quick)


def _inside_bone(fields: VertebraFields, target: Target, anatomy: VertebraAnatomy) -> Target:
    """The target, moved straight towards the body's centre as far as it takes to lie 2 mm inside its bone."""
    body = anatomy.body
    point = np.asarray(target.centre_lps_mm)
    way = point + np.linspace(0.0, 1.0, 41)[:, None] * (body.centre_lps_mm - point)
    inside = (fields.bone(way) >= INSIDE_MM) & (fields.body(way) >= INSIDE_MM)
    first = int(np.argmax(inside)) if inside.any() else 40
    if first == 0:
        return target
    moved = way[first]
    return put_at(target, body, moved, "placed by the user, brought back into the body")


def with_target(
    case: Case, found: SpineSegmentation, plan: Plan, verse: int, target: Target, quick: bool = False
) -> Plan:
    """The plan with another target of a level (point, window or radius); its tools are measured against it.

    Raises:
        PlannerError: not_planned, bad_target.
    """
    level = plan.level(verse)
    if level is None or level.target is None:
        raise PlannerError("not_planned", "This level is not planned, so it has no target to change.")
    if not 0 <= target.depth_low < target.depth_high <= 1:
        raise PlannerError("bad_target", "The window's front must lie in front of its back, within the body.")
    if not (1 <= target.radius_mm <= 15 and target.lateral_tolerance_mm > 0 and target.height_tolerance > 0):
        raise PlannerError("bad_target", "Radius (1 to 15 mm) and tolerances must be greater than 0.")
    anatomy = found.level(verse)
    if anatomy is not None and target.centre_lps_mm != level.target.centre_lps_mm:
        target = _inside_bone(fields_of(found, verse, case.volume), target, anatomy)
    moved = replace(level, target=target)
    trajectories = tuple(
        _measured(case, found, plan, moved, t, t.parameters, quick) for t in level.trajectories
    )
    return _ordered(plan.with_level(replace(moved, trajectories=trajectories)), quick)


def plan_again(
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    verse: int,
    sides: Sequence[Side],
    device: DeviceProfile,
    target: Target | None = None,
    progress: Progress = NULL_PROGRESS,
    access: Access = "transpedicular",
    choice: Choice = "most central",
) -> Plan:
    """The plan with ``sides`` of one level searched anew (other device or target); other sides stay.

    Raises:
        PlannerError: not_planned, device_not_for_access.
    """
    require_access(device, access)
    old = plan.level(verse)
    if old is None:
        raise PlannerError("not_planned", "This level is not part of the plan.")
    if access == "bipedicular" or any(t.access == "bipedicular" for t in old.trajectories):
        sides = ("left", "right")
    fresh = propose_level(
        case, found, verse, sides, device, target or old.target, progress, plan.limits, access, choice
    )
    plan = with_device(plan, device)
    kept = tuple(t for t in old.trajectories if t.side not in sides)
    if fresh.target is not None and old.target != fresh.target:
        kept = tuple(_measured(case, found, plan, fresh, t, t.parameters, False) for t in kept)
    trajectories = sorted((*fresh.trajectories, *kept), key=lambda t: t.side)
    refused = (*fresh.refused, *(r for r in old.refused if r.side not in sides))
    return _ordered(plan.with_level(replace(fresh, trajectories=tuple(trajectories), refused=refused)), False)


def measure_again(
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    limits: Limits | None = None,
    progress: Progress = NULL_PROGRESS,
) -> Plan:
    """The plan with its tools where they are, measured on another segmentation or by other limits.

    A level that the segmentation no longer holds keeps nothing: it is planned anew, that is refused.
    """
    if limits is not None and limits != plan.limits:
        old = {f.text for f in limit_findings(plan.limits)}
        rest = tuple(f for f in plan.findings if f.text not in old)
        plan = replace(plan, limits=limits, findings=(*rest, *limit_findings(limits)))
    levels = []
    for n, level in enumerate(plan.levels):
        progress.step(n / max(1, len(plan.levels)), f"Measuring {level.name} again")
        if found.level(level.verse) is None or level.target is None:
            sides: list[Side] = [*(t.side for t in level.trajectories), *(r.side for r in level.refused)]
            device = plan.devices[0] if plan.devices else device_of(plan, "curved-8g")
            part = SubProgress(progress, n / len(plan.levels), (n + 1) / len(plan.levels))
            levels.append(propose_level(case, found, level.verse, sides, device, None, part, plan.limits))
            continue
        trajectories = tuple(
            _measured(case, found, plan, level, t, t.parameters, False) for t in level.trajectories
        )
        levels.append(replace(level, trajectories=trajectories))
    changed = replace(plan, levels=tuple(levels), segmentation_sha256=segmentation_sha256(found))
    return _ordered(changed, False)


def _ordered(plan: Plan, quick: bool) -> Plan:
    return plan if quick else with_procedure(plan)


def _measured(
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    level: LevelPlan,
    old: Trajectory,
    parameters: TrajectoryParameters,
    quick: bool,
) -> Trajectory:
    anatomy = found.level(level.verse)
    if anatomy is None or level.target is None:
        raise PlannerError("not_planned", "This level was not measured in these images.")
    device = device_of(plan, old.device)
    same_line = (parameters.entry_lps_mm, parameters.direction_lps) == (
        old.parameters.entry_lps_mm,
        old.parameters.direction_lps,
    )
    skin = old.skin_entry_lps_mm
    if not same_line:
        skin = skin_entry(case.volume, parameters.entry_lps_mm, parameters.direction_lps)
    target, lesion = level.target, None
    other = level.trajectory("right" if old.side == "left" else "left")
    if old.access == "bipedicular" and other is not None and device.tips_apart_mm is not None:
        low, high = device.tips_apart_mm
        sign = 1.0 if old.side == "left" else -1.0
        target = replace(
            target,
            lateral_mm=target.lateral_mm + sign * (low + high) / 4,
            lateral_tolerance_mm=(high - low) / 4,
        )
        tips = {other.side: other.tip_lps_mm, old.side: old.tip_lps_mm}
        lesion = pair_lesion(np.array(tips["left"]), np.array(tips["right"]), device, level.target)
    fresh = evaluate(
        fields_of(found, level.verse, case.volume),
        anatomy,
        target,
        old.side,
        device,
        parameters,
        plan.limits,
        skin,
        views_of(anatomy, parameters.direction_lps, old.side),
        draws=not quick,
        access=old.access,
        lesion=lesion,
        straight_short_mm=old.straight_short_mm,
    )
    # The state is carried along; what changed takes it back where the plan is committed.
    if case.volume.modality == "MR":
        fresh = with_intervals(fresh, case.volume, anatomy, plan.limits)
    return replace(fresh, state=old.state, withdrawn=old.withdrawn)
