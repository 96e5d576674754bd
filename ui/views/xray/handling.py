"""What the hand does on any X-ray picture: zoom, shift, brightness and contrast, depth by the wheel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.presenters.case_presenter import CasePresenter
from ui.views.paint import plate


def repeat_stamp(p: QPainter, simulated: QRectF, stamp: str) -> None:
    """What is burnt into a picture, once more over its SIMULATED: for one whose upper part is cut off."""
    lines = stamp.replace(", ", ",\n")
    plate(p, simulated.topRight() + QPointF(0, -4), lines, "br", 11)


class XrayCanvas(QWidget):
    """A picture in the middle of a widget. Ctrl and wheel zoom about the middle; the wheel moves the tool."""

    enlarge = Signal()

    def __init__(self, case: CasePresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.case = case
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.zoom, self.shift = 1.0, QPointF(0, 0)
        self.contrast, self.brightness = 1.0, 0.0
        self._press: QPointF | None = None
        self._start = (0.0, 0.0)

    def greys(self) -> NDArray[np.uint8]:
        """(256,) shown for each grey of the picture, by contrast and brightness."""
        curve = (np.arange(256) - 128) * self.contrast + 128 + self.brightness
        return np.clip(curve, 0, 255).astype(np.uint8)

    def press(self, event: QMouseEvent) -> None:
        """A button goes down."""
        self._press = event.position()
        right = event.button() == Qt.MouseButton.RightButton
        self._start = (self.contrast, self.brightness) if right else (self.shift.x(), self.shift.y())

    def drag_picture(self, event: QMouseEvent) -> None:
        """Right button: contrast and brightness; middle button: shift."""
        if self._press is None:
            return
        delta = event.position() - self._press
        if event.buttons() & Qt.MouseButton.RightButton:
            self.contrast = max(0.2, self._start[0] + delta.x() / 200)
            self.brightness = self._start[1] - delta.y() / 2
            self.update()
        elif event.buttons() & Qt.MouseButton.MiddleButton:
            self.shift = QPointF(self._start[0] + delta.x(), self._start[1] + delta.y())
            self.update()

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self.enlarge.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom = min(6.0, max(0.5, self.zoom * 1.12**notches))
            self.update()
        else:
            self.case.set_depth(self.case.depth_mm - 0.5 * notches)
        event.accept()
