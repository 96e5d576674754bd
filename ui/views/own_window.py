"""A view in a window of its own, for a second screen. It belongs to its screen and gives the view back."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.presenters.case_presenter import CasePresenter
from ui.views.frame import ViewFrame
from ui.widgets import SideChip, hairline, label


class OwnWindow(QWidget):
    """One view under a line that names the patient, the level and the side."""

    given_back = Signal()

    def __init__(self, frame: ViewFrame, presenter: CasePresenter, screen: QWidget) -> None:
        super().__init__(screen, Qt.WindowType.Window)
        self.setObjectName("ownwindow")
        self.presenter, self.frame = presenter, frame
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        line = QHBoxLayout()
        line.setContentsMargins(12, 6, 12, 6)
        line.setSpacing(12)
        self.chip = SideChip("left", 20)
        self.title = label("", "strong")
        self.patient = label("  ".join((presenter.patient.name, presenter.patient.patient_id)), "text2")
        for widget in (self.chip, self.title, self.patient):
            line.addWidget(widget)
        line.addStretch(1)
        line.addWidget(label(presenter.patient.image, "text2"))
        box.addLayout(line)
        box.addWidget(hairline())
        box.addWidget(frame, 1)
        frame.show()
        presenter.selection_changed.connect(self._say)
        presenter.plan_changed.connect(self._say)
        self._say()
        self.resize(900, 760)
        others = [s for s in self.screen().virtualSiblings() if s is not screen.screen()]
        if others:
            self.move(others[0].availableGeometry().topLeft())

    def _say(self) -> None:
        p = self.presenter
        self.chip.setVisible(p.level is not None)
        self.chip.set_side(p.side)
        self.title.setText(p.title())
        self.setWindowTitle(f"{self.frame.title.text()}, {p.title()}, {p.patient.name} – BVN Planner")

    def closeEvent(self, event: QCloseEvent) -> None:
        self.given_back.emit()
        super().closeEvent(event)
