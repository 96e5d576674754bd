"""The patient banner and the status bar."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from ui.presenters.services import PatientWords
from ui.widgets import label

ORIENTATION = "Prone, from behind: patient's left is on the left in every view"
RADIOLOGICAL = "Radiological slices: patient's right is on the left. 3D and X-rays stay as the patient lies"
SHORT = "Patient's left is on the left"
CAVEAT = "A planning and training aid, not a certified device."


class Elided(QLabel):
    """One line that may get shorter, in three dots then; the pointer shows the whole of it."""

    LEAST_PX = 60

    def __init__(self, role: str) -> None:
        super().__init__()
        self.setProperty("role", role)

    def minimumSizeHint(self) -> QSize:
        return QSize(
            min(self.LEAST_PX, super().minimumSizeHint().width()), super().minimumSizeHint().height()
        )

    def paintEvent(self, _event: object) -> None:
        room = self.contentsRect()
        short = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        self.setToolTip(self.text() if short != self.text() else "")
        with QPainter(self) as p:
            self.drawFrame(p)
            p.setPen(self.palette().color(self.foregroundRole()))
            p.drawText(room, Qt.AlignmentFlag.AlignVCenter, short)


class Banner(QWidget):
    """Whose case this is, how it is seen, and what the program is not. Never hidden while a case is open."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(16)
        self._narrow = self._radiological = False
        self.patient = label("", "strong")
        self.facts = Elided("text2")
        self.read_only = Elided("plate")
        self.read_only.hide()
        row.addWidget(self.patient)
        row.addWidget(self.facts)
        row.addStretch(1)
        row.addWidget(self.read_only)
        self.orientation = label(ORIENTATION, "plate")
        self.caveat = label(CAVEAT, "plate2")
        for plate in (self.orientation, self.caveat, self.read_only):
            plate.setFixedHeight(24)
        row.addWidget(self.orientation)
        row.addWidget(self.caveat)

    def show_patient(self, words: PatientWords, read_only: str = "") -> None:
        """Name the patient and the images, and say why the case is for reading only where it is."""
        self.read_only.setText(read_only)
        self.read_only.setVisible(bool(read_only))
        self.patient.setText(words.name)
        facts = (words.patient_id, words.person, words.study, words.image)
        self.facts.setText("    ".join(x for x in facts if x))

    def set_narrow(self, narrow: bool) -> None:
        """Shorter words where there is little room; the whole sentence stays on hover."""
        self._narrow = narrow
        self._say()

    def set_radiological(self, on: bool) -> None:
        """Say which convention the slices follow."""
        self._radiological = on
        self._say()

    def _say(self) -> None:
        whole = RADIOLOGICAL if self._radiological else ORIENTATION
        short = "Radiological: patient's right on the left" if self._radiological else SHORT
        self.orientation.setText(short if self._narrow else whole)
        self.orientation.setToolTip(whole)


class StatusBar(QWidget):
    """What is under the pointer, what was just done, how long the work took."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        self.pointer = label("", "small2")
        self.told = label("", "strong")
        self.finished = label("", "small2")
        row.addWidget(self.pointer)
        row.addStretch(1)
        row.addWidget(self.told)
        row.addSpacing(16)
        row.addWidget(self.finished)

    def tell(self, text: str) -> None:
        """Show a sentence for twelve seconds."""
        self.told.setText(text)
        self.told.setToolTip(text)
        QTimer.singleShot(12000, self.told, lambda: self.told.text() == text and self.told.setText(""))
