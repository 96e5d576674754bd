"""One X-ray monitor: the picture, its writing and the outlines over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPainterPath, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from imaging.fluoro.annotate import edge_letters
from imaging.fluoro.overlay import Outline
from ui.presenters.xray_presenter import Monitor, XrayPresenter
from ui.theme import BONE_LINE, CANAL, LESION, TARGET, side_colour
from ui.views.paint import cased, plate, polyline, target_ring

_COLOURS = {"canal": CANAL, "lesion": LESION, "target": TARGET, "trap": QColor("#F6C445")}
_DASHED = {"midline", "trap"}


class XrayMonitor(QWidget):
    """Shows one of the presenter's two pictures, whole and round."""

    def __init__(self, name: Monitor, presenter: XrayPresenter) -> None:
        super().__init__()
        self.name, self.presenter = name, presenter
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 140)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.contrast, self.brightness = 1.0, 0.0
        self.zoom, self.shift = 1.0, QPointF(0, 0)
        self._press: QPointF | None = None
        self._start = (0.0, 0.0)
        presenter.picture_changed.connect(lambda which: self.update() if which == name else None)
        presenter.strip_changed.connect(self.update)

    enlarge = Signal()

    def _fit(self, columns: int) -> float:
        return min(self.width(), self.height()) * 0.985 / columns * self.zoom

    def _place(self, uv: NDArray[np.float64], columns: int, rows: int) -> NDArray[np.float64]:
        middle = [self.width() / 2 + self.shift.x(), self.height() / 2 + self.shift.y()]
        return (uv + 0.5 - [columns / 2, rows / 2]) * self._fit(columns) + middle

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as p:
            p.fillRect(self.rect(), QColor("black"))
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            picture = self.presenter.pictures.get(self.name)
            if picture is None:
                words = self.presenter.failure or "Making the X-ray…"
                plate(p, QPointF(self.width() / 2, self.height() / 2), words, "c", 12, False)
                return
            pixels = picture.pixels
            if self.contrast != 1.0 or self.brightness != 0.0:
                curve = (np.arange(256) - 128) * self.contrast + 128 + self.brightness
                pixels = np.clip(curve, 0, 255).astype(np.uint8)[pixels]
            h, w = pixels.shape
            image = QImage(pixels.data, w, h, w, QImage.Format.Format_Grayscale8)
            s = self._fit(w)
            x, y = self._place(np.array([-0.5, -0.5]), w, h)
            field = QRectF(x, y, w * s, h * s)
            p.drawImage(field, image)
            if self.presenter.overlays:
                p.save()
                clip = QPainterPath()
                clip.addEllipse(field)
                p.setClipPath(clip)
                for outline in self.presenter.outlines(self.name):
                    self._draw(p, outline, w, h)
                p.restore()
            left, right = edge_letters(picture.projection)
            plate(p, QPointF(8, 8), left, "tl", 14)
            plate(p, QPointF(self.width() - 8, 8), right, "tr", 14)
            plate(p, QPointF(8, self.height() - 8), self.presenter.words(self.name), "bl", 11, False)
            dose = picture.dose
            told = plate(
                p, QPointF(self.width() - 8, self.height() - 8), self.presenter.case.title(), "br", 11, False
            )
            plate(p, QPointF(self.width() - 8, told.top() - 4), "SIMULATED", "br", 11)
            if self.width() > 420:
                kerma = 1000 * dose.air_kerma_mgy
                text = f"{dose.kv:.0f}\u202fkV   {dose.mas:.2f}\u202fmAs   {kerma:.0f}\u202fµGy"
                plate(p, QPointF(8, self.height() - 30), text, "bl", 11, False)

    def _draw(self, p: QPainter, outline: Outline, columns: int, rows: int) -> None:
        points = self._place(outline.points_px, columns, rows)
        if outline.kind == "target":
            middle = points[:-1].mean(0)
            target_ring(p, QPointF(*middle), 8)
            return
        if outline.kind == "tool_axis":
            cased(p, polyline(points), side_colour(outline.side or "left"), 1.4, [4, 3], 205)
            return
        colour = _COLOURS.get(outline.kind, BONE_LINE)
        dash = (
            [5.0, 4.0]
            if outline.dashed or outline.kind in _DASHED
            else [1.5, 3.0]
            if outline.kind == "lesion"
            else None
        )
        cased(p, polyline(points), colour, 1.3, dash, 205)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.presenter.set_active(self.name)
        self._press = event.position()
        right = event.button() == Qt.MouseButton.RightButton
        self._start = (self.contrast, self.brightness) if right else (self.shift.x(), self.shift.y())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            return
        delta = event.position() - self._press
        if event.buttons() & Qt.MouseButton.RightButton:
            self.contrast = max(0.2, self._start[0] + delta.x() / 200)
            self.brightness = self._start[1] - delta.y() / 2
        elif event.buttons() & Qt.MouseButton.MiddleButton:
            self.shift = QPointF(self._start[0] + delta.x(), self._start[1] + delta.y())
        self.update()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._press = None

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self.enlarge.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom = min(6.0, max(0.5, self.zoom * 1.12**notches))
            self.update()
        else:
            self.presenter.case.set_depth(self.presenter.case.depth_mm - 0.5 * notches)
        event.accept()
