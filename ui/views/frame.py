"""A frame around a view: header with title and tools, so that no title lies over the anatomy."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ui.icon_set import icon
from ui.theme import VIEW_HEADER, VIEW_HEADER_ACTIVE, ui_font
from ui.widgets import label


class Elided(QLabel):
    """One line that ends in three dots where it does not fit; the pointer shows the whole of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, _event: object) -> None:
        short = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.setToolTip(self.text() if short != self.text() else "")
        with QPainter(self) as p:
            p.setPen(self.palette().color(self.foregroundRole()))
            p.setFont(self.font())
            p.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, short)


class ViewFrame(QWidget):
    """Header of 26 px over one view. The frame with the focus is the one that keys act on."""

    enlarge = Signal()
    own_window = Signal()
    focused = Signal()

    def __init__(self, title: str, view: QWidget) -> None:
        super().__init__()
        self.view = view
        self._active = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        box = QVBoxLayout(self)
        box.setContentsMargins(1, 1, 1, 1)
        box.setSpacing(0)
        header = QWidget()
        header.setFixedHeight(26)
        self._row = QHBoxLayout(header)
        self._row.setContentsMargins(8, 0, 4, 0)
        self._row.setSpacing(6)
        self.title = label(title)
        self.title.setFont(ui_font(12, QFont.Weight.DemiBold))
        self.title.setStyleSheet("color:#E9EDF0;font-weight:600;font-size:12px")
        self.note = Elided()
        self.note.setStyleSheet("color:#B6BFC8;font-size:12px")
        self._row.addWidget(self.title)
        self._row.addWidget(self.note, 1)
        self.apart = self.add_button("", "Show this view in a window of its own")
        self.apart.setIcon(icon("apart", "#B6BFC8", 16))
        self.apart.setIconSize(QSize(16, 16))
        self.apart.setAccessibleName(f"{title} in its own window")
        self.apart.clicked.connect(self.own_window)
        self.apart.hide()
        button = self.add_button("", "Enlarge this view (Enter, double-click)")
        button.setIcon(icon("enlarge", "#B6BFC8", 16))
        button.setIconSize(QSize(16, 16))
        button.setAccessibleName(f"Enlarge {title}")
        button.clicked.connect(self.enlarge)
        box.addWidget(header)
        box.addWidget(view, 1)
        view.setAccessibleName(title)
        view.installEventFilter(self)
        if hasattr(view, "enlarge"):
            view.enlarge.connect(self.enlarge)

    def add_button(self, text: str, tip: str) -> QPushButton:
        """A quiet button in the header."""
        button = QPushButton(text)
        button.setStyleSheet(
            "QPushButton{border:none;color:#B6BFC8;font-size:12px;padding:0 6px;min-height:22px;"
            "border-radius:4px}QPushButton:hover{background:#2C3238;color:#E9EDF0}"
            "QPushButton:checked{background:#2C3238;color:#E9EDF0}"
            "QPushButton:focus{border:1px solid #86AEFF}"
        )
        button.setToolTip(tip)
        self._row.addWidget(button)
        return button

    def insert_button(self, text: str, tip: str) -> QPushButton:
        """A quiet button left of those for the window."""
        button = self.add_button(text, tip)
        self._row.removeWidget(button)
        self._row.insertWidget(self._row.indexOf(self.apart), button)
        return button

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._active = event.type() == QEvent.Type.FocusIn
            if self._active:
                self.focused.emit()
            self.update()
        return False

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as p:
            p.fillRect(self.rect(), QColor(VIEW_HEADER_ACTIVE if self._active else VIEW_HEADER))
            if self._active:
                p.setPen(QPen(QColor("#86AEFF"), 2))
                p.drawRect(self.rect().adjusted(1, 1, -1, -1))
