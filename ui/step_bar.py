"""The step bar: the path through a case on the left, undo, saved mark and practice on the right."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QIcon, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from planner.session import PlanningSession
from ui.icon_set import set_icon
from ui.screens.registry import Screen
from ui.theme import ui_font
from ui.widgets import Brand, label, status_pixmap

MARK_PX, TIGHTER_PX = 22, 16


class StepBar(QWidget):
    """One button a registered screen; arrow keys go along them, Ctrl and a digit enters one."""

    entered = Signal(str)

    def __init__(self, screens: list[Screen]) -> None:
        super().__init__()
        self.screens = {s.key: s for s in screens}
        self._tight = False
        self._urgent = False
        self.setProperty("role", "stepbar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(4)
        self.sign = Brand(22)
        row.addWidget(self.sign)
        row.addSpacing(4)
        self.brand = label("BVN Planner", "brand")
        row.addWidget(self.brand)
        row.addSpacing(12)
        self.steps: dict[str, QPushButton] = {}
        for key, word in [
            ("cases", "Cases"),
            *((s.key, s.word) for s in screens if s.key not in ("practice", "settings")),
        ]:
            row.addWidget(self._step(key, word))
        row.addStretch(1)
        self.undo = self._tool("undo")
        self.undo.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.redo = self._tool("redo")
        self.redo.setAccessibleName("Redo")
        self.saved = label("", "small2")
        self.save = QPushButton(" Save")
        set_icon(self.save, "save")
        self.save.setAccessibleName("Save")
        self.save.setProperty("role", "small")
        for widget in (self.undo, self.redo, self.saved, self.save):
            row.addWidget(widget)
        if "practice" in self.screens:
            button = self._step("practice", self.screens["practice"].word)
            button.setProperty("role", "small")
            row.addWidget(button)
        self.theme = self._tool("sun")
        self.theme.setToolTip("Change between the dark and the light theme")
        self.theme.setAccessibleName("Theme")
        self.help = self._tool("help")
        self.help.setToolTip("Help on what is in front (F1)")
        self.help.setAccessibleName("Help")
        self.settings = self._tool("gear")
        self.settings.setToolTip("Settings (Ctrl+,)")
        self.settings.setAccessibleName("Settings")
        self.settings.clicked.connect(lambda: self.entered.emit("settings"))
        for tool in (self.theme, self.help, self.settings):
            row.addWidget(tool)

    def _tool(self, name: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        set_icon(button, name)
        return button

    def _step(self, key: str, word: str) -> QPushButton:
        button = QPushButton(word)
        button.setProperty("role", "step")
        button.setCheckable(True)
        button.setFont(ui_font(13, QFont.Weight.Medium))
        button.setIconSize(QSize(14, 14))
        button.clicked.connect(lambda _=False: self.entered.emit(key))
        self.steps[key] = button
        return button

    def order(self) -> list[str]:
        """Keys of the steps from left to right."""
        return list(self.steps)

    def say_saved(self, words: str, urgent: bool) -> None:
        """What is said about saving; where it failed, however little room there is."""
        self.saved.setText(words)
        if urgent != self._urgent:
            self._urgent = urgent
            self.set_room(self.width())

    def set_room(self, width_px: int) -> None:
        """Give up the brand, and then words that an icon says too, where the language needs the room."""
        for brand, tight in ((True, False), (False, False), (False, True)):
            self._dress(brand, tight)
            if self._needed_px() <= width_px:
                break
        self.sign.setVisible(width_px >= 1100)

    def _needed_px(self) -> int:
        row = self.layout()
        row.invalidate()
        row.activate()
        return row.sizeHint().width()

    def _dress(self, brand: bool, tight: bool) -> None:
        self.brand.setVisible(brand)
        self.saved.setVisible((not tight or self._urgent) and not self.save.isHidden())
        self.save.setText("" if tight else " Save")
        beside, alone = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
        self.undo.setToolButtonStyle(alone if tight else beside)
        if tight == self._tight:
            return
        self._tight = tight
        for button in self.steps.values():
            button.setProperty("tight", tight)
            button.style().unpolish(button)
            button.style().polish(button)
            self._widen(button)

    def _widen(self, button: QPushButton) -> None:
        """Room for the heavier words of the step in front: a button never gets narrower than they are."""
        practice = button is self.steps.get("practice")
        mark = 0 if button.icon().isNull() else MARK_PX
        tighter = TIGHTER_PX if self._tight and not practice else 0
        button.setMinimumWidth(_width(button.text()) + mark - tighter)

    def show_state(self, session: PlanningSession, current: str) -> None:
        """Which steps may be entered and why not, which is in front, and how far each is."""
        for number, (key, button) in enumerate(self.steps.items(), start=1):
            screen = self.screens.get(key)
            reason = screen.why_disabled(session) if screen else ""
            mark = screen.mark(session) if screen and screen.mark and session.case is not None else "none"
            word = screen.word if screen else "Cases"
            button.setEnabled(not reason)
            button.setChecked(key == current)
            button.setIcon(QIcon(status_pixmap(mark)) if mark != "none" else QIcon())
            button.setText(f" {word}" if mark != "none" else word)
            self._widen(button)
            button.setToolTip(reason or f"{word} (Ctrl+{number})")
            states = {"good": "done", "caution": "caution", "doubt": "open doubt", "none": ""}
            button.setAccessibleName(", ".join(x for x in (word, states[mark], reason) if x))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go along the steps that may be entered."""
        by = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        able = [b for b in self.steps.values() if b.isEnabled()]
        at = next((i for i, b in enumerate(able) if b.hasFocus()), None)
        if by is None or at is None:
            super().keyPressEvent(event)
        else:
            able[(at + by) % len(able)].setFocus(Qt.FocusReason.TabFocusReason)


def _width(word: str) -> int:
    return round(QFontMetricsF(ui_font(13, QFont.Weight.DemiBold)).horizontalAdvance(word)) + 22
