"""The settings of one archive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from imaging.errors import PlannerError
from planner.network.settings import Archive, save_archive, set_password
from ui.widgets import label

_TEXTS = {
    "name": "Name",
    "host": "DICOM host",
    "ae_title": "Its AE title",
    "own_ae_title": "Our AE title",
    "ca_file": "Its CA certificate (PEM)",
    "web_url": "DICOMweb address",
    "web_user": "DICOMweb user",
}


class SetupDialog(QDialog):
    """Add an archive, or change one; the password goes into the system's key store."""

    def __init__(self, parent: QWidget, archive: Archive | None, saved: Callable[[str], None]) -> None:
        super().__init__(parent)
        self._archive, self._saved = archive, saved
        start = archive or Archive("", port=104)
        self.setWindowTitle("Set up an archive")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(520)
        box = QVBoxLayout(self)
        box.setContentsMargins(24, 24, 24, 16)
        box.setSpacing(12)
        box.addWidget(label("Set up an archive", "group"))
        note = "Nothing is sent or asked before you press a button. Passwords lie in the system's key store."
        box.addWidget(label(note, "text2", wrap=True))
        form = QFormLayout()
        self.fields = {name: QLineEdit(str(getattr(start, name))) for name in _TEXTS}
        self.port = QSpinBox()
        self.port.setRange(1, 65535)
        self.port.setValue(start.port)
        self.tls = QCheckBox("Speak DICOM through TLS")
        self.tls.setChecked(start.tls)
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setPlaceholderText("unchanged" if archive else "")
        for name, words in _TEXTS.items():
            form.addRow(words, self.fields[name])
            if name == "host":
                form.addRow("Port", self.port)
            if name == "own_ae_title":
                form.addRow("", self.tls)
        form.addRow("DICOMweb password", self.password)
        if archive is not None:
            self.fields["name"].setReadOnly(True)
        box.addLayout(form)
        self.error = label("", "text2", wrap=True)
        box.addWidget(self.error)
        row = QHBoxLayout()
        row.addStretch(1)
        leave = QPushButton("Cancel")
        leave.clicked.connect(self.reject)
        self.keep = QPushButton("Save archive")
        self.keep.setProperty("role", "primary")
        self.keep.clicked.connect(self.save)
        row.addWidget(leave)
        row.addWidget(self.keep)
        box.addLayout(row)

    def save(self) -> None:
        """Check and keep the settings; what is wrong is told here."""
        values = {name: field.text().strip() for name, field in self.fields.items()}
        base = self._archive or Archive(values["name"])
        made = replace(base, **values, port=self.port.value(), tls=self.tls.isChecked())
        try:
            save_archive(made)
            if self.password.text() and made.web_user:
                set_password(made, self.password.text())
        except PlannerError as error:
            self.error.setText(error.text)
            return
        self.accept()
        self._saved(made.name)
