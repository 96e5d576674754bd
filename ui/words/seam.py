"""Where words meet Qt: every text that a widget, a menu or a painter is given goes through `tr`.

The program itself speaks English throughout, the planner's sentences included, and is translated here alone:
a widget asked for its text still answers in English. Nothing is put in place while the language is English.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6 import QtGui, QtWidgets

from ui.words.catalogue import Catalogue

_SETTERS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (QtWidgets.QWidget, ("setToolTip", "setWindowTitle", "setAccessibleName", "setAccessibleDescription")),
    (QtWidgets.QLabel, ("__init__", "setText")),
    (QtWidgets.QAbstractButton, ("setText",)),
    (QtWidgets.QPushButton, ("__init__",)),
    (QtWidgets.QCheckBox, ("__init__",)),
    (QtWidgets.QRadioButton, ("__init__",)),
    (QtWidgets.QGroupBox, ("__init__", "setTitle")),
    (QtWidgets.QComboBox, ("addItem", "addItems", "insertItem", "setItemText", "setPlaceholderText")),
    (QtWidgets.QLineEdit, ("setPlaceholderText",)),
    (QtWidgets.QPlainTextEdit, ("setPlaceholderText",)),
    (QtWidgets.QTextBrowser, ("setHtml",)),
    (QtWidgets.QMenu, ("__init__", "addAction", "addMenu", "addSection", "setTitle")),
    (QtWidgets.QTabBar, ("addTab", "setTabText")),
    (QtWidgets.QTabWidget, ("addTab", "setTabText")),
    (QtWidgets.QTableWidget, ("setHorizontalHeaderLabels", "setVerticalHeaderLabels")),
    (QtWidgets.QTableWidgetItem, ("__init__", "setText", "setToolTip")),
    (QtWidgets.QTreeWidget, ("setHeaderLabels",)),
    (QtWidgets.QTreeWidgetItem, ("__init__", "setText", "setToolTip")),
    (QtWidgets.QListWidgetItem, ("__init__", "setText", "setToolTip")),
    (QtWidgets.QListWidget, ("addItem", "addItems")),
    (QtWidgets.QMessageBox, ("__init__", "setText", "setInformativeText", "addButton")),
    (QtWidgets.QDialogButtonBox, ("addButton",)),
    (QtWidgets.QProgressBar, ("setFormat",)),
    (QtWidgets.QFileDialog, ("getOpenFileName", "getSaveFileName", "getExistingDirectory")),
    (QtGui.QAction, ("__init__", "setText", "setToolTip")),
    (QtGui.QPainter, ("drawText",)),
    (QtGui.QFontMetrics, ("elidedText", "horizontalAdvance", "boundingRect")),
    (QtGui.QFontMetricsF, ("elidedText", "horizontalAdvance", "boundingRect")),
)
_GETTERS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (QtWidgets.QLabel, ("text",)),
    (QtWidgets.QAbstractButton, ("text",)),
    (QtWidgets.QComboBox, ("currentText", "itemText")),
    (QtWidgets.QWidget, ("toolTip", "windowTitle", "accessibleName")),
)


class Seam:
    """Puts a catalogue between the program and Qt, and takes it away again."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._english: dict[str, str] = {}
        self._before: list[tuple[type, str, Any]] = []
        self.plain: dict[tuple[str, str], Callable[..., Any]] = {}

    def tr(self, text: str) -> str:
        """The words that are shown for English ones."""
        shown = self._catalogue.tr(text)
        if shown != text and len(self._english) < 50000:
            self._english[shown] = text
        return shown

    def install(self) -> None:
        """From now on everything that is given to Qt is translated."""
        for kind, names in _SETTERS:
            for name in names:
                self._wrap(kind, name, self._given)
        for kind, names in _GETTERS:
            for name in names:
                self._wrap(kind, name, self._asked)

    def remove(self) -> None:
        """Qt gets English again."""
        for kind, name, original in reversed(self._before):
            setattr(kind, name, original)
        self._before.clear()

    def _wrap(self, kind: type, name: str, how: Callable[[Any], Any]) -> None:
        original = kind.__dict__.get(name, getattr(kind, name))
        self._before.append((kind, name, original))
        plain = getattr(kind, name)
        self.plain[kind.__name__, name] = plain
        made = how(plain)
        setattr(kind, name, staticmethod(made) if name.startswith("get") else made)

    def _given(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            return plain(*(self._word(a) for a in args), **{k: self._word(v) for k, v in named.items()})

        return call

    def _word(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.tr(value)
        if isinstance(value, (list, tuple)) and value and all(isinstance(v, str) for v in value):
            return [self.tr(v) for v in value]
        return value

    def _asked(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            shown = plain(*args)
            return self._english.get(shown, shown)

        return call
