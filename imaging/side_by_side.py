"""Independent pieces of work on several threads: most of their time is spent where Python's lock is free."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from imaging.progress import Progress, TaskCancelledError

T = TypeVar("T")
R = TypeVar("R")
MOST = 4


def side_by_side(work: Callable[[T, Progress], R], items: Sequence[T], progress: Progress) -> list[R]:
    """``work(item, its progress)`` of every item, in order; the whole's progress is the mean of the parts'.

    Raises:
        Exception: the first that a piece raised, TaskCancelledError included, once all have stopped.
    """
    whole = _Whole(len(items), progress)
    workers = max(1, min(MOST, os.cpu_count() or 1, len(items)))
    if workers == 1:
        return [work(item, _Part(whole, n)) for n, item in enumerate(items)]
    with ThreadPoolExecutor(workers, thread_name_prefix="side") as pool:
        pieces = [pool.submit(work, item, _Part(whole, n)) for n, item in enumerate(items)]
        try:
            return [piece.result() for piece in pieces]
        except BaseException:
            whole.failed = True
            for piece in pieces:
                piece.cancel()
            raise


class _Whole:
    def __init__(self, count: int, progress: Progress) -> None:
        self._done = [0.0] * count
        self._progress, self._lock = progress, threading.Lock()
        self.failed = False

    def step(self, part: int, fraction: float, text: str) -> None:
        with self._lock:
            self._done[part] = max(self._done[part], fraction)
            self._progress.step(sum(self._done) / len(self._done), text)


class _Part:
    def __init__(self, whole: _Whole, number: int) -> None:
        self._whole, self._number = whole, number

    def step(self, fraction: float, text: str) -> None:
        """Report to the whole; stops where another piece has failed."""
        if self._whole.failed:
            raise TaskCancelledError
        self._whole.step(self._number, fraction, text)
