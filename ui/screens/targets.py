"""Targets: where the lesion of each level shall be, and whether the level can be treated."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from planner.session import PlanningSession
from ui.screens.registry import Mark, Screen, WindowContext


def _make(context: WindowContext) -> QWidget:
    from ui.targets.screen import TargetsScreen

    assert context.presenter is not None
    return TargetsScreen(context.presenter)


def _mark(session: PlanningSession) -> Mark:
    levels = session.plan.levels if session.plan else ()
    bad = any(item.verdict in ("stop", "caution") for level in levels for item in level.screening)
    return "caution" if bad else "none"


TARGETS = Screen("targets", "Targets", "plan", _make, _mark)
