"""Views take turns: one is painted, then the window sees what the hand did, then the next one is painted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

CALM_S = 1.0
PATIENCE_S = 0.15


class Turns(QObject):
    """Paints the views that asked for it, one a turn of the event loop; several requests make one picture."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[QWidget, float] = {}
        self._hand: QWidget | None = None
        self._now: QWidget | None = None
        self._last: QWidget | None = None
        self._calm_until = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._next)

    def asks(self, view: QWidget, first: Callable[[], bool] = lambda: False) -> Callable[..., None]:
        """A slot that asks for a view, before the others where ``first`` says that the hand works in it."""
        return lambda *_: self.ask(view, first())

    def ask(self, view: QWidget, first: bool = False) -> None:
        """Paint ``view`` soon; ``first`` before the others, until one of these has waited long."""
        self._waiting.setdefault(view, time.monotonic())
        if first:
            self._hand = view
        if not self._timer.isActive():
            self._timer.start()

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

    def _choose(self) -> QWidget:
        oldest, since = next(iter(self._waiting.items()))
        patient = time.monotonic() < since + PATIENCE_S or self._last is not self._hand
        return self._hand if self._hand in self._waiting and patient else oldest

    def _next(self) -> None:
        while self._waiting:
            view = self._choose()
            del self._waiting[view]
            with contextlib.suppress(RuntimeError):  # it was deleted while it waited
                if view.isVisible():
                    self._now = self._last = view
                    view.repaint()
                    self._now = None
                    return
        self._timer.stop()
        self._hand = None
