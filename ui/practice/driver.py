"""Drives a live session: acts at once, pictures from a thread of their own, the newest pulse first."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal

from planner.practice.live import LiveSession
from planner.practice.pictures import PictureMaker, picture_sha256
from planner.practice.room import CArmSetting, EventKind, Hand, RoomState

TICK_ON_MS, TICK_OFF_MS = 8, 100


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture on the monitor: (h, w) uint8, the pulse it is of, its C-arm, when, and which press."""

    pixels: NDArray[np.uint8]
    pulse: int
    carm: CArmSetting
    time_s: float
    shot: int


@dataclass(frozen=True, eq=False)
class _Job:
    carm: CArmSetting
    hand: Hand
    pulse: int
    time_s: float
    shot: int
    last: bool


class RoomDriver(QObject):
    """The room on the window's thread; only the pictures are made elsewhere."""

    picture = Signal(object)
    changed = Signal()
    ticked = Signal(object)
    refused = Signal(str)
    broken = Signal(object)
    _made = Signal(object, object)

    def __init__(self, session: LiveSession, maker: PictureMaker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session, self.maker = session, maker
        self.held: Shown | None = None
        self.shots: dict[int, Shown] = {}
        self._asked = -1
        self._waiting = 0
        self._jobs: list[_Job] = []
        self._wake = threading.Condition()
        self._closing = False
        self._made.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK_OFF_MS)
        self._thread = threading.Thread(target=self._work, name="practice-pictures", daemon=True)
        self._thread.start()

    @property
    def state(self) -> RoomState:
        """The room after the last act."""
        return self.session.state

    def act(self, kind: EventKind, **data: Any) -> bool:
        """Do something; False with a sentence where the room refuses."""
        before = self.state
        after = self.session.do(kind, **data)
        if after.refusal:
            self.refused.emit(after.refusal)
        if before.beam_on and not after.beam_on:
            self._ask(before, after.exposure.pulses - 1, last=True)
        self._timer.setInterval(TICK_ON_MS if after.beam_on else TICK_OFF_MS)
        self.changed.emit()
        self._tick()
        return not after.refusal

    def pedal(self, down: bool) -> None:
        """Press or release the pedal; a second press or release does nothing."""
        if down != self.state.beam_on and not (down and self.state.ended):
            self.act("pedal_down" if down else "pedal_up")

    def settle(self, wait_s: float = 3.0) -> None:
        """Wait for pictures that are still being made, so that the log has them all."""
        end = time.monotonic() + wait_s
        while self._waiting and time.monotonic() < end:
            QCoreApplication.processEvents()
            time.sleep(0.002)

    def close(self) -> None:
        """Stop the clock and the thread; can be called twice."""
        self._timer.stop()
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(3.0)

    def _tick(self) -> None:
        state = self.session.present()
        if state.beam_on and state.exposure.pulses - 1 > self._asked:
            self._ask(state, state.exposure.pulses - 1, last=False)
        self.ticked.emit(state)

    def _ask(self, state: RoomState, pulse: int, last: bool) -> None:
        self._asked = max(self._asked, pulse)
        shot = state.exposure.presses
        job = _Job(state.carm, state.hand, pulse, self.session.now_s, shot, last)
        with self._wake:
            # A picture that nobody waits for any more is left out; the last of a press never is.
            dropped = len(self._jobs)
            self._jobs = [*(j for j in self._jobs if j.last), job]
            self._waiting += len(self._jobs) - dropped
            self._wake.notify()

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._jobs and not self._closing:
                    self._wake.wait()
                if self._closing:
                    return
                job = self._jobs.pop(0)
            try:
                answer: object = self.maker.take(job.carm, job.hand, job.pulse, self.session.log.seed)
            except Exception as error:
                answer = error
            with contextlib.suppress(RuntimeError):  # the window went while the picture was made
                self._made.emit(job, answer)

    def _show(self, job: _Job, answer: object) -> None:
        self._waiting -= 1
        if isinstance(answer, Exception):
            self.broken.emit(answer)
            return
        pixels = np.asarray(answer)
        self.held = Shown(pixels, job.pulse, job.carm, job.time_s, job.shot)
        if job.last:
            self.session.kept(job.pulse, picture_sha256(pixels))
            self.shots[job.pulse] = self.held
        self.picture.emit(self.held)
