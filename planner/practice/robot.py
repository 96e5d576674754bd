"""A scripted learner: follows the plan with exact or noisy hands through the same events as a person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.practice.hand import bone_depth_mm
from planner.practice.judge import Judge
from planner.practice.reduce import apply
from planner.practice.result import Score
from planner.practice.room import Event, EventKind, RoomState
from planner.practice.scenario import Scenario
from planner.practice.score import planned_hand, score
from planner.practice.steps import advance_steps

Array = NDArray[np.float64]
LOOK_EVERY_MM = 6.0


@dataclass
class Robot:
    """Drives a room. ``hold`` is how long it presses the pedal."""

    scenario: Scenario
    hold_s: float = 0.4

    def __post_init__(self) -> None:
        self.state = RoomState()
        self.judge = Judge(self.scenario)
        self.events: list[Event] = []
        self.now = 0.0

    def do(self, kind: EventKind, wait_s: float = 1.5, **data: Any) -> RoomState:
        """One act after a pause for thought."""
        self.now = round(self.now + wait_s, 3)
        event = Event(self.now, kind, data)
        after = apply(self.scenario, self.state, event)
        self.judge.see(self.state, event, after)
        advance_steps(self.judge, after)
        self.events.append(event)
        self.state = after
        return after

    def look(self, view: str) -> None:
        """Turn the C-arm to a view of the plan, centred on the target, and take one picture."""
        primary, secondary = self.scenario.plan.view_angles(view)  # type: ignore[arg-type]
        shift = self.scenario.start_lps_mm - np.array(self.scenario.target.centre_lps_mm)
        orbit = (180.0 - primary + 180.0) % 360.0 - 180.0
        self.do(
            "carm", 4.0, orbit_deg=float(orbit), tilt_deg=float(secondary), across_mm=float(shift[0]),
            height_mm=float(shift[1]), along_mm=float(shift[2]),
        )  # fmt: skip
        self.press()

    def press(self) -> None:
        """The pedal, briefly."""
        self.do("pedal_down", 0.5)
        self.do("pedal_up", self.hold_s)

    def pair(self) -> None:
        """AP and lateral."""
        self.look("ap")
        self.look("lateral")

    def insert(self, to_mm: float) -> None:
        """Taps, then pushes, until the introducer's tip is ``to_mm`` past the skin; looks on the way."""
        since = 0.0
        was_out = bone_depth_mm(self.scenario, self.state.hand) == 0
        while self.state.hand.inserted_mm < to_mm - 0.01:
            before = self.state.hand.inserted_mm
            rest = to_mm - before
            trial = apply(self.scenario, self.state, Event(self.now, "tap"))
            if since > 0 and since + trial.hand.inserted_mm - before > LOOK_EVERY_MM:
                self.pair()
                since = 0.0
            if trial.hand.inserted_mm <= to_mm:
                self.do("tap")
            else:
                self.do("push", mm=float(min(0.5, rest)))
            way = self.state.hand.inserted_mm - before
            if way < 1e-4:
                break
            depth = bone_depth_mm(self.scenario, self.state.hand)
            since += way if depth > 0 else 0.0
            if depth > 0 and was_out:
                self.pair()
                since, was_out = 0.0, False

    def set_up(self) -> None:
        """Count, true views, oblique."""
        self.do("carm", 2.0, along_mm=float(self.scenario.start_lps_mm[2] - self._between()))
        self.press()
        self.pair()

    def _between(self) -> float:
        lowest = self.scenario.levels[-1].body.centre_lps_mm[2]
        return float((lowest + self.scenario.anatomy.body.centre_lps_mm[2]) / 2)

    def perform(
        self, shift_mm: tuple[float, float] = (0.0, 0.0), turn_deg: tuple[float, float] = (0.0, 0.0),
        depth_mm: float = 0.0, minutes: float = 15.0,
    ) -> Score:  # fmt: skip
        """The whole procedure with errors of docking (medial, cranial mm), direction and depth."""
        from planner.practice.tool import across_tool

        goal = planned_hand(self.scenario)
        side = self.scenario.side
        old = np.array(goal.direction_lps)
        medial, cranial = across_tool(side, old)
        new = old + np.tan(np.deg2rad(turn_deg[0])) * medial + np.tan(np.deg2rad(turn_deg[1])) * cranial
        new /= np.linalg.norm(new)
        outside = goal.inserted_mm - self.scenario.plan.parameters.straight_mm
        docking = np.array(goal.skin_lps_mm) + outside * old + shift_mm[0] * medial + shift_mm[1] * cranial
        skin = docking - outside * new
        self.set_up()
        self.look("en_face")
        self.do("skin", 3.0, point_lps_mm=skin.tolist(), direction_lps=new.tolist())
        self.press()
        self.insert(goal.inserted_mm + depth_mm)
        self.pair()
        return self.channel_and_heat(goal.roll_deg, minutes)

    def channel_and_heat(self, roll_deg: float, minutes: float = 15.0) -> Score:
        """Stylet, channel, probe, lesion, all as planned."""
        p = self.scenario.plan.parameters
        self.do("exchange", 5.0, lumen="stylet")
        self.do("roll", roll_deg=roll_deg)
        while self.state.hand.turn_deg < p.turn_deg - 1e-6:
            self.do("curve", turn_deg=float(min(5.0, p.turn_deg - self.state.hand.turn_deg)))
            if self.state.refusal:
                break
        self.look("ap")
        while self.state.hand.tip_mm < p.tip_mm - 0.01:
            before = self.state.hand.tip_mm
            self.do("channel", mm=float(min(0.5, p.tip_mm - before)))
            if self.state.hand.tip_mm - before < 1e-4:
                break
        self.do("exchange", 5.0, lumen="probe")
        self.pair()
        self.do("lesion_start", minutes=minutes, speed=60.0)
        self.do("end", minutes + 1.0)
        return self.score()

    def score(self) -> Score:
        """Of what was done so far."""
        return score(self.judge, self.state)


def noisy(scenario: Scenario, seed: int, sd_mm: float, sd_deg: float) -> Score:
    """One run with docking, direction and depth errors of the given standard deviations."""
    rng = np.random.default_rng([seed, 7])
    z = rng.standard_normal(5)
    return Robot(scenario).perform(
        (float(sd_mm * z[0]), float(sd_mm * z[1])), (float(sd_deg * z[2]), float(sd_deg * z[3])),
        float(sd_mm * z[4] / 3.0),
    )  # fmt: skip


def through_the_canal(scenario: Scenario) -> Score:
    """A straight drill from behind, over the midline side of the lamina, straight to the target."""
    robot = Robot(scenario)
    goal = np.array(scenario.target.centre_lps_mm)
    body = scenario.anatomy.body
    sign = 1.0 if scenario.side == "left" else -1.0
    start = goal + 95.0 * body.posterior + sign * 4.0 * body.left
    way = goal - start
    way /= np.linalg.norm(way)
    robot.set_up()
    robot.do("skin", point_lps_mm=start.tolist(), direction_lps=way.tolist())
    robot.press()
    robot.insert(float(np.linalg.norm(goal - start)) - 3.0)
    robot.pair()
    return robot.channel_and_heat(0.0)


def wrong_level(scenario: Scenario, shown: Scenario) -> Score:
    """A perfect procedure in another vertebra (``shown``'s) than the task's."""
    robot = Robot(replace_task(shown, scenario))
    return robot.perform()


def replace_task(shown: Scenario, asked: Scenario) -> Scenario:
    """``asked`` with the way of ``shown``: what somebody does who has miscounted."""
    return replace(asked, plan=shown.plan, target=shown.target)
