"""The bioheat option: solve the lesion of each planned electrode on its own tissue. Illustrative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from imaging.errors import PlannerError
from imaging.labels import Side
from imaging.progress import NULL_PROGRESS, Progress
from imaging.segmentation.result import SpineSegmentation
from planner.domain.plan import Plan
from planner.services.open_case import Case
from planner.services.propose_plan import device_of
from planner.services.vertebra_fields import fields_of
from planner.trajectory.heat import heat_of


def with_heat(
    case: Case,
    found: SpineSegmentation,
    plan: Plan,
    progress: Progress = NULL_PROGRESS,
    only: Sequence[tuple[int, Side]] | None = None,
) -> Plan:
    """The plan with ``Trajectory.heat`` of all its trajectories, or of ``only`` (level, side). Seconds each.

    Raises:
        PlannerError: not_planned.
    """
    chosen = [
        (level, t)
        for level in plan.levels
        for t in level.trajectories
        if only is None or (level.verse, t.side) in only
    ]
    if only is not None and len(chosen) < len(only):
        raise PlannerError("not_planned", "This trajectory is not planned, so it heats nothing.")
    for n, (level, t) in enumerate(chosen):
        progress.step(n / len(chosen), f"Heating of {level.name} {t.side}")
        anatomy = found.level(level.verse)
        if anatomy is None or level.target is None:
            continue
        heat = heat_of(
            fields_of(found, level.verse, case.volume),
            anatomy.body,
            level.target,
            device_of(plan, t.device),
            t.parameters,
        )
        plan = plan.with_trajectory(level.verse, replace(t, heat=heat))
    progress.step(1.0, "Heating solved")
    return plan
