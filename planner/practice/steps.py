"""The nine steps of the procedure (clinical.md 2.2), what ends each, and what guided practice says of it."""

from __future__ import annotations

from dataclasses import dataclass

from planner.practice.hand import bone_depth_mm
from planner.practice.judge import Judge
from planner.practice.room import RoomState

TRUE_VIEW_DEG = 3.0
END_ON_DEG = 5.0
WALL_LEAST_MM = 0.3


@dataclass(frozen=True)
class Step:
    """One step: its title and what to do."""

    key: str
    title: str
    todo: str


STEPS: tuple[Step, ...] = (
    Step("count", "Level and side", "Take a picture that shows the sacrum and the level, and count."),
    Step("views", "True AP and lateral", "Square the endplates, spinous process midway, within 3°."),
    Step("entry", "Skin entry", "Turn to the oblique view, point at the pedicle, look end-on."),
    Step("dock", "Dock on the pedicle", "Advance to bone, then look at AP and lateral."),
    Step("pedicle", "Through the pedicle", "Tap, then look at AP and lateral."),
    Step("wall", "At the posterior wall", "Pass the wall by a few mm on lateral, then take the stylet."),
    Step("turn", "Turn the stylet", "Turn it medially until it heads for the midline, look at AP."),
    Step("probe", "Probe to the target", "Channel to the target, put the probe in, look at AP and lateral."),
    Step("lesion", "Lesion", "Heat for 7 or 15 minutes."),
)


def is_done(key: str, judge: Judge, state: RoomState) -> bool:
    """Whether a step's end is reached now; ``advance_steps`` keeps what was reached."""
    truth, hand, scenario = judge.truth, state.hand, judge.scenario
    if key == "count":
        return any(v.shows_task and v.shows_sacrum for v in judge.views)
    if key == "views":
        best = [judge.best(kind) for kind in ("AP", "lateral")]
        return all(v is not None and v.off_deg <= TRUE_VIEW_DEG for v in best)
    if truth is None:
        return False
    both = judge.seen_now("AP") and judge.seen_now("lateral")
    depth = bone_depth_mm(scenario, hand)
    if key == "entry":
        return any(v.end_on_deg is not None and v.end_on_deg <= END_ON_DEG for v in judge.views) or depth > 0
    if key == "dock":
        return depth > 0 and (both or truth.past_isthmus_mm > 0)
    if key == "pedicle":
        return truth.past_isthmus_mm > 0 and (both or truth.past_wall)
    if key == "wall":
        return truth.past_wall and hand.lumen != "trocar"
    if key == "turn":
        curved = scenario.device.bend_radius_mm is not None and scenario.plan.parameters.turn_deg > 0.5
        turned = hand.turn_deg > 0 or (not curved and hand.tip_mm > 0)
        return turned and (judge.seen_now("AP") or hand.tip_mm > 0 or hand.lumen == "probe")
    if key == "probe":
        return hand.lumen == "probe" and both
    return state.lesion is not None and state.lesion.done_minutes(state.time_s) >= state.lesion.minutes - 1e-9


def advance_steps(judge: Judge, state: RoomState) -> None:
    """Tick off, in order, what is reached."""
    for step in STEPS:
        if step.key in judge.done:
            continue
        if not is_done(step.key, judge, state):
            return
        judge.done[step.key] = state.time_s


def current_step(judge: Judge) -> int:
    """Index of the first step not done; len(STEPS) at the end."""
    return next((n for n, s in enumerate(STEPS) if s.key not in judge.done), len(STEPS))


def result_words(key: str, judge: Judge) -> str:
    """What was measured of a step that is done, for its row."""
    if key == "count":
        return judge.scenario.spec.task
    if key == "views":
        best = [judge.best(kind) for kind in ("AP", "lateral")]
        return ", ".join(f"{v.kind} {v.off_deg:.1f}°" for v in best if v is not None)
    if key == "entry":
        angles = [v.end_on_deg for v in judge.views if v.end_on_deg is not None]
        return f"end-on {min(angles):.1f}°" if angles else ""
    return ""
