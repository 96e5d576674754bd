"""A doubt blocks approval until a person has looked; what was looked at is kept with its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from plan_fakes import plan as fake_plan

from imaging.findings import Finding
from planner.domain.dates import moment_words
from planner.report.words import looked_at
from planner.services.acknowledge import acknowledge, open_doubts, seen_when
from planner.services.approval import approval_blockers, confirm_levels
from planner.storage.plan_json import plan_from_text, plan_to_text

DOUBT = Finding("caution", "quality_fracture", "L4 may be fractured.", 70.0, 80.0, "%")


def _plan():
    plan = fake_plan()
    level = plan.levels[0]
    quiet = tuple(
        replace(t, findings=tuple(f for f in t.findings if f.severity != "stop")) for t in level.trajectories
    )
    plan = replace(plan, levels_confirmed=True, findings=())
    return plan.with_level(replace(level, findings=(DOUBT,), trajectories=quiet)), level.verse


def test_a_doubt_blocks_until_it_was_looked_at():
    plan, verse = _plan()
    side = plan.levels[0].trajectories[0].side
    assert approval_blockers(plan, verse, side) == ("Look at this and say so: L4 may be fractured.",)
    assert [f for _, f in open_doubts(plan, verse)] == [DOUBT]
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    looked = acknowledge(plan, verse, DOUBT.code, "A. Reader", now)
    assert approval_blockers(looked, verse, side) == ()
    record = seen_when(looked, verse, DOUBT.code)
    assert (record.when, record.who) == ("2026-01-02T03:04:05+00:00", "A. Reader")
    assert acknowledge(looked, verse, DOUBT.code, "B") is looked


def test_looks_survive_the_plan_file():
    plan, verse = _plan()
    looked = acknowledge(plan, verse, DOUBT.code)
    assert plan_from_text(plan_to_text(looked)).seen == looked.seen


def test_confirming_the_levels_settles_the_naming_doubts_and_keeps_what_was_unusual():
    plan, verse = _plan()
    stops = (
        Finding("stop", "level_count_unconfirmed", "Confirm."),
        Finding("stop", "lumbar_count_unusual", "Six lumbar vertebrae."),
    )
    asked = replace(plan, findings=stops, levels_confirmed=False)
    side = plan.levels[0].trajectories[0].side
    assert "Confirm the level count." in approval_blockers(asked, verse, side)
    confirmed = confirm_levels(asked)
    assert [(f.severity, f.code) for f in confirmed.findings] == [("caution", "lumbar_count_unusual")]
    assert not any("lumbar" in b for b in approval_blockers(confirmed, verse, side))


def test_the_report_says_who_looked_and_that_nobody_has():
    plan, verse = _plan()
    assert looked_at(DOUBT, verse, plan.seen) == "Nobody has looked at this yet."
    seen = acknowledge(plan, verse, DOUBT.code, "A. Reader", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)).seen
    assert looked_at(DOUBT, verse, seen) == f"Looked at by A. Reader, {moment_words(seen[0].when)}."
    assert looked_at(DOUBT, verse + 1, seen) == "Nobody has looked at this yet."
    assert looked_at(Finding("info", "process_cut", "A process is cut."), verse, seen) == ""
