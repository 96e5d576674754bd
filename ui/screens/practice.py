"""Practice: the room, the debriefing and progress; belongs to the window, not to a case."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ui.screens.registry import Screen, WindowContext


def _make(context: WindowContext) -> QWidget:
    from ui.practice.screen import PracticeScreen

    return PracticeScreen(context)


PRACTICE = Screen("practice", "Practice", "nothing", _make)
