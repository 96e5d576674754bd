"""Gates first, then the score with its parts, what to change, and earlier attempts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from planner.practice.learning import PASS_TOTAL
from planner.practice.result import Part, Score
from planner.practice.store import Attempt
from planner.practice.words import points_words, value_words
from ui.practice.parts import headed
from ui.theme import tokens, ui_font
from ui.widgets import StatusMark, draw_status, hairline, label


class Bar(QWidget):
    """Points as a bar; the numbers stand beside it."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.setFixedSize(48, 8)

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(QColor(t.hover))
            p.drawRoundedRect(QRectF(0, 1, 48, 6), 3, 3)
            p.setBrush(QColor(t.text2))
            if self.share > 0:
                p.drawRoundedRect(QRectF(0, 1, max(4.0, 48 * self.share), 6), 3, 3)


class AttemptChart(QWidget):
    """Totals in order; failed gates are octagons at zero."""

    def __init__(self, attempts: Sequence[Attempt], chosen: str = "") -> None:
        super().__init__()
        self.attempts, self.chosen = list(attempts)[-12:], chosen
        self.first = max(1, len(attempts) - 11)
        self.setMinimumHeight(118)
        told = ", ".join(points_words(a.total) if a.passed else "failed a gate" for a in self.attempts)
        self.setAccessibleName(f"Attempts: {told}")

    def sizeHint(self) -> QSize:
        return QSize(260, 118)

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            box = QRectF(30, 10, self.width() - 48, self.height() - 34)

            def at(n: int, total: float) -> QPointF:
                share = 0.5 if len(self.attempts) == 1 else n / (len(self.attempts) - 1)
                return QPointF(box.left() + share * box.width(), box.bottom() - total / 100 * box.height())

            p.setPen(QPen(QColor(t.border), 1))
            p.drawLine(box.topLeft(), box.bottomLeft())
            p.drawLine(box.bottomLeft(), box.bottomRight())
            p.setPen(QPen(QColor(t.good), 1.2, Qt.PenStyle.DashLine))
            y = at(0, PASS_TOTAL).y()
            p.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            p.setFont(ui_font(11))
            p.setPen(QColor(t.text3))
            for value in (0.0, PASS_TOTAL, 100.0):
                place = QRectF(0, at(0, value).y() - 8, 25, 16)
                p.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:.0f}")
            points = [at(n, a.total) for n, a in enumerate(self.attempts)]
            p.setPen(QPen(QColor(t.text2), 1.2))
            if len(points) > 1:
                p.drawPolyline(points)
            for n, (a, point) in enumerate(zip(self.attempts, points, strict=True)):
                if a.passed:
                    p.setPen(Qt.PenStyle.NoPen)
                    p.setBrush(QColor(t.accent if a.id == self.chosen else t.text))
                    p.drawEllipse(point, 4, 4)
                else:
                    draw_status(p, QRectF(point.x() - 6, point.y() - 6, 12, 12), "stop")
                p.setPen(QColor(t.text3))
                place = QRectF(point.x() - 14, box.bottom() + 6, 28, 16)
                p.drawText(place, Qt.AlignmentFlag.AlignCenter, str(self.first + n))


class ScorePanel(QWidget):
    """Never a number without its parts."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "rightpanel")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer.addWidget(self.area)

    def show_score(self, score: Score, attempts: Sequence[Attempt], task: str, chosen: str) -> None:
        """Fill the panel."""
        inner = QWidget()
        inner.setProperty("role", "clear")
        box = QVBoxLayout(inner)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        title = "Gates, all passed" if score.passed else "Gates, one is failed"
        if sum(not g.passed for g in score.gates) > 1:
            title = "Gates, some are failed"
        whole, gates = headed(title, 8)
        for gate in score.gates:
            row = QHBoxLayout()
            row.setSpacing(8)
            row.addWidget(StatusMark("good" if gate.passed else "stop", 16), 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(label(gate.title, "", wrap=True), 1)
            row.addWidget(label(gate.value, "strong"), 0, Qt.AlignmentFlag.AlignTop)
            gates.addLayout(row)
        box.addWidget(whole)
        box.addWidget(hairline())
        whole, parts = headed("Score", 5)
        head = QHBoxLayout()
        number = label(points_words(score.total))
        number.setStyleSheet("font-size: 40px; font-weight: 600")
        head.addWidget(number)
        head.addWidget(label("of 100", "text2"), 0, Qt.AlignmentFlag.AlignBottom)
        head.addStretch(1)
        parts.addLayout(head)
        if not score.passed:
            words = f"A failed gate makes it 0. The parts alone sum to {points_words(score.sum)}."
            parts.addWidget(label(words, "small2", wrap=True))
        for part in score.parts:
            parts.addLayout(self._part(part))
        words = f"Weights: “{score.weights}”. The score can be computed again from the log."
        parts.addWidget(label(words, "small", wrap=True))
        box.addWidget(whole)
        box.addWidget(hairline())
        whole, change = headed("What to change", 8)
        for sentence in score.advice or ("Nothing stands out.",):
            row = QHBoxLayout()
            row.setSpacing(8)
            kind = "caution" if score.advice else "good"
            row.addWidget(StatusMark(kind, 16), 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(label(sentence, "", wrap=True), 1)
            change.addLayout(row)
        box.addWidget(whole)
        if attempts:
            box.addWidget(hairline())
            whole, earlier = headed(f"{task}, all attempts", 4)
            earlier.addWidget(AttemptChart(attempts, chosen))
            box.addWidget(whole)
        box.addStretch(1)
        self.area.setWidget(inner)

    def _part(self, part: Part) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(label(part.title), 1)
        row.addWidget(label(value_words(part), "text2"))
        row.addWidget(Bar(part.points / part.of))
        points = label(f"{points_words(round(part.points, 1))}\u202f/\u202f{points_words(part.of)}", "strong")
        points.setAlignment(Qt.AlignmentFlag.AlignRight)
        points.setMinimumWidth(54)
        row.addWidget(points)
        return row
