"""What the command line says while it works: a bar on a terminal, lines otherwise; all of it on stderr."""

from __future__ import annotations

import sys
import threading
import time
from typing import TextIO

from imaging.findings import Finding
from imaging.progress import TaskCancelledError

_BAR = 24


def say(text: str) -> None:
    """One line on stderr."""
    print(text, file=sys.stderr, flush=True)


def say_finding(finding: Finding, where: str = "") -> None:
    """A finding on stderr, with its severity and place."""
    say(f"{finding.severity}: {finding.said_of(where)}")


STOP = threading.Event()
"""Set once the user has asked to stop: an exception raised in a callback of C code may be swallowed there."""


class ConsoleProgress:
    """Progress on a stream; call ``close`` before anything else is written there."""

    def __init__(self, stream: TextIO | None = None, every_s: float = 2.0) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._tty = self._stream.isatty()
        self._every_s = every_s
        self._told_s = -1e9
        self._drawn = 0

    def step(self, fraction: float, text: str) -> None:
        """Show how far the work is; TaskCancelledError once ``STOP`` is set."""
        if STOP.is_set():
            raise TaskCancelledError
        now = time.monotonic()
        if now - self._told_s < (0.05 if self._tty else self._every_s):
            return
        self._told_s = now
        percent = round(100 * min(1.0, max(0.0, fraction)))
        if self._tty:
            filled = "#" * (percent * _BAR // 100)
            line = f"[{filled:<{_BAR}}] {percent:3d} % {text}"[:110]
            print(f"\r{line:<{self._drawn}}", end="", file=self._stream, flush=True)
            self._drawn = len(line)
        else:
            print(f"{percent:3d} % {text}", file=self._stream, flush=True)

    def close(self) -> None:
        """Wipe the bar."""
        if self._tty and self._drawn:
            print(f"\r{'':<{self._drawn}}\r", end="", file=self._stream, flush=True)
            self._drawn = 0
