"""Looking at doubts: which are open, and recording that a person has looked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from imaging.findings import Finding
from planner.domain.doubt import Seen, needs_a_look
from planner.domain.plan import Plan

WHOLE_CASE = 0


def doubts(plan: Plan, verse: int) -> tuple[tuple[int, Finding], ...]:
    """(VerSe number or WHOLE_CASE, finding) of each doubt that concerns a level, looked at or not."""
    level = plan.level(verse)
    own = tuple((verse, f) for f in level.findings if needs_a_look(f)) if level else ()
    return (*((WHOLE_CASE, f) for f in plan.findings if needs_a_look(f)), *own)


def seen_when(plan: Plan, verse: int, code: str) -> Seen | None:
    """The record of a look, None while nobody has looked."""
    return next((s for s in plan.seen if (s.verse, s.code) == (verse, code)), None)


def open_doubts(plan: Plan, verse: int) -> tuple[tuple[int, Finding], ...]:
    """Those of ``doubts`` that nobody has looked at."""
    return tuple((v, f) for v, f in doubts(plan, verse) if seen_when(plan, v, f.code) is None)


def acknowledge(plan: Plan, verse: int, code: str, who: str = "", now: datetime | None = None) -> Plan:
    """The plan with a look at one doubt recorded; the first look counts."""
    if seen_when(plan, verse, code) is not None:
        return plan
    when = (now or datetime.now().astimezone()).isoformat(timespec="seconds")
    return replace(plan, seen=(*plan.seen, Seen(verse, code, when, who)))
