"""A first plan: every level and side asked for is planned or refused with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.findings import LEVEL_COUNT_UNCONFIRMED, Finding
from imaging.fluoro.views import view_angles
from imaging.labels import NAME_FROM_VERSE, Side
from imaging.progress import NULL_PROGRESS, Progress
from imaging.segmentation.result import SpineSegmentation
from imaging.side_by_side import side_by_side
from planner.devices.catalogue import DEFAULT_DEVICE, device_by_id
from planner.domain.device import DeviceProfile
from planner.domain.limits import DEFAULT_LIMITS, Limits, changed_limits
from planner.domain.plan import Access, Choice, LevelPlan, Plan, Point, Refusal, Target
from planner.services.mr_intervals import level_with_intervals
from planner.services.open_case import Case
from planner.services.procedure import with_procedure
from planner.services.vertebra_fields import fields_of, segmentation_sha256
from planner.trajectory.evaluate import ViewAngles

PAIR_DEVICE = "bipedicular-10g"


def device_named(name: str | None, more: Iterable[DeviceProfile] = ()) -> DeviceProfile:
    """The profile of that id or name, the default without one; PlannerError ``unknown_device``."""
    return device_by_id(name or DEFAULT_DEVICE, more)


def device_asked(asked: str | None, access: Access | None) -> tuple[DeviceProfile, Access]:
    """The profile of a name or of a user's file, and the access it is used with.

    Without a name bipedicular access takes the pair; without an access a pair is used bipedicularly.

    Raises:
        PlannerError: unknown_device, device_not_for_access and those of reading a profile.
    """
    from planner.devices.catalogue import read_devices

    is_file = asked is not None and (asked.lower().endswith(".json") or "/" in asked or "\\" in asked)
    if asked is not None and is_file:
        device = read_devices(Path(asked))[0]
    else:
        device = device_named(asked or (PAIR_DEVICE if access == "bipedicular" else None))
    way: Access = access or ("bipedicular" if device.kind == "pair" else "transpedicular")
    require_access(device, way)
    return device, way


def views_of(anatomy: VertebraAnatomy, direction_lps: Point, side: Side) -> ViewAngles:
    """The four C-arm views of a tool direction in a vertebra."""
    return view_angles(anatomy, direction_lps, side)


def require_access(device: DeviceProfile, access: Access) -> None:
    """PlannerError ``device_not_for_access`` where a pair and a single tool are mixed up."""
    if (device.kind == "pair") != (access == "bipedicular"):
        text = (
            f"{device.name} is a pair of tools: use it with bipedicular access."
            if device.kind == "pair"
            else f"Bipedicular access needs a pair of tools such as {PAIR_DEVICE}; {device.name} is one tool."
        )
        raise PlannerError("device_not_for_access", text)


def propose_plan(
    case: Case,
    found: SpineSegmentation,
    levels: Sequence[int],
    sides: Sequence[Side],
    device: DeviceProfile,
    progress: Progress = NULL_PROGRESS,
    limits: Limits = DEFAULT_LIMITS,
    access: Access = "transpedicular",
    choice: Choice = "most central",
) -> Plan:
    """Plan the asked levels (VerSe numbers), top to bottom, and sides with one device.

    Raises:
        PlannerError: device_not_for_access.
    """
    require_access(device, access)
    order = sorted(set(levels), key=_from_top)

    def one(verse: int, part: Progress) -> LevelPlan:
        return propose_level(case, found, verse, sides, device, None, part, limits, access, choice)

    planned = side_by_side(one, order, progress)
    codes = {finding.code for finding in found.findings}
    # What was found says the same of this very MR, and more.
    told = (f for f in case.findings if not (f.code == "mr_only" and "pedicles_from_model" in codes))
    plan = Plan(
        source=case.source,
        levels=tuple(planned),
        findings=tuple(dict.fromkeys((*found.findings, *told, *limit_findings(limits)))),
        levels_confirmed=LEVEL_COUNT_UNCONFIRMED not in codes,
        limits=limits,
        devices=(device,),
        segmentation_sha256=segmentation_sha256(found),
    )
    return with_procedure(plan)


def limit_findings(limits: Limits) -> tuple[Finding, ...]:
    """One line for every limit that is not at its default, so that no report hides it."""
    return tuple(
        Finding(
            "info",
            "limit_changed",
            f"Limit changed: {spec.words} is {value:g} {spec.unit}, the default is {default:g} {spec.unit}.",
            float(value),
            float(default),
            spec.unit,
        )
        for spec, value, default in changed_limits(limits)
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
    access: Access = "transpedicular",
    choice: Choice = "most central",
) -> LevelPlan:
    """Plan one level anew; a vertebra that was not found is refused on every side."""
    from planner.trajectory.plan_level import Wish, plan_level

    anatomy = found.level(verse)
    if anatomy is None:
        return _not_found(found, verse, sides)
    progress.step(0.0, f"Planning {anatomy.name}")
    fields = fields_of(found, verse, case.volume) if anatomy.pedicles else None
    level = plan_level(
        anatomy,
        found.vertebrae,
        found.structures,
        case.volume,
        sides,
        Wish(device, limits, access, choice),
        progress,
        target=target,
        views=views_of,
        fields=fields,
        anatomies=found.levels,
    )
    return level_with_intervals(level, case.volume, anatomy, limits)


def with_device(plan: Plan, device: DeviceProfile) -> Plan:
    """The plan with a profile among those it was made with."""
    rest = tuple(d for d in plan.devices if d.id != device.id)
    return replace(plan, devices=(*rest, device))


def device_of(plan: Plan, id: str) -> DeviceProfile:
    """The profile a trajectory was planned with; PlannerError ``unknown_device`` where it is not known."""
    return plan.device(id) or device_by_id(id)


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
