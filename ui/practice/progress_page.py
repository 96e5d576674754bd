"""Progress: learners, their curves and CUSUM, and everything as CSV or PDF."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from planner.domain.dates import moment_words
from planner.practice.learning import (
    PASS_TOTAL,
    cusum,
    cusum_limits,
    smoothed,
    summaries,
    to_csv,
)
from planner.practice.pdf import progress_pdf
from planner.practice.store import Attempt, PracticeStore
from planner.practice.words import points_words
from planner.storage.atomic import whole_file
from ui.theme import tokens, ui_font
from ui.widgets import draw_status, label, section

EVERYONE = "All learners"
_DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)


class Curve(QWidget):
    """Lines over the number of the attempt; each learner has a dash of its own and a name at its end."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.series: list[tuple[str, list[float], list[bool]]] = []
        self.low, self.high = 0.0, 100.0
        self.marks: tuple[tuple[float, str], ...] = ()
        self.setMinimumSize(220, 170)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_series(
        self, series: list[tuple[str, list[float], list[bool]]], low: float, high: float,
        marks: tuple[tuple[float, str], ...],
    ) -> None:  # fmt: skip
        """(name, values, failed gates) of each learner, the axis, and lines with words."""
        self.series, self.low, self.high, self.marks = series, low, high, marks
        told = "; ".join(f"{n}: {', '.join(f'{v:.3g}' for v in values[-5:])}" for n, values, _ in series)
        self.setAccessibleName(f"{self.title}. {told}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.fillRect(self.rect(), QColor(t.surface))
            box = QRectF(48, 34, self.width() - 150, self.height() - 66)
            p.setPen(QColor(t.text))
            p.setFont(ui_font(13))
            p.drawText(QPointF(12, 20), self.title)
            longest = max((len(v) for _, v, _ in self.series), default=0)
            if not longest:
                p.setPen(QColor(t.text3))
                p.drawText(box, Qt.AlignmentFlag.AlignCenter, "No session yet")
                return

            def at(n: int, value: float) -> QPointF:
                share = 0.5 if longest == 1 else n / (longest - 1)
                height = (value - self.low) / (self.high - self.low)
                return QPointF(box.left() + share * box.width(), box.bottom() - height * box.height())

            p.setFont(ui_font(11))
            p.setPen(QPen(QColor(t.border), 1))
            p.drawRect(box)
            for value, words in self.marks:
                y = at(0, value).y()
                p.setPen(QPen(QColor(t.text3), 1, Qt.PenStyle.DashLine))
                p.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
                p.setPen(QColor(t.text3))
                p.drawText(QPointF(box.right() + 6, y + 4), words)
            p.setPen(QColor(t.text3))
            for value in (self.low, self.high):
                place = QRectF(0, at(0, value).y() - 8, 42, 16)
                p.drawText(place, Qt.AlignmentFlag.AlignRight, f"{value:.3g}".replace("-", "\u2212"))
            p.drawText(QPointF(box.left(), box.bottom() + 18), "attempt 1")
            p.drawText(
                QRectF(box.right() - 60, box.bottom() + 6, 60, 16), Qt.AlignmentFlag.AlignRight, str(longest)
            )
            for k, (name, values, failed) in enumerate(self.series):
                colour = QColor(t.accent if k == 0 else t.text2)
                p.setPen(QPen(colour, 2 if k == 0 else 1.4, _DASHES[k % len(_DASHES)]))
                points = [at(n, v) for n, v in enumerate(values)]
                if len(points) > 1:
                    p.drawPolyline(points)
                for point, bad in zip(points, failed, strict=True):
                    if bad:
                        draw_status(p, QRectF(point.x() - 6, point.y() - 6, 12, 12), "stop")
                    else:
                        p.setPen(Qt.PenStyle.NoPen)
                        p.setBrush(colour)
                        p.drawEllipse(point, 3.2, 3.2)
                        p.setBrush(Qt.BrushStyle.NoBrush)
                if len(self.series) > 1 and points:
                    p.setPen(QColor(t.text))
                    p.drawText(points[-1] + QPointF(8, -6), name)


class ProgressPage(QWidget):
    """One learner's curve, or all side by side."""

    back = Signal()
    open_session = Signal(str)
    told = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.store: PracticeStore | None = None
        self.shown: list[Attempt] = []
        box = QVBoxLayout(self)
        box.setContentsMargins(24, 18, 24, 18)
        box.setSpacing(12)
        head = QHBoxLayout()
        head.addWidget(label("Progress", "title"))
        head.addSpacing(16)
        self.who = QComboBox()
        self.who.setAccessibleName("Learner")
        self.who.setMinimumWidth(220)
        self.who.setMinimumHeight(32)
        self.who.currentIndexChanged.connect(self._show)
        head.addWidget(self.who)
        head.addStretch(1)
        for word, act in (
            ("Save CSV…", self.save_csv),
            ("Save PDF…", self.save_pdf),
            ("Back", self.back.emit),
        ):
            button = QPushButton(word)
            button.clicked.connect(lambda _=False, a=act: a())
            head.addWidget(button)
        box.addLayout(head)
        curves = QHBoxLayout()
        curves.setSpacing(12)
        self.scores = Curve("Score; several learners: mean of the last five")
        self.sums = Curve("CUSUM of success: all gates and 80 points")
        curves.addWidget(self.scores, 1)
        curves.addWidget(self.sums, 1)
        box.addLayout(curves, 2)
        box.addWidget(section("Attempts, the newest first: double-click opens the debriefing"))
        self.table = QTableWidget(0, 7)
        self.table.setHorizontalHeaderLabels(["When", "Learner", "Task", "Body", "Help", "Score", "Gates"])
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.cellDoubleClicked.connect(lambda row, _: self.open_session.emit(self._ids[row]))
        box.addWidget(self.table, 3)
        self._ids: list[str] = []

    def refresh(self, store: PracticeStore, learner: str = "") -> None:
        """Read the database."""
        self.store = store
        self.who.blockSignals(True)
        self.who.clear()
        self.who.addItem(EVERYONE)
        self.who.addItems(store.learners())
        self.who.setCurrentIndex(max(0, self.who.findText(learner)))
        self.who.blockSignals(False)
        self._show()

    def _show(self) -> None:
        if self.store is None:
            return
        name = self.who.currentText()
        everyone = name == EVERYONE
        self.shown = self.store.attempts(None if everyone else name)
        limits = cusum_limits()
        scores, sums = [], []
        for learner in [s.learner for s in summaries(self.shown)]:
            own = [a for a in self.shown if a.learner == learner]
            totals = [a.total for a in own]
            failed = [not a.passed for a in own]
            calm = [False] * len(own)
            scores.append((learner, smoothed(totals), calm) if everyone else (learner, totals, failed))
            sums.append((learner, cusum(own), calm))
        self.scores.show_series(scores, 0, 100, ((PASS_TOTAL, "80"),))
        reach = max([limits.decision * 1.3, *(abs(v) for _, values, _ in sums for v in values)])
        marks = ((limits.decision, "not yet"), (-limits.decision, "competent"))
        self.sums.show_series(sums, -reach, reach, marks)
        self._ids = [a.id for a in reversed(self.shown)]
        self.table.setRowCount(len(self.shown))
        for row, a in enumerate(reversed(self.shown)):
            words = (
                moment_words(a.started), a.learner, a.task, a.title, a.grade, points_words(a.total),
                "passed" if a.passed else "failed: " + "; ".join(a.failed_gates),
            )  # fmt: skip
            for column, text in enumerate(words):
                self.table.setItem(row, column, QTableWidgetItem(text))

    def save_csv(self) -> None:
        """What is shown as CSV."""
        self._save("practice.csv", "CSV (*.csv)", to_csv(self.shown).encode())

    def save_pdf(self) -> None:
        """What is shown as PDF."""
        self._save("practice.pdf", "PDF (*.pdf)", progress_pdf(self.shown, self.who.currentText()))

    def _save(self, name: str, kinds: str, data: bytes) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Save the progress", name, kinds)
        if chosen:
            with whole_file(Path(chosen)) as temporary:
                temporary.write_bytes(data)
            self.told.emit(f"Saved {Path(chosen).name}")
