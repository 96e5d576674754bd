"""A simulated X-ray with the planned axis and target over it, and grips to edit in the picture's plane."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QWidget

from ui.presenters.case_presenter import CasePresenter
from ui.presenters.services import Handle, XrayPicture, XrayView
from ui.theme import side_colour
from ui.views import planes
from ui.views.paint import (
    INK,
    cased,
    clear_of,
    handle,
    notice,
    orientation_cube,
    plate,
    plate_size,
    polyline,
    target_ring,
    thinned,
)
from ui.views.xray.handling import XrayCanvas, repeat_stamp


class XrayPane(XrayCanvas):
    """Shows one view of the presenter's X-rays."""

    def __init__(self, view: XrayView, presenter: CasePresenter, parent: QWidget | None = None) -> None:
        super().__init__(presenter, parent)
        self.name, self.presenter = view, presenter
        self.setMinimumSize(120, 100)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._from: NDArray[np.float64] = np.zeros(3)
        self._grip: Handle | None = None
        self._moved = False
        for signal in (
            presenter.xray_changed,
            presenter.plan_changed,
            presenter.selection_changed,
            presenter.look_changed,
            presenter.depth_changed,
        ):
            signal.connect(presenter.turns.asks(self, lambda: self._grip is not None))

    def _fit(self) -> float:
        picture = self.presenter.xrays.get(self.name)
        columns = picture.projection.carm.columns if picture else 640
        small = min(self.width(), self.height()) < 280
        side = max(self.width(), self.height()) if small else min(self.width(), self.height())
        return side * 0.985 / columns * self.zoom

    def to_px(self, points_lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 3) LPS mm to (n, 2) pixels of the widget."""
        picture = self.presenter.xrays[self.name]
        uv = picture.projection.project(points_lps_mm) + 0.5
        c = picture.projection.carm
        s = self._fit()
        middle = np.array([self.width() / 2 + self.shift.x(), self.height() / 2 + self.shift.y()])
        return (uv - [c.columns / 2, c.rows / 2]) * s + middle

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as p:
            p.fillRect(self.rect(), QColor("black"))
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            picture = self.presenter.xrays.get(self.name)
            if picture is None:
                words = self.presenter.xray_failure or (
                    "Making the X-ray…"
                    if self.presenter.trajectory
                    else "The X-ray appears with a planned trajectory"
                )
                notice(p, QRectF(self.rect()), words)
                return
            pixels = picture.pixels
            if self.contrast != 1.0 or self.brightness != 0.0:
                pixels = self.greys()[pixels]
            pixels = np.ascontiguousarray(pixels)
            h, w = pixels.shape[:2]
            image = QImage(pixels.data, w, h, 3 * w, QImage.Format.Format_RGB888)
            s = self._fit()
            c = picture.projection.carm
            side_w, side_h = c.columns * s, c.rows * s
            field = QRectF(
                self.width() / 2 + self.shift.x() - side_w / 2,
                self.height() / 2 + self.shift.y() - side_h / 2,
                side_w,
                side_h,
            )
            p.save()
            clip = QPainterPath()
            clip.addEllipse(field)
            p.setClipPath(clip)
            p.drawImage(field, image)
            if self.presenter.overlays:
                self._draw_plan(p)
            p.restore()
            self._draw_marks(p, picture, QRectF(self.rect()).contains(field))

    def _draw_plan(self, p: QPainter) -> None:
        presenter = self.presenter
        trajectory, level = presenter.trajectory, presenter.level
        if trajectory is None or level is None:
            return
        axis = thinned(self.to_px(np.array(trajectory.path_lps_mm, float)))
        cased(p, polyline(axis), side_colour(trajectory.side), 1.4, [4, 3], 205)
        ring = None
        if level.target is not None:
            ring = QPointF(*self.to_px(np.array(level.target.centre_lps_mm)))
            target_ring(p, ring, 7)
        for name in presenter.handles():
            at = QPointF(*self.to_px(presenter.handle_point(name)))
            if name != "target" or clear_of(at, ring):
                handle(p, at, trajectory.side)
        point, _ = presenter.at_depth(presenter.depth_mm)
        x, y = self.to_px(point)
        p.setPen(QPen(INK, 1.4))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawEllipse(QPointF(x, y), 4, 4)

    def _draw_marks(self, p: QPainter, picture: XrayPicture, whole: bool) -> None:
        projection = picture.projection
        left, right = planes.letter(-projection.u_lps), planes.letter(projection.u_lps)
        plate(p, QPointF(8, 8), left, "tl", 14)
        plate(p, QPointF(self.width() - 8, 8), right, "tr", 14)
        if min(self.width(), self.height()) > 220:
            orientation_cube(p, QPointF(26, 52), projection.u_lps, projection.v_lps)
        rect = plate(p, QPointF(self.width() - 8, self.height() - 8), "SIMULATED", "br", 11)
        words = plate_size(picture.words, 11, False)
        above = 8 + words.width() > rect.left() - 4  # a narrow view has no room for both side by side
        foot = rect.top() - 4 if above else rect.bottom()
        plate(p, QPointF(8, foot), picture.words, "bl", 11, False)
        p.setPen(QPen(INK, 1))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawRoundedRect(rect.adjusted(1.5, 1.5, -1.5, -1.5), 2, 2)
        if picture.stamp and not whole:
            repeat_stamp(p, rect, picture.stamp)

    def _grip_at(self, at: QPointF) -> Handle | None:
        trajectory = self.presenter.trajectory
        if trajectory is None or self.name not in self.presenter.xrays:
            return None
        for name, point in self.presenter.grips():
            x, y = self.to_px(point)
            if np.hypot(x - at.x(), y - at.y()) < 12:
                return name
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.press(event)
        self._moved = False
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip = self._grip_at(event.position())
            if self._grip and self.presenter.trajectory is not None:
                self._from = self.presenter.handle_point(self._grip)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._press is None:
            self.setCursor(Qt.CursorShape.SizeAllCursor if self._grip_at(at) else Qt.CursorShape.ArrowCursor)
            return
        delta = at - self._press
        if not self._moved and delta.manhattanLength() < 3:
            return
        self._moved = True
        if event.buttons() & Qt.MouseButton.LeftButton and self._grip:
            if not self.presenter.dragging and not self.presenter.begin_edit():
                self._press, self._grip = None, None
                return
            self._drag(delta, event.modifiers(), False)
        else:
            self.drag_picture(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._press is not None and self._grip and self._moved and self.presenter.dragging:
            self._drag(event.position() - self._press, event.modifiers(), True)
        self._press, self._grip = None, None

    def _drag(self, delta: QPointF, modifiers: Qt.KeyboardModifier, final: bool) -> None:
        if self._grip is None:
            return
        projection = self.presenter.xrays[self.name].projection
        c = projection.carm
        depth = float((self._from - projection.source_lps_mm) @ projection.d_lps)
        mm_per_px = c.pixel_mm / self._fit() * depth / c.sid_mm
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            mm_per_px /= 10
        if not final:
            self.presenter.dragging = self._grip
        shift = delta.x() * mm_per_px * projection.u_lps + delta.y() * mm_per_px * projection.v_lps
        self.presenter.drag(self._grip, self._from + shift, final)
