"""Short questions to the user. They never block the event loop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from planner.storage.recovery import Left
from ui.widgets import StatusMark, label


def _dialog(parent: QWidget, title: str, text: str, mark: str) -> tuple[QDialog, QVBoxLayout]:
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setMinimumWidth(440)
    box = QVBoxLayout(dialog)
    box.setContentsMargins(24, 24, 24, 16)
    box.setSpacing(12)
    row = QHBoxLayout()
    row.setSpacing(12)
    row.addWidget(StatusMark(mark, 22), 0, Qt.AlignmentFlag.AlignTop)
    words = QVBoxLayout()
    words.addWidget(label(title, "group"))
    words.addWidget(label(text, "text2", wrap=True))
    row.addLayout(words, 1)
    box.addLayout(row)
    return dialog, box


def _question(
    dialog: QDialog,
    box: QVBoxLayout,
    name: str,
    refuse: str,
    accept: str,
    action: Callable[[], None],
    is_grave: bool = False,
) -> None:
    """Two buttons, one leaves all as it is, the other acts; opens the dialog.

    The one that acts is the primary one, unless what it does is grave: then Enter leaves all as it is.
    """
    dialog.setObjectName(name)
    buttons = QHBoxLayout()
    leave = QPushButton(refuse)
    leave.clicked.connect(dialog.reject)
    go = QPushButton(accept)
    go.setProperty("role", None if is_grave else "primary")
    go.setAutoDefault(not is_grave)
    go.clicked.connect(dialog.accept)
    buttons.addStretch(1)
    buttons.addWidget(leave)
    buttons.addWidget(go)
    box.addLayout(buttons)
    dialog.accepted.connect(action)
    dialog.open()


def ask_unsaved(parent: QWidget, text: str, save: Callable[[], None], drop: Callable[[], None]) -> QDialog:
    """Ask what to do with unsaved changes: save, leave them, or stay."""
    dialog, box = _dialog(parent, "The plan has unsaved changes", text, "caution")
    buttons = QHBoxLayout()
    leave = QPushButton("Leave without saving")
    stay = QPushButton("Stay here")
    keep = QPushButton("Save…")
    keep.setProperty("role", "primary")
    buttons.addWidget(leave)
    buttons.addStretch(1)
    buttons.addWidget(stay)
    buttons.addWidget(keep)
    box.addLayout(buttons)

    def finish(action: Callable[[], None] | None) -> None:
        dialog.close()
        if action is not None:
            action()

    leave.clicked.connect(lambda: finish(drop))
    stay.clicked.connect(lambda: finish(None))
    keep.clicked.connect(lambda: finish(save))
    dialog.setObjectName("unsaved")
    keep.setDefault(True)
    dialog.open()
    keep.setFocus()  # the first button would have it, and Enter would drop the work
    return dialog


def ask_unfinished(parent: QWidget, text: str, leave: Callable[[], None]) -> QDialog:
    """Ask before work in hand, which no plan holds yet, is left."""
    dialog, box = _dialog(parent, "Something is not finished", text, "caution")
    _question(dialog, box, "unfinished", "Stay here", "Leave without it", leave, is_grave=True)
    return dialog


def offer_recovery(
    parent: QWidget,
    left: Left,
    recover: Callable[[], None],
    discard: Callable[[], None],
    otherwise: Callable[[], None],
) -> QDialog:
    """Offer what was kept of a case whose window was killed; ``otherwise`` goes on where it is not opened."""
    title = f"{left.patient or 'A case'} was not closed"
    dialog, box = _dialog(parent, title, left.sentence(), "caution")
    dialog.setObjectName("recovery")
    buttons = QHBoxLayout()
    drop = QPushButton("Discard")
    later = QPushButton("Later")
    go = QPushButton("Open it")
    go.setProperty("role", "primary")
    go.setDefault(True)
    buttons.addWidget(drop)
    buttons.addStretch(1)
    buttons.addWidget(later)
    buttons.addWidget(go)
    box.addLayout(buttons)

    def drop_it() -> None:
        def sure() -> None:
            discard()
            dialog.reject()

        text = f"What was kept of {left.patient or 'the case'} is deleted. Nothing brings it back."
        asked, question = _dialog(dialog, "Discard it for good?", text, "caution")
        _question(asked, question, "discard", "Keep it", "Discard", sure, is_grave=True)

    drop.clicked.connect(drop_it)
    later.clicked.connect(dialog.reject)
    go.clicked.connect(dialog.accept)
    dialog.accepted.connect(recover)
    dialog.rejected.connect(otherwise)
    dialog.open()
    go.setFocus()
    return dialog


def ask_where_images_are(parent: QWidget, text: str, show: Callable[[], None]) -> QDialog:
    """Say that a case's images are not where they were, and offer to point at them."""
    dialog, box = _dialog(parent, "The images are not where they were", text, "stop")
    _question(dialog, box, "images_missing", "Cancel", "Show where…", show)
    return dialog


def ask_to_fill(parent: QWidget, reason: str, fill: Callable[[], None]) -> QDialog:
    """Ask whether missing slices may be interpolated; nothing happens unless the user says so."""
    dialog, box = _dialog(parent, "Interpolate the missing slices?", reason, "caution")
    note = "What lies between was not measured. The plan, the report and every export will say so."
    box.addWidget(label(note, "text2", wrap=True))
    # Enter leaves the series alone: nothing is made up by accident.
    words = ("Do not plan this series", "Interpolate and plan")
    _question(dialog, box, "fill_missing", *words, fill, is_grave=True)
    return dialog


def ask_edit(parent: QWidget, text: str, allow: Callable[[], None]) -> QDialog:
    """Ask before an approved trajectory is edited."""
    dialog, box = _dialog(parent, "This trajectory is approved", text, "caution")
    _question(dialog, box, "edit_approved", "Keep approved", "Edit", allow)
    return dialog


def edit_note(parent: QWidget, title: str, text: str, keep: Callable[[str], None]) -> QDialog:
    """Write a note to a trajectory."""
    dialog, box = _dialog(parent, title, "Printed in the report and saved with the case.", "info")
    field = QPlainTextEdit(text)
    field.setMinimumHeight(90)
    field.setTabChangesFocus(True)
    field.setAccessibleName(title)
    box.addWidget(field)
    _question(dialog, box, "note", "Cancel", "Keep note", lambda: keep(field.toPlainText()))
    field.setFocus()
    return dialog


def ask_orientation(parent: QWidget, words: str, change: Callable[[], None]) -> QDialog:
    """Ask before the slices are turned to the other convention."""
    text = f"{words}. Axial and coronal slices turn by half a turn, nothing is mirrored. The banner says so."
    dialog, box = _dialog(parent, "Turn the slices?", text, "caution")
    _question(dialog, box, "orientation", "Leave as it is", "Turn the slices", change)
    return dialog
