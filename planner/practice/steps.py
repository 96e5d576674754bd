"""The nine steps of the procedure (clinical.md 2.2), what ends each, and what guided practice says of it."""

from __future__ import annotations

from dataclasses import dataclass

from planner.practice.hand import bone_depth_mm
from planner.practice.judge import Judge
from planner.practice.room import RoomState

TRUE_VIEW_DEG = 3.0
END_ON_DEG = 5.0
AT_TARGET_MM = 5.0
"""Further off, the electrode's middle lies outside what is to be covered [P]."""


@dataclass(frozen=True)
class Step:
    """One step: its title, what to do, and what guided practice says of the view to expect."""

    key: str
    title: str
    todo: str
    advice: str


STEPS: tuple[Step, ...] = (
    Step(
        "count",
        "Level and side",
        "Take a picture that shows the sacrum and the level, and count.",
        "Move the table along until the sacrum is in the field. Some spines have six lumbar vertebrae: "
        "in doubt, count down from the last ribs too.",
    ),
    Step(
        "views",
        "True AP and lateral",
        "Square both views to this vertebra, within 3°.",
        "Each endplate one line; on AP the spinous process midway between the pedicles, on lateral the "
        "pedicles over one another.",
    ),
    Step(
        "entry",
        "Skin entry",
        "Go oblique, press E, point at the pedicle, look end-on.",
        "In the oblique view the tool is a dot within the ring of the pedicle.",
    ),
    Step(
        "dock",
        "Dock on the pedicle",
        "Advance to bone, then look at AP and lateral.",
        "10 o'clock of the ring on the left, 2 o'clock on the right, at its outer rim on AP; on lateral at "
        "the back of the pedicle.",
    ),
    Step(
        "pedicle",
        "Through the pedicle",
        "Tap, then look at AP and lateral.",
        "On AP the tip must not cross the inner rim of the ring until the lateral shows it past the wall.",
    ),
    Step(
        "wall",
        "At the posterior wall",
        "Pass the wall by a few mm on lateral, then put the stylet in.",
        "Where the wall bulges backwards, as at L5, its line on lateral lies behind the true one: go on.",
    ),
    Step(
        "turn",
        "Turn the stylet",
        "Point the curve at the midline, turn it in, look at AP.",
        "The curve heads for the midline. It cannot be rolled while it is out.",
    ),
    Step(
        "probe",
        "Probe to the target",
        "Channel to the target, put the probe in, look at AP and lateral.",
        "AP: tip at the midline. Lateral: 30 to 50 % of the body's depth.",
    ),
    Step(
        "lesion",
        "Lesion",
        "Heat for 15 or 7 minutes.",
        "The electrode stays where both views showed it.",
    ),
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


def fault_words(key: str, judge: Judge) -> str:
    """What guided practice holds against a step that is done; "" where nothing."""
    truth = judge.truth
    if key == "probe" and truth is not None and truth.target_error_mm > AT_TARGET_MM:
        return "Not at the target. AP: tip at the midline; lateral: 30 to 50 % of the depth."
    return ""


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
