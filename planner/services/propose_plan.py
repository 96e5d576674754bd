"""A first plan: every level and side asked for is planned or refused with a reason."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.fluoro.views import view_angles
from imaging.labels import NAME_FROM_VERSE, Side
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.result import SpineSegmentation
from planner.domain.device import DeviceProfile
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.plan import LevelPlan, Plan, Point, Refusal, Target
from planner.services.approval import LEVEL_COUNT_UNCONFIRMED
from planner.services.open_case import Case
from planner.services.vertebra_fields import fields_of
from planner.trajectory.evaluate import ViewAngles


def device_named(name: str | None) -> DeviceProfile:
    """The profile of that id or name, the default without one; PlannerError ``unknown_device``."""
    from planner.devices.catalogue import DEFAULT_DEVICE, device_by_id

    return device_by_id(name or DEFAULT_DEVICE)


def views_of(anatomy: VertebraAnatomy, direction_lps: Point, side: Side) -> ViewAngles:
    """The four C-arm views of a tool direction in a vertebra."""
    return view_angles(anatomy, direction_lps, side)


def propose_plan(
    case: Case,
    found: SpineSegmentation,
    levels: Sequence[int],
    sides: Sequence[Side],
    device: DeviceProfile,
    progress: Progress = NULL_PROGRESS,
    limits: Limits = DEFAULT_LIMITS,
) -> Plan:
    """Plan the asked levels (VerSe numbers), top to bottom, and sides with one device."""
    order = sorted(set(levels), key=_from_top)
    planned = []
    for n, verse in enumerate(order):
        part = SubProgress(progress, n / len(order), (n + 1) / len(order))
        planned.append(propose_level(case, found, verse, sides, device, None, part, limits))
    codes = {finding.code for finding in found.findings}
    return Plan(
        source=case.source,
        levels=tuple(planned),
        findings=tuple(dict.fromkeys((*found.findings, *case.findings))),
        levels_confirmed=LEVEL_COUNT_UNCONFIRMED not in codes,
    )


def propose_level(
    case: Case,
    found: SpineSegmentation,
    verse: int,
    sides: Sequence[Side],
    device: DeviceProfile,
    target: Target | None = None,
    progress: Progress = NULL_PROGRESS,
    limits: Limits = DEFAULT_LIMITS,
) -> LevelPlan:
    """Plan one level anew; a vertebra that was not found is refused on every side."""
    from planner.trajectory.plan_level import plan_level

    anatomy = found.level(verse)
    if anatomy is None:
        return _not_found(found, verse, sides)
    progress.step(0.0, f"Planning {anatomy.name}")
    fields = fields_of(found, verse) if anatomy.pedicles else None
    return plan_level(
        anatomy,
        found.vertebrae,
        found.structures,
        case.volume,
        sides,
        device,
        limits,
        progress,
        target=target,
        views=views_of,
        fields=fields,
    )


def _from_top(verse: int) -> float:
    return 19.5 if NAME_FROM_VERSE.get(verse) == "T13" else float(verse)


def _not_found(found: SpineSegmentation, verse: int, sides: Sequence[Side]) -> LevelPlan:
    name = NAME_FROM_VERSE[verse]
    if bool(np.any(found.vertebrae.labels == verse)):
        code, why = "level_cut_off", f"only a part of {name} is in these images, so it cannot be measured."
    else:
        code, why = "level_not_found", f"no {name} was found in these images."
    refused = tuple(Refusal(side, code, f"{name} {side} is not planned: {why}") for side in sides)
    return LevelPlan(verse, 0.0, None, (), refused)
