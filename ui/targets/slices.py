"""Mid-sagittal and axial slice of a level with its target: window, walls, foramen, and a point to drag."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPen, QPolygonF

from planner.domain.plan import Target
from planner.trajectory.target import point_in_body
from ui.presenters.case_presenter import CasePresenter
from ui.theme import TARGET
from ui.views import planes
from ui.views.mr_marks import draw_mr_marks
from ui.views.paint import cased, plate, polyline, target_ring
from ui.views.planes import Plane
from ui.views.samplers import Samplers
from ui.views.slice_view import Kind, SliceView

GRIP_PX = 16.0
BONE = QColor("#E9EDF0")


class TargetSlice(SliceView):
    """A slice along the body's own axes; left-drag on the target moves it."""

    def __init__(self, kind: Kind, presenter: CasePresenter, samplers: Samplers) -> None:
        self._moving: np.ndarray | None = None
        super().__init__(kind, presenter, samplers)

    def _target(self) -> Target | None:
        level = self.presenter.level
        return level.target if level is not None else None

    def _anchor(self) -> Plane:
        p, target = self.presenter, self._target()
        if p.anatomy is None:
            return super()._anchor()
        origin = p.anatomy.body.centre_lps_mm if target is None else np.array(target.centre_lps_mm)
        if self.kind == "axial":
            return planes.axial(origin, p.anatomy)
        return planes.sagittal(origin, p.anatomy)

    def plane(self) -> Plane:
        """Through the cursor; while the target is dragged through the target."""
        return self._anchor() if self._moving is not None else super().plane()

    def _draw_plan(self, p: QPainter, rect: QRectF) -> None:
        presenter, target = self.presenter, self._target()
        if presenter.anatomy is None or target is None:
            return
        draw_mr_marks(p, self, rect)
        self._draw_window(p, target)
        self._draw_walls(p, rect)
        anatomy = presenter.anatomy
        if anatomy.foramen is not None:
            x, y, off = self.to_px(anatomy.foramen.mouth_lps_mm)
            if abs(off) < 4:
                mark = QPolygonF([QPointF(x, y - 6), QPointF(x + 6, y), QPointF(x, y + 6), QPointF(x - 6, y)])
                path = QPainterPath()
                path.addPolygon(mark)
                path.closeSubpath()
                cased(p, path, BONE, 1.4)
                plate(p, QPointF(x + 10, y + 4), "Foramen", "bl", 11, False)
        x, y, off = self.to_px(np.array(target.centre_lps_mm))
        radius = np.sqrt(max(0.0, target.radius_mm**2 - off**2)) * self.px_per_mm()
        if radius > 0:
            circle = QPainterPath()
            circle.addEllipse(QPointF(x, y), radius, radius)
            cased(p, circle, TARGET, 1.2, [2, 3])
        target_ring(p, QPointF(x, y), faint=abs(off) > 4)

    def _draw_window(self, p: QPainter, target: Target) -> None:
        """The window of depth, height and side, where the tip is on target."""
        anatomy = self.presenter.anatomy
        if anatomy is None:
            return
        low, high = (
            target.height_fraction - target.height_tolerance,
            (target.height_fraction + target.height_tolerance),
        )
        wide = target.lateral_tolerance_mm
        if self.kind == "axial":
            corners = [
                (d, target.height_fraction, target.lateral_mm + w)
                for d, w in (
                    (target.depth_low, -wide),
                    (target.depth_low, wide),
                    (target.depth_high, wide),
                    (target.depth_high, -wide),
                )
            ]
        else:
            corners = [
                (d, h, target.lateral_mm)
                for d, h in (
                    (target.depth_low, low),
                    (target.depth_low, high),
                    (target.depth_high, high),
                    (target.depth_high, low),
                )
            ]
        points = self.to_px(np.array([point_in_body(anatomy.body, *c) for c in corners]))
        shape = QPolygonF([QPointF(float(x), float(y)) for x, y in points[:, :2]])
        fill = QColor(TARGET)
        fill.setAlpha(38)
        p.setPen(QPen(QColor(TARGET), 1, Qt.PenStyle.DotLine))
        p.setBrush(fill)
        p.drawPolygon(shape)
        p.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_walls(self, p: QPainter, rect: QRectF) -> None:
        """True midline wall solid; the line that a true lateral shows at the selected tool dashed."""
        anatomy, t = self.presenter.anatomy, self.presenter.trajectory
        if anatomy is None:
            return
        body = anatomy.body
        along = body.superior * (0.36 * body.height_mm) if self.kind == "sagittal" else body.left * 9.0
        wall = np.stack([body.posterior_wall_lps_mm - along, body.posterior_wall_lps_mm + along])
        cased(p, polyline(self.to_px(wall)[:, :2]), BONE, 1.6)
        if t is None or t.lateral_view is None:
            return
        seen = np.array(t.lateral_view.silhouette_lps_mm)
        across = body.superior * (0.36 * body.height_mm) if self.kind == "sagittal" else body.left * 9.0
        line = np.stack([seen - across, seen + across])
        cased(p, polyline(self.to_px(line)[:, :2]), BONE, 1.4, [5, 4])
        if rect.width() > 300:
            words = "Solid: true wall at the midline. Dashed: wall on the true lateral"
            plate(p, QPointF(8, rect.bottom() - 30), words, "bl", 11, False)

    def _on_target(self, at: QPointF) -> bool:
        target = self._target()
        if target is None or not self.presenter.overlays:
            return False
        x, y, off = self.to_px(np.array(target.centre_lps_mm))
        return bool(abs(off) < 10 and np.hypot(x - at.x(), y - at.y()) < GRIP_PX)

    def _grip_at(self, at: QPointF) -> None:
        return None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        target = self._target()
        left = event.button() == Qt.MouseButton.LeftButton
        if left and target is not None and self._on_target(event.position()):
            self._moving = np.array(target.centre_lps_mm)
            self._press, self._moved = event.position(), False
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._moving is None:
            super().mouseMoveEvent(event)
            if self._press is None:
                over = self._on_target(event.position())
                self.setCursor(Qt.CursorShape.SizeAllCursor if over else Qt.CursorShape.CrossCursor)
            return
        if self._moved or (event.position() - self._press).manhattanLength() >= 3:
            self._moved = True
            self.presenter.move_target(self._wished(event), final=False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._moving is None:
            super().mouseReleaseEvent(event)
            return
        if self._moved:
            self.presenter.move_target(self._wished(event), final=True)
        self._moving, self._press = None, None
        self.update()

    def _wished(self, event: QMouseEvent) -> tuple[float, float, float]:
        delta = (event.position() - self._press) / self.px_per_mm()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            delta = delta / 10
        point = self._moving + delta.x() * self._plane.right + delta.y() * self._plane.down
        return float(point[0]), float(point[1]), float(point[2])
