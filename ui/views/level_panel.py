"""Left panel: every level and side with its clearance, cautions and state; the level-count card below."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from imaging.labels import NAME_FROM_VERSE, SIDES, Side
from planner.domain.bands import judged_least
from planner.domain.limits import Limits
from planner.domain.plan import LevelPlan, Refusal, Trajectory
from ui.presenters.case_presenter import CasePresenter
from ui.theme import tokens, ui_font
from ui.widgets import StatusMark, draw_chip, draw_status, hairline, label, mm, section


class SideRow(QWidget):
    """One level and side."""

    chosen = Signal(int, str)

    def __init__(self, level: LevelPlan, side: Side, limits: Limits) -> None:
        super().__init__()
        self.verse, self.side, self.name = level.verse, side, level.name
        self.setFixedHeight(34)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.selected = False
        self._hover = False
        self.trajectory: Trajectory | None = None
        self.refusal: Refusal | None = None
        self._painted: tuple[object, ...] = (None, None, None)
        self.show_plan(level, limits)

    def show_plan(self, level: LevelPlan, limits: Limits) -> None:
        """Take the plan's present state."""
        self.trajectory, self.limits = level.trajectory(self.side), limits
        self.refusal = next((r for r in level.refused if r.side == self.side), None)
        t = self.trajectory
        if t is not None:
            least = judged_least(t, limits)
            words = f"least clearance {mm(*least.shown)}, {least.band}, {t.state}" if least else t.state
        else:
            words = f"refused: {self.refusal.reason}" if self.refusal else "not planned"
        self.setAccessibleName(f"{self.name} {self.side}, {words}")
        self.setToolTip(self.refusal.reason if self.refusal else "")
        shown = (self.trajectory, self.selected, self.limits)
        if any(a is not b for a, b in zip(shown, self._painted, strict=True)):
            self._painted = shown
            self.update()

    def paintEvent(self, _event: object) -> None:
        t = tokens()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            rect = QRectF(self.rect()).adjusted(0, 1, 0, -1)
            if self.selected or self._hover:
                p.setPen(Qt.PenStyle.NoPen)
                p.setBrush(QColor(t.selected if self.selected else t.hover))
                p.drawRoundedRect(rect, 6, 6)
            if self.selected:
                p.setBrush(QColor(t.accent))
                p.drawRoundedRect(QRectF(0, 1, 3, rect.height()), 1.5, 1.5)
            if self.hasFocus():
                p.setBrush(Qt.BrushStyle.NoBrush)
                p.setPen(QPen(QColor(t.accent), 2))
                p.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 6, 6)
            middle = self.height() / 2
            draw_chip(p, QRectF(8, middle - 9, 18, 18), self.side)
            strong = ui_font(13, QFont.Weight.DemiBold)
            align = Qt.AlignmentFlag.AlignVCenter
            if self.trajectory is None:
                draw_status(p, QRectF(32, middle - 7, 14, 14), "stop" if self.refusal else "none")
                p.setFont(strong)
                p.setPen(QColor(t.text))
                p.drawText(
                    QRectF(51, 0, 120, self.height()), align, "Refused" if self.refusal else "Not planned"
                )
                return
            least = judged_least(self.trajectory, self.limits)
            draw_status(p, QRectF(32, middle - 7, 14, 14), least.band if least else "none")
            p.setFont(strong)
            p.setPen(QColor(t.text))
            p.drawText(QRectF(51, 0, 62, self.height()), align, mm(*least.shown) if least else mm(None))
            # Beside a small screen's scroll bar the state is smaller and the count moves up to the value.
            p.setFont(ui_font(12 if self.width() > 190 else 11))
            state = self.trajectory.state.capitalize()
            right = self.width() - 6
            begins = right - p.fontMetrics().horizontalAdvance(state)
            at = max(101, min(122, begins - 30))
            cautions = [f for f in self.trajectory.findings if f.severity != "info"]
            if cautions:
                stop = any(f.severity == "stop" for f in cautions)
                draw_status(p, QRectF(at, middle - 6.5, 13, 13), "stop" if stop else "caution")
                p.drawText(QRectF(at + 15, 0, 24, self.height()), align, str(len(cautions)))
            p.setPen(QColor(t.text2))
            if self.trajectory.state == "approved" and begins - 16 > at + 28:
                draw_status(p, QRectF(begins - 16, middle - 6, 12, 12), "good")
            p.drawText(QRectF(begins, 0, right - begins, self.height()), align, state)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus()
        self.chosen.emit(self.verse, self.side)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Enter):
            self.chosen.emit(self.verse, self.side)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, _event: object) -> None:
        self._hover = True
        self.update()

    def leaveEvent(self, _event: object) -> None:
        self._hover = False
        self.update()


class LevelPanel(QWidget):
    """The tree of levels and sides, shown on every case screen."""

    def __init__(self, presenter: CasePresenter) -> None:
        super().__init__()
        self.presenter = presenter
        self.setProperty("role", "leftpanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.rows: list[SideRow] = []
        self._shape: tuple[object, ...] | None = None
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 1, 0)
        box.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 12, 10)
        head.addWidget(section("Plan"))
        head.addStretch(1)
        self.count = label("", "small2")
        head.addWidget(self.count)
        box.addLayout(head)
        box.addWidget(hairline())
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        box.addWidget(self._scroll, 1)
        self.card = self._make_card()
        box.addWidget(self.card)
        box.addWidget(hairline())
        self.instrument = label("", "small2", wrap=True)
        tool = QVBoxLayout()
        tool.setContentsMargins(12, 8, 12, 8)
        tool.setSpacing(2)
        tool.addWidget(section("Instrument"))
        tool.addWidget(self.instrument)
        box.addLayout(tool)
        presenter.plan_changed.connect(self.refresh)
        presenter.selection_changed.connect(self.refresh)
        presenter.pointed_changed.connect(self._show_pointed)
        self.refresh()

    def _make_card(self) -> QWidget:
        card = QWidget()
        card.setProperty("role", "doubt")
        card.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box = QVBoxLayout(card)
        box.setContentsMargins(12, 10, 12, 12)
        box.setSpacing(6)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(StatusMark("doubt", 16))
        row.addWidget(label("Level count not confirmed", "strong", wrap=True), 1)
        box.addLayout(row)
        self.card_text = label("", "small2", wrap=True)
        box.addWidget(self.card_text)
        self.card_ask = label("", "small2", wrap=True)
        box.addWidget(self.card_ask)
        self.confirm = QPushButton("")
        self.confirm.setProperty("role", "small")
        self.confirm.clicked.connect(self.presenter.confirm_levels)
        buttons = QHBoxLayout()
        buttons.addWidget(self.confirm)
        buttons.addStretch(1)
        box.addLayout(buttons)
        return card

    def _show_pointed(self) -> None:
        name = NAME_FROM_VERSE.get(self.presenter.pointed or 0, "")
        self.confirm.setText(f"This is {name}: confirm" if name else "Confirm the count")
        read_only = self.presenter.session.read_only
        self.confirm.setEnabled(bool(name) and not read_only)
        self.confirm.setToolTip(
            read_only
            or ("All names of the case hold then" if name else "Waits for a click on a vertebra in a slice")
        )
        self.card_ask.setText(
            f"You clicked {name}. If that is its name, confirm; if not, rename it on Levels."
            if name
            else "Click a vertebra in a slice to confirm. Levels shows the whole column."
        )

    def refresh(self) -> None:
        """Follow the plan and the selection."""
        plan = self.presenter.plan
        levels = plan.levels if plan else ()
        found = self.presenter.segmentation
        heads = [(level.verse, _sides(level), self._sure(level)) for level in levels]
        shape = (*heads, found is None)
        if shape != self._shape:
            self._shape = shape
            self._rebuild(levels)
        by_verse = {level.verse: level for level in levels}
        selection = self.presenter.session.selection
        for row in self.rows:
            row.selected = (row.verse, row.side) == (selection.verse, selection.side)
            row.show_plan(by_verse[row.verse], self.presenter.limits)
        planned = sum(len(level.trajectories) for level in levels)
        refused = sum(len(level.refused) for level in levels)
        self.count.setText(f"{planned} planned, {refused} refused" if levels else "")
        self._refused_note(levels)
        doubt = plan is not None and not plan.levels_confirmed
        self.card.setVisible(doubt)
        self._show_pointed()
        if plan is not None and doubt:
            reasons = [
                f.text
                for f in (*plan.findings, *(f for x in levels for f in x.findings))
                if f.code == "level_count_unconfirmed"
            ]
            self.card_text.setText(
                reasons[0] if reasons else "Look at the levels in the sagittal view and confirm their names."
            )
        device = self.presenter.device_name()
        words = f"{device}" if device else "–"
        if self.presenter.trajectory is not None:
            words += f", outer {mm(self.presenter.trajectory.outer_diameter_mm[0])}"
        self.instrument.setText(words)

    def _refused_note(self, levels: tuple[LevelPlan, ...]) -> None:
        if not hasattr(self, "note"):
            return
        selection = self.presenter.session.selection
        reasons = list(
            dict.fromkeys(
                r.reason
                for x in levels
                if x.verse == selection.verse
                for r in x.refused
                if r.side == selection.side
            )
        )
        self.note.setVisible(bool(reasons))
        self.note.setText(" ".join(reasons))

    def _without_plan(self) -> str:
        found = self.presenter.segmentation
        if found is None:
            return "Levels appear here after the segmentation."
        names = ", ".join(NAME_FROM_VERSE[a.verse] for a in found.levels)
        return f"Found: {names}. Trajectories appear here with the plan."

    def _sure(self, level: LevelPlan) -> str:
        if self.presenter.plan and self.presenter.plan.levels_confirmed:
            return "name confirmed"
        return f"name {100 * level.confidence:.0f}\u202f% sure"

    def _rebuild(self, levels: tuple[LevelPlan, ...]) -> None:
        self.rows = []
        holder = QWidget()
        holder.setProperty("role", "clear")
        box = QVBoxLayout(holder)
        box.setContentsMargins(8, 6, 8, 8)
        box.setSpacing(0)
        for level in levels:
            head = QHBoxLayout()
            head.setContentsMargins(8, 8, 8, 2)
            head.setSpacing(8)
            head.addWidget(label(level.name, "group"))
            head.addWidget(label(self._sure(level), "small"))
            head.addStretch(1)
            box.addLayout(head)
            for side in _sides(level):
                row = SideRow(level, side, self.presenter.limits)
                row.chosen.connect(self.presenter.select)
                self.rows.append(row)
                box.addWidget(row)
        self.note = label("", "small2", wrap=True)
        self.note.setStyleSheet(f"background:{tokens().raised};border-radius:8px;padding:10px")
        self.note.hide()
        box.addSpacing(8)
        box.addWidget(self.note)
        if not levels:
            empty = label(self._without_plan(), "text2", wrap=True)
            empty.setContentsMargins(6, 6, 6, 6)
            box.addWidget(empty)
        box.addStretch(1)
        self._scroll.setWidget(holder)


def _sides(level: LevelPlan) -> tuple[Side, ...]:
    """The sides that are planned or refused."""
    refused = {r.side for r in level.refused}
    return tuple(side for side in SIDES if level.trajectory(side) is not None or side in refused)
