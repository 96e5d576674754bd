"""X-ray: AP and lateral of the selected tool, found views, the C-arm, checkpoints."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ui.screens.registry import Screen, WindowContext


def _make(context: WindowContext) -> QWidget:
    from ui.views.xray.screen import XrayScreen

    return XrayScreen(context)


XRAY = Screen("xray", "X-ray", "case", _make)
