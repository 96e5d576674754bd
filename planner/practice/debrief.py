"""What the debriefing needs of a session, worked out once from its log."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imaging.progress import NULL_PROGRESS, Progress
from planner.domain.limits import DEFAULT_LIMITS
from planner.domain.plan import Trajectory, TrajectoryParameters
from planner.practice.hand import bone_contact_mm
from planner.practice.judge import Judge
from planner.practice.log import SessionLog
from planner.practice.replay import pulse_times, states
from planner.practice.result import Score
from planner.practice.room import Hand, RoomState
from planner.practice.scenario import Scenario
from planner.practice.score import score
from planner.practice.steps import STEPS, advance_steps
from planner.practice.tool import parameters_of
from planner.practice.views import ViewTaken
from planner.trajectory.evaluate import evaluate
from planner.trajectory.target import as_point


@dataclass(frozen=True, eq=False)
class ShotTaken:
    """The last picture of one press: its pulse, when, the room, and what it shows."""

    number: int
    pulse: int
    time_s: float
    room: RoomState
    view: ViewTaken | None


@dataclass(frozen=True)
class Phase:
    """A stretch of the time line between two steps' ends."""

    title: str
    start_s: float
    stop_s: float


@dataclass(frozen=True, eq=False)
class Debrief:
    """A finished session, uncovered."""

    scenario: Scenario
    log: SessionLog
    score: Score
    judge: Judge
    end: RoomState
    rooms: tuple[tuple[float, RoomState], ...]
    shots: tuple[ShotTaken, ...]
    phases: tuple[Phase, ...]

    @property
    def length_s(self) -> float:
        """Of the session."""
        return max(1.0, self.end.time_s)

    def room_at(self, time_s: float) -> RoomState:
        """The room after the last event before a time."""
        found = self.rooms[0][1]
        for when, room in self.rooms:
            if when > time_s + 1e-9:
                break
            found = room
        return found

    def shot_at(self, time_s: float) -> ShotTaken | None:
        """The last shot before a time, or the first one."""
        before = [s for s in self.shots if s.time_s <= time_s + 1e-9]
        return before[-1] if before else (self.shots[0] if self.shots else None)


def debrief(scenario: Scenario, log: SessionLog, progress: Progress = NULL_PROGRESS) -> Debrief:
    """Replay a log and gather what is shown of it."""
    progress.step(0.0, "Replaying the session")
    judge, state = Judge(scenario), RoomState()
    rooms: list[tuple[float, RoomState]] = [(0.0, state)]
    for before, event, after in states(scenario, log.events):
        judge.see(before, event, after)
        advance_steps(judge, after)
        rooms.append((event.time_s, after))
        state = after
    progress.step(0.6, "Finding the pictures")
    return Debrief(
        scenario, log, score(judge, state), judge, state, tuple(rooms), _shots(scenario, log, judge),
        _phases(judge, state),
    )  # fmt: skip


def done_trajectory(scenario: Scenario, hand: Hand) -> Trajectory | None:
    """The tool in the hand as a trajectory from its first bone on; None where it is not in bone."""
    contact = bone_contact_mm(scenario, hand)
    if hand.skin_lps_mm is None or contact is None or hand.inserted_mm - contact < 0.6:
        return None
    p = parameters_of(hand, scenario.side)
    entry = np.array(hand.skin_lps_mm) + contact * np.array(hand.direction_lps)
    parameters = TrajectoryParameters(
        as_point(entry), p.direction_lps, hand.inserted_mm - contact, p.bend_lps, p.turn_deg, p.tip_mm
    )
    return evaluate(
        scenario.fields, scenario.anatomy, scenario.target, scenario.side, scenario.device, parameters,
        DEFAULT_LIMITS, hand.skin_lps_mm, scenario.plan.carm, draws=False,
    )  # fmt: skip


def _shots(scenario: Scenario, log: SessionLog, judge: Judge) -> tuple[ShotTaken, ...]:
    found: dict[int, tuple[int, float, RoomState]] = {}
    for pulse, (time_s, room) in enumerate(pulse_times(scenario, log)):
        found[room.exposure.presses] = (pulse, time_s, room)
    shots = []
    for number, (pulse, time_s, room) in sorted(found.items()):
        seen = [v for v in judge.views if v.time_s <= time_s + 1e-9]
        shots.append(ShotTaken(number, pulse, time_s, room, seen[-1] if seen else None))
    return tuple(shots)


def _phases(judge: Judge, end: RoomState) -> tuple[Phase, ...]:
    phases, start = [], 0.0
    for step in STEPS:
        stop = judge.done.get(step.key)
        if stop is None:
            phases.append(Phase(step.title, start, max(start, end.time_s)))
            return tuple(phases)
        phases.append(Phase(step.title, start, stop))
        start = stop
    if end.time_s - start > 1.0:
        phases.append(Phase("Out", start, end.time_s))
    return tuple(phases)
