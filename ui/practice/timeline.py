"""The time line of a session: phases, every shot by its view, clearance, and mistakes where they happened."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from planner.practice.advice import clock_words
from planner.practice.debrief import Debrief
from ui.theme import tokens, ui_font
from ui.widgets import draw_status

_LEFT, _RIGHT = 84.0, 24.0
_ROWS = ("AP", "lateral", "oblique")


class Timeline(QWidget):
    """Drag or click to a time."""

    moved = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(176)
        self.setAccessibleName("Time line")
        self.data: Debrief | None = None
        self.time_s = 0.0

    def show_session(self, data: Debrief) -> None:
        """Another session."""
        self.data = data
        self.time_s = data.length_s
        self.update()

    def set_time(self, time_s: float) -> None:
        """Move the mark."""
        self.time_s = time_s
        self.update()

    def _x(self, time_s: float) -> float:
        assert self.data is not None
        return _LEFT + (self.width() - _LEFT - _RIGHT) * time_s / self.data.length_s

    def _time(self, x: float) -> float:
        assert self.data is not None
        share = (x - _LEFT) / max(1.0, self.width() - _LEFT - _RIGHT)
        return float(np.clip(share, 0, 1)) * self.data.length_s

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.data is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self.moved.emit(self._time(event.position().x()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.fillRect(self.rect(), QColor(t.surface))
            if self.data is None:
                return
            self._phases(p)
            self._shots(p)
            self._clearance(p)
            self._breaks(p)
            x = self._x(self.time_s)
            p.setPen(QPen(QColor(t.accent), 2))
            p.drawLine(QPointF(x, 4), QPointF(x, 140))
            p.setBrush(QColor(t.accent))
            p.drawRoundedRect(QRectF(x - 5, 0, 10, 10), 2, 2)

    def _phases(self, p: QPainter) -> None:
        t = tokens()
        assert self.data is not None
        p.setFont(ui_font(12, QFont.Weight.Medium))
        metrics = QFontMetricsF(p.font())
        for n, phase in enumerate(self.data.phases):
            box = QRectF(self._x(phase.start_s), 12, self._x(phase.stop_s) - self._x(phase.start_s) - 2, 24)
            if box.width() < 2:
                continue
            here = phase.start_s <= self.time_s <= phase.stop_s
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(QColor(t.selected if here else t.raised if n % 2 else t.hover))
            p.drawRoundedRect(box, 3, 3)
            p.setPen(QColor(t.text))
            word = metrics.elidedText(phase.title, Qt.TextElideMode.ElideRight, box.width() - 8)
            if box.width() > 34:
                p.drawText(box, Qt.AlignmentFlag.AlignCenter, word)

    def _shots(self, p: QPainter) -> None:
        t = tokens()
        assert self.data is not None
        for row, name in enumerate(_ROWS):
            y = 50.0 + 17 * row
            p.setFont(ui_font(12))
            p.setPen(QColor(t.text2))
            p.drawText(
                QRectF(8, y - 9, _LEFT - 14, 18),
                Qt.AlignmentFlag.AlignVCenter,
                name.capitalize() if row else name,
            )
            p.setPen(QPen(QColor(t.hairline), 1))
            p.drawLine(QPointF(_LEFT, y), QPointF(self.width() - _RIGHT, y))
        now = self.data.shot_at(self.time_s)
        p.setPen(Qt.PenStyle.NoPen)
        for shot in self.data.shots:
            row = _ROWS.index(shot.view.kind) if shot.view is not None else 2
            p.setBrush(QColor(t.accent if shot is now else t.text2))
            p.drawRoundedRect(QRectF(self._x(shot.time_s) - 3, 50 + 17 * row - 6, 6, 12), 1.5, 1.5)

    def _clearance(self, p: QPainter) -> None:
        t = tokens()
        assert self.data is not None
        top, bottom, most = 100.0, 138.0, 6.0
        p.setFont(ui_font(12))
        p.setPen(QColor(t.text2))
        p.drawText(QRectF(8, 110, _LEFT - 14, 18), Qt.AlignmentFlag.AlignVCenter, "Clearance")

        def y(mm: float) -> float:
            return bottom - (bottom - top) * (float(np.clip(mm, -1.5, most)) + 1.5) / (most + 1.5)

        for low, high, colour in ((-1.5, 1.0, t.stop), (1.0, 2.0, t.caution)):
            band = QColor(colour)
            band.setAlphaF(0.16)
            p.fillRect(QRectF(_LEFT, y(high), self.width() - _LEFT - _RIGHT, y(low) - y(high)), band)
        points = [
            QPointF(self._x(s.time_s), y(s.truth.clearance_mm))
            for s in self.data.judge.samples
            if s.truth.clearance_mm is not None
        ]
        p.setPen(QPen(QColor(t.text), 1.6))
        p.setBrush(Qt.BrushStyle.NoBrush)
        if len(points) > 1:
            p.drawPolyline(points)

    def _breaks(self, p: QPainter) -> None:
        t = tokens()
        assert self.data is not None
        p.setFont(ui_font(12))
        metrics = QFontMetricsF(p.font())
        free = _LEFT
        for b in self.data.judge.breaks:
            x = self._x(b.time_s)
            draw_status(p, QRectF(x - 6.5, 143, 13, 13), "caution")
            left = max(free, x - 8)
            room = self.width() - _RIGHT - left
            if room > 60:
                words = metrics.elidedText(
                    f"{clock_words(b.time_s)} {b.text}", Qt.TextElideMode.ElideRight, min(room, 420)
                )
                p.setPen(QColor(t.text2))
                p.drawText(QPointF(left, 170), words)
                free = left + metrics.horizontalAdvance(words) + 16
