"""A slice with the vertebrae in colour and their names, to click, drag and paint on."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPainterPath, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from planner.services.correct_levels import vertebra_at
from ui.levels.presenter import LevelsPresenter
from ui.views import planes
from ui.views.paint import INK, PLATE, cased, edge_letters, plate, scale_bar
from ui.views.planes import Plane
from ui.vtk.sampler import PlaneSampler
from ui.widgets import draw_status

Kind = Literal["sagittal", "coronal", "axial"]
Array = NDArray[np.float64]
# Two quiet greys that alternate, so that neighbours differ; doubt is amber, the chosen one bright.
_TINTS = ((120, 150, 185), (165, 150, 185))
_CHOSEN, _DOUBT = (233, 237, 240), (246, 196, 69)


class LevelsCanvas(QWidget):
    """Sagittal, coronal or axial through the cross. Wheel scrolls, Ctrl+wheel zooms, middle drag shifts."""

    def __init__(self, kind: Kind, presenter: LevelsPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind, self.presenter = kind, presenter
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 140)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        volume = presenter.volume
        self._image = PlaneSampler(volume.values, volume.grid, -1024 if volume.modality == "CT" else 0)
        self._labels: PlaneSampler | None = None
        self.view_mm = 110.0 if kind == "axial" else 250.0
        self.centre = np.zeros(2)
        self._pixels: NDArray[np.uint8] = np.zeros((1, 1, 4), np.uint8)
        self._stroke: list[Array] = []
        self._pan: QPointF | None = None
        self._hover: QPointF | None = None
        self._drag_centre: Array | None = None
        presenter.cursor_changed.connect(self.update)
        presenter.changed.connect(self.update)
        presenter.labels_changed.connect(self.refresh_labels)
        self.refresh_labels()
        self.recentre()

    def plane(self) -> Plane:
        """The plane shown."""
        at = self.presenter.cursor_lps_mm
        anatomy = None
        if self.kind == "axial" and self.presenter.found and self.presenter.chosen is not None:
            anatomy = self.presenter.found.level(self.presenter.chosen)
        make = {"sagittal": planes.sagittal, "coronal": planes.coronal, "axial": planes.axial}[self.kind]
        return make(self._fixed(), anatomy).through(at)

    def _fixed(self) -> Array:
        return np.asarray(self.presenter.volume.grid.centre_lps_mm)

    def recentre(self) -> None:
        """Show the whole column (axial: the chosen vertebra)."""
        levels = self.presenter.levels
        if self.kind != "axial" and levels:
            ends = np.stack([levels[0].body.centre_lps_mm, levels[-1].body.centre_lps_mm])
            self.view_mm = max(120.0, float(np.linalg.norm(ends[0] - ends[1])) + 75.0)
            self.centre = self.plane().to_plane(ends.mean(0) + np.array([0, 12.0, 0]))[:2]
        else:
            self.centre = self.plane().to_plane(self.presenter.cursor_lps_mm + np.array([0, 14.0, 0]))[:2]
        self.update()

    def refresh_labels(self) -> None:
        """Follow the label map."""
        labels = self.presenter.labels()
        self._labels = PlaneSampler(labels.labels, labels.grid, 0, smooth=False) if labels else None
        self.update()

    def px_per_mm(self) -> float:
        """Scale."""
        return min(self.width() * 1.6, self.height()) / self.view_mm

    def lps_at(self, at: QPointF) -> Array:
        """(3,) LPS mm under a pixel."""
        s = self.px_per_mm()
        return self.plane().to_lps(
            (at.x() - self.width() / 2) / s + self.centre[0],
            (at.y() - self.height() / 2) / s + self.centre[1],
        )

    def to_px(self, point: Array) -> tuple[QPointF, float]:
        """(pixel, mm out of the plane) of a point."""
        local, s = self.plane().to_plane(point), self.px_per_mm()
        x = (local[0] - self.centre[0]) * s + self.width() / 2
        y = (local[1] - self.centre[1]) * s + self.height() / 2
        return QPointF(float(x), float(y)), float(local[2])

    def paintEvent(self, _event: object) -> None:
        self._make_picture()
        h, w = self._pixels.shape[:2]
        picture = QImage(self._pixels.data, w, h, 4 * w, QImage.Format.Format_RGBX8888)
        picture.setDevicePixelRatio(self.devicePixelRatioF())
        rect = QRectF(self.rect())
        with QPainter(self) as p:
            p.drawImage(0, 0, picture)
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._draw_names(p)
            self._draw_cross(p)
            self._draw_tool(p)
            edge_letters(p, rect, planes.letters(self.plane()))
            scale_bar(p, rect, self.px_per_mm())

    def _make_picture(self) -> None:
        ratio = self.devicePixelRatioF()
        w, h = max(2, round(self.width() * ratio)), max(2, round(self.height() * ratio))
        step = 1 / (self.px_per_mm() * ratio)
        left, top = self.centre[0] - (w - 1) / 2 * step, self.centre[1] - (h - 1) / 2 * step
        plane = self.plane()
        values = self._image.sample(plane, left, top, step, w, h).astype(np.float32)
        ct = self.presenter.volume.modality == "CT"
        low, span = (-500.0, 1800.0) if ct else (0.0, max(1.0, float(np.percentile(values, 99.5))))
        rgb = np.repeat((np.clip((values - low) / span, 0, 1) * 235)[..., None], 3, axis=2)
        if self._labels is not None:
            numbers = self._labels.sample(plane, left, top, step, w, h).astype(np.uint8)
            edge = np.zeros(numbers.shape, bool)
            edge[1:] |= numbers[1:] != numbers[:-1]
            edge[:, 1:] |= numbers[:, 1:] != numbers[:, :-1]
            edge[:-1] |= numbers[1:] != numbers[:-1]
            edge[:, :-1] |= numbers[:, 1:] != numbers[:, :-1]
            for verse in np.unique(numbers):
                if verse == 0:
                    continue
                doubtful = self.presenter.is_doubtful(int(verse))
                chosen = verse == self.presenter.chosen
                tint = np.array(
                    _DOUBT if doubtful else _CHOSEN if chosen else _TINTS[int(verse) % 2], np.float32
                )
                inside = numbers == verse
                rgb[inside] = rgb[inside] * 0.78 + tint * 0.22
                line = inside & edge
                rgb[line] = tint if chosen or doubtful else tint * 0.75
        pixels = np.full((h, w, 4), 255, np.uint8)
        pixels[..., :3] = rgb
        self._pixels = pixels

    def _draw_names(self, p: QPainter) -> None:
        if self.kind == "axial":
            return
        last = -100.0
        for a in self.presenter.levels:
            at, away = self.to_px(a.body.centre_lps_mm)
            if abs(away) > 25 or not QRectF(self.rect()).contains(at) or at.y() - last < 20:
                continue
            last = at.y()
            other = self.presenter.other_names(a.verse)
            words = self.presenter.name_shown(a) + (f"\n{other}" if other else "")
            box = plate(p, at, words, "c", 13, a.verse == self.presenter.chosen)
            if self.presenter.is_doubtful(a.verse):
                draw_status(p, QRectF(box.right() + 4, box.center().y() - 8, 16, 16), "doubt", in_image=True)

    def _draw_cross(self, p: QPainter) -> None:
        at, _ = self.to_px(self.presenter.cursor_lps_mm)
        p.setPen(QPen(QColor(255, 255, 255, 70), 1))
        p.drawLine(QPointF(at.x(), 0), QPointF(at.x(), self.height()))
        p.drawLine(QPointF(0, at.y()), QPointF(self.width(), at.y()))

    def _draw_tool(self, p: QPainter) -> None:
        tool, found = self.presenter.tool, self.presenter.found
        if tool == "move" and found is not None and self.presenter.chosen is not None:
            anatomy = found.level(self.presenter.chosen)
            if anatomy is None:
                return
            at, _ = self.to_px(
                self._drag_centre if self._drag_centre is not None else anatomy.body.centre_lps_mm
            )
            path = QPainterPath()
            path.addEllipse(at, 9, 9)
            path.moveTo(at.x() - 14, at.y())
            path.lineTo(at.x() + 14, at.y())
            path.moveTo(at.x(), at.y() - 14)
            path.lineTo(at.x(), at.y() + 14)
            cased(p, path, INK, 1.6)
        if tool in ("paint", "erase") and self._hover is not None:
            path = QPainterPath()
            r = self.presenter.radius_mm * self.px_per_mm()
            path.addEllipse(self._hover, r, r)
            cased(p, path, INK, 1.4, None if tool == "paint" else [3, 3])
            for point in self._stroke:
                at, _ = self.to_px(point)
                p.setPen(Qt.PenStyle.NoPen)
                p.setBrush(QColor(PLATE.red(), 200, 160, 60))
                p.drawEllipse(at, r, r)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan = at
            return
        if event.button() != Qt.MouseButton.LeftButton or self.presenter.working:
            return
        point, tool = self.lps_at(at), self.presenter.tool
        if tool == "name":
            self._choose_at(point)
        elif tool == "move":
            self._drag_centre = point
        else:
            self._stroke = [point]
        self.update()

    def _choose_at(self, point: Array) -> None:
        from imaging.errors import PlannerError

        self.presenter.set_cursor(point)
        found = self.presenter.found
        if found is None:
            return
        try:
            verse = vertebra_at(found, (float(point[0]), float(point[1]), float(point[2])))
        except PlannerError:
            return
        self.presenter.point_at(verse)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self._hover = at
        if self._pan is not None:
            s = self.px_per_mm()
            self.centre = self.centre - np.array([(at.x() - self._pan.x()) / s, (at.y() - self._pan.y()) / s])
            self._pan = at
        elif self._drag_centre is not None:
            self._drag_centre = self.lps_at(at)
        elif self._stroke:
            point = self.lps_at(at)
            if float(np.linalg.norm(point - self._stroke[-1])) > 0.4 * self.presenter.radius_mm:
                self._stroke.append(point)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan = None
        elif self._drag_centre is not None:
            point, self._drag_centre = self._drag_centre, None
            self.presenter.move_centre(point)
        elif self._stroke:
            points, self._stroke = self._stroke, []
            self.presenter.stroke(points)
        self.update()

    def leaveEvent(self, _event: object) -> None:
        self._hover = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() / 120 or event.angleDelta().x() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.view_mm = float(np.clip(self.view_mm * 0.9**turn, 25, 600))
            self.update()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.presenter.set_radius(self.presenter.radius_mm + 0.5 * np.sign(turn))
        else:
            step = max(1.0, float(self.presenter.volume.grid.spacing_ijk_mm.min()))
            self.presenter.set_cursor(self.presenter.cursor_lps_mm + self.plane().normal * turn * step)
