"""Telling of errors: one plain sentence, the details behind a button."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from imaging.errors import PlannerError
from ui.widgets import StatusMark, label


def sentence_of(error: BaseException) -> str:
    """What is told to the user about an error."""
    if isinstance(error, PlannerError):
        return error.text
    if isinstance(error, PermissionError):
        return f"The folder or file cannot be read: this account has no rights to it. ({error.filename})"
    if isinstance(error, FileNotFoundError):
        return f"The folder or file is not there any more: {error.filename}."
    if isinstance(error, MemoryError):
        return "There is not enough memory for these images. Close other programs and open the series again."
    if isinstance(error, OSError):
        return f"The disc could not be read or written: {error.strerror or error}."
    return "Something in the program failed. Your plan is kept as it was. The details below help to mend it."


class ErrorDialog(QDialog):
    """A sentence, its code, and the details to copy."""

    def __init__(self, title: str, sentence: str, details: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(460)
        box = QVBoxLayout(self)
        box.setContentsMargins(24, 24, 24, 16)
        box.setSpacing(12)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(StatusMark("stop", 22), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.addWidget(label(title, "group"))
        self.sentence = label(sentence, "text2", wrap=True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words.addWidget(self.sentence)
        row.addLayout(words, 1)
        box.addLayout(row)
        self.details = QPlainTextEdit(details)
        self.details.setReadOnly(True)
        self.details.setMinimumHeight(180)
        self.details.hide()
        box.addWidget(self.details)
        buttons = QHBoxLayout()
        if details:
            show = QPushButton("Details")
            show.setCheckable(True)
            show.toggled.connect(self._show_details)
            buttons.addWidget(show)
            copy = QPushButton("Copy details")
            copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(f"{sentence}\n\n{details}"))
            buttons.addWidget(copy)
        buttons.addStretch(1)
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        buttons.addWidget(close)
        box.addLayout(buttons)
        close.setFocus()

    def _show_details(self, shown: bool) -> None:
        self.details.setVisible(shown)
        self.adjustSize()


def show_error(parent: QWidget | None, title: str, error: BaseException, details: str = "") -> ErrorDialog:
    """Open the dialog without blocking the event loop."""
    code = (
        f"code: {error.code}\n" if isinstance(error, PlannerError) else f"{type(error).__name__}: {error}\n"
    )
    dialog = ErrorDialog(title, sentence_of(error), code + details, parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
    return dialog
