"""Ctrl-C and the system's request to end, which Qt's loop would otherwise swallow, close the window."""

from __future__ import annotations

import signal
import socket
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier

from ui.main_window import MainWindow


class Ending(QObject):
    """Ends a window when the process is asked to stop; only from the main thread, and until ``close``."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        # Python runs a signal's handler between two lines of Python only: the written byte brings Qt to one.
        self._near, self._far = socket.socketpair()
        for end in (self._near, self._far):
            end.setblocking(False)
        self._woken = QSocketNotifier(self._near.fileno(), QSocketNotifier.Type.Read, self)
        self._woken.activated.connect(self._heed)
        self._asked = False
        self._before = {n: signal.signal(n, self._ask) for n in (signal.SIGINT, signal.SIGTERM)}
        self._fd_before = signal.set_wakeup_fd(self._far.fileno(), warn_on_full_buffer=False)

    def close(self) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._woken.setEnabled(False)
        self._near.close()
        self._far.close()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True

    def _heed(self) -> None:
        self._near.recv(64)
        if self._asked:
            self._window.end_now()
