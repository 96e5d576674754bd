"""Measurements painted over a slice, with their value; faint where they lie out of it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPainterPath

from planner.domain.notebook import Kind
from ui.presenters.annotating import measurement_words
from ui.views.paint import cased, plate

NEAR_MM, FAR_MM = 2.0, 12.0
LINE = QColor("#E9EDF0")


class MeasureOverlay:
    """Mixed into a slice view."""

    def _draw_measurements(self, p: QPainter) -> None:
        plan = self.presenter.plan
        for m in plan.notebook.measurements if plan else ():
            shown = self.to_px(np.array(m.points_lps_mm))
            off = float(np.abs(shown[:, 2]).max())
            if off <= FAR_MM:
                self._draw_points(p, m.kind, shown, off > NEAR_MM)
                middle = shown[:2, :2].mean(axis=0) if m.kind != "angle" else shown[1, :2]
                plate(p, QPointF(middle[0] + 10, middle[1] - 12), measurement_words(m), "l", 12)
        if self.presenter.measuring and self.presenter.marks:
            shown = self.to_px(np.array(self.presenter.marks))
            self._draw_points(p, self.presenter.measuring, shown, False)

    def _draw_points(self, p: QPainter, kind: Kind, shown: np.ndarray, faint: bool) -> None:
        path = QPainterPath()
        for index, (x, y, _) in enumerate(shown):
            at = QPointF(float(x), float(y))
            starts = index == 0 or (kind == "cobb" and index == 2)
            _ = path.moveTo(at) if starts else path.lineTo(at)
        cased(p, path, LINE, 1.4, [4, 3] if faint else None)
        for x, y, _ in shown:
            cross = QPainterPath(QPointF(float(x) - 4, float(y)))
            cross.lineTo(float(x) + 4, float(y))
            cross.moveTo(float(x), float(y) - 4)
            cross.lineTo(float(x), float(y) + 4)
            cased(p, cross, LINE, 1.2)
