"""One vertebra's plan: target, search, skin, evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from imaging.anatomy import VertebraAnatomy
from imaging.findings import Finding
from imaging.labels import Side
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.volume import LabelVolume, Volume
from planner.domain.device import DeviceProfile
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.plan import LevelPlan, Point, Refusal, Target, Trajectory
from planner.trajectory.evaluate import ViewAngles, evaluate
from planner.trajectory.fields import VertebraFields, prepare_fields
from planner.trajectory.search import plan_side
from planner.trajectory.skin import skin_entry
from planner.trajectory.target import default_target

ViewFinder = Callable[[VertebraAnatomy, Point, Side], ViewAngles]


def plan_level(
    anatomy: VertebraAnatomy,
    vertebrae: LabelVolume,
    structures: LabelVolume,
    volume: Volume | None,
    sides: Iterable[Side],
    device: DeviceProfile,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress = NULL_PROGRESS,
    target: Target | None = None,
    views: ViewFinder | None = None,
    fields: VertebraFields | None = None,
) -> LevelPlan:
    """Plan the sides of one vertebra.

    Args:
        anatomy: measured vertebra.
        vertebrae, structures: label maps on one grid.
        volume: CT for the skin entry; None where there is none.
        sides: to be planned.
        device, limits: instrument and margins.
        progress: told of each step.
        target: the default target where None.
        views: C-arm angles (view, primary, secondary) of an anatomy, a tool direction and a side.
        fields: distance fields if already prepared.
    """
    sides = tuple(sides)
    goal = target or default_target(anatomy)
    if fields is None and anatomy.pedicles:
        progress.step(0.0, f"{anatomy.name}: preparing distances")
        fields = prepare_fields(anatomy, vertebrae, structures)
    planned: list[Trajectory] = []
    refused: list[Refusal] = []
    for index, side in enumerate(sides):
        part = SubProgress(progress, 0.3 + 0.7 * index / len(sides), 0.3 + 0.7 * (index + 1) / len(sides))
        if fields is None:
            text = next((f.text for f in anatomy.findings if f.code.endswith(f"_{side}")), "").split(": ", 1)[
                -1
            ]
            reason = f"{anatomy.name} {side} is not planned: {text or 'the pedicle cannot be measured.'}"
            refused.append(Refusal(side, "pedicle_not_measurable", reason))
            continue
        found = plan_side(fields, anatomy, goal, side, device, limits, part)
        if isinstance(found, Refusal):
            refused.append(found)
            continue
        skin = skin_entry(volume, found.entry_lps_mm, found.direction_lps)
        angles = views(anatomy, found.direction_lps, side) if views is not None else ()
        planned.append(evaluate(fields, anatomy, goal, side, device, found, limits, skin, angles))
    findings: tuple[Finding, ...] = anatomy.findings
    return LevelPlan(anatomy.verse, anatomy.confidence, goal, tuple(planned), tuple(refused), findings)
