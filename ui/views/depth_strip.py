"""The clearance along the tool, which is the depth slider of all views too."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from planner.domain.bands import judged_least, least_of, walls
from ui.presenters.case_presenter import CasePresenter
from ui.theme import tokens, ui_font
from ui.widgets import draw_status, label, mm, say_in_place, section

CEILING_MM = 8.0
NAME_SHIFT_PX = 60


class ProfileChart(QWidget):
    """Paints the profile; press or drag sets the depth."""

    def __init__(self, presenter: CasePresenter) -> None:
        super().__init__()
        self.presenter = presenter
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Depth along the tool")
        self.setToolTip(
            "Drag to go along the tool; [ and ] step through the checkpoints, "
            "comma and full stop go by 0.5\u202fmm"
        )
        for signal in (presenter.plan_changed, presenter.selection_changed, presenter.depth_changed):
            signal.connect(presenter.turns.asks(self))

    def _plot(self) -> QRectF:
        return QRectF(18, 14, max(50, self.width() - 68), max(20, self.height() - 56))

    def x_of(self, depth_mm: float) -> float:
        """Pixel of a depth."""
        plot = self._plot()
        return plot.left() + plot.width() * depth_mm / max(1e-6, self.presenter.length_mm())

    def _y_of(self, clearance_mm: float) -> float:
        plot = self._plot()
        return plot.bottom() - plot.height() * float(np.clip(clearance_mm, 0, CEILING_MM)) / CEILING_MM

    def paintEvent(self, _event: object) -> None:
        t = tokens()
        trajectory = self.presenter.trajectory
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            if trajectory is None or not walls(trajectory, self.presenter.limits):
                p.setPen(QColor(t.text3))
                p.setFont(ui_font(12))
                p.drawText(
                    self.rect(),
                    Qt.AlignmentFlag.AlignCenter,
                    "The clearance appears with a planned trajectory",
                )
                return
            plot = self._plot()
            limits = self.presenter.limits
            stop = limits.needed_mm(limits.medial_inferior_low_mm)
            good = limits.needed_mm(limits.medial_inferior_mm)
            for low, high, colour, alpha in ((0, stop, t.stop, 60), (stop, good, t.caution, 42)):
                band = QColor(colour)
                band.setAlpha(alpha)
                p.fillRect(
                    QRectF(plot.left(), self._y_of(high), plot.width(), self._y_of(low) - self._y_of(high)),
                    band,
                )
            pen = QPen(QColor(t.caution), 1)
            pen.setDashPattern([4, 3])
            p.setPen(pen)
            p.drawLine(QPointF(plot.left(), self._y_of(good)), QPointF(plot.right(), self._y_of(good)))
            p.setFont(ui_font(11))
            p.setPen(QColor(t.text2))
            p.drawText(
                QRectF(plot.right() + 6, self._y_of(good) - 8, 48, 16),
                Qt.AlignmentFlag.AlignVCenter,
                mm(good),
            )
            self._draw_profile(p, plot, trajectory)
            self._draw_checkpoints(p, plot)
            self._draw_slider(p, plot)

    def _draw_profile(self, p: QPainter, plot: QRectF, trajectory: object) -> None:
        t = tokens()
        points = [
            QPointF(self.x_of(q.depth_mm), self._y_of(q.clearance_mm))
            for q in walls(trajectory, self.presenter.limits)
        ]
        start = points[0].x()
        if start > plot.left() + 4:
            hatch = QRectF(plot.left(), plot.top() + 6, start - plot.left(), plot.height() - 6)
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(QBrush(QColor(t.border), Qt.BrushStyle.BDiagPattern))
            p.drawRect(hatch)
            if hatch.width() > 84:
                p.setPen(QColor(t.text))
                p.setFont(ui_font(11))
                words = QRectF(hatch.center().x() - 40, hatch.center().y() - 9, 80, 18)
                p.fillRect(words, QColor(t.surface))
                p.drawText(words, Qt.AlignmentFlag.AlignCenter, "entering bone")
        area = QPainterPath(QPointF(points[0].x(), plot.bottom()))
        for point in points:
            area.lineTo(point)
        area.lineTo(points[-1].x(), plot.bottom())
        fill = QColor(t.text2)
        fill.setAlpha(36)
        p.fillPath(area, fill)
        line = QPainterPath()
        line.addPolygon(QPolygonF(points))
        p.setPen(QPen(QColor(t.text), 1.8))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawPath(line)
        least = least_of(trajectory, self.presenter.limits)
        at = QPointF(self.x_of(least.depth_mm), self._y_of(least.clearance_mm))
        judged = judged_least(trajectory, self.presenter.limits)
        draw_status(p, QRectF(at.x() - 6, at.y() - 6, 12, 12), judged.band)
        p.setPen(QColor(t.text))
        font = ui_font(12, QFont.Weight.DemiBold)
        p.setFont(font)
        words = f"least {mm(*judged.shown)}"
        width = QFontMetricsF(font).horizontalAdvance(words) + 8
        left = min(max(at.x() - width / 2, start), plot.right() - width)
        # Above all of the curve that the words would cross; else below the mark, where no curve is.
        crossed = [point.y() for point in points if left <= point.x() <= left + width]
        top = min(at.y() - 10, *crossed) - 18
        if top < 0:
            top = min(at.y() + 8, plot.bottom() - 18)
        p.drawText(QRectF(left, top, width, 18), Qt.AlignmentFlag.AlignCenter, words)

    def _draw_checkpoints(self, p: QPainter, plot: QRectF) -> None:
        t = tokens()
        font, small = ui_font(12, QFont.Weight.Medium), ui_font(11)
        marks = self.presenter.checkpoints()
        placed = -1e9
        wide = QFontMetricsF(font)

        def width_of(name: str, depth: float) -> float:
            return max(wide.horizontalAdvance(name), wide.horizontalAdvance(mm(depth))) + 12

        end = min(self.x_of(marks[-1][1]), self.width()) - width_of(*marks[-1]) if marks else 0.0
        for number, (name, depth) in enumerate(marks):
            x = self.x_of(depth)
            p.setPen(QPen(QColor(t.border), 1))
            p.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom() + 6))
            width = width_of(name, depth)
            left = x - (width if number == len(marks) - 1 else 0 if number == 0 else width / 2)
            left = min(left, self.width() - width)
            natural, left = left, max(left, placed)
            last = number == len(marks) - 1
            # A name stands under its line or, where the names lie too close, nowhere.
            if not last and (left - natural > NAME_SHIFT_PX or left + width > end):
                continue
            following = marks[number + 1] if name == "Mid-pedicle" else None
            if following is not None:
                # The wall decides when the stylet may turn: its name is the one that stays.
                wall_left = self.x_of(following[1]) - width_of(*following) / 2
                if following[0] == "Posterior wall" and left + width - wall_left > NAME_SHIFT_PX:
                    continue
            placed = left + width
            align = (
                Qt.AlignmentFlag.AlignLeft
                if number == 0
                else Qt.AlignmentFlag.AlignRight
                if number == len(marks) - 1
                else Qt.AlignmentFlag.AlignHCenter
            )
            p.setFont(font)
            p.setPen(QColor(t.text))
            p.drawText(QRectF(left, plot.bottom() + 7, width, 16), int(align), name)
            p.setFont(small)
            p.setPen(QColor(t.text2))
            p.drawText(QRectF(left, plot.bottom() + 22, width, 15), int(align), mm(depth))

    def _draw_slider(self, p: QPainter, plot: QRectF) -> None:
        t = tokens()
        x = self.x_of(self.presenter.depth_mm)
        p.setPen(QPen(QColor(t.accent), 2))
        p.drawLine(QPointF(x, plot.top() - 4), QPointF(x, plot.bottom() + 4))
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(t.accent))
        p.drawPolygon(
            QPolygonF(
                [
                    QPointF(x - 7, plot.top() - 14),
                    QPointF(x + 7, plot.top() - 14),
                    QPointF(x + 7, plot.top() - 6),
                    QPointF(x, plot.top()),
                    QPointF(x - 7, plot.top() - 6),
                ]
            )
        )
        if self.hasFocus():
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.setPen(QPen(QColor(t.accent), 2))
            p.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)

    def _go(self, x: float) -> None:
        plot = self._plot()
        self.presenter.set_depth((x - plot.left()) / plot.width() * self.presenter.length_mm())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position().x())

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.presenter.set_depth(self.presenter.depth_mm - 0.5 * event.angleDelta().y() / 120)

    def keyPressEvent(self, event: object) -> None:
        by = {Qt.Key.Key_Left: -0.5, Qt.Key.Key_Right: 0.5, Qt.Key.Key_Home: -1e3, Qt.Key.Key_End: 1e3}.get(
            Qt.Key(event.key())
        )
        if by is None:
            super().keyPressEvent(event)
        else:
            self.presenter.set_depth(self.presenter.depth_mm + by)


class DepthStrip(QWidget):
    """Readout on the left, chart on the right."""

    def __init__(self, presenter: CasePresenter) -> None:
        super().__init__()
        self.setProperty("role", "strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.presenter = presenter
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 4)
        row.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(section("Along the tool"))
        self.value = label("–", "title")
        self.note = label("", "small2")
        self.keys = label("Keys  [  ]  and  ,  .", "small")
        words.addWidget(self.value)
        words.addWidget(self.note)
        words.addWidget(self.keys)
        words.addStretch(1)
        holder = QWidget()
        holder.setLayout(words)
        words.setContentsMargins(0, 0, 0, 0)
        holder.setFixedWidth(142)
        row.addWidget(holder)
        self.chart = ProfileChart(presenter)
        row.addWidget(self.chart, 1)
        for signal in (presenter.plan_changed, presenter.selection_changed, presenter.depth_changed):
            signal.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        p = self.presenter
        if p.trajectory is None:
            self.value.setText("–")
            self.note.setText("no trajectory")
            return
        say_in_place(self.value, mm(p.depth_mm))
        passed = [(name, d) for name, d in p.checkpoints() if d <= p.depth_mm + 0.05]
        if not passed:
            self.note.setText("before docking")
        else:
            name, depth = passed[-1]
            name = name.lower()
            self.note.setText(
                f"at {'the ' if name != 'docking' else ''}{name}"
                if p.depth_mm - depth < 0.3
                else f"after {name}"
            )
