"""Levels: sagittal, coronal and axial with names, the list of vertebrae, and the panel of corrections."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from imaging.labels import NAME_FROM_VERSE
from ui.levels.canvas import LevelsCanvas
from ui.levels.panel import LevelsPanel
from ui.levels.presenter import LevelsPresenter
from ui.views.frame import ViewFrame
from ui.widgets import label, section, status_pixmap


class LevelsScreen(QWidget):
    """The screen of one case."""

    def __init__(self, presenter: LevelsPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presenter = presenter
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._make_list())
        views = QGridLayout()
        views.setSpacing(2)
        self.sagittal, self.coronal = LevelsCanvas("sagittal", presenter), LevelsCanvas("coronal", presenter)
        self.axial = LevelsCanvas("axial", presenter)
        self.frames = (
            ViewFrame("Sagittal", self.sagittal),
            ViewFrame("Coronal", self.coronal),
            ViewFrame("Axial", self.axial),
        )
        for frame, place in zip(self.frames, ((0, 0, 2, 1), (0, 1, 1, 1), (1, 1, 1, 1)), strict=True):
            views.addWidget(frame, *place)
            frame.enlarge.connect(lambda f=frame: self._enlarge(f))
        views.setColumnStretch(0, 11)
        views.setColumnStretch(1, 9)
        views.setRowStretch(0, 11)
        views.setRowStretch(1, 9)
        row.addLayout(views, 1)
        self.panel = LevelsPanel(presenter)
        row.addWidget(self.panel)
        presenter.changed.connect(self.refresh)
        presenter.busy.connect(self._show_busy)
        self.refresh()

    def _enlarge(self, frame: ViewFrame) -> None:
        alone = all(f.isHidden() for f in self.frames if f is not frame)
        for other in self.frames:
            other.setVisible(alone or other is frame)

    def _make_list(self) -> QWidget:
        holder = QWidget()
        holder.setProperty("role", "leftpanel")
        holder.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        holder.setFixedWidth(212)
        box = QVBoxLayout(holder)
        box.setContentsMargins(12, 12, 12, 12)
        box.setSpacing(8)
        box.addWidget(section("Vertebrae"))
        self.list = QListWidget()
        self.list.setAccessibleName("Vertebrae, top to bottom")
        self.list.itemClicked.connect(
            lambda item: self.presenter.choose(int(item.data(Qt.ItemDataRole.UserRole)))
        )
        box.addWidget(self.list, 1)
        self.busy = label("", "text2", wrap=True)
        box.addWidget(self.busy)
        self.cancel = QPushButton("Cancel")
        self.cancel.setProperty("role", "small")
        self.cancel.clicked.connect(self.presenter.cancel)
        self.cancel.hide()
        box.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignLeft)
        return holder

    def refresh(self) -> None:
        """Follow the presenter."""
        p = self.presenter
        key = [(a.verse, p.is_doubtful(a.verse), p.other_names(a.verse)) for a in p.levels]
        if self.list.property("key") != repr(key):
            self.list.setProperty("key", repr(key))
            self.list.clear()
            for verse, doubtful, other in key:
                item = QListWidgetItem(NAME_FROM_VERSE[verse] + (f"  ({other})" if other else ""))
                item.setData(Qt.ItemDataRole.UserRole, verse)
                mark = QIcon()
                for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
                    mark.addPixmap(status_pixmap("doubt" if doubtful else "good"), mode)
                item.setIcon(mark)
                item.setToolTip("Has a doubt nobody has looked at" if doubtful else "Nothing open")
                self.list.addItem(item)
        for n, (verse, _, _) in enumerate(key):
            if verse == p.chosen:
                self.list.setCurrentRow(n)
        self.cancel.setVisible(bool(p.working))

    def shown(self) -> None:
        """The screen comes to the front: go to what is selected elsewhere."""
        verse = self.presenter.session.selection.verse
        if verse is not None and verse != self.presenter.chosen and self.presenter.edit is None:
            self.presenter.choose(verse)
        self.refresh()

    def own_steps(self) -> tuple[str | None, str | None]:
        """Names of the strokes that undo and redo take first: they are not in the plan yet."""
        edit = self.presenter.edit
        return (edit.undo_name, edit.redo_name) if edit else (None, None)

    def undo(self) -> None:
        """Take the last stroke back."""
        self.presenter.undo_stroke()

    def redo(self) -> None:
        """Do the stroke that was taken back again."""
        self.presenter.redo_stroke()

    def unfinished(self) -> str:
        """What leaving the case would lose."""
        painted = self.presenter.unapplied
        return f"What was painted on {painted} is not applied to the plan." if painted else ""

    def restyle(self) -> None:
        """The theme has changed."""
        self.list.setProperty("key", "")
        self.refresh()

    def shutdown(self) -> None:
        """The case closes."""
        self.presenter.close()

    def _show_busy(self, words: str) -> None:
        self.busy.setText(words)
