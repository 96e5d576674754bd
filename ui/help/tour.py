"""The first-run tour: a few cards, each beside what it speaks of. Esc or Skip ends it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QSettings, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPen, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ui.theme import tokens
from ui.widgets import label

SEEN = "tour/seen"
Stop = tuple[Callable[[], QWidget], str, str]


class Tour(QWidget):
    """Lies over the window; dims all but one widget and explains it."""

    def __init__(self, window: QWidget, stops: list[Stop]) -> None:
        super().__init__(window)
        self.stops, self.at = stops, 0
        self.setObjectName("tour")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.card = QWidget(self)
        self.card.setProperty("role", "card")
        self.card.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.card.setFixedWidth(360)
        box = QVBoxLayout(self.card)
        box.setContentsMargins(16, 16, 16, 12)
        self.title = label("", "group")
        self.words = label("", "text2", wrap=True)
        box.addWidget(self.title)
        box.addWidget(self.words)
        row = QHBoxLayout()
        skip = QPushButton("Skip the tour")
        skip.setProperty("role", "link")
        skip.clicked.connect(self.end)
        self.next = QPushButton("Next")
        self.next.setProperty("role", "primary")
        self.next.clicked.connect(self.step)
        row.addWidget(skip)
        row.addStretch(1)
        row.addWidget(self.next)
        box.addLayout(row)
        self.setGeometry(window.rect())
        self._show()
        self.show()
        self.raise_()
        self.next.setFocus()

    def step(self) -> None:
        """The next card, or the end."""
        self.at += 1
        if self.at >= len(self.stops):
            self.end()
        else:
            self._show()

    def end(self) -> None:
        """Remember that it was seen, and go."""
        QSettings().setValue(SEEN, True)
        self.close()
        self.deleteLater()

    def _hole(self) -> QRect:
        widget = self.stops[self.at][0]()
        return QRect(widget.mapTo(self.parentWidget(), QPoint(0, 0)), widget.size()).adjusted(-4, -4, 4, 4)

    def _show(self) -> None:
        _, title, words = self.stops[self.at]
        self.title.setText(f"{title} ({self.at + 1} of {len(self.stops)})")
        self.words.setText(words)
        self.next.setText("Done" if self.at == len(self.stops) - 1 else "Next")
        self.words.setMinimumHeight(self.words.heightForWidth(328))
        self.card.adjustSize()
        hole = self._hole()
        x = min(max(12, hole.left()), self.width() - self.card.width() - 12)
        y = hole.bottom() + 12
        if y + self.card.height() > self.height() - 12:
            y = max(12, hole.top() - self.card.height() - 12)
            if y < 24:
                x = hole.right() + 12 if hole.right() + 384 < self.width() else hole.left() - 372
                y = 80
        self.card.move(x, y)
        self.update()

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            dim = QPainterPath()
            dim.addRect(self.rect())
            hole = QPainterPath()
            hole.addRoundedRect(self._hole(), 6, 6)
            p.fillPath(dim.subtracted(hole), QColor(0, 0, 0, 150))
            p.setPen(QPen(QColor(tokens().accent), 2))
            p.drawPath(hole)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.step()

    def mousePressEvent(self, event: object) -> None:
        """Clicks beside the card do nothing."""


def seen() -> bool:
    """Whether the tour was seen to its end or skipped."""
    return str(QSettings().value(SEEN, "false")).lower() == "true"
