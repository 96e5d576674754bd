"""When a trajectory may be approved and what takes that back. A person approves; nothing here does."""

from __future__ import annotations

from dataclasses import replace

from imaging.findings import NAMING_CODES, Finding
from imaging.labels import Side
from planner.domain.plan import LevelPlan, Plan, Trajectory

LEVEL_COUNT_UNCONFIRMED = "level_count_unconfirmed"


def approval_blockers(plan: Plan, verse: int, side: Side) -> tuple[str, ...]:
    """Sentences that each name one thing the approval waits for; empty when it may be given."""
    level = plan.level(verse)
    if level is None:
        return ("This level is not planned.",)
    trajectory = level.trajectory(side)
    if trajectory is None:
        refusal = next((r for r in level.refused if r.side == side), None)
        return (refusal.reason if refusal else f"{level.name} {side} is not planned.",)
    blockers = [] if plan.levels_confirmed else ["Confirm the level count."]
    blockers += [finding.text for finding in _stops(plan, level, trajectory)]
    return tuple(dict.fromkeys(blockers))


def approval_sentence(plan: Plan, verse: int, side: Side) -> str:
    """Why Approve waits, in one sentence for the button; empty when it does not wait."""
    blockers = approval_blockers(plan, verse, side)
    if not blockers:
        return ""
    first = blockers[0][:1].lower() + blockers[0][1:] if blockers[0].startswith("Confirm") else blockers[0]
    count = "one thing" if len(blockers) == 1 else f"{len(blockers)} things, first"
    return f"Approve waits for {count}: {first}"


def _stops(plan: Plan, level: LevelPlan, trajectory: Trajectory) -> list[Finding]:
    findings = (*plan.findings, *level.findings, *trajectory.findings)
    return [f for f in findings if f.severity == "stop" and f.code not in NAMING_CODES]


def confirm_levels(plan: Plan) -> Plan:
    """The plan once a person has confirmed the names of its levels."""

    def settled(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        rest = (f for f in findings if f.code != LEVEL_COUNT_UNCONFIRMED)
        return tuple(replace(f, severity="caution") if f.code in NAMING_CODES else f for f in rest)

    levels = tuple(
        replace(
            level,
            findings=settled(level.findings),
            trajectories=tuple(replace(t, findings=settled(t.findings)) for t in level.trajectories),
        )
        for level in plan.levels
    )
    return replace(plan, levels=levels, findings=settled(plan.findings), levels_confirmed=True)


def withdraw_changed(before: Plan, after: Plan) -> Plan:
    """``after``; a trajectory that differs from ``before`` in more than its state loses its approval."""
    doubtful = before.source != after.source or (before.levels_confirmed and not after.levels_confirmed)
    result = after
    for level in after.levels:
        old_level = before.level(level.verse)
        for trajectory in level.trajectories:
            if trajectory.state == "draft":
                continue
            old = old_level.trajectory(trajectory.side) if old_level else None
            same_target = old_level is not None and old_level.target == level.target
            same = old is not None and replace(old, state=trajectory.state) == trajectory
            if doubtful or not same_target or not same:
                result = result.with_trajectory(level.verse, replace(trajectory, state="draft"))
    return result
