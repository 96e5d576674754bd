"""The plan painted over a slice: tools, lesion, target, grips, the least clearance."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPainterPath,
    QPen,
    QTransform,
)

from imaging.labels import NAME_FROM_VERSE
from planner.domain.bands import judged_least, judged_wall, walls
from ui.theme import LESION, side_colour
from ui.views import planes
from ui.views.mr_marks import draw_mr_marks
from ui.views.paint import (
    cased,
    clear_of,
    handle,
    plate,
    polyline,
    status_plate,
    target_ring,
    thinned,
    tool_band,
)
from ui.vtk.mesh import tool_path_lps
from ui.widgets import draw_status, mm

OUT_OF_PLANE_MM = 3.0


class PlanOverlay:
    """Mixed into a slice view, which knows its plane and where LPS mm lie in pixels."""

    def _draw_crosshair(self, p: QPainter) -> None:
        x, y, _ = self.to_px(self.presenter.cursor_lps_mm)
        colour = QColor(134, 174, 255, 95)
        p.setPen(QPen(colour, 1))
        gap = 20
        for a, b in (
            (QPointF(0, y), QPointF(x - gap, y)),
            (QPointF(x + gap, y), QPointF(self.width(), y)),
            (QPointF(x, 0), QPointF(x, y - gap)),
            (QPointF(x, y + gap), QPointF(x, self.height())),
        ):
            p.drawLine(a, b)

    def _draw_names(self, p: QPainter, rect: QRectF) -> None:
        """Name every vertebra in sagittal and coronal, with the doubt's shape while nobody confirmed it."""
        presenter = self.presenter
        found, plan = presenter.segmentation, presenter.plan
        if found is None or self.kind not in ("sagittal", "coronal"):
            return
        for anatomy in found.levels:
            body = anatomy.body
            aside = (
                -0.36 * body.depth_mm * body.posterior
                if self.kind == "sagittal"
                else 0.34 * body.width_mm * body.left
            )
            x, y, off = self.to_px(body.centre_lps_mm + aside)
            if abs(off) > 20 or not rect.adjusted(24, 14, -24, -14).contains(x, y):
                continue
            name = NAME_FROM_VERSE[anatomy.verse]
            box = plate(p, QPointF(x, y), name, "c", 12, anatomy.verse == presenter.session.selection.verse)
            if plan is None or not plan.levels_confirmed:
                draw_status(p, QRectF(box.right() + 3, box.center().y() - 7, 14, 14), "doubt", in_image=True)

    def _draw_plan(self, p: QPainter, rect: QRectF) -> None:
        presenter = self.presenter
        level, chosen = presenter.level, presenter.trajectory
        if level is None:
            return
        if self.kind != "tool":
            draw_mr_marks(p, self, rect)
        for trajectory in level.trajectories:
            if self.kind != "tool" and (chosen is None or trajectory.side != chosen.side):
                self._draw_tool(p, trajectory, False)
        if chosen is not None:
            if self.kind == "tool":
                self._draw_lesion(p, chosen)
                self._draw_cross_section(p, chosen)
                return
            self._draw_tool(p, chosen, True)
            self._draw_lesion(p, chosen)
        ring = None
        if level.target is not None:
            x, y, off = self.to_px(np.array(level.target.centre_lps_mm))
            ring = QPointF(x, y)
            target_ring(p, ring, 9, faint=abs(off) > 6)
        if chosen is not None:
            self._draw_least(p, chosen, rect)
            if presenter.dragging is not None:
                self._draw_ghost(p, rect)
            for name in presenter.handles():
                x, y, off = self.to_px(presenter.handle_point(name))
                held = self._hot == "target" or presenter.dragging is not None
                if abs(off) < 8 and (name != "target" or held or clear_of(QPointF(x, y), ring)):
                    handle(p, QPointF(x, y), chosen.side, hot=self._hot == name)

    def _draw_ghost(self, p: QPainter, rect: QRectF) -> None:
        """Where the tool was before the drag, and the least clearance at the handle that is held."""
        presenter = self.presenter
        plan, level, chosen = presenter.session.plan, presenter.level, presenter.trajectory
        start = plan.level(level.verse) if plan and level else None
        before = start.trajectory(presenter.side) if start else None
        if before is None or chosen is None or presenter.dragging is None:
            return
        path = thinned(self.to_px(np.array(before.path_lps_mm, float)))
        cased(p, polyline(path[:, :2]), QColor(233, 237, 240, 170), 1.2, [2, 3])
        least = judged_least(chosen, self.presenter.limits)
        x, y, off = self.to_px(presenter.handle_point(presenter.dragging))
        if least is not None and abs(off) < 8 and rect.contains(x, y):
            status_plate(p, QPointF(x, y + 28), least.band, mm(*least.shown), rect, 13)

    def _draw_tool(self, p: QPainter, trajectory: object, strong: bool) -> None:
        line = thinned(self.to_px(tool_path_lps(trajectory)))
        # A straight part that leaves the plane is cut where it does.
        parts = 24 if np.abs(line[:2, 2]).max() > OUT_OF_PLANE_MM else 3
        way = np.linspace(0, 1, parts, endpoint=False)[:, None]
        line = np.vstack([line[0] + way * (line[1] - line[0]), line[1:]])
        colour = side_colour(trajectory.side)
        if not strong:
            colour.setAlphaF(0.55)
        width = trajectory.outer_diameter_mm[0] * self.px_per_mm()
        near = np.abs(line[:, 2]) <= OUT_OF_PLANE_MM
        changes = np.flatnonzero(np.diff(near.astype(int))) + 1
        for run in np.split(np.arange(len(line)), changes):
            if len(run) == 0:
                continue
            run = np.r_[run, min(run[-1] + 1, len(line) - 1)]
            if near[run[0]]:
                tool_band(p, line[run, :2], width, colour, 0.62 if strong else 0.2)
            else:
                cased(p, polyline(line[run, :2]), colour, 1.6, [4, 3])

    def _draw_cross_section(self, p: QPainter, trajectory: object) -> None:
        depth = self.presenter.pedicle_depth()
        point, _ = self.presenter.at_depth(depth)
        x, y, _ = self.to_px(point)
        index = int(np.argmin(np.linalg.norm(np.array(trajectory.path_lps_mm) - point, axis=1)))
        r = trajectory.outer_diameter_mm[index] / 2 * self.px_per_mm()
        colour = side_colour(trajectory.side)
        near = min(
            walls(trajectory, self.presenter.limits), key=lambda q: abs(q.depth_mm - depth), default=None
        )
        if near is not None and abs(near.depth_mm - depth) < 1.5:
            judged = judged_wall(trajectory, near, self.presenter.limits)
            band = judged.band
            ring = QPainterPath()
            ring.addEllipse(
                QPointF(x, y),
                r + near.clearance_mm * self.px_per_mm(),
                r + near.clearance_mm * self.px_per_mm(),
            )
            if near.clearance_mm > 0:
                cased(
                    p,
                    ring,
                    QColor("#45C79A" if band == "good" else "#F6C445" if band == "caution" else "#F26B4E"),
                    1.4,
                    [4, 3],
                )
            words = f"{mm(*judged.shown)}, {near.toward}" if near.toward else mm(*judged.shown)
            status_plate(
                p,
                QPointF(x, y - max(r + near.clearance_mm * self.px_per_mm(), r) - 22),
                band,
                words,
                QRectF(self.rect()),
            )
        fill = QColor(colour)
        fill.setAlphaF(0.5)
        p.setPen(QPen(QColor(0, 0, 0, 160), 4))
        p.setBrush(fill)
        p.drawEllipse(QPointF(x, y), r, r)
        p.setPen(QPen(colour, 2))
        p.drawEllipse(QPointF(x, y), r, r)
        cross = QPainterPath()
        for dx, dy in ((1, 0), (0, 1)):
            cross.moveTo(x - dx * (r + 9), y - dy * (r + 9))
            cross.lineTo(x + dx * (r + 9), y + dy * (r + 9))
        p.setPen(QPen(QColor(233, 237, 240, 190), 1))
        p.drawPath(cross)

    def _draw_lesion(self, p: QPainter, trajectory: object) -> None:
        lesion = trajectory.lesion
        cut = planes.ellipse_in_plane(
            self._plane, lesion.centre_lps_mm, lesion.axis_lps, lesion.semi_axes_mm[0], lesion.semi_axes_mm[2]
        )
        if cut is None:
            return
        centre, axes, directions = cut
        s = self.px_per_mm()
        angle = np.rad2deg(np.arctan2(directions[1, 0], directions[0, 0]))
        shape = QPainterPath()
        shape.addEllipse(QPointF(0, 0), axes[0] * s, axes[1] * s)
        place = QTransform()
        place.translate(
            (centre[0] - self.centre[0]) * s + self.width() / 2,
            (centre[1] - self.centre[1]) * s + self.height() / 2,
        )
        place.rotate(angle)
        shape = place.map(shape)
        fill = QColor(LESION)
        fill.setAlphaF(0.22)
        p.fillPath(shape, fill)
        cased(p, shape, LESION, 1.6, [1.4, 2.0], 110)

    def _draw_least(self, p: QPainter, trajectory: object, rect: QRectF) -> None:
        least = judged_least(trajectory, self.presenter.limits)
        if least is None:
            return
        x, y, off = self.to_px(np.array(trajectory.least_clearance_lps_mm))
        if abs(off) > 5 or not rect.contains(x, y):
            return
        outward = -1 if trajectory.side == "left" else 1
        if self.kind == "sagittal":
            outward = 1
        plate_at = QPointF(x + outward * 78, y - 30)
        line = QPainterPath(QPointF(x, y))
        line.lineTo(plate_at)
        cased(p, line, QColor("#E9EDF0"), 1.0)
        p.setPen(QPen(QColor("#E9EDF0"), 1.4))
        p.setBrush(QColor("#0B0D0F"))
        p.drawEllipse(QPointF(x, y), 3, 3)
        status_plate(p, plate_at, least.band, mm(*least.shown), rect, 13)
