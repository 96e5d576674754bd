"""From a log and its scenario to every state of the room and the score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from imaging.progress import NULL_PROGRESS, Progress
from planner.practice.judge import Judge
from planner.practice.log import SessionLog
from planner.practice.reduce import apply, pulses_due
from planner.practice.result import Score
from planner.practice.room import Event, RoomState
from planner.practice.scenario import Scenario
from planner.practice.score import score
from planner.practice.steps import advance_steps
from planner.practice.weights import Weights


def states(scenario: Scenario, events: Iterable[Event]) -> Iterator[tuple[RoomState, Event, RoomState]]:
    """(before, event, after) of every event."""
    state = RoomState()
    for event in events:
        after = apply(scenario, state, event)
        yield state, event, after
        state = after


def judged(scenario: Scenario, events: Iterable[Event]) -> tuple[Judge, RoomState]:
    """The judge who has seen everything, and the room at the end."""
    judge, state = Judge(scenario), RoomState()
    for before, event, after in states(scenario, events):
        judge.see(before, event, after)
        advance_steps(judge, after)
        state = after
    return judge, state


def rescored(scenario: Scenario, log: SessionLog, weights: Weights | None = None) -> Score:
    """The score computed again from the log alone."""
    judge, state = judged(scenario, log.events)
    return score(judge, state, weights)


def pulse_times(scenario: Scenario, log: SessionLog) -> list[tuple[float, RoomState]]:
    """(time, room as it was) of every pulse, in order of its number."""
    found: list[tuple[float, RoomState]] = []
    state = RoomState()
    for event in log.events:
        since = state.exposure.on_since_s
        if since is not None and state.carm.rate:
            for n in range(state.exposure.on_pulses, pulses_due(state, event.time_s)):
                found.append((since + n / state.carm.rate, state))
        after = apply(scenario, state, event)
        if after.exposure.pulses > len(found):
            found.append((event.time_s, after))
        state = after
    return found


def compared_pictures(scenario: Scenario, log: SessionLog, progress: Progress = NULL_PROGRESS) -> list[bool]:
    """Whether each kept picture, made again, is the same bit for bit."""
    from planner.practice.pictures import PictureMaker, picture_sha256

    rooms = pulse_times(scenario, log)
    maker = PictureMaker(scenario, log.size_px)
    same = []
    for n, (pulse, sha) in enumerate(log.pictures):
        progress.step(n / len(log.pictures), "Making the pictures again")
        room = rooms[pulse][1] if pulse < len(rooms) else None
        picture = None if room is None else maker.take(room.carm, room.hand, pulse, log.seed)
        same.append(picture is not None and picture_sha256(picture) == sha)
    return same
