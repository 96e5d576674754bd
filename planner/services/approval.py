"""When a trajectory may be approved and what takes that back. A person approves; nothing here does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from imaging.findings import LEVEL_COUNT_UNCONFIRMED, NAMING_CODES, Finding
from imaging.labels import Side
from planner.domain.bands import MR_INTERVAL, judged_clearances
from planner.domain.dates import moment_words
from planner.domain.device import DeviceProfile
from planner.domain.limits import figure
from planner.domain.plan import STATES, LevelPlan, Plan, Trajectory
from planner.services.acknowledge import open_doubts
from planner.services.what_changed import what_changed

TOO_COARSE = frozenset({"thick_slices", "large_pixels"})
"""On such images no pedicle's wall is measured to 1 mm: good for practice, never approved (clinical.md 8)."""


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
    blockers += [words] if (words := _unseen_wall(trajectory)) else []
    blockers += [f"Look at this and say so: {finding.text}" for _, finding in open_doubts(plan, verse)]
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
    stops = [f for f in findings if f.severity == "stop" and f.code not in NAMING_CODES]
    return stops + [f for f in plan.findings if f.code in TOO_COARSE]


def _unseen_wall(trajectory: Trajectory) -> str:
    """On MR: that a wall may lie inside the tool for all that is known; empty where none may."""
    for f in trajectory.findings:
        if f.code == MR_INTERVAL and f.value is not None and f.value < (f.limit or 0.0):
            near = f"{-f.value:.1f} mm through" if f.value < 0 else f"only {f.value:.1f} mm from"
            return f"Plan on a CT: for all that MR shows, the tool may be {near} a wall of the pedicle."
    return ""


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


def withdraw_changed(before: Plan, after: Plan, now: datetime | None = None) -> Plan:
    """``after``; a trajectory of which anything it stands on differs from ``before`` is a draft again.

    What changed is kept in words in ``Trajectory.withdrawn``; ``now`` is when, the clock's time where None.
    """
    result = after
    for level in after.levels:
        for trajectory in level.trajectories:
            old_level = before.level(level.verse)
            old = old_level.trajectory(trajectory.side) if old_level else None
            if trajectory.withdrawn and (old is None or trajectory.withdrawn != old.withdrawn):
                continue  # whoever changed the plan has said why
            was = trajectory.state if trajectory.state != "draft" else old.state if old else "draft"
            changed = what_changed(before, after, level.verse, trajectory.side)
            if was == "draft" or not changed:
                continue
            word = "Approval" if was == "approved" else "Review"
            at = moment_words(now or datetime.now())
            text = f"{word} of {level.name} {trajectory.side} withdrawn on {at}: {changed}."
            result = result.with_trajectory(level.verse, replace(trajectory, state="draft", withdrawn=text))
    return result


def recheck(plan: Plan, segmentation_sha256: str, devices: Iterable[DeviceProfile]) -> Plan:
    """A plan read from a file against what exists now: labels and instruments that differ withdraw approvals.

    So does a stored distance that is below a hard stop: a plan of before the reserve was part of what is
    needed. The plan keeps the instruments it was made with.
    """
    known = {device.id: device for device in devices}
    now = replace(
        plan,
        segmentation_sha256=segmentation_sha256 if plan.segmentation_sha256 else "",
        devices=tuple(known.get(device.id, device) for device in plan.devices),
    )
    return _without_stops(replace(withdraw_changed(plan, now), devices=plan.devices))


def _without_stops(plan: Plan) -> Plan:
    """No approval stands where the plan's own limits judge a distance a stop, or where none is given."""
    result = plan
    coarse = next((f.text for f in plan.findings if f.code in TOO_COARSE), "")
    for level in plan.levels:
        for t in level.trajectories:
            low = next((c for c in judged_clearances(t, plan.limits) if c.band == "stop"), None)
            why = coarse or _unseen_wall(t)
            if low is not None and low.value_mm is not None:
                shown = figure(low.value_mm, *low.demands_mm)
                why = f"{low.name} {shown} mm is a stop by this plan's limits."
            if t.state == "approved" and why:
                at = moment_words(datetime.now())
                text = f"Approval of {level.name} {t.side} withdrawn on {at}: {why}"
                result = result.with_trajectory(level.verse, replace(t, state="draft", withdrawn=text))
    return result


def without_new_approvals(present: Plan, stepped: Plan) -> Plan:
    """``stepped``, where nothing is more than it is at ``present``: undo does not give an approval back."""
    result = stepped
    for level in stepped.levels:
        now = present.level(level.verse)
        for trajectory in level.trajectories:
            same = now.trajectory(trajectory.side) if now else None
            state = same.state if same else "draft"
            if STATES.index(trajectory.state) > STATES.index(state):
                kept = same.withdrawn if same else ""
                result = result.with_trajectory(level.verse, replace(trajectory, state=state, withdrawn=kept))
    return result
