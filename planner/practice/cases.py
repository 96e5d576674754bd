"""Scenarios on the user's own images, and the scenario that belongs to a log."""

from __future__ import annotations

from pathlib import Path

from imaging.errors import PlannerError
from imaging.labels import NAME_FROM_VERSE, Side
from imaging.progress import NULL_PROGRESS, Progress
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.devices.catalogue import device_by_id
from planner.domain.plan import Plan
from planner.practice.pack import read_pack
from planner.practice.phantoms import build
from planner.practice.scenario import Scenario, ScenarioSpec, make_scenario, voxels_sha256


def case_scenario(
    volume: Volume,
    found: SpineSegmentation,
    plan: Plan,
    verse: int,
    side: Side,
    progress: Progress = NULL_PROGRESS,
) -> Scenario:
    """A planned trajectory of an open case as a task; the truth is the case's own segmentation.

    Raises:
        PlannerError: ``no_fluoro`` on MR, ``not_planned`` where the plan has no such trajectory.
    """
    level = plan.level(verse)
    way = level.trajectory(side) if level is not None else None
    name = NAME_FROM_VERSE[verse]
    if level is None or way is None or level.target is None:
        raise PlannerError("not_planned", f"{name} {side} is not planned, so it cannot be practised.")
    device = device_by_id(way.device)
    spec = ScenarioSpec("case", f"Own case, {name} {side}", verse, side, device.id, {}, voxels_sha256(volume))
    return make_scenario(
        spec, volume, found.vertebrae, found.structures, found.levels, device, progress,
        way.parameters, level.target, way.skin_entry_lps_mm,
    )  # fmt: skip


def scenario_of(
    spec: ScenarioSpec,
    pack: Path | None = None,
    progress: Progress = NULL_PROGRESS,
    cache: Path | None = None,
) -> Scenario:
    """The scenario that a log was made on.

    Raises:
        PlannerError: ``needs_pack`` where only a case pack holds it, ``other_scenario`` where the pack is of
            another body or task.
    """
    if spec.kind == "phantom":
        return build(spec, progress, cache)
    if pack is None:
        raise PlannerError(
            "needs_pack", "This session was not made on a bundled body: give its case pack with --pack."
        )
    found = read_pack(pack, progress)
    same = (found.spec.voxels, found.spec.verse, found.spec.side) == (spec.voxels, spec.verse, spec.side)
    if not same:
        raise PlannerError("other_scenario", f"{pack.name} holds another body or task than this session's.")
    return found
