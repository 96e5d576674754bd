"""The left side of the room: the nine steps, and in guided practice the view to expect next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from planner.practice.room import RoomState
from planner.practice.steps import STEPS, current_step, fault_words, result_words
from ui.practice.driver import RoomDriver
from ui.theme import tokens, ui_font
from ui.widgets import hairline, label, section, status_pixmap

Expected = dict[str, tuple[tuple[str, NDArray[np.uint8]], ...]]


class Thumb(QWidget):
    """A small square picture with its caption."""

    def __init__(self, caption: str, pixels: NDArray[np.uint8]) -> None:
        super().__init__()
        data = np.ascontiguousarray(pixels)
        height, width = data.shape
        self._image = QImage(data.data, width, height, width, QImage.Format.Format_Grayscale8).copy()
        self._caption = caption
        self.setAccessibleName(f"Expected view: {caption}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(88, 112)
        self.setMaximumHeight(240)

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            side = min(self.width(), self.height() - 18)
            p.drawImage(QRectF(0, 0, side, side), self._image)
            p.setPen(QColor(tokens().text2))
            p.setFont(ui_font(11))
            p.drawText(QRectF(0, side + 2, self.width(), 16), Qt.AlignmentFlag.AlignLeft, self._caption)


class StepRow(QWidget):
    """One step: number or tick, title, and what to do or what was measured."""

    def __init__(self, number: int, title: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 8, 6)
        row.setSpacing(10)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.number = number
        self.mark = label(str(number))
        self.mark.setFixedWidth(18)
        self.mark.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        row.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        box = QVBoxLayout()
        box.setSpacing(1)
        self.title = label(title)
        self.note = label("", "small2", wrap=True)
        box.addWidget(self.title)
        box.addWidget(self.note)
        row.addLayout(box, 1)

    def show_state(self, done: bool, current: bool, note: str, at_fault: bool = False) -> None:
        """Tick (a triangle where something is held against it), highlight and second line."""
        t = tokens()
        if done:
            self.mark.setPixmap(status_pixmap("caution" if at_fault else "good", 16))
        else:
            self.mark.setText(str(self.number))
        strong = QFont.Weight.DemiBold if current or done else QFont.Weight.Normal
        self.title.setStyleSheet(
            f"color: {t.text if current or done else t.text2}; font-weight: {int(strong)}"
        )
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.setStyleSheet(
            f"StepRow {{ background: {t.selected}; border-left: 3px solid {t.accent}; border-radius: 6px }}"
            if current
            else "StepRow { background: transparent }"
        )


class StepsPanel(QWidget):
    """Guided shows what to do and to expect, free only the steps; examination hides the panel."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "leftpanel")
        self.driver: RoomDriver | None = None
        self.expected: Expected = {}
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(12, 10, 12, 10)
        self.grade = section("Guided")
        self.count = label("", "small2")
        row.addWidget(self.grade, 1)
        row.addWidget(self.count)
        box.addWidget(head)
        box.addWidget(hairline())
        inner = QWidget()
        inner.setProperty("role", "clear")
        lines = QVBoxLayout(inner)
        lines.setContentsMargins(6, 6, 6, 6)
        lines.setSpacing(1)
        self.rows = [StepRow(n, step.title) for n, step in enumerate(STEPS, start=1)]
        for line in self.rows:
            lines.addWidget(line)
        lines.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        box.addWidget(area, 1)
        self.line = hairline()
        box.addWidget(self.line)
        self.next = QWidget()
        self.next_box = QVBoxLayout(self.next)
        self.next_box.setContentsMargins(12, 10, 12, 10)
        self.next_box.setSpacing(6)
        self.next_box.addWidget(section("Expected next"))
        self.thumbs = QHBoxLayout()
        self.thumbs.setSpacing(8)
        self.next_box.addLayout(self.thumbs)
        self.advice = label("", "", wrap=True)
        self.next_box.addWidget(self.advice)
        box.addWidget(self.next)
        self._shown = -1

    def attach(self, driver: RoomDriver, expected: Expected) -> None:
        """Another session."""
        self.driver, self.expected, self._shown = driver, expected, -1
        grade = driver.session.log.grade
        self.grade.setText(grade.upper())
        self.setVisible(grade != "examination")
        self.next.setVisible(grade == "guided")
        self.line.setVisible(grade == "guided")
        driver.changed.connect(self.refresh)
        driver.ticked.connect(self._tick)
        self.refresh()

    def _tick(self, _state: RoomState) -> None:
        if self.driver is not None and self.driver.session.step() != self._shown:
            self.refresh()

    def refresh(self) -> None:
        """Where the learner stands."""
        if self.driver is None or self.driver.session.log.grade == "examination":
            return
        judge, guided = self.driver.session.judge, self.driver.session.log.grade == "guided"
        at = current_step(judge)
        self.count.setText(f"Step {min(at + 1, len(STEPS))} of {len(STEPS)}")
        for n, (row, step) in enumerate(zip(self.rows, STEPS, strict=True)):
            done, current = step.key in judge.done, n == at
            note = fault = ""
            if guided:
                fault = fault_words(step.key, judge) if done else ""
                note = result_words(step.key, judge) if done else step.todo if current else ""
            row.show_state(done, current, fault or note, bool(fault))
        if at != self._shown:
            self._shown = at
            self._show_expected(at)

    def _show_expected(self, at: int) -> None:
        while self.thumbs.count():
            item = self.thumbs.takeAt(0)
            if item is not None and item.widget() is not None:
                item.widget().hide()
                item.widget().deleteLater()
        if at >= len(STEPS):
            self.advice.setText("All steps are done. Take a last look, then end and score.")
            return
        shown = self.expected.get(STEPS[at].key, ())
        for caption, pixels in shown:
            thumb = Thumb(caption, pixels)
            thumb.setMinimumHeight(210 if len(shown) == 1 else 140)
            self.thumbs.addWidget(thumb, 1)
        self.advice.setText(STEPS[at].advice)
