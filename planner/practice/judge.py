"""What a session shows of its learner, event by event, from 3D truth: views, ways, breaks of rules."""

from __future__ import annotations

from dataclasses import dataclass

from planner.practice.hand import bone_depth_mm
from planner.practice.room import Event, Hand, RoomState
from planner.practice.scenario import Scenario
from planner.practice.truth import ToolTruth, tool_truth
from planner.practice.views import ViewTaken, look

BLIND_MM = 8.0
"""Advance in the pedicle without one of the two views that counts as blind [P]."""
MEDIAL_SLACK_MM = 0.5
DEEP_MM = 3.0
WRONG_BONE_MM = 10.0
_MOVES = ("tap", "push", "channel", "curve", "skin", "aim", "withdraw", "redirect", "exchange", "roll")


@dataclass(frozen=True)
class RuleBreak:
    """A rule that was broken: its code, when, and a sentence."""

    code: str
    time_s: float
    text: str


@dataclass(frozen=True)
class Sample:
    """The tool's truth at a time."""

    time_s: float
    truth: ToolTruth
    hand: Hand


class Judge:
    """Sees every event with the room before and after it; what it knows is all a score needs."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.views: list[ViewTaken] = []
        self.samples: list[Sample] = []
        self.breaks: list[RuleBreak] = []
        self.redirections = 0
        self.advances = 0
        self.lesion_hand: Hand | None = None
        self.lesion_truth: ToolTruth | None = None
        self.wrong_bone: ToolTruth | None = None
        self.moved = 0
        self.seen: dict[str, int] = {}
        self.done: dict[str, float] = {}
        self.since = {"AP": 0.0, "lateral": 0.0}
        self._was_deep = False
        self._latched: set[str] = set()

    @property
    def truth(self) -> ToolTruth | None:
        """Of the tool as it is now; None before an entry."""
        return self.samples[-1].truth if self.samples else None

    def seen_now(self, kind: str) -> bool:
        """Whether that view was taken since the tool last moved."""
        return self.seen.get(kind, -1) == self.moved

    def best(self, kind: str) -> ViewTaken | None:
        """The squarest picture of a kind."""
        return min((v for v in self.views if v.kind == kind), key=lambda v: v.off_deg, default=None)

    def see(self, before: RoomState, event: Event, after: RoomState) -> None:
        """Take one event in."""
        if after.refusal:
            return
        if event.kind in _MOVES and after.hand != before.hand:
            self._hand_moved(before, event, after)
        if after.beam_on and (event.kind in ("pedal_down", "carm") or after.hand != before.hand):
            self._picture(after)
        if event.kind == "lesion_start":
            self._lesion(after)

    def _picture(self, after: RoomState) -> None:
        view = look(self.scenario, after.carm, after.hand, after.time_s, max(0, after.exposure.pulses - 1))
        self.views.append(view)
        self.seen[view.kind] = self.moved
        if view.kind in self.since:
            self.since[view.kind] = 0.0

    def _hand_moved(self, before: RoomState, event: Event, after: RoomState) -> None:
        self.moved += 1
        scenario, hand, t = self.scenario, after.hand, after.time_s
        if hand.skin_lps_mm is None:
            return
        if event.kind in ("aim", "skin") and self._was_deep:
            self.redirections += 1
            self._was_deep = False
        truth = tool_truth(scenario, hand)
        self.samples.append(Sample(t, truth, hand))
        if hand.lumen == "trocar" and bone_depth_mm(scenario, hand) > DEEP_MM:
            self._was_deep = True
        if truth.verse not in (0, scenario.spec.verse) and truth.verse_mm >= WRONG_BONE_MM:
            self.wrong_bone = truth
        deeper = event.kind in ("tap", "push", "channel", "curve")
        if deeper:
            self._advanced(before, after, truth)
        if truth.in_bone_mm <= DEEP_MM and truth.breach_mm == 0:
            self._latched -= {"medial_before_wall", "blind_advance"}

    def _advanced(self, before: RoomState, after: RoomState, truth: ToolTruth) -> None:
        hand, t = after.hand, after.time_s
        self.advances += 1
        way = hand.inserted_mm - before.hand.inserted_mm
        if (truth.in_bone_mm > 0 or truth.breach_mm > 0) and not truth.past_wall:
            for kind in self.since:
                self.since[kind] += way
                if self.since[kind] > BLIND_MM:
                    self._break(
                        "blind_advance",
                        t,
                        f"{self.since[kind]:.0f} mm of advance without a look at the {kind} view.",
                    )
        if bone_depth_mm(self.scenario, before.hand) == 0 < bone_depth_mm(self.scenario, hand) and not (
            self.views and max(self.seen.values(), default=-1) > 0
        ):
            self._break("blind_dock", t, "The bone was entered without a picture of the tool.")
        if (
            hand.lumen == "trocar"
            and (truth.in_bone_mm > DEEP_MM or truth.breach_mm > 0)
            and not truth.past_wall_on_lateral
            and truth.past_medial_mm > MEDIAL_SLACK_MM
        ):
            self._break(
                "medial_before_wall",
                t,
                f"The tip was {truth.past_medial_mm:.1f} mm past the medial pedicle border on AP before the "
                "posterior wall was passed on lateral.",
            )
        if hand.turn_deg > before.hand.turn_deg and not truth.past_wall:
            self._break(
                "curve_before_wall", t, "The stylet was turned before the introducer had passed the wall."
            )

    def _lesion(self, after: RoomState) -> None:
        self.lesion_hand = after.hand
        self.lesion_truth = tool_truth(self.scenario, after.hand)
        missing = [kind for kind in ("AP", "lateral") if not self.seen_now(kind)]
        if missing:
            self._break(
                "lesion_unseen",
                after.time_s,
                f"The lesion was begun without a look at the {missing[0]} view.",
            )

    def _break(self, code: str, time_s: float, text: str) -> None:
        if code not in self._latched:
            self._latched.add(code)
            self.breaks.append(RuleBreak(code, time_s, text))
        elif code in ("blind_advance", "medial_before_wall"):
            last = max(n for n, b in enumerate(self.breaks) if b.code == code)
            self.breaks[last] = RuleBreak(code, self.breaks[last].time_s, text)
