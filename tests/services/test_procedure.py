"""Several levels as one procedure: sides, order, shared C-arm moves."""

from __future__ import annotations

from dataclasses import replace

from plan_fakes import plan

from planner.domain.plan import Plan
from planner.services.procedure import make_procedure, with_procedure
from planner.storage.plan_json import plan_from_dict, plan_to_dict, validate


def with_medial(base: Plan, verse: int, side: str, medial: float) -> Plan:
    level = base.level(verse)
    assert level is not None
    t = level.trajectory(side)  # type: ignore[arg-type]
    assert t is not None
    return base.with_trajectory(verse, replace(t, clearance_mm=replace(t.clearance_mm, medial=medial)))


def test_each_level_takes_the_side_with_the_better_margin() -> None:
    base = plan()
    both = [level for level in base.levels if len(level.trajectories) == 2]
    assert both
    worse = with_medial(base, both[0].verse, "left", 1.0)
    procedure = make_procedure(worse)
    assert procedure is not None
    step = next(s for s in procedure.steps if s.verse == both[0].verse)
    assert step.side == "right"
    assert step.why_side.endswith("more beyond what is needed than left.")
    assert procedure.lesions == len(procedure.steps)


def test_views_within_three_degrees_are_shared() -> None:
    procedure = make_procedure(plan())
    assert procedure is not None
    assert len(procedure.steps) >= 2
    assert procedure.moves < procedure.moves_unshared
    assert procedure.steps[1].moves[-1].startswith("Lateral: stays as for ")


def test_nothing_planned_has_no_procedure() -> None:
    base = plan()
    bare = replace(base, levels=tuple(replace(x, trajectories=()) for x in base.levels))
    assert make_procedure(bare) is None


def test_a_procedure_is_written_and_read() -> None:
    whole = with_procedure(plan())
    document = plan_to_dict(whole)
    validate(document)
    assert plan_from_dict(document).procedure == whole.procedure
