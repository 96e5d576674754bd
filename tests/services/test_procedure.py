"""Several levels as one procedure: sides, order, shared C-arm moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan_fakes import plan

from planner.domain.plan import Plan
from planner.services.procedure import make_procedure, with_procedure
from planner.session import PlanningSession
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


@pytest.mark.parametrize(("left", "right", "side"), [(0.046, 0.038, "right"), (0.03, 0.04, "left")])
def test_of_equal_room_the_smaller_chance_of_a_breach_decides(left: float, right: float, side: str) -> None:
    base = plan()
    for name, breach, room in (("left", left, 2.54), ("right", right, 2.50)):
        t = with_medial(base, 22, name, room).level(22).trajectory(name)  # type: ignore[union-attr, arg-type]
        base = base.with_trajectory(22, replace(t, breach_probability=breach))  # type: ignore[type-var, arg-type]
    procedure = make_procedure(base)
    assert procedure is not None
    step = next(s for s in procedure.steps if s.verse == 22)
    assert step.side == side
    assert step.why_side.startswith(f"Room equal; a breach in {100 * min(left, right):.1f} % against")


@pytest.mark.parametrize(
    ("left", "right", "side", "why"),
    [
        ("draft", "approved", "right", "Right is approved, left a draft."),
        ("reviewed", "approved", "right", "Right is approved, left only reviewed."),
        ("draft", "reviewed", "right", "Right is reviewed, left a draft."),
        ("approved", "approved", "left", "more beyond what is needed than right."),
    ],
)
def test_an_approved_side_goes_before_the_margin(left: str, right: str, side: str, why: str) -> None:
    base = with_medial(plan(), 22, "right", 1.0)
    for one, state in (("left", left), ("right", right)):
        t = base.level(22).trajectory(one)  # type: ignore[union-attr, arg-type]
        base = base.with_trajectory(22, replace(t, state=state))  # type: ignore[type-var, arg-type]
    procedure = make_procedure(base)
    assert procedure is not None
    step = next(s for s in procedure.steps if s.verse == 22)
    assert step.side == side
    assert step.why_side.endswith(why)


def test_the_procedure_follows_an_approval_its_withdrawal_and_undo() -> None:
    session = PlanningSession()
    session.begin_plan(with_procedure(with_medial(plan(), 22, "right", 1.0)))

    def side() -> str:
        assert session.plan is not None
        assert session.plan.procedure is not None
        return next(s.side for s in session.plan.procedure.steps if s.verse == 22)

    assert side() == "left"
    session.approve(22, "right")
    assert side() == "right"
    session.undo()
    assert side() == "left"
    session.approve(22, "right")
    session.withdraw(22, "right")
    assert side() == "left"


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
