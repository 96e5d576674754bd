"""Two slices of a series, seen as the planning views show them."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from imaging.volume import Volume
from ui.theme import VIEW_HEADER, ui_font
from ui.views import planes
from ui.views.paint import edge_letters, notice
from ui.vtk.sampler import PlaneSampler

HEAD = 24


class Preview(QWidget):
    """Coronal from behind and sagittal, side by side, through the middle of the image."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(300)
        self.setAccessibleName("Preview, coronal from behind and sagittal")
        self._pictures: list[tuple[str, QImage, tuple[str, str, str, str]]] = []
        self._keep: list[np.ndarray] = []
        self.words = ""

    def clear(self, words: str) -> None:
        """Show a sentence in place of the pictures."""
        self._pictures, self.words = [], words
        self.update()

    def show_slice(self, grey: np.ndarray, title: str) -> None:
        """Show one slice of its own, until the volume is read."""
        h, w = grey.shape
        self._keep = [grey]
        picture = QImage(grey.data, w, h, w, QImage.Format.Format_Grayscale8)
        self._pictures, self.words = [(title, picture, ("", "", "", ""))], ""
        self.update()

    @property
    def is_empty(self) -> bool:
        """Whether no picture is shown."""
        return not self._pictures

    def show_volume(self, volume: Volume) -> None:
        """Sample both slices."""
        self._pictures, self._keep, self.words = [], [], ""
        sampler = PlaneSampler(volume.values, volume.grid, -1024 if volume.modality == "CT" else 0)
        centre = volume.grid.centre_lps_mm
        extent = np.ptp(volume.grid.bounds_lps_mm, axis=0)
        step = float(max(extent[2] / 300, 0.3))
        if volume.modality == "CT":
            low, high = -350.0, 1150.0
        else:
            low, high = np.percentile(volume.values[::3, ::4, ::4], [1, 99.5])
        for title, plane, across in (
            ("Coronal, from behind", planes.coronal(centre + self._to_spine(volume), None), extent[0]),
            ("Sagittal", planes.sagittal(centre, None), extent[1]),
        ):
            w, h = int(max(8, across / step)), int(max(8, extent[2] / step))
            values = sampler.sample(
                plane.through(centre + self._to_spine(volume)), -w / 2 * step, -h / 2 * step, step, w, h
            )
            grey = np.clip((values.astype(np.float32) - low) / max(1.0, high - low) * 235, 0, 255).astype(
                np.uint8
            )
            grey = np.ascontiguousarray(grey)
            self._keep.append(grey)
            self._pictures.append(
                (title, QImage(grey.data, w, h, w, QImage.Format.Format_Grayscale8), planes.letters(plane))
            )
        self.update()

    @staticmethod
    def _to_spine(volume: Volume) -> np.ndarray:
        """From the image's middle to where the spine is likely: along posterior to the densest tissue."""
        if volume.modality != "CT":
            return np.zeros(3)
        part = volume.values[::4, ::4, ::4]
        bone = np.argwhere(part > 250)
        if len(bone) < 20:
            return np.zeros(3)
        k, j, i = 4 * np.median(bone, axis=0)
        place = volume.grid.lps_from_indices([i, j, k]) - volume.grid.centre_lps_mm
        return np.array([place[0], place[1] - 8.0, 0.0])

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.fillRect(self.rect(), QColor("black"))
            if not self._pictures:
                if self.words:
                    notice(p, QRectF(self.rect()), self.words)
                return
            one = len(self._pictures) == 1
            half = self.width() if one else (self.width() - 2) / 2
            for index, (title, image, letters) in enumerate(self._pictures):
                x = index * (half + 2)
                p.fillRect(QRectF(x, 0, half, HEAD), QColor(VIEW_HEADER))
                p.setPen(QColor("#E9EDF0"))
                p.setFont(ui_font(12, QFont.Weight.DemiBold))
                p.drawText(QRectF(x + 8, 0, half - 8, HEAD), Qt.AlignmentFlag.AlignVCenter, title)
                pane = QRectF(x, HEAD, half, self.height() - HEAD)
                sizes = pane.width() / image.width(), pane.height() / image.height()
                scale = min(sizes) if one else max(sizes)
                scale = min(scale, pane.height() / image.height() * 1.25)
                p.save()
                p.setClipRect(pane)
                w, h = image.width() * scale, image.height() * scale
                p.drawImage(QRectF(pane.center().x() - w / 2, pane.center().y() - h / 2, w, h), image)
                edge_letters(p, pane, letters, "lrtb" if one else "tb")
                p.restore()
