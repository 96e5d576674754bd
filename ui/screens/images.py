"""MR: Modic changes, the candidate sheet, and the MR laid on the CT."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ui.screens.registry import Screen, WindowContext


def _make(context: WindowContext) -> QWidget:
    from ui.images.host import MrScreen

    return MrScreen(context)


IMAGES = Screen("images", "MR", "plan", _make)
