"""Makes the screens' widgets when they are first entered, and lets them go with their case."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QWidget

from ui.screens.registry import Screen, WindowContext, call


class ScreenHost:
    """The window's stack of screens."""

    def __init__(self, stack: QStackedWidget, screens: list[Screen]) -> None:
        self.stack = stack
        self.screens = {s.key: s for s in screens}
        self._widgets: dict[str, QWidget] = {}

    def widget(self, key: str) -> QWidget | None:
        """The widget of a screen that has been entered."""
        return self._widgets.get(key)

    def current(self) -> str:
        """Key of the screen in front; "cases" where it is none of these."""
        shown = self.stack.currentWidget()
        return next((key for key, widget in self._widgets.items() if widget is shown), "cases")

    def show(self, key: str, context: WindowContext) -> QWidget:
        """Bring a screen to the front, making it first where needed."""
        if key not in self._widgets:
            self._widgets[key] = self.screens[key].factory(context)
            self.stack.addWidget(self._widgets[key])
        widget = self._widgets[key]
        self.stack.setCurrentWidget(widget)
        call(widget, "shown")
        return widget

    def drop_case(self) -> None:
        """Shut down and delete every screen that belongs to the open case."""
        for key in [k for k in self._widgets if self.screens[k].needs != "nothing"]:
            widget = self._widgets.pop(key)
            call(widget, "shutdown")
            self.stack.removeWidget(widget)
            widget.deleteLater()

    def own_steps(self) -> tuple[str | None, str | None]:
        """What undo and redo act on in the screen in front before they act on the plan."""
        hook = getattr(self.stack.currentWidget(), "own_steps", None)
        return hook() if callable(hook) else (None, None)

    def unfinished(self, closing: bool) -> str:
        """What leaving the case, or closing the window, would lose; empty when nothing."""
        leave = [k for k in self._widgets if closing or self.screens[k].needs != "nothing"]
        hooks = (getattr(self._widgets[key], "unfinished", None) for key in leave)
        return next((words for hook in hooks if callable(hook) and (words := hook())), "")

    def restyle(self) -> None:
        """Tell every screen that the theme has changed."""
        for widget in self._widgets.values():
            call(widget, "restyle")

    def shutdown(self) -> None:
        """Shut every screen down before the window goes."""
        for widget in self._widgets.values():
            call(widget, "shutdown")
