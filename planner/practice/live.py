"""A session while it goes on: a clock, the log that grows, and the judge who looks on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from planner.practice.judge import Judge
from planner.practice.log import SessionLog
from planner.practice.reduce import apply, elapse
from planner.practice.result import Score
from planner.practice.room import Event, EventKind, Grade, RoomState
from planner.practice.scenario import Scenario
from planner.practice.score import score
from planner.practice.steps import advance_steps, current_step


class LiveSession:
    """One learner in one room. All acts go through ``do``; nothing else changes the room."""

    def __init__(
        self,
        scenario: Scenario,
        grade: Grade,
        learner: str = "",
        seed: int = 0,
        size_px: int = 512,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.scenario = scenario
        self.judge = Judge(scenario)
        self.state = RoomState()
        started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.log = SessionLog(scenario.spec, grade, learner, seed, started, size_px)
        self._clock = clock
        self._zero = clock()

    @property
    def now_s(self) -> float:
        """Seconds since the room was entered, to a millisecond."""
        return max(self.state.time_s, round(self._clock() - self._zero, 3))

    def present(self) -> RoomState:
        """The room now, with the dose of the pulses since the last act."""
        return self.state if self.state.ended else elapse(self.scenario, self.state, self.now_s)

    def do(self, kind: EventKind, **data: Any) -> RoomState:
        """One act; an act that is refused is logged too and leaves its reason in ``state.refusal``."""
        event = Event(self.now_s, kind, MappingProxyType(data))
        before = self.state
        after = apply(self.scenario, before, event)
        self.log = self.log.with_event(event)
        self.judge.see(before, event, after)
        self.state = after
        advance_steps(self.judge, self.present())
        return after

    def step(self) -> int:
        """Index of the step that is due."""
        advance_steps(self.judge, self.present())
        return current_step(self.judge)

    def kept(self, pulse: int, sha256: str) -> None:
        """Remember what the last picture of a press looked like."""
        self.log = replace(self.log, pictures=(*self.log.pictures, (pulse, sha256)))

    def score(self) -> Score:
        """The result so far."""
        return score(self.judge, self.state)
