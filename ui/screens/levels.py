"""Levels: which vertebra is which, and corrections of what was found."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from planner.domain.doubt import needs_a_look
from planner.services.acknowledge import open_doubts
from planner.session import PlanningSession
from ui.screens.registry import Mark, Screen, WindowContext


def _make(context: WindowContext) -> QWidget:
    from ui.levels.presenter import LevelsPresenter
    from ui.levels.screen import LevelsScreen

    return LevelsScreen(LevelsPresenter(context))


def _mark(session: PlanningSession) -> Mark:
    plan = session.plan
    if plan is None:
        return "none"
    if not plan.levels_confirmed or any(open_doubts(plan, level.verse) for level in plan.levels):
        return "doubt"
    findings = [f for level in plan.levels for f in level.findings if needs_a_look(f)]
    return "caution" if findings else "good"


LEVELS = Screen("levels", "Levels", "plan", _make, _mark)
