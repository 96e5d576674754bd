"""Review: all trajectories, the worst first, with findings, what changed since approval, and Approve."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from imaging.errors import PlannerError
from imaging.findings import NAMING_CODES, Finding
from imaging.labels import Side
from planner.domain.bands import judged_least, least_of
from planner.domain.dates import moment_words
from planner.domain.plan import LevelPlan, Plan, Trajectory
from planner.services.acknowledge import open_doubts
from planner.services.annotate import since_approved
from planner.session import PlanningSession
from ui.icon_set import icon
from ui.presenters.wording import all_findings, worst
from ui.screens.registry import Mark, Screen, WindowContext
from ui.views.detail_panel import looked_button
from ui.views.frame import ViewFrame
from ui.views.xray_view import XrayPane
from ui.widgets import SideChip, StatusMark, hairline, label, mm, section

_RANK = {"stop": 0, "caution": 1, "good": 2, "none": 3}


class Card(QWidget):
    """One trajectory."""

    def __init__(self, screen: ReviewScreen, level: LevelPlan, t: Trajectory) -> None:
        super().__init__()
        session = screen.context.session
        plan = session.plan
        assert plan is not None
        name = f"{level.name} {t.side}"
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 12, 16, 12)
        box.setSpacing(6)
        findings = own_findings(plan, level, t)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(SideChip(t.side, 24))
        head.addWidget(label(name, "group"))
        head.addWidget(StatusMark(worst(findings), 16))
        least = judged_least(t, plan.limits)
        if least is not None:
            head.addSpacing(12)
            head.addWidget(StatusMark(least.band, 14))
            head.addWidget(label(f"least {mm(*least.shown)}, {least.name}", "text2"))
        head.addStretch(1)
        head.addWidget(label(t.state.capitalize(), "strong"))
        box.addLayout(head)
        for finding in findings:
            box.addLayout(_line(finding.severity, finding.text))
        place = (level.verse, t.side)
        kept = plan.notebook.last_approved(place)
        if kept is not None:
            changed = since_approved(plan, place)
            when = moment_words(kept.when)
            words = f"Since the version approved {when}: {changed or 'nothing changed'}."
            box.addWidget(label(words, "text2", wrap=True))
        if t.withdrawn:
            box.addWidget(label(t.withdrawn, "text2", wrap=True))
        if plan.notebook.note(place):
            box.addWidget(label(f"Note: {plan.notebook.note(place)}", "", wrap=True))
        row = QHBoxLayout()
        show = QPushButton("Show")
        show.setProperty("role", "small")
        show.setAccessibleName(f"Show {name}")
        show.clicked.connect(lambda: screen.select(*place))
        self.approve = QPushButton("Withdraw approval" if t.state == "approved" else f"Approve {name}")
        self.approve.setProperty("role", "small")
        reason = session.read_only or ("" if t.state == "approved" else session.why_not_approvable(*place))
        self.approve.setEnabled(not reason)
        self.approve.setToolTip(reason)
        self.approve.clicked.connect(lambda: screen.approve(*place, t.state == "approved"))
        row.addWidget(show)
        row.addWidget(self.approve)
        row.addWidget(label(reason, "small2", wrap=True), 1)
        box.addLayout(row)


class Waiting(QWidget):
    """What approval waits for in the whole case and in each level, with the way to settle it."""

    def __init__(self, screen: ReviewScreen, plan: Plan) -> None:
        super().__init__()
        self.setProperty("role", "doubtcard")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 12, 16, 12)
        box.setSpacing(8)
        box.addWidget(label("Approval waits for you", "group"))
        self.looked: list[QPushButton] = []
        if not plan.levels_confirmed:
            told = [f.text for f in plan_findings(plan) if f.code in NAMING_CODES]
            row = _line("doubt", " ".join(told) or "The names of the levels are not confirmed.")
            go = QPushButton("Confirm on Levels")
            go.setProperty("role", "small")
            go.clicked.connect(lambda: screen.context.go("levels"))
            row.addWidget(go, 0, Qt.AlignmentFlag.AlignTop)
            box.addLayout(row)
        for where, finding in all_doubts(plan):
            row = _line("doubt", f"{finding.text}")
            button = looked_button(screen.presenter, where, finding.code)
            self.looked.append(button)
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
            box.addLayout(row)


class Ending(QWidget):
    """After the last card: approve the sides of a level in one act, and go on to the report."""

    def __init__(self, screen: ReviewScreen, plan: Plan) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 8, 0, 0)
        box.setSpacing(8)
        session = screen.context.session
        self.approve: list[QPushButton] = []
        for level in plan.levels:
            sides = [t.side for t in level.trajectories if t.state != "approved"]
            if len(sides) < 2:
                continue
            reason = session.read_only or next(
                (why for side in sides if (why := session.why_not_approvable(level.verse, side))), ""
            )
            button = QPushButton(f"Approve {level.name} left and right")
            button.setEnabled(not reason)
            button.setToolTip(reason)
            button.clicked.connect(lambda _=False, v=level.verse, s=tuple(sides): screen.approve_all(v, s))
            self.approve.append(button)
            row = QHBoxLayout()
            row.addWidget(button)
            row.addWidget(label(reason, "small2", wrap=True), 1)
            box.addLayout(row)
        self.export = QPushButton(" Export…")
        self.export.setIcon(icon("export", "#FFFFFF"))
        self.export.setProperty("role", "primary")
        self.export.clicked.connect(screen.context.window.export)
        row = QHBoxLayout()
        row.addWidget(self.export)
        open_ones = [t for level in plan.levels for t in level.trajectories if t.state != "approved"]
        words = f"Report and files; {len(open_ones)} not approved, stamped DRAFT." if open_ones else ""
        row.addWidget(label(words or "Report and files, all approved.", "small2", wrap=True), 1)
        box.addLayout(row)


class ReviewScreen(QWidget):
    """Cards on the left, the X-rays of the one that was chosen on the right."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.context = context
        assert context.presenter is not None
        self.presenter = context.presenter
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        inside = QWidget()
        inside.setProperty("role", "clear")
        self.box = QVBoxLayout(inside)
        self.box.setContentsMargins(24, 24, 24, 24)
        self.box.setSpacing(12)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        outer.addWidget(area, 3)
        right = QVBoxLayout()
        right.setSpacing(2)
        self.ap, self.lateral = XrayPane("ap", self.presenter), XrayPane("lateral", self.presenter)
        self.frames = ViewFrame("X-ray AP", self.ap), ViewFrame("X-ray lateral", self.lateral)
        for frame, other in (self.frames, self.frames[::-1]):
            right.addWidget(frame, 1)
            frame.enlarge.connect(lambda o=other: o.setVisible(o.isHidden()))
        outer.addLayout(right, 2)
        self.cards: list[Card] = []
        self.waiting: Waiting | None = None
        self.ending: Ending | None = None
        self.presenter.plan_changed.connect(self._refresh_if_shown)
        self.presenter.selection_changed.connect(self._name_pictures)
        self._plan: object = None

    def shown(self) -> None:
        """Read the plan anew."""
        self._refresh()

    def restyle(self) -> None:
        """Draw anew in the theme's colours."""
        self._refresh()

    def _refresh_if_shown(self) -> None:
        if self.isVisible() and self.context.session.plan is not self._plan:
            self._refresh()

    def _name_pictures(self) -> None:
        for frame in self.frames:
            frame.note.setText(self.presenter.title() if self.presenter.level else "")

    def _refresh(self) -> None:
        self._name_pictures()
        plan = self._plan = self.context.session.plan
        while self.box.count():
            item = self.box.takeAt(0)
            if item.widget() is not None:
                item.widget().deleteLater()
        self.cards = []
        if plan is None:
            return
        both = [(level, t) for level in plan.levels for t in level.trajectories]
        approved = sum(t.state == "approved" for _, t in both)
        self.box.addWidget(label("Review", "title"))
        self.box.addWidget(
            label(f"{approved} of {len(both)} trajectories approved. The worst stands first.", "text2")
        )
        self.waiting = None
        if not plan.levels_confirmed or all_doubts(plan):
            self.waiting = Waiting(self, plan)
            self.box.addWidget(self.waiting)
        both.sort(key=lambda pair: _order(plan, *pair))
        for level, t in both:
            card = Card(self, level, t)
            self.cards.append(card)
            self.box.addWidget(card)
        refused = [r.reason for level in plan.levels for r in level.refused]
        if refused:
            self.box.addWidget(section("Not planned"))
            self.box.addWidget(hairline())
            for reason in refused:
                row = QWidget()
                row.setLayout(_line("stop", reason))
                self.box.addWidget(row)
        self.ending = Ending(self, plan)
        self.box.addWidget(self.ending)
        self.box.addStretch(1)

    def select(self, verse: int, side: str) -> None:
        """Show the X-rays of a trajectory."""
        self.presenter.select(verse, side)

    def approve(self, verse: int, side: str, withdraw: bool) -> None:
        """Approve a trajectory, or take its approval back."""
        session = self.context.session
        try:
            _ = session.withdraw(verse, side) if withdraw else session.approve(verse, side)
        except PlannerError as error:
            self.context.tell(error.text)
        self.context.refresh()

    def approve_all(self, verse: int, sides: tuple[Side, ...]) -> None:
        """Approve the sides of one level that are not approved yet."""
        for side in sides:
            self.approve(verse, side, False)


def plan_findings(plan: Plan) -> list[Finding]:
    """Findings of the case and of its levels, each once."""
    return list(dict.fromkeys((*plan.findings, *(f for level in plan.levels for f in level.findings))))


def all_doubts(plan: Plan) -> list[tuple[int, Finding]]:
    """(VerSe number or 0 for the case, finding) that nobody has looked at, each once."""
    found = [pair for level in plan.levels for pair in open_doubts(plan, level.verse)]
    return list(dict.fromkeys(found))


def own_findings(plan: Plan, level: LevelPlan, t: Trajectory) -> list[Finding]:
    """A trajectory's findings without what stands above all cards: names and open doubts."""
    above = {finding for _, finding in open_doubts(plan, level.verse)}
    if not plan.levels_confirmed:
        above |= {f for f in plan_findings(plan) if f.code in NAMING_CODES}
    return [f for f in all_findings(plan, level, t) if f not in above]


def _line(kind: str, text: str) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(StatusMark(kind, 14), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(label(text, "text2", wrap=True), 1)
    return row


def _order(plan: Plan, level: LevelPlan, t: Trajectory) -> tuple[int, float]:
    severities = {f.severity for f in own_findings(plan, level, t)}
    kind = "stop" if "stop" in severities else "caution" if "caution" in severities else "good"
    least = least_of(t, plan.limits)
    return _RANK[kind], least.clearance_mm if least else 99.0


def _mark(session: PlanningSession) -> Mark:
    plan = session.plan
    tools = [t for level in plan.levels for t in level.trajectories] if plan else []
    if any(t.withdrawn for t in tools):
        return "caution"
    return "good" if tools and all(t.state == "approved" for t in tools) else "none"


REVIEW = Screen("review", "Review", "plan", ReviewScreen, _mark)
