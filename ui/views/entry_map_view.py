"""The plane of the bone entry coloured by the margin each entry would leave, as seen down the tool."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from planner.services.explore import entry_map_image
from ui.presenters.case_presenter import CasePresenter
from ui.theme import side_colour, tokens, ui_font

LEFT = 6.0


class EntryMapView(QWidget):
    """Left is left. The cross is the planned entry; the rings are 2 and 5 mm."""

    def __init__(self, presenter: CasePresenter) -> None:
        super().__init__()
        self.presenter = presenter
        self.setFixedHeight(150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._pixels: np.ndarray | None = None
        presenter.map_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Take the presenter's map."""
        chart, plan = self.presenter.entry_map, self.presenter.plan
        self._pixels = None
        if chart is not None and plan is not None:
            self._pixels = np.ascontiguousarray(entry_map_image(chart, plan.limits))
            needed = plan.limits.needed_mm(plan.limits.medial_inferior_mm)
            good = int((chart.margin_mm >= needed).sum())
            self.setAccessibleName(
                f"Map of entries: {good * chart.step_mm**2:.0f} square millimetres leave "
                f"{needed:g} millimetres or more"
            )
        self.update()

    def paintEvent(self, _event: object) -> None:
        t = tokens()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            size = float(self.height())
            rect = QRectF(LEFT, 0, size, size)
            chart = self.presenter.entry_map
            if self._pixels is None or chart is None:
                p.setPen(QColor(t.text3))
                p.setFont(ui_font(12))
                p.drawText(rect, Qt.AlignmentFlag.AlignCenter, "Working it out")
                return
            h, w = self._pixels.shape[:2]
            image = QImage(self._pixels.data, w, h, 3 * w, QImage.Format.Format_RGB888)
            p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            p.drawImage(rect, image)
            middle, scale = rect.center(), size / (w * chart.step_mm)
            p.setPen(QPen(QColor(0, 0, 0, 150), 3))
            p.setBrush(Qt.BrushStyle.NoBrush)
            for pen in (QPen(QColor(0, 0, 0, 170), 3), QPen(side_colour(self.presenter.side), 1.4)):
                p.setPen(pen)
                for radius in (2.0, 5.0):
                    p.drawEllipse(middle, radius * scale, radius * scale)
                p.drawLine(middle - QPointF(6, 0), middle + QPointF(6, 0))
                p.drawLine(middle - QPointF(0, 6), middle + QPointF(0, 6))
            p.setFont(ui_font(11))
            for letter, x, y in (("L", 4, size / 2), ("R", size - 12, size / 2), ("S", size / 2 - 3, 12)):
                p.setPen(QColor("black"))
                p.drawText(QPointF(LEFT + x + 1, y + 5), letter)
                p.setPen(QColor("white"))
                p.drawText(QPointF(LEFT + x, y + 4), letter)
            self._legend(p, rect.right() + 12)

    def _legend(self, p: QPainter, x: float) -> None:
        t, plan = tokens(), self.presenter.plan
        if plan is None:
            return
        p.setFont(ui_font(12))
        good, breach = plan.limits.needed_mm(plan.limits.medial_inferior_mm), plan.limits.needed_mm(0.0)
        rows = (
            (t.good, f"{good:g} mm or more"),
            (t.caution, f"{breach:g} to {good:g} mm"),
            (t.stop, f"below {breach:g} mm" if breach else "leaves bone"),
        )
        for n, (colour, words) in enumerate(rows):
            y = 6.0 + 20 * n
            p.fillRect(QRectF(x, y + 2, 12, 12), QColor(colour))
            p.setPen(QColor(t.text))
            p.drawText(QPointF(x + 19, y + 12.5), words)
        p.setPen(QColor(t.text3))
        for n, words in enumerate(("Margin left if the", "entry were there.", "Rings: 2 and 5 mm.")):
            p.drawText(QPointF(x, 84 + 16.0 * n), words)
