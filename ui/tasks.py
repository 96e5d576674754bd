"""Long work off the window's thread: progress, cancel by flag, newest request wins."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from imaging.progress import CallbackProgress, Progress, TaskCancelledError

SWITCH_S = 0.001
AWAITED = frozenset({"xray-found", "xray-shadow", "xray-live"})
"""Channels a person waits for: what is calm begins only while none of them is at work."""

Work = Callable[[Progress], Any]


@dataclass(eq=False)
class Task:
    """One piece of work. ``generation`` tells whether its answer is still wanted."""

    channel: str
    generation: int
    work: Work
    done: Callable[[Any], None]
    failed: Callable[[Exception, str], None] | None = None
    progress: Callable[[float, str], None] | None = None
    cancelled: Callable[[], None] | None = None
    is_calm: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    last_report: float = 0.0


class _Worker(threading.Thread):
    """A thread that is kept for the next task: starting one holds up the window for a millisecond."""

    def __init__(self) -> None:
        super().__init__(name="task", daemon=True)
        self.jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.start()

    def run(self) -> None:
        while True:
            job = self.jobs.get()
            if job is None:
                return
            job()
            del job  # nor keep alive what it worked on


class TaskRunner(QObject):
    """Runs one task per channel; all callbacks come on the thread that owns the runner."""

    _report = Signal(object, str, object)
    busy_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._running: dict[str, Task] = {}
        self._pending: dict[str, Task] = {}
        self._generations: dict[str, int] = {}
        self._closing = False
        self._workers: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._report.connect(self._on_report, Qt.ConnectionType.QueuedConnection)
        # The window asks for the interpreter after every call of Qt's: a worker gives it back sooner.
        sys.setswitchinterval(SWITCH_S)

    def start(
        self,
        channel: str,
        work: Work,
        done: Callable[[Any], None],
        failed: Callable[[Exception, str], None] | None = None,
        progress: Callable[[float, str], None] | None = None,
        cancelled: Callable[[], None] | None = None,
    ) -> Task:
        """Cancel what the channel is doing and do this instead; older answers are dropped."""
        self.cancel(channel)
        return self._enqueue(channel, work, done, failed, progress, cancelled)

    def latest(
        self,
        channel: str,
        work: Work,
        done: Callable[[Any], None],
        failed: Callable[[Exception, str], None] | None = None,
    ) -> Task:
        """Let the running one finish and show; keep only the newest of those that wait."""
        task = Task(channel, self._generations.get(channel, 0), work, done, failed)
        if self._closing:
            return task
        if channel in self._running:
            self._pending[channel] = task
        else:
            self._launch(task)
        return task

    def calm(
        self,
        channel: str,
        work: Work,
        done: Callable[[Any], None],
        failed: Callable[[Exception, str], None] | None = None,
    ) -> Task:
        """As ``latest``, begun once nothing that is awaited runs and what is being done now has been done."""
        task = Task(channel, self._generations.get(channel, 0), work, done, failed, is_calm=True)
        if not self._closing:
            self._pending[channel] = task
            QTimer.singleShot(0, self, self._launch_calm)
        return task

    def cancel(self, channel: str) -> None:
        """Ask the channel to stop and forget what waits."""
        self._generations[channel] = self._generations.get(channel, 0) + 1
        self._pending.pop(channel, None)
        task = self._running.get(channel)
        if task is not None:
            task.stop.set()

    def cancel_all(self) -> None:
        """Ask every channel to stop."""
        for channel in set(self._running) | set(self._pending):
            self.cancel(channel)

    def is_busy(self, channel: str | None = None) -> bool:
        """Whether a channel (or any) works on something still wanted."""
        tasks = [self._running.get(channel)] if channel else list(self._running.values())
        return any(t is not None and not t.stop.is_set() for t in tasks)

    def shutdown(self, wait_s: float = 3.0) -> bool:
        """Cancel everything, wait at most ``wait_s``; False when something would not stop in time."""
        self._closing = True
        self.cancel_all()
        end = time.monotonic() + wait_s
        for worker in self._workers:
            worker.jobs.put(None)
        for worker in self._workers:
            worker.join(max(0.0, end - time.monotonic()))
        return not any(worker.is_alive() for worker in self._workers)

    def _enqueue(
        self,
        channel: str,
        work: Work,
        done: Callable[[Any], None],
        failed: Callable[[Exception, str], None] | None,
        progress: Callable[[float, str], None] | None,
        cancelled: Callable[[], None] | None,
    ) -> Task:
        task = Task(channel, self._generations[channel], work, done, failed, progress, cancelled)
        if self._closing:
            return task
        if channel in self._running:
            self._pending[channel] = task
        else:
            self._launch(task)
        return task

    def _launch_calm(self) -> None:
        for channel, task in list(self._pending.items()):
            if self._closing or not AWAITED.isdisjoint(self._running):
                return
            if task.is_calm and channel not in self._running:
                self._launch(self._pending.pop(channel))

    def _launch(self, task: Task) -> None:
        self._running[task.channel] = task
        if self._idle:
            worker = self._idle.pop()
        else:
            worker = _Worker()
            self._workers.append(worker)
        worker.jobs.put(lambda: self._run(task, worker))
        self.busy_changed.emit()

    def _run(self, task: Task, worker: _Worker) -> None:
        try:
            self._work(task)
        finally:
            self._idle.append(worker)

    def _work(self, task: Task) -> None:
        def report(fraction: float, text: str) -> None:
            now = time.monotonic()
            if now - task.last_report > 0.04 or fraction >= 1:
                task.last_report = now
                self._emit(task, "progress", (fraction, text))

        try:
            result = task.work(CallbackProgress(report, task.stop.is_set))
        except TaskCancelledError:
            self._emit(task, "cancelled", None)
        except Exception as error:
            self._emit(task, "failed", (error, traceback.format_exc()))
        else:
            self._emit(task, "done", result)

    def _emit(self, task: Task, kind: str, payload: object) -> None:
        with contextlib.suppress(RuntimeError):  # the runner was deleted while the task finished
            self._report.emit(task, kind, payload)

    def _on_report(self, task: Task, kind: str, payload: Any) -> None:
        if self._closing:
            return
        wanted = task.generation == self._generations.get(task.channel, 0) and not task.stop.is_set()
        if kind == "progress":
            if wanted and task.progress:
                task.progress(*payload)
            return
        if self._running.get(task.channel) is task:
            del self._running[task.channel]
            following = self._pending.get(task.channel)
            if following is not None and not following.is_calm:
                self._launch(self._pending.pop(task.channel))
            QTimer.singleShot(0, self, self._launch_calm)
        self.busy_changed.emit()
        if kind == "cancelled" or not wanted:
            # One that was begun since shows its own progress: the end of the old one must not hide it.
            if task.cancelled and task.channel not in self._running:
                task.cancelled()
        elif kind == "done":
            task.done(payload)
        elif task.failed:
            task.failed(*payload)
