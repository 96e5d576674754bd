"""Views take turns: one is painted, then the window sees what the hand did, then the next one is painted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

CALM_S = 1.0
PATIENCE_S = 0.8
HAND_S = 0.2
HAND_PICTURES = 2
WAIT_MS = 10


class Turns(QObject):
    """Paints the views that asked for it, one a turn of the event loop; several requests make one picture.

    While the hand works in a view, another one is painted after every second picture of that view only, or
    when it has waited long: what the hand does is worked out in between.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[QWidget, float] = {}
        self._hand: QWidget | None = None
        self._now: QWidget | None = None
        self._hand_at, self._pictures = 0.0, 0
        self._calm_until = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._next)

    def asks(self, view: QWidget, first: Callable[[], bool] = lambda: False) -> Callable[..., None]:
        """A slot that asks for a view, before the others where ``first`` says that the hand works in it."""
        return lambda *_: self.ask(view, first())

    def ask(self, view: QWidget, first: bool = False) -> None:
        """Paint ``view`` soon; ``first`` before the others, because the hand works in it."""
        self._waiting.setdefault(view, time.monotonic())
        if first:
            if view is not self._hand:
                self._pictures = 0
            self._hand, self._hand_at = view, time.monotonic()
        elif view is self._hand:
            self._hand = None
        if first or not self._timer.isActive():
            self._timer.start(0)

    def keep_calm(self) -> None:
        """Much changes at once: until it is painted, no view paints itself out of its turn."""
        self._calm_until = time.monotonic() + CALM_S

    def hurry(self) -> None:
        """Every view paints itself when it is asked to: a picture of it is wanted now."""
        self._calm_until = 0.0

    def must_wait(self, view: QWidget) -> bool:
        """Whether ``view`` shall not paint itself now; then it gets a turn."""
        if view is self._now or time.monotonic() > self._calm_until:
            return False
        self.ask(view)
        return True

    def _choose(self) -> QWidget | None:
        """Whose turn it is; None where all that wait shall wait for the hand a little longer."""
        now = time.monotonic()
        others = [view for view in self._waiting if view is not self._hand]
        if self._hand is not None and now > self._hand_at + HAND_S:
            self._hand = None
        if self._hand is None:
            return next(iter(self._waiting))
        long = bool(others) and now > self._waiting[others[0]] + PATIENCE_S
        due = bool(others) and self._pictures >= (1 if long else HAND_PICTURES)
        if due:
            return others[0]
        return self._hand if self._hand in self._waiting else None

    def _next(self) -> None:
        while self._waiting:
            view = self._choose()
            if view is None:
                self._timer.start(WAIT_MS)
                return
            del self._waiting[view]
            with contextlib.suppress(RuntimeError):  # it was deleted while it waited
                if view.isVisible():
                    self._pictures = self._pictures + 1 if view is self._hand else 0
                    self._now = view
                    view.repaint()
                    self._now = None
                    self._timer.start(0)
                    return
        self._timer.stop()
        self._hand = None
