"""Right panel: the selected level and side, what binds, findings, clearances, numbers, approval."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from imaging.findings import Finding
from planner.domain.bands import JudgedClearance
from planner.domain.plan import LevelPlan, Trajectory
from planner.services.acknowledge import open_doubts
from ui.presenters.case_presenter import CasePresenter
from ui.presenters.wording import all_findings, binding_sentence, demanded, numbers
from ui.theme import tokens, ui_font
from ui.views.detail_parts import (
    ACCESS_WORDS,
    AgainBlock,
    forgiveness_block,
    heat_block,
    lateral_words,
    pair,
    reach_box,
)
from ui.widgets import SideChip, StatusMark, draw_status, hairline, label, mm, say_in_place, section

NARROW = 280  # px: below, a line has no room for a bar and says "≥" for "needs"


class ClearanceLine(QWidget):
    """Shape, name, bar, value and limit."""

    def __init__(self, row: JudgedClearance) -> None:
        super().__init__()
        self.setFixedHeight(25)
        self._told = ""
        self.show_row(row)

    def show_row(self, row: JudgedClearance) -> None:
        """Take another value."""
        self.shown = mm(*row.shown)
        told = f"{row.name}: {self.shown}, {row.band}, needs {mm(row.needed_mm)}"
        self.row = row
        if told == self._told:
            return
        self._told = told
        self.update()
        self.setAccessibleName(told)
        self.setToolTip("" if row.value_mm is not None else "Not measurable in these images")

    @staticmethod
    def columns(width: int) -> tuple[int, int, int]:
        """Pixels for name, value and what is needed."""
        return (106, 62, 42) if width < NARROW else (122, 66, 70)

    def paintEvent(self, _event: object) -> None:
        t = tokens()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            h, w = self.height(), self.width()
            draw_status(p, QRectF(0, h / 2 - 6.5, 13, 13), self.row.band)
            narrow = w < NARROW
            size = 12 if narrow else 13
            name_w, value_w, limit_w = self.columns(w)
            p.setPen(QColor(t.text))
            p.setFont(ui_font(size))
            p.drawText(QRectF(22, 0, name_w, h), Qt.AlignmentFlag.AlignVCenter, self.row.name)
            # A figure may reach into its neighbour's room; it never loses a digit.
            right = int(
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight | Qt.TextFlag.TextDontClip
            )
            p.setPen(QColor(t.text3))
            p.setFont(ui_font(12))
            needs = f"≥ {self.row.needed_mm:g}" if narrow else f"needs {self.row.needed_mm:g}"
            p.drawText(QRectF(w - limit_w, 0, limit_w, h), right, needs)
            p.setPen(QColor(t.text))
            p.setFont(ui_font(size, QFont.Weight.DemiBold))
            p.drawText(QRectF(w - limit_w - value_w - 4, 0, value_w, h), right, self.shown)
            bar_left, bar_right = 148.0, w - limit_w - value_w - 12.0
            if bar_right - bar_left > 30 and self.row.value_mm is not None and self.row.needed_mm > 0:
                top = 2.2 * self.row.needed_mm
                y = h / 2 - 2.5
                p.setPen(Qt.PenStyle.NoPen)
                p.setBrush(QColor(t.hover))
                p.drawRoundedRect(QRectF(bar_left, y, bar_right - bar_left, 5), 2.5, 2.5)
                share = min(1.0, max(0.02, self.row.value_mm / top))
                p.setBrush(
                    QColor({"good": t.good, "caution": t.caution, "stop": t.stop}.get(self.row.band, t.text3))
                )
                p.drawRoundedRect(QRectF(bar_left, y, (bar_right - bar_left) * share, 5), 2.5, 2.5)
                x = bar_left + (bar_right - bar_left) * self.row.needed_mm / top
                p.setBrush(QColor(t.text))
                p.drawRect(QRectF(x - 1, h / 2 - 6, 2, 12))


class DetailPanel(QWidget):
    """Follows the selection; the order of its parts never changes."""

    def __init__(self, presenter: CasePresenter) -> None:
        super().__init__()
        self.presenter = presenter
        self._lines: list[ClearanceLine] = []
        self._values: dict[str, QLabel] = {}
        self._sentences: list[tuple[StatusMark, QLabel]] = []
        self._rest: QWidget | None = None
        self.setProperty("role", "rightpanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box = QVBoxLayout(self)
        box.setContentsMargins(1, 0, 0, 0)
        box.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(12, 12, 12, 10)
        head.setSpacing(12)
        self.chip = SideChip("left", 36)
        head.addWidget(self.chip)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.title = label("", "title")
        self.state = label("", "small2", wrap=True)
        words.addWidget(self.title)
        words.addWidget(self.state)
        head.addLayout(words, 1)
        box.addLayout(head)
        box.addWidget(hairline())
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        box.addWidget(self._scroll, 1)
        box.addWidget(hairline())
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 12, 12, 10)
        foot.setSpacing(8)
        self.approve = QPushButton("Approve")
        self.approve.setProperty("role", "primary")
        self.approve.clicked.connect(presenter.approve)
        self.review = QPushButton("Mark as reviewed")
        self.review.setToolTip("You have looked at the pictures and at every finding. It is not an approval.")
        self.review.clicked.connect(presenter.review)
        self.reason = label("", "small2", wrap=True)
        foot.addWidget(self.review)
        foot.addWidget(self.approve)
        foot.addWidget(self.reason)
        self._foot = QWidget()
        self._foot.setLayout(foot)
        box.addWidget(self._foot)
        presenter.plan_changed.connect(self.refresh)
        presenter.selection_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Rebuild for the selected thing."""
        p = self.presenter
        level, trajectory = p.level, p.trajectory
        if p.dragging and trajectory is not None and level is not None and self._follow(trajectory, level):
            return
        self._lines, self._values, self._sentences = [], {}, []
        self._rest = None
        self.chip.setVisible(level is not None)
        self.chip.set_side(p.side)
        self.title.setText(p.title() if p.plan is not None else "No plan yet")
        holder = QWidget()
        holder.setProperty("role", "clear")
        box = QVBoxLayout(holder)
        box.setContentsMargins(12, 10, 12, 12)
        box.setSpacing(10)
        refusal = next((r for r in level.refused if r.side == p.side), None) if level else None
        if level is None or p.plan is None:
            self.state.setText("")
            words = (
                "What binds, findings and numbers appear here with the plan."
                if p.plan is None
                else "Choose a level and a side on the left."
            )
            box.addWidget(label(words, "text2", wrap=True))
        elif trajectory is None:
            self.state.setText("Refused" if refusal else "Not planned")
            if refusal:
                self._add_sentence(box, "stop", "Not planned.", " " + refusal.reason)
        else:
            self.state.setText(f"{_access(trajectory.access)}. {trajectory.state.capitalize()}")
            band, strong, rest = binding_sentence(trajectory, p.limits)
            self._add_sentence(box, band, strong, rest)
            self._add_findings(box)
            box.addWidget(hairline())
            row = QHBoxLayout()
            row.addWidget(section("Clearance"))
            row.addStretch(1)
            row.addWidget(label("tool surface to bone", "small"))
            box.addLayout(row)
            lines = QVBoxLayout()
            lines.setSpacing(0)
            for clearance in demanded(trajectory, p.limits):
                self._lines.append(ClearanceLine(clearance))
                lines.addWidget(self._lines[-1])
            box.addLayout(lines)
            reserve = p.limits.cortex_reserve_mm
            if reserve:
                words = f"What is needed includes {mm(reserve)} for the segmented edge."
                box.addWidget(label(words, "small", wrap=True))
            box.addWidget(hairline())
            box.addWidget(section("Trajectory"))
            values = QVBoxLayout()
            values.setSpacing(5)
            for name, value in self._numbers(trajectory, level):
                row, self._values[name] = pair(name, value)
                values.addLayout(row)
            box.addLayout(values)
            if trajectory.parameters.turn_deg > 1:
                box.addWidget(reach_box(p))
            self._rest = QWidget()
            self._rest.setProperty("role", "clear")
            rest_box = QVBoxLayout(self._rest)
            rest_box.setContentsMargins(0, 0, 0, 0)
            rest_box.setSpacing(10)
            rest_box.addWidget(hairline())
            rest_box.addLayout(forgiveness_block(p, trajectory))
            rest_box.addWidget(hairline())
            rest_box.addLayout(heat_block(p, trajectory))
            box.addWidget(self._rest)
        if level is not None and p.plan is not None and not p.dragging:
            box.addWidget(hairline())
            box.addWidget(AgainBlock(p))
        box.addStretch(1)
        at = self._scroll.verticalScrollBar().value()
        self._scroll.setWidget(holder)
        self._scroll.verticalScrollBar().setValue(at)
        reason = p.why_not_approvable()
        approved = trajectory is not None and trajectory.state == "approved"
        self._foot.setVisible(level is not None)
        self.approve.setProperty("role", "" if approved else "primary")
        self.approve.style().unpolish(self.approve)
        self.approve.style().polish(self.approve)
        self.approve.setText("Withdraw approval" if approved else f"Approve {p.title()}")
        self.approve.setEnabled(trajectory is not None and (approved or not reason))
        self.reason.setText(
            "Approved. Any change withdraws it."
            if approved
            else " ".join(x for x in (trajectory.withdrawn if trajectory else "", reason) if x)
            if level is not None
            else ""
        )
        self.review.setVisible(trajectory is not None and trajectory.state == "draft")
        self.review.setEnabled(not p.session.read_only)
        self.reason.setVisible(bool(self.reason.text()))

    def _numbers(self, t: Trajectory, level: LevelPlan) -> list[tuple[str, str]]:
        rows = list(numbers(t, level, self.presenter.anatomy))
        if seen := lateral_words(t):
            rows.append(("Lateral line to true wall", seen))
        if t.straight_short_mm is not None:
            rows.append(("A straight tool ends", f"{mm(t.straight_short_mm)} off"))
        return rows

    def _told(self) -> list[Finding]:
        p = self.presenter
        if p.plan is None or p.level is None:
            return []
        return [f for f in all_findings(p.plan, p.level, p.trajectory) if f.code != "level_count_unconfirmed"]

    def _follow(self, t: Trajectory, level: LevelPlan) -> bool:
        """Put a dragged tool's numbers into what is shown; False where other lines are needed."""
        p, told = self.presenter, self._told()
        judged = demanded(t, p.limits)
        rows = self._numbers(t, level)
        same = [line.row.name for line in self._lines] == [c.name for c in judged]
        if not same or list(self._values) != [n for n, _ in rows] or len(self._sentences) != 1 + len(told):
            return False
        said = [binding_sentence(t, p.limits), *(self._in_words(f) for f in told)]
        for (mark, words), (kind, strong, rest) in zip(self._sentences, said, strict=True):
            mark.set_kind(kind)
            say_in_place(words, _rich(strong, rest))
        for line, clearance in zip(self._lines, judged, strict=True):
            line.show_row(clearance)
        for name, value in rows:
            say_in_place(self._values[name], value)
        if self._rest is not None:
            self._rest.setEnabled(False)  # it stands on the tool before the drag
        return True

    def _in_words(self, finding: Finding) -> tuple[str, str, str]:
        p = self.presenter
        doubts = open_doubts(p.plan, p.level.verse) if p.plan is not None and p.level is not None else ()
        first, dot, rest = finding.text.partition(". ")
        kind = "doubt" if any(f == finding for _, f in doubts) else finding.severity
        return kind, first + ("." if dot else ""), (" " + rest) if rest else ""

    def _add_sentence(self, box: QVBoxLayout, kind: str, strong: str, rest: str) -> None:
        row, mark, words = _sentence(kind, strong, rest)
        self._sentences.append((mark, words))
        box.addLayout(row)

    def _add_findings(self, box: QVBoxLayout) -> None:
        p = self.presenter
        if p.plan is None or p.level is None:
            return
        findings = self._told()
        if not findings:
            return
        box.addWidget(hairline())
        box.addWidget(section("Findings"))
        for finding in findings:
            waits = next((w for w, f in open_doubts(p.plan, p.level.verse) if f == finding), None)
            self._add_sentence(box, *self._in_words(finding))
            if waits is not None:
                box.addWidget(looked_button(p, waits, finding.code), 0, Qt.AlignmentFlag.AlignLeft)


def looked_button(presenter: CasePresenter, where: int, code: str) -> QPushButton:
    """Records that a person has looked at a doubt, so that approval no longer waits for it."""
    button = QPushButton("I have looked")
    button.setProperty("role", "small")
    button.setToolTip("Recorded with the time; approval no longer waits for it")
    button.clicked.connect(lambda: presenter.look(where, code))
    return button


def _access(name: str) -> str:
    return next((words for key, words in ACCESS_WORDS.items() if key == name), name.capitalize())


def _sentence(kind: str, strong: str, rest: str) -> tuple[QHBoxLayout, StatusMark, QLabel]:
    row = QHBoxLayout()
    row.setSpacing(8)
    mark = StatusMark(kind, 16)
    row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
    words = label("", "", wrap=True)
    words.setTextFormat(Qt.TextFormat.RichText)
    words.setText(_rich(strong, rest))
    words.setAlignment(Qt.AlignmentFlag.AlignTop)  # a shorter sentence of a drag begins beside its mark
    row.addWidget(words, 1)
    return row, mark, words


def _rich(strong: str, rest: str) -> str:
    safe = [s.replace("&", "&amp;").replace("<", "&lt;") for s in (strong, rest)]
    return (
        f"<span style='font-weight:600'>{safe[0]}</span><span style='color:{tokens().text2}'>{safe[1]}</span>"
    )
