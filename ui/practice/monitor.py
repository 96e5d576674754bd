"""The X-ray monitors of the room: the live one and the two references."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from planner.practice.room import CArmSetting
from ui.theme import VIEW_HEADER, VIEW_HEADER_ACTIVE
from ui.views.paint import plate
from ui.widgets import label

BEAM = QColor("#F6C445")


def view_word(carm: CArmSetting) -> str:
    """The C-arm's place in one word."""
    orbit = abs(carm.orbit_deg)
    return "AP" if orbit < 15 else "Lateral" if 70 <= orbit <= 110 else "Oblique"


def ago(seconds: float) -> str:
    """``2 s ago``, ``1 min 32 s ago``."""
    whole = max(0, round(seconds))
    return f"{whole}\u202fs ago" if whole < 60 else f"{whole // 60}\u202fmin {whole % 60}\u202fs ago"


class Picture(QWidget):
    """One square picture, as large as fits."""

    pointed = Signal(float, float)
    dragged = Signal(float, float)
    opened = Signal()

    def __init__(self, empty: str) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(140, 110)
        self.empty = empty
        self.prompt = ""
        self.pixels: NDArray[np.uint8] | None = None
        self.bright, self.contrast = 0.0, 1.0
        self.can_point = False
        self._image = QImage()
        self._last: QPointF | None = None

    def show_pixels(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show (h, w) uint8, or nothing."""
        self.pixels = pixels
        self._make()

    def _make(self) -> None:
        if self.pixels is None:
            self._image = QImage()
        else:
            data = self.pixels
            if self.bright or self.contrast != 1.0:
                grey = (data.astype(np.float32) - 128) * self.contrast + 128 + self.bright
                data = np.clip(grey, 0, 255).astype(np.uint8)
            data = np.ascontiguousarray(data)
            height, width = data.shape
            self._image = QImage(data.data, width, height, width, QImage.Format.Format_Grayscale8).copy()
        self.update()

    def square(self) -> QRectF:
        """Where the picture lies in the widget."""
        side = min(self.width(), self.height())
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def uv_at(self, at: QPointF) -> tuple[float, float] | None:
        """Pixel of the picture under a point of the widget."""
        if self.pixels is None:
            return None
        box = self.square()
        if not box.contains(at):
            return None
        scale = self.pixels.shape[0] / box.width()
        return (at.x() - box.left()) * scale - 0.5, (at.y() - box.top()) * scale - 0.5

    def widget_at(self, u: float, v: float) -> QPointF:
        """Point of the widget over a pixel of the picture."""
        box = self.square()
        size = self.pixels.shape[0] if self.pixels is not None else 512
        return QPointF(
            box.left() + (u + 0.5) * box.width() / size, box.top() + (v + 0.5) * box.width() / size
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as p:
            p.fillRect(self.rect(), QColor("black"))
            if self._image.isNull():
                p.setPen(QColor("#97A2AC"))
                p.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty)
            else:
                p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                p.drawImage(self.square(), self._image)
            if self.prompt:
                plate(p, QPointF(self.width() / 2, 14), self.prompt, "t", 13)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = event.position()
        if event.button() == Qt.MouseButton.LeftButton and self.can_point:
            uv = self.uv_at(event.position())
            if uv is not None:
                self.pointed.emit(*uv)
            self._last = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            return
        delta = event.position() - self._last
        self._last = event.position()
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.dragged.emit(delta.x(), delta.y())
        elif event.buttons() & Qt.MouseButton.RightButton:
            self.bright = float(np.clip(self.bright - 0.4 * delta.y(), -120, 120))
            self.contrast = float(np.clip(self.contrast * 1.005 ** delta.x(), 0.4, 3.0))
            self._make()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._last = None

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self.opened.emit()


class Monitor(QWidget):
    """A picture with its header; the frame is yellow and BEAM ON is said while the beam is on."""

    def __init__(self, empty: str, key: str = "") -> None:
        super().__init__()
        self.beam = False
        self.live = not key
        box = QVBoxLayout(self)
        box.setContentsMargins(3, 3, 3, 3)
        box.setSpacing(0)
        head = QWidget()
        head.setFixedHeight(26)
        row = QHBoxLayout(head)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(8)
        self.dot = Dot()
        self.dot.setVisible(self.live)
        self.title = label()
        self.title.setStyleSheet("color:#E9EDF0;font-weight:600;font-size:12px")
        self.note = label()
        self.note.setStyleSheet("color:#B6BFC8;font-size:12px")
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.right = label(key)
        self.right.setStyleSheet("color:#B6BFC8;font-size:12px;font-weight:600")
        row.addWidget(self.dot)
        row.addWidget(self.title)
        row.addWidget(self.note, 1)
        row.addWidget(self.right)
        self.picture = Picture(empty)
        box.addWidget(head)
        box.addWidget(self.picture, 1)

    def say(self, title: str, note: str) -> None:
        """Header text."""
        self.title.setText(title)
        self.note.setText(note)
        self.picture.setAccessibleName(f"{title}, {note}")

    def set_beam(self, on: bool) -> None:
        """Beam on or off."""
        if on == self.beam:
            return
        self.beam = on
        self.dot.on = on
        self.dot.update()
        self.right.setText("BEAM ON" if on else "Pedal up")
        self.right.setStyleSheet(
            "color:#0B0D0F;background:#F6C445;border-radius:3px;padding:1px 6px;font-weight:700"
            if on
            else "color:#B6BFC8;font-size:12px;font-weight:600"
        )
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as p:
            p.fillRect(self.rect(), QColor(VIEW_HEADER_ACTIVE if self.live else VIEW_HEADER))
            if self.live:
                p.setPen(QPen(BEAM if self.beam else QColor("#86AEFF"), 3 if self.beam else 2))
                p.drawRect(self.rect().adjusted(1, 1, -2, -2))


class Dot(QWidget):
    """Amber while the beam is on, a hollow ring while the last image is held."""

    def __init__(self) -> None:
        super().__init__()
        self.on = False
        self.setFixedSize(12, 12)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.setPen(QPen(BEAM, 2))
            p.setBrush(BEAM if self.on else Qt.BrushStyle.NoBrush)
            p.drawEllipse(QRectF(2, 2, 8, 8))
