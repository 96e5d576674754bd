"""Buttons with their key, steppers and headed groups of the practice room."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ui.theme import tokens, ui_font
from ui.widgets import label, section


class KeyButton(QPushButton):
    """A word and its key in a frame; says why it is disabled. Enter presses it, Space is the pedal."""

    def __init__(self, word: str, key: str, act: Callable[[], object], height: int = 44) -> None:
        super().__init__()
        self.word, self.key = word, key
        self.setMinimumHeight(height)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clicked.connect(lambda _=False: act())
        self._name()

    def _name(self) -> None:
        self.setAccessibleName(f"{self.word}, key {self.key}" if self.key else self.word)
        self.updateGeometry()
        self.update()

    def set_word(self, word: str) -> None:
        """Another word for the same key."""
        if word != self.word:
            self.word = word
            self._name()

    def set_key(self, key: str) -> None:
        """Another key for the same word."""
        if key != self.key:
            self.key = key
            self._name()

    def allow(self, reason: str = "") -> None:
        """Enabled where there is no reason against it."""
        self.setEnabled(not reason)
        self.setToolTip(reason or (f"{self.word}: key {self.key}" if self.key else ""))

    def sizeHint(self) -> QSize:
        words = QFontMetrics(ui_font(13, QFont.Weight.Medium)).horizontalAdvance(self.word)
        keys = QFontMetrics(ui_font(11)).horizontalAdvance(self.key) + 18 if self.key else 0
        return QSize(words + keys + 24, self.minimumHeight())

    def minimumSizeHint(self) -> QSize:
        # In a narrow window the key goes to the tooltip, so that every word stays whole.
        words = QFontMetrics(ui_font(12, QFont.Weight.Medium)).horizontalAdvance(self.word)
        return QSize(words + 12, self.minimumHeight())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        t = tokens()
        primary = self.property("role") == "primary" and self.isEnabled()
        ink = QColor("white" if primary else t.text if self.isEnabled() else t.text3)
        words = QFontMetrics(ui_font(13, QFont.Weight.Medium)).horizontalAdvance(self.word)
        keys = QFontMetrics(ui_font(11)).horizontalAdvance(self.key) + 10 if self.key else 0
        tight = words + keys + 20 > self.width()
        if tight:
            keys = 0
            words = QFontMetrics(ui_font(12, QFont.Weight.Medium)).horizontalAdvance(self.word)
        left = (self.width() - words - (keys + 8 if keys else 0)) / 2
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.setPen(ink)
            p.setFont(ui_font(12 if tight else 13, QFont.Weight.Medium))
            box = QRectF(left, 0, words + 2, self.height())
            p.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.word)
            if keys:
                frame = QRectF(left + words + 8, self.height() / 2 - 9, keys, 18)
                p.setPen(QPen(ink if primary else QColor(t.text3), 1))
                p.drawRoundedRect(frame, 3, 3)
                p.setFont(ui_font(11))
                p.drawText(frame, Qt.AlignmentFlag.AlignCenter, self.key)


class Stepper(QWidget):
    """A name and a value between minus and plus; the wheel steps too."""

    stepped = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.name = label(name)
        self.value = label("", "strong")
        self.value.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.value.setFixedWidth(98)
        row.addWidget(self.name, 1)
        for word, by, tip in (("\u2212", -1, "less"), ("+", 1, "more")):
            button = QPushButton(word)
            button.setProperty("role", "small")
            button.setFixedSize(32, 28)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAutoRepeat(True)
            button.setAutoRepeatDelay(350)
            button.setAutoRepeatInterval(90)
            button.setAccessibleName(f"{name} {tip}")
            button.setStyleSheet("padding: 0")
            button.clicked.connect(lambda _=False, step=by: self.stepped.emit(step))
            if by > 0:
                row.addWidget(self.value)
                self.more = button
            else:
                self.less = button
            row.addWidget(button)

    def show_value(self, words: str) -> None:
        """The value in words."""
        self.value.setText(words)

    def wheelEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        self.stepped.emit(1 if event.angleDelta().y() > 0 else -1)
        event.accept()


class Readout(QWidget):
    """A small head and a large number."""

    def __init__(self, head: str) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(label(head, "small"))
        self.value = label("", "group")
        self.value.setFont(ui_font(18, QFont.Weight.DemiBold))
        self.value.setStyleSheet("font-size: 18px; font-weight: 600")
        box.addWidget(self.value)

    def show_value(self, words: str) -> None:
        """The number with its unit."""
        self.value.setText(words)


def headed(title: str, spacing: int = 6) -> tuple[QWidget, QVBoxLayout]:
    """A padded group under a section head."""
    whole = QWidget()
    box = QVBoxLayout(whole)
    box.setContentsMargins(12, 10, 12, 8)
    box.setSpacing(spacing)
    box.addWidget(section(title))
    return whole, box
