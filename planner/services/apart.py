"""Long work in a process of its own: a window beside it stays quick, and cancelling ends it at once.

Arrays travel beside the pickle, not through it, so that no large copy is made while others wait.
"""

from __future__ import annotations

import contextlib
import copyreg
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import MappingProxyType
from typing import Any, TypeVar

from imaging.errors import PlannerError
from imaging.progress import CallbackProgress, Progress, TaskCancelledError

T = TypeVar("T")
_POLL_S = 0.05
_NICER = 2


def _frozen(values: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(values)


def _proxy(values: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return _frozen, (dict(values),)


copyreg.pickle(MappingProxyType, _proxy)  # frozen mappings of instruments and anatomy travel too


class WorkerDiedError(RuntimeError):
    """The process ended without an answer: killed by the system, most likely for want of memory."""


class Apart:
    """One process kept ready; each job takes it and ends it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: tuple[BaseProcess, Connection] | None = None

    def warm(self) -> None:
        """Start a process that loads what planning needs, so that the next job begins at once."""
        with self._lock:
            if self._ready is None or not self._ready[0].is_alive():
                self._ready = _start()

    def close(self) -> None:
        """End the process that waits."""
        with self._lock:
            ready, self._ready = self._ready, None
        if ready is not None:
            _end(*ready)

    def run(
        self,
        function: Callable[..., T],
        arguments: tuple[Any, ...],
        progress: Progress,
        grace_s: float = 0.0,
        another_follows: bool = False,
    ) -> T:
        """``function(*arguments, progress)`` over there.

        ``grace_s``: how long it may clean up after itself once it was cancelled. ``another_follows``: a
        process for the next job is made ready while this one is done.

        Raises:
            PlannerError, TaskCancelledError: as the function does; a request to cancel ends the process.
            WorkerDiedError: it ended without an answer.
        """
        self.warm()
        with self._lock:
            taken, self._ready = self._ready, None
        process, line = taken or _start()
        try:
            _send(line, (function, arguments))
            if another_follows:
                with contextlib.suppress(OSError):  # the next job will say so, if it still cannot be started
                    self.warm()
            answer: T = _answer(line, progress)
            return answer
        except TaskCancelledError:
            if grace_s > 0:
                with contextlib.suppress(OSError):
                    line.send_bytes(b"stop")
                process.join(grace_s)
            raise
        except (EOFError, ConnectionError) as error:
            process.join(1.0)
            text = f"The process that works on this ended by itself (exit status {process.exitcode})."
            raise WorkerDiedError(text) from error
        finally:
            _end(process, line)


def _start() -> tuple[BaseProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), name="bvn-planner-work", daemon=True)
    process.start()
    there.close()
    return process, here


def _end(process: BaseProcess, line: Connection) -> None:
    with contextlib.suppress(OSError):
        line.close()
    process.terminate()
    process.join(2.0)
    if process.is_alive():
        process.kill()


def _answer(line: Connection, progress: Progress) -> Any:
    fraction, words = 0.0, ""
    while True:
        if not line.poll(_POLL_S):
            progress.step(fraction, words)
            continue
        kind, said = _receive(line)
        if kind == "step":
            fraction, words = said
            progress.step(fraction, words)
        elif kind == "done":
            return said
        elif kind == "refused":
            raise PlannerError(*said)
        else:
            error, details = said
            error.add_note(details)
            raise error


def _send(line: Connection, value: Any) -> None:
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    line.send_bytes(pickle.dumps([b.raw().nbytes for b in buffers]))
    line.send_bytes(head)
    for buffer in buffers:
        line.send_bytes(buffer.raw())


def _receive(line: Connection) -> Any:
    sizes = pickle.loads(line.recv_bytes())
    head = line.recv_bytes()
    buffers = [bytearray(size) for size in sizes]
    for buffer in buffers:
        line.recv_bytes_into(buffer)
    return pickle.loads(head, buffers=buffers)


def _serve(line: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to every process: the asker ends this one
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICER)
    import planner.services.propose_plan  # noqa: F401

    try:
        function, arguments = _receive(line)
    except (EOFError, OSError):
        return  # nobody needed it
    try:
        answer = "done", function(*arguments, _reporter(line))
    except PlannerError as error:
        answer = "refused", (error.code, error.text)
    except BaseException as error:  # the asker raises it again
        answer = "failed", (_portable(error), traceback.format_exc())
    with contextlib.suppress(OSError):
        try:
            _send(line, answer)
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            _send(line, ("failed", (_portable(error), traceback.format_exc())))


def _reporter(line: Connection) -> CallbackProgress:
    last = [""]

    def report(fraction: float, text: str) -> None:
        words = f"{fraction:.2f}{text}"
        if words != last[0]:
            last[0] = words
            _send(line, ("step", (fraction, text)))

    return CallbackProgress(report, line.poll)


def _portable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # what cannot travel is told in words
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
