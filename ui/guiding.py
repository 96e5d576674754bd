"""Help, the first-run tour, groups of controls for the keyboard, and what a changed setting does at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from ui.help.dialog import show_help
from ui.help.tour import Tour, seen
from ui.settings.preferences import PRONE, RADIOLOGICAL, preference, radiological
from ui.views import planes
from ui.views.dialogs import ask_orientation
from ui.views.frame import ViewFrame

STOPS: tuple[tuple[Callable[[Any], QWidget], str, str], ...] = (
    (
        lambda window: window.browser.open_button,
        "Open images",
        "A folder, a zip file or a DICOMDIR. Or drop one on the window.",
    ),
    (
        lambda window: window.bar.steps["trajectories"],
        "Follow the path, or not",
        "The steps lead through a case in order. Enter them as you like; one that waits says for what.",
    ),
    (lambda window: window.bar.settings, "Settings", "Theme, limits, orientation, levels and every key."),
    (lambda window: window.bar.help, "Help", "F1 explains the screen in front and lists all keys."),
)


class Guiding:
    """Mixed into the window."""

    def show_help(self) -> None:
        """Help on the screen in front."""
        self.help_dialog = show_help(self, self.host.current())

    def offer_tour(self) -> None:
        """Show the tour the first time the app is opened."""
        if not seen():
            self.tour = Tour(self, [(lambda w=where: w(self), title, text) for where, title, text in STOPS])

    def ask_orientation(self) -> None:
        """Ask whether the slices shall follow the other convention."""
        other = PRONE if radiological() else RADIOLOGICAL

        def change() -> None:
            preference("views/orientation").set(other)
            self.preferences_changed("views/orientation")

        self.question = ask_orientation(self, other, change)

    def preferences_changed(self, key: str) -> None:
        """Do what a changed setting asks for."""
        if key == "appearance/theme":
            self._set_theme(preference(key).value())
        elif key == "views/orientation":
            planes.set_radiological(radiological())
            self.banner.set_radiological(radiological())
            if self.presenter is not None:
                self.presenter.selection_changed.emit()
                self.presenter.look_changed.emit()

    def _next_group(self, by: int) -> None:
        """Put the focus on the next group: the step bar, then the parts of the screen in front."""
        screen = self.stack.currentWidget()
        parts = [self.bar, *getattr(screen, "groups", lambda: [screen])()]
        focus = QApplication.focusWidget()
        at = next(
            (i for i, part in enumerate(parts) if focus and (part is focus or part.isAncestorOf(focus))), -1
        )
        for step in range(1, len(parts) + 1):
            if _focus_first(parts[(at + by * step) % len(parts)]):
                return


def _focus_first(part: QWidget) -> bool:
    # Of a framed view the picture, which keys act on, and not the buttons over it.
    inner = [part.view] if isinstance(part, ViewFrame) else []
    for widget in [part, *inner, *part.findChildren(QWidget)]:
        able = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if able and widget.isVisible() and widget.isEnabled():
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            return True
    return False
