"""What is entered of one endplate beside its type: height, area, defect, confidence, place."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QWidget

from planner.domain.modic import SHARES, ModicFinding
from ui.widgets import label

_SHARES = ("–", *SHARES)
_DEFECTS = ("–", "no", "yes")
_SURE = ("unsure", "likely", "sure")


class ModicFields(QWidget):
    """Choices of one finding; ``changed`` when a person changes one."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        self._height, self._area = QComboBox(), QComboBox()
        self._defect, self._sure = QComboBox(), QComboBox()
        self._place = QLineEdit()
        self._place.setPlaceholderText("e.g. front left")
        for n, (words, box, values) in enumerate(
            (
                ("Height, % of the body", self._height, _SHARES),
                ("Area, % of the endplate", self._area, _SHARES),
                ("Endplate defect", self._defect, _DEFECTS),
                ("Confidence", self._sure, _SURE),
            )
        ):
            box.addItems(list(values))
            box.setAccessibleName(words)
            box.activated.connect(lambda _index: self.changed.emit())
            grid.addWidget(label(words, "text2"), n // 2 * 2, n % 2)
            grid.addWidget(box, n // 2 * 2 + 1, n % 2)
        self._place.editingFinished.connect(self.changed)
        grid.addWidget(label("Place", "text2"), 4, 0)
        grid.addWidget(self._place, 5, 0, 1, 2)
        self._by_key = {"h": self._height, "a": self._area, "d": self._defect, "c": self._sure}

    def show_finding(self, finding: ModicFinding | None) -> None:
        """Show a finding's values; without one the fields wait and say for what."""
        f = finding
        for box, value in (
            (self._height, f.height_share if f else None),
            (self._area, f.area_share if f else None),
            (self._defect, None if f is None or f.defect is None else "yes" if f.defect else "no"),
        ):
            box.setCurrentText(value or "–")
        self._sure.setCurrentText(f.confidence if f else "unsure")
        self._place.setText(f.place if f else "")
        for field in (*self._by_key.values(), self._place):
            field.setEnabled(f is not None)
            field.setToolTip("" if f is not None else "Waits for a type at this endplate.")

    def has_key(self, key: str) -> bool:
        """Whether a key steps one of the choices."""
        return key in self._by_key

    def step(self, key: str) -> None:
        """The next value of a key's choice."""
        box = self._by_key[key]
        box.setCurrentIndex((box.currentIndex() + 1) % box.count())
        self.changed.emit()

    def laid_into(self, finding: ModicFinding) -> ModicFinding:
        """A finding with these values."""
        height, area, defect = (b.currentText() for b in (self._height, self._area, self._defect))
        return replace(
            finding,
            height_share=None if height == "–" else height,  # type: ignore[arg-type]
            area_share=None if area == "–" else area,  # type: ignore[arg-type]
            defect=None if defect == "–" else defect == "yes",
            confidence=self._sure.currentText(),  # type: ignore[arg-type]
            place=self._place.text().strip(),
        )
