"""Progress and cancelling without any user interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class TaskCancelledError(Exception):
    """Raised inside a long computation once the user has asked to stop."""


Tick = Callable[[], None]
"""Called within a long step, only to ask whether to stop."""


def nothing() -> None:
    """A ``Tick`` that never stops."""


class Progress(Protocol):
    """What a long computation reports to; ``step`` raises TaskCancelledError on request."""

    def step(self, fraction: float, text: str) -> None:
        """Report ``fraction`` (0..1) done and what is being done now."""
        ...


class NullProgress:
    """Reports to nobody and is never cancelled."""

    def step(self, fraction: float, text: str) -> None:
        """Do nothing."""


NULL_PROGRESS = NullProgress()


class CallbackProgress:
    """Hands each step to ``report`` and raises when ``cancelled()`` says so."""

    def __init__(
        self, report: Callable[[float, str], None], cancelled: Callable[[], bool] = lambda: False
    ) -> None:
        self._report = report
        self._cancelled = cancelled

    def step(self, fraction: float, text: str) -> None:
        """Report, or raise TaskCancelledError."""
        if self._cancelled():
            raise TaskCancelledError
        self._report(min(1.0, max(0.0, fraction)), text)


class SubProgress:
    """Maps 0..1 of a part onto ``low``..``high`` of the whole."""

    def __init__(self, whole: Progress, low: float, high: float) -> None:
        self._whole = whole
        self._low = low
        self._high = high

    def step(self, fraction: float, text: str) -> None:
        """Report to the whole."""
        self._whole.step(self._low + (self._high - self._low) * fraction, text)
