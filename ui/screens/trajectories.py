"""Trajectories: six linked views, the levels and the selected tool."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from planner.session import PlanningSession
from ui.screens.registry import Mark, Screen, WindowContext


def _make(context: WindowContext) -> QWidget:
    from ui.views.planning_screen import PlanningScreen

    assert context.presenter is not None
    return PlanningScreen(context.presenter)


def _mark(session: PlanningSession) -> Mark:
    plan = session.plan
    tools = [t for level in plan.levels for t in level.trajectories] if plan else []
    return "good" if tools and all(t.state != "draft" for t in tools) else "none"


TRAJECTORIES = Screen("trajectories", "Trajectories", "case", _make, _mark)
