"""The screening sheet of a level as rows; a row with a place puts the crosshair there."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from planner.domain.plan import ScreeningItem
from ui.presenters.case_presenter import CasePresenter
from ui.theme import NARROW
from ui.widgets import StatusMark, label, section

MARKS = {"good": "good", "caution": "caution", "stop": "stop", "unknown": "none"}


def shown_value(item: ScreeningItem) -> str:
    """Value with its unit; a dash where there is none: the words under the row say why."""
    if item.value is None:
        return "–"
    digits = 0 if item.unit in ("HU", "%", "mm³") else 1
    gap = "" if item.unit == "°" else NARROW
    return f"{item.value:.{digits}f}{gap}{item.unit}".replace("-", "−")


def sheet_block(presenter: CasePresenter, items: tuple[ScreeningItem, ...]) -> QWidget:
    """All rows, worst first as they come from the planner's own order otherwise."""
    holder = QWidget()
    box = QVBoxLayout(holder)
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(4)
    box.addWidget(section("Screening sheet, slice at the right"))
    if not items:
        box.addWidget(label("Worked out when the level is planned.", "small2", wrap=True))
        return holder
    rank = ("stop", "caution", "unknown", "good")
    for item in sorted(items, key=lambda i: rank.index(i.verdict)):
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(StatusMark(MARKS[item.verdict], 14), 0, Qt.AlignmentFlag.AlignVCenter)
        name = label(item.name)
        name.setToolTip(item.text)
        name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(name, 1)
        value = label(shown_value(item), "strong")
        value.setToolTip(item.text)
        row.addWidget(value)
        where = QPushButton(f"{item.slice_number}" if item.slice_number else "–")
        where.setFixedWidth(44)
        where.setStyleSheet("padding: 0 2px; min-height: 20px")
        place = item.at_lps_mm
        where.setEnabled(place is not None)
        where.setToolTip("Put the crosshair there" if place is not None else "It has no place in the image")
        if place is not None:
            where.clicked.connect(lambda _c=False, at=place: presenter.set_cursor(np.array(at)))
        row.addWidget(where)
        box.addLayout(row)
        if item.verdict in ("caution", "stop", "unknown"):
            box.addWidget(label(item.text, "small", wrap=True))
    box.addWidget(
        label("It never says whether a patient is a candidate: a physician does.", "small", wrap=True)
    )
    return holder
