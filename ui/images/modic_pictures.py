"""The MR's sequences side by side at one endplate, linked: scrolling and zooming move all of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from planner.domain.modic import Face
from planner.services.modic import ModicStudy
from ui.images.mr_view import MrView
from ui.views import planes
from ui.views.series_list import BusyBar
from ui.widgets import label

SEQUENCES = ("T1", "T2", "STIR")


class ModicPictures(QWidget):
    """Three linked views; ``named`` (series UID, sequence) answers where a header does not tell."""

    named = Signal(str, str)

    def __init__(self, cancel: Callable[[], object]) -> None:
        super().__init__()
        self._study: ModicStudy | None = None
        self._place: tuple[int, Face] | None = None
        self._aside_mm, self._view_mm = 0.0, 90.0
        side = QVBoxLayout(self)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(6)
        self.busy = BusyBar()
        self.busy.cancel.connect(cancel)
        side.addWidget(self.busy)
        self._unknown = QHBoxLayout()
        side.addLayout(self._unknown)
        row = QHBoxLayout()
        row.setSpacing(2)
        self._views = {name: MrView(name) for name in SEQUENCES}
        for view in self._views.values():
            view.scrolled.connect(self._scroll)
            view.zoomed.connect(self._zoom)
            row.addWidget(view, 1)
        side.addLayout(row, 1)
        self._words = label("", "text2", wrap=True)
        side.addWidget(self._words)

    def set_study(self, study: ModicStudy) -> None:
        """Show another study's images, and ask for what their headers do not tell."""
        for name, view in self._views.items():
            view.missing = f"No {name} in this case's folder"
            view.set_volume(study.images.get(name))
        while (item := self._unknown.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for uid, title in study.unknown[:3]:
            self._unknown.addWidget(label(f"Which sequence is “{title}”?", "strong"))
            box = QComboBox()
            box.addItems(["not known", *SEQUENCES])
            box.setAccessibleName(f"Sequence of {title}")
            box.activated.connect(lambda _i, u=uid, b=box: self.named.emit(u, b.currentText()))
            self._unknown.addWidget(box)
        self._unknown.addStretch(1)

    def tell(self, words: str) -> None:
        """Words under the pictures."""
        self._words.setText(words)

    def look(self, study: ModicStudy | None, place: tuple[int, Face]) -> None:
        """Go to the middle of an endplate, as this study's bodies have it."""
        self._study, self._place, self._aside_mm = study, place, 0.0
        self._look()

    def _look(self) -> None:
        if self._place is None:
            return
        verse, face = self._place
        anatomy = None if self._study is None else self._study.segmentation.level(verse)
        for view in self._views.values():
            if anatomy is None:
                view.look(None, None, self._view_mm)
                continue
            body = anatomy.body
            point = (body.superior_endplate if face == "superior" else body.inferior_endplate)[0]
            plane = planes.sagittal(point + self._aside_mm * body.left, anatomy)
            half = 0.5 * body.depth_mm
            line = point + np.array([[-half], [half]]) * body.posterior
            view.look(plane, line, self._view_mm)

    def _scroll(self, notches: float) -> None:
        self._aside_mm = float(np.clip(self._aside_mm + 2 * notches, -30, 30))
        self._look()

    def _zoom(self, notches: float) -> None:
        self._view_mm = float(np.clip(self._view_mm * 0.9**notches, 30, 220))
        self._look()
