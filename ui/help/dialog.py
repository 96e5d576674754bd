"""F1: what is in front, in a few sentences, and every key."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ui.help.topics import TOPICS
from ui.settings.shortcuts import COMMANDS, FIXED, key_of
from ui.widgets import hairline, label, section


def show_help(parent: QWidget, key: str) -> QDialog:
    """Open the help on a screen."""
    title, text = TOPICS.get(key, TOPICS["trajectories"])
    dialog = QDialog(parent)
    dialog.setObjectName("help")
    dialog.setWindowTitle(f"Help: {title}")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.resize(560, min(620, parent.window().height() - 48))
    box = QVBoxLayout(dialog)
    box.setContentsMargins(24, 24, 24, 16)
    box.setSpacing(12)
    box.addWidget(label(title, "title"))
    box.addWidget(label(text, "text2", wrap=True))
    inside = QWidget()
    inside.setProperty("role", "clear")
    rows = QVBoxLayout(inside)
    rows.setContentsMargins(0, 0, 12, 0)
    group = ""
    keys = [(c.group, c.words, key_of(c.name)) for c in COMMANDS] + list(FIXED)
    for where, words, shortcut in keys:
        if where != group:
            group = where
            rows.addSpacing(8)
            rows.addWidget(section(f"Keys: {where}"))
            rows.addWidget(hairline())
        line = QHBoxLayout()
        line.addWidget(label(words, "text2", wrap=True), 1)
        line.addWidget(label(shortcut or "none", "strong"))
        rows.addLayout(line)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    box.addWidget(area, 1)
    buttons = QHBoxLayout()
    buttons.addWidget(label("Keys can be changed in Settings.", "small2"))
    buttons.addStretch(1)
    close = QPushButton("Close")
    close.clicked.connect(dialog.accept)
    buttons.addWidget(close)
    box.addLayout(buttons)
    dialog.open()
    return dialog
