"""What a screen of the window is: one value that names it, says what it needs and makes its widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtWidgets import QWidget

from planner.session import PlanningSession
from ui.presenters.case_presenter import CasePresenter
from ui.presenters.services import Services
from ui.tasks import TaskRunner

Needs = Literal["nothing", "case", "plan"]
Mark = Literal["good", "caution", "doubt", "none"]

ORDER = (
    "cases",
    "images",
    "levels",
    "targets",
    "trajectories",
    "xray",
    "review",
    "export",
    "archive",
    "practice",
    "settings",
)


@dataclass(frozen=True, eq=False)
class WindowContext:
    """What a screen may use of the window.

    ``presenter`` is the open case's; None only for screens that need nothing. ``tell`` puts a sentence into
    the status bar, ``fail(title, error, details)`` shows an error in plain words, ``go(key)`` changes the
    screen, ``refresh`` has step bar, banner and saved mark read anew.
    """

    session: PlanningSession
    services: Services
    tasks: TaskRunner
    presenter: CasePresenter | None
    tell: Callable[[str], None]
    fail: Callable[[str, object, str], None]
    go: Callable[[str], None]
    refresh: Callable[[], None]
    window: Any


@dataclass(frozen=True)
class Screen:
    """One step of the step bar (``practice`` stands at its right end).

    ``factory`` makes the widget when the step is first entered: once for the window where it needs nothing,
    else once for each case; import heavy modules inside it. ``mark`` tells the step's state from the session;
    a step never turns good by being visited. Of the widget these methods are called where it has them:
    ``shown()`` each time it comes to the front, ``restyle()`` after a change of theme, ``shutdown()`` before
    it is deleted; ``own_steps()`` names what undo and redo act on before the plan, ``undo()``, ``redo()``;
    ``unfinished()`` says what its end would lose.
    """

    key: str
    word: str
    needs: Needs
    factory: Callable[[WindowContext], QWidget]
    mark: Callable[[PlanningSession], Mark] | None = None

    def why_disabled(self, session: PlanningSession) -> str:
        """The sentence on a step that cannot be entered yet; empty when it can."""
        if self.needs == "case" and session.case is None:
            return f"{self.word} waits for an open case"
        if self.needs == "plan" and session.plan is None:
            return f"{self.word} waits for a plan"
        return ""


def call(widget: QWidget, method: str) -> None:
    """Call a hook of a screen's widget, if it has it."""
    hook = getattr(widget, method, None)
    if callable(hook):
        hook()
