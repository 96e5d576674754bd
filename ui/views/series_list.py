"""Rows of the case browser, its column heads and the bar of a running task."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui.presenters.browser_rows import SeriesRow
from ui.theme import tokens, ui_font
from ui.widgets import draw_status, label

NARROW_PX = 560
COLUMNS = ("Series", "Kind", "Images", "Spacing", "Verdict")


class BusyBar(QWidget):
    """What is being done, how far it is, and a way out; ``stacked`` where a panel is narrow."""

    cancel = Signal()

    def __init__(self, stacked: bool = False) -> None:
        super().__init__()
        self._begun = time.monotonic()
        way = QBoxLayout.Direction
        row = QBoxLayout(way.TopToBottom if stacked else way.LeftToRight, self)
        row.setContentsMargins(*((0, 0, 0, 0) if stacked else (16, 10, 12, 10)))
        row.setSpacing(8 if stacked else 12)
        box = QVBoxLayout()
        box.setSpacing(6)
        top = QVBoxLayout() if stacked else QHBoxLayout()
        self.what = label("", "strong", wrap=stacked)
        self.step = label("", "small2", wrap=stacked)
        top.addWidget(self.what)
        if stacked:  # what follows stands still while words come and go
            self.step.setMinimumHeight(2 * self.step.fontMetrics().lineSpacing())
            self.step.setAlignment(Qt.AlignmentFlag.AlignTop)
        else:
            top.addStretch(1)
        top.addWidget(self.step)
        box.addLayout(top)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        box.addWidget(self.bar)
        row.addLayout(box, 1)
        button = QPushButton("Cancel")
        button.setProperty("role", "small")
        button.clicked.connect(self.cancel)
        row.addWidget(button)
        self.hide()

    def begin(self, what: str) -> None:
        """Show the bar at nothing done."""
        self.what.setText(what)
        self.step.setText("")
        self._begun = time.monotonic()
        self.bar.setValue(0)
        self.show()

    def report(self, fraction: float, text: str) -> None:
        """Show how far it is."""
        self.bar.setValue(round(1000 * fraction))
        words = (text, f"{100 * fraction:.0f}\u202f%", self._time_left(fraction))
        self.step.setText(", ".join(x for x in words if x))

    def _time_left(self, fraction: float) -> str:
        """How long it still takes if it goes on as so far; nothing while that is a guess."""
        gone = time.monotonic() - self._begun
        if gone < 3 or fraction < 0.1 or fraction >= 1:
            return ""
        left = gone * (1 - fraction) / fraction
        step = 5 if left < 60 else 30
        rounded = step * max(1, round(left / step))
        return f"about {rounded}\u202fs left" if rounded < 60 else f"about {rounded / 60:g}\u202fmin left"


class SeriesLine(QWidget):
    """One series."""

    chosen = Signal(object)
    opened = Signal(object)

    def __init__(self, row: SeriesRow) -> None:
        super().__init__()
        self.row = row
        self.selected = False
        self.thumbnail: np.ndarray | None = None
        self._hover = False
        self.setFixedHeight(64)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"{row.title}, {row.kind}, {row.images} images, {row.verdict}. {row.reason}")
        self.setToolTip(row.reason)

    def paintEvent(self, _event: object) -> None:
        t, r = tokens(), self.row
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            w, h = self.width(), self.height()
            p.fillRect(self.rect(), QColor(t.selected if self.selected else t.hover if self._hover else t.bg))
            if self.selected:
                p.fillRect(QRectF(0, 0, 3, h), QColor(t.accent))
            p.setPen(QColor(t.hairline))
            p.drawLine(0, h - 1, w, h - 1)
            box = QRectF(20, 8, 54, 48)
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(QColor(t.raised))
            p.drawRoundedRect(box, 4, 4)
            p.setPen(QColor(t.text2))
            p.setFont(ui_font(14, QFont.Weight.DemiBold))
            if self.thumbnail is None:
                p.drawText(box, Qt.AlignmentFlag.AlignCenter, r.kind)
            else:
                self._draw_thumbnail(p, box)
            xs = column_edges(w)
            strong, plain, small = ui_font(13, QFont.Weight.DemiBold), ui_font(13), ui_font(12)
            left = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
            right = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
            self._two_lines(p, QRectF(xs[0], 0, xs[1] - xs[0] - 12, h), r.title, r.note)
            p.setPen(QColor(t.text))
            p.setFont(plain)
            p.drawText(QRectF(xs[1], 0, 50, h), left, r.kind)
            p.drawText(QRectF(xs[2], 0, 60, h), right, str(r.images))
            p.drawText(QRectF(xs[3], 0, 74, h), right, r.spacing)
            draw_status(p, QRectF(xs[4], h / 2 - 17, 14, 14), r.mark)
            self._two_lines(p, QRectF(xs[4] + 24, 0, w - xs[4] - 36, h), r.verdict, r.reason)
            p.setFont(strong)
            p.setFont(small)
            if self.hasFocus():
                p.setBrush(Qt.BrushStyle.NoBrush)
                p.setPen(QPen(QColor(t.accent), 2))
                p.drawRect(self.rect().adjusted(1, 1, -2, -2))

    def set_thumbnail(self, grey: np.ndarray) -> None:
        """Show a picture of the series."""
        self.thumbnail = grey
        self.update()

    def _draw_thumbnail(self, p: QPainter, box: QRectF) -> None:
        grey = self.thumbnail
        h, w = grey.shape
        image = QImage(grey.data, w, h, w, QImage.Format.Format_Grayscale8)
        scale = max(box.width() / w, box.height() / h)
        p.save()
        p.setClipRect(box)
        p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        at = box.center()
        p.drawImage(QRectF(at.x() - w * scale / 2, at.y() - h * scale / 2, w * scale, h * scale), image)
        p.restore()

    def _two_lines(self, p: QPainter, rect: QRectF, first: str, second: str) -> None:
        t = tokens()
        p.setFont(ui_font(13, QFont.Weight.DemiBold))
        p.setPen(QColor(t.text))
        middle = rect.center().y()
        metrics = p.fontMetrics()
        p.drawText(
            QRectF(rect.left(), middle - 20, rect.width(), 20),
            Qt.AlignmentFlag.AlignVCenter,
            metrics.elidedText(first, Qt.TextElideMode.ElideRight, int(rect.width())),
        )
        p.setFont(ui_font(12))
        p.setPen(QColor(t.text2))
        metrics = p.fontMetrics()
        p.drawText(
            QRectF(rect.left(), middle, rect.width(), 20),
            Qt.AlignmentFlag.AlignVCenter,
            metrics.elidedText(second, Qt.TextElideMode.ElideRight, int(rect.width())),
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus()
        self.chosen.emit(self.row)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.opened.emit(self.row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self.row)
        elif event.key() == Qt.Key.Key_Space:
            self.chosen.emit(self.row)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, _event: object) -> None:
        self._hover = True
        self.update()

    def leaveEvent(self, _event: object) -> None:
        self._hover = False
        self.update()


def column_edges(width: int) -> tuple[float, float, float, float, float]:
    """Left edges of the columns; images and spacing lie outside where there is no room for them."""
    name = max(190.0, width * 0.26)
    start = 90.0
    if width < NARROW_PX:
        return start, start + 170, -1000, -1000, start + 170 + 42
    return start, start + name, start + name + 42, start + name + 104, start + name + 210


class ColumnHead(QWidget):
    """Names of the columns."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(28)

    def paintEvent(self, _event: object) -> None:
        t = tokens()
        with QPainter(self) as p:
            p.fillRect(self.rect(), QColor(t.bg))
            p.setPen(QColor(t.hairline))
            p.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
            p.setFont(ui_font(11))
            p.setPen(QColor(t.text3))
            xs = column_edges(self.width())
            h = self.height()
            for name, x, width, right in zip(
                COLUMNS, xs, (200, 50, 60, 74, 200), (0, 0, 1, 1, 0), strict=True
            ):
                align = Qt.AlignmentFlag.AlignVCenter | (
                    Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
                )
                p.drawText(QRectF(x, 0, width, h), int(align), name)
