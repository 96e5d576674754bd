"""Review: all trajectories, the worst first, with findings, what changed since approval, and Approve."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from imaging.errors import PlannerError
from planner.domain.bands import least_of, wall_band
from planner.domain.limits import Limits
from planner.domain.plan import LevelPlan, Trajectory
from planner.services.annotate import since_approved
from planner.session import PlanningSession
from ui.presenters.wording import all_findings, worst
from ui.screens.registry import Mark, Screen, WindowContext
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
        findings = all_findings(plan, level, t)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(SideChip(t.side, 24))
        head.addWidget(label(name, "group"))
        head.addWidget(StatusMark(worst(findings), 16))
        least = least_of(t, plan.limits)
        if least is not None:
            head.addSpacing(12)
            head.addWidget(StatusMark(wall_band(t, least.clearance_mm, least.toward, plan.limits), 14))
            head.addWidget(label(f"least {mm(least.clearance_mm)}, {least.toward}", "text2"))
        head.addStretch(1)
        head.addWidget(label(t.state.capitalize(), "strong"))
        box.addLayout(head)
        for finding in findings:
            row = QHBoxLayout()
            row.addWidget(StatusMark(finding.severity, 14), 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(label(finding.text, "text2", wrap=True), 1)
            box.addLayout(row)
        place = (level.verse, t.side)
        kept = plan.notebook.last_approved(place)
        if kept is not None:
            changed = since_approved(plan, place)
            when = kept.when[:16].replace("T", " ")
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
        right.addWidget(self.ap, 1)
        right.addWidget(self.lateral, 1)
        outer.addLayout(right, 2)
        self.cards: list[Card] = []
        self.presenter.plan_changed.connect(self._refresh_if_shown)
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

    def _refresh(self) -> None:
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
        both.sort(key=lambda pair: _order(*pair, plan.limits))
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
                line = QHBoxLayout(row)
                line.setContentsMargins(0, 0, 0, 0)
                line.addWidget(StatusMark("stop", 14), 0, Qt.AlignmentFlag.AlignTop)
                line.addWidget(label(reason, "text2", wrap=True), 1)
                self.box.addWidget(row)
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


def _order(level: LevelPlan, t: Trajectory, limits: Limits) -> tuple[int, float]:
    severities = {f.severity for f in (*t.findings, *level.findings)}
    kind = "stop" if "stop" in severities else "caution" if "caution" in severities else "good"
    least = least_of(t, limits)
    return _RANK[kind], least.clearance_mm if least else 99.0


def _mark(session: PlanningSession) -> Mark:
    plan = session.plan
    tools = [t for level in plan.levels for t in level.trajectories] if plan else []
    if any(t.withdrawn for t in tools):
        return "caution"
    return "good" if tools and all(t.state == "approved" for t in tools) else "none"


REVIEW = Screen("review", "Review", "plan", ReviewScreen, _mark)
