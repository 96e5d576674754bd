"""One vertebra's plan: target, search, skin, evaluation, screening."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.findings import Finding
from imaging.labels import Side
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.volume import LabelVolume, Volume
from planner.domain.device import DeviceProfile
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.plan import (
    Access,
    Choice,
    LevelPlan,
    Point,
    Refusal,
    ScreeningItem,
    Target,
    Trajectory,
    TrajectoryParameters,
)
from planner.trajectory.evaluate import ViewAngles, evaluate
from planner.trajectory.fields import VertebraFields, prepare_fields
from planner.trajectory.lesion import pair_lesion
from planner.trajectory.reach import straight_short_mm
from planner.trajectory.refusals import not_measurable_refusal, stop_refusal
from planner.trajectory.screening import screening_sheet
from planner.trajectory.search import plan_side
from planner.trajectory.skin import skin_entry
from planner.trajectory.target import as_point, default_target, place_in_body

ViewFinder = Callable[[VertebraAnatomy, Point, Side], ViewAngles]
# Stops that leave a draft to look at and to mend: they block its approval, they do not refuse the side.
KEPT_AS_DRAFT = ("canal_unknown", "medial_margin", "inferior_margin")


@dataclass(frozen=True)
class Wish:
    """How a level shall be planned."""

    device: DeviceProfile
    limits: Limits = DEFAULT_LIMITS
    access: Access = "transpedicular"
    choice: Choice = "most central"


def plan_level(
    anatomy: VertebraAnatomy,
    vertebrae: LabelVolume,
    structures: LabelVolume,
    volume: Volume | None,
    sides: Iterable[Side],
    wish: Wish,
    progress: Progress = NULL_PROGRESS,
    target: Target | None = None,
    views: ViewFinder | None = None,
    fields: VertebraFields | None = None,
    anatomies: Iterable[VertebraAnatomy] = (),
) -> LevelPlan:
    """Plan the sides of one vertebra.

    Args:
        anatomy: measured vertebra.
        vertebrae, structures: label maps on one grid.
        volume: CT for skin, HU and what lies in the way; None where there is none.
        sides: to be planned; both of a pair whatever is asked.
        wish: instrument, margins, access and choice.
        progress: told of each step.
        target: the default target where None.
        views: C-arm angles (view, primary, secondary) of an anatomy, a tool direction and a side.
        fields: distance fields if already prepared.
        anatomies: of all vertebrae, for the neighbours' heights in the screening sheet.
    """
    sides = tuple(sides)
    goal = target or default_target(anatomy, limits=wish.limits)
    sheet = screening_sheet(
        anatomy, vertebrae, structures, volume, goal, wish.device, wish.limits, tuple(anatomies)
    )
    if fields is None and anatomy.pedicles:
        progress.step(0.0, f"{anatomy.name}: preparing distances")
        fields = prepare_fields(anatomy, vertebrae, structures, volume=volume)
    if fields is None:
        refused = tuple(not_measurable_refusal(anatomy, side) for side in sides)
        return _level(anatomy, goal, (), refused, sheet)
    if wish.access == "bipedicular":
        planned, refusals = _pair(fields, anatomy, goal, volume, wish, progress, views)
        return _level(anatomy, goal, planned, refusals, sheet)
    trajectories: list[Trajectory] = []
    no: list[Refusal] = []
    for index, side in enumerate(sides):
        part = SubProgress(progress, 0.3 + 0.7 * index / len(sides), 0.3 + 0.7 * (index + 1) / len(sides))
        found = plan_side(
            fields, anatomy, goal, side, wish.device, wish.limits, part, wish.access, wish.choice
        )
        result = found if isinstance(found, Refusal) else _measured(
            fields, anatomy, goal, side, found, volume, wish, views
        )  # fmt: skip
        if isinstance(result, Refusal):
            no.append(result)
        else:
            trajectories.append(result)
    return _level(anatomy, goal, tuple(trajectories), tuple(no), sheet)


def _level(
    anatomy: VertebraAnatomy,
    goal: Target,
    planned: tuple[Trajectory, ...],
    refused: tuple[Refusal, ...],
    sheet: tuple[ScreeningItem, ...],
) -> LevelPlan:
    findings: tuple[Finding, ...] = anatomy.findings
    return LevelPlan(anatomy.verse, anatomy.confidence, goal, planned, refused, findings, sheet)


def _measured(
    fields: VertebraFields,
    anatomy: VertebraAnatomy,
    goal: Target,
    side: Side,
    found: TrajectoryParameters,
    volume: Volume | None,
    wish: Wish,
    views: ViewFinder | None,
) -> Trajectory | Refusal:
    """The evaluated trajectory, or a refusal where even the best one breaks a hard stop."""
    skin = skin_entry(volume, found.entry_lps_mm, found.direction_lps)
    angles = views(anatomy, found.direction_lps, side) if views is not None else ()
    pedicle = anatomy.pedicles[side]
    margin = wish.limits.needed_mm(wish.limits.lateral_superior_mm)
    short = None
    if found.turn_deg > 0:
        short = straight_short_mm(fields, pedicle, side, wish.device, goal, margin)
    done = evaluate(
        fields, anatomy, goal, side, wish.device, found, wish.limits, skin, angles,
        access=wish.access, straight_short_mm=short,
    )  # fmt: skip
    stop = next((f for f in done.findings if f.severity == "stop" and f.code not in KEPT_AS_DRAFT), None)
    return done if stop is None else stop_refusal(anatomy.name, side, stop)


def _pair(
    fields: VertebraFields,
    anatomy: VertebraAnatomy,
    goal: Target,
    volume: Volume | None,
    wish: Wish,
    progress: Progress,
    views: ViewFinder | None,
) -> tuple[tuple[Trajectory, ...], tuple[Refusal, ...]]:
    """Both tools of a pair, each to its own side of the target; one that is refused refuses the pair."""
    low, high = wish.device.tips_apart_mm or (10.0, 20.0)
    half = (low + high) / 4
    done: dict[Side, Trajectory] = {}
    refused: list[Refusal] = []
    sides: tuple[Side, Side] = ("left", "right")
    for index, side in enumerate(sides):
        sign = 1.0 if side == "left" else -1.0
        centre = np.asarray(goal.centre_lps_mm) + sign * half * anatomy.body.left
        lateral = place_in_body(anatomy.body, centre)[2]
        tolerance = (high - low) / 4
        own = replace(
            goal, centre_lps_mm=as_point(centre), lateral_mm=lateral, lateral_tolerance_mm=tolerance
        )
        part = SubProgress(progress, 0.3 + 0.35 * index, 0.65 + 0.35 * index)
        found = plan_side(
            fields, anatomy, own, side, wish.device, wish.limits, part, "bipedicular", wish.choice
        )
        result = found if isinstance(found, Refusal) else _measured(
            fields, anatomy, own, side, found, volume, wish, views
        )  # fmt: skip
        if isinstance(result, Refusal):
            refused.append(result)
        else:
            done[side] = result
    if refused:
        for side in done:
            other = refused[0]
            reason = (
                f"{anatomy.name} {side} is not planned: a pair needs both sides, and {other.side} is refused."
            )
            refused.append(Refusal(side, "pair_incomplete", reason))
        return (), tuple(refused)
    left, right = (np.asarray(done[side].tip_lps_mm) for side in sides)
    lesion = pair_lesion(left, right, wish.device, goal)
    apart = float(np.linalg.norm(left - right))
    results = []
    for side in sides:
        old = done[side]
        own = replace(
            goal,
            lateral_mm=place_in_body(anatomy.body, old.tip_lps_mm)[2],
            lateral_tolerance_mm=(high - low) / 4,
        )
        again = evaluate(
            fields, anatomy, own, side, wish.device, old.parameters, wish.limits,
            old.skin_entry_lps_mm, old.carm, access="bipedicular", lesion=lesion,
        )  # fmt: skip
        results.append(replace(again, findings=(*again.findings, *_apart(apart, low, high))))
    stop = next(
        (f for t in results for f in t.findings if f.severity == "stop" and f.code not in KEPT_AS_DRAFT), None
    )
    if stop is not None:
        return (), tuple(stop_refusal(anatomy.name, side, stop) for side in sides)
    return tuple(results), ()


def _apart(apart: float, low: float, high: float) -> tuple[Finding, ...]:
    good = low <= apart <= high
    text = f"Both tips lie {apart:.1f} mm apart, {low:g} to {high:g} mm are wanted."
    edge = low if apart < low else high
    return (Finding("info" if good else "caution", "tips_apart", text, apart, edge, "mm"),)
