"""One sequence of the MR in a sagittal slice, linked with its neighbours by one place and one look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from imaging.volume import Volume
from ui.theme import ui_font
from ui.views import planes
from ui.views.paint import cased, edge_letters, plate, polyline, scale_bar
from ui.views.planes import Plane
from ui.vtk.sampler import PlaneSampler

Array = NDArray[np.float64]


class MrView(QWidget):
    """A sagittal slice; the wheel goes from side to side, with Ctrl it makes larger, in all views."""

    scrolled = Signal(float)
    zoomed = Signal(float)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.missing = ""
        """What stands in the view instead of a picture."""
        self._sampler: PlaneSampler | None = None
        self._window = (0.0, 1.0)
        self.plane: Plane | None = None
        self.mark: Array | None = None
        self.view_mm = 90.0
        self.setMinimumSize(140, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(f"{name}, sagittal")

    def set_volume(self, volume: Volume | None) -> None:
        """Show a volume, or say that there is none of this sequence."""
        self._sampler = None if volume is None else PlaneSampler(volume.values, volume.grid, 0)
        if volume is not None:
            low, high = np.percentile(volume.values[::2, ::3, ::3], [1, 99.7])
            self._window = (float(low), float(max(high, low + 1)))
        self.update()

    def look(self, plane: Plane | None, mark: Array | None, view_mm: float) -> None:
        """Show a plane with a line (n, 3) LPS mm drawn on it."""
        self.plane, self.mark, self.view_mm = plane, mark, view_mm
        self.update()

    def paintEvent(self, _event: object) -> None:
        w, h = max(2, self.width()), max(2, self.height())
        rect = QRectF(self.rect())
        with QPainter(self) as p:
            p.fillRect(self.rect(), QColor("black"))
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self._sampler is None or self.plane is None:
                p.setPen(QColor("#B6BFC8"))
                p.setFont(ui_font(13))
                words = self.missing if self._sampler is None else ""
                p.drawText(rect, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), words)
                return
            step = self.view_mm / min(w, h)
            left, top = -(w - 1) / 2 * step, -(h - 1) / 2 * step
            values = self._sampler.sample(self.plane, left, top, step, w, h).astype(np.float32)
            low, high = self._window
            grey = np.clip((values - low) / (high - low) * 240, 0, 240).astype(np.uint8)
            pixels = np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2))
            p.drawImage(0, 0, QImage(pixels.data, w, h, 3 * w, QImage.Format.Format_RGB888))
            if self.mark is not None:
                local = self.plane.to_plane(self.mark)
                at = np.column_stack([local[:, 0] / step + w / 2, local[:, 1] / step + h / 2])
                cased(p, polyline(at), QColor("#FFF04A"), 1.4, [4, 3])
            edge_letters(p, rect, planes.letters(self.plane))
            scale_bar(p, rect, 1 / step)
            plate(p, QPointF(8, 8), self.name, "tl", 13)

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoomed.emit(notches)
        else:
            self.scrolled.emit(notches)
