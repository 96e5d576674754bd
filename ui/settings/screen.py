"""Settings: one searchable list, each changed value with its default and a way back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QKeySequenceEdit,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ui.screens.registry import Screen, WindowContext
from ui.settings.preferences import ALL, Preference
from ui.settings.shortcuts import COMMANDS, FIXED, Command, clash, key_of, set_key
from ui.widgets import StatusMark, hairline, label, section


class Line(QWidget):
    """One setting: words, note or fault, editor, and the way back to its default."""

    def __init__(self, group: str, words: str, note: str, default: str, editor: QWidget) -> None:
        super().__init__()
        self.group, self.words = group, words
        self.found_by = f"{group} {words} {note}".lower()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 4)
        row.setSpacing(12)
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(label(words, "", wrap=True))
        self.note = label(note, "small2", wrap=True)
        self.note.setVisible(bool(note))
        self._note = note
        texts.addWidget(self.note)
        row.addLayout(texts, 1)
        self.mark = StatusMark("stop", 16)
        self.mark.hide()
        row.addWidget(self.mark)
        editor.setFixedWidth(350)
        editor.setAccessibleName(words)
        row.addWidget(editor)
        self.reset = QPushButton(f"Reset to {default}")
        self.reset.setProperty("role", "link")
        self.reset.setFixedWidth(190)
        row.addWidget(self.reset)

    def show_state(self, changed: bool, fault: str = "") -> None:
        """Whether it differs from its default, and what is wrong with what was typed."""
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self.reset.setVisible(changed)
        self.mark.setVisible(bool(fault))
        self.note.setText(fault or self._note)
        self.note.setVisible(bool(fault or self._note))


class SettingsScreen(QWidget):
    """The list."""

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self.context = context
        self.lines: list[Line] = []
        outer = QVBoxLayout(self)
        outer.setContentsMargins(32, 24, 32, 0)
        outer.setSpacing(12)
        head = QHBoxLayout()
        head.addWidget(label("Settings", "title"))
        head.addSpacing(24)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search settings")
        self.search.setAccessibleName("Search settings")
        self.search.setMinimumWidth(260)
        self.search.textChanged.connect(self._filter)
        head.addWidget(self.search)
        head.addStretch(1)
        self.back = QPushButton("Back")
        self.back.setToolTip("To the screen before (Esc)")
        self.back.clicked.connect(lambda: context.go("settings"))
        head.addWidget(self.back)
        outer.addLayout(head)
        inside = QWidget()
        inside.setProperty("role", "clear")
        self.box = QVBoxLayout(inside)
        self.box.setContentsMargins(0, 0, 16, 24)
        self.heads: dict[str, QWidget] = {}
        for preference in ALL:
            self._add(self._line(preference))
        for command in COMMANDS:
            self._add(self._key_line(command))
        self._head("Keys: fixed")
        for where, words, keys in FIXED:
            line = Line("Keys: fixed", f"{where}: {words}", "", "", label(keys, "strong"))
            line.show_state(False)
            self._add(line)
        self.box.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        outer.addWidget(area, 1)
        inside.setMaximumWidth(1080)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.context.go("settings")  # back to the screen before
        else:
            super().keyPressEvent(event)

    def _head(self, group: str) -> None:
        if group not in self.heads:
            head = QWidget()
            box = QVBoxLayout(head)
            box.setContentsMargins(0, 16, 0, 0)
            box.addWidget(section(group))
            box.addWidget(hairline())
            self.heads[group] = head
            self.box.addWidget(head)

    def _add(self, line: Line) -> None:
        self._head(line.group)
        self.lines.append(line)
        self.box.addWidget(line)

    def _line(self, p: Preference) -> Line:
        editor: QComboBox | QLineEdit
        if p.choices:
            editor = QComboBox()
            editor.addItems(p.choices)
            editor.setCurrentText(p.value())
        else:
            editor = QLineEdit(p.value())
        line = Line(p.group, p.words, p.note, p.default, editor)

        def put(text: str) -> None:
            fault = p.problem(text)
            if not fault:
                p.set(text)
                self.context.window.preferences_changed(p.key)
            line.show_state(p.changed or bool(fault), fault)

        if isinstance(editor, QComboBox):
            editor.currentTextChanged.connect(put)
            line.reset.clicked.connect(lambda: editor.setCurrentText(p.default))
        else:
            editor.editingFinished.connect(lambda: put(editor.text().strip()))
            line.reset.clicked.connect(lambda: (editor.setText(p.default), put(p.default)))
        line.show_state(p.changed)
        return line

    def _key_line(self, c: Command) -> Line:
        editor = QKeySequenceEdit(key_of(c.name))
        editor.setMaximumSequenceLength(1)
        line = Line(f"Keys: {c.group}", c.words, "", c.default, editor)

        def put() -> None:
            key = editor.keySequence().toString()
            fault = clash(c.name, key)
            if not fault:
                set_key(c.name, key)
            line.show_state(key_of(c.name) != c.default or bool(fault), fault)

        editor.editingFinished.connect(put)
        line.reset.clicked.connect(lambda: (editor.setKeySequence(c.default), put()))
        line.show_state(key_of(c.name) != c.default)
        return line

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        shown: set[str] = set()
        for line in self.lines:
            found = all(word in line.found_by for word in words)
            line.setVisible(found)
            if found:
                shown.add(line.group)
        for group, head in self.heads.items():
            head.setVisible(group in shown)

    def shown(self) -> None:
        """Put the cursor into the search."""
        self.search.setFocus()


SETTINGS = Screen("settings", "Settings", "nothing", SettingsScreen)
