"""MR findings: Modic changes and the candidate sheet."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ui.screens.registry import Screen, WindowContext


def _make(context: WindowContext) -> QWidget:
    from ui.images.screen import MrFindingsScreen

    return MrFindingsScreen(context.session)


IMAGES = Screen("images", "MR findings", "plan", _make)
