"""The truth uncovered: the vertebra in 3D and an axial slice, the plan in white against what was done."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from vtkmodules.vtkCommonDataModel import vtkPolyData

from planner.domain.plan import Trajectory
from planner.practice.scenario import Scenario
from ui.theme import BONE_LINE, LESION, side_colour
from ui.views import planes
from ui.views.paint import cased, edge_letters, plate, polyline, scale_bar, target_ring, tool_band
from ui.vtk.blit_view import BlitView
from ui.vtk.sampler import PlaneSampler
from ui.vtk.scene import CutFace, SpineScene
from ui.widgets import mm

HALF_MM = 42.0
PIXELS = 420


class TruthSlice(QWidget):
    """The axial slice in the planned plane with target, plan and tool."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 140)
        self.scenario: Scenario | None = None
        self.done: Trajectory | None = None
        self.lesion = False
        self._image = QImage()
        self._plane: planes.Plane | None = None
        self._outline: list[NDArray[np.float64]] = []

    def show_scenario(self, scenario: Scenario) -> None:
        """Another body: the plane of its plan through the target."""
        self.scenario, self.done = scenario, None
        plane = planes.axial(scenario.plan.tip_lps_mm, scenario.anatomy, scenario.plan)
        self._plane = planes.Plane(np.array(scenario.target.centre_lps_mm), plane.right, plane.down).through(
            scenario.plan.tip_lps_mm
        )
        step = 2 * HALF_MM / PIXELS
        sampler = PlaneSampler(scenario.volume.values, scenario.volume.grid, -1024)
        top = -HALF_MM - 14.0
        hu = sampler.sample(self._plane, -HALF_MM, top, step, PIXELS, PIXELS).astype(np.float32)
        grey = np.ascontiguousarray(np.clip((hu + 250) / 1200 * 255, 0, 255).astype(np.uint8))
        self._image = QImage(grey.data, PIXELS, PIXELS, PIXELS, QImage.Format.Format_Grayscale8).copy()
        self._top = top
        self.update()

    def show_tool(self, done: Trajectory | None, lesion: bool) -> None:
        """What was done until now."""
        self.done, self.lesion = done, lesion
        self.update()

    def _box(self) -> QRectF:
        side = min(self.width(), self.height())
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def _px(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        assert self._plane is not None
        box = self._box()
        scale = box.width() / (2 * HALF_MM)
        flat = self._plane.to_plane(points)
        return np.stack(
            [box.left() + (flat[..., 0] + HALF_MM) * scale, box.top() + (flat[..., 1] - self._top) * scale],
            -1,
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as p:
            p.fillRect(self.rect(), QColor("black"))
            if self.scenario is None or self._plane is None:
                return
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            box = self._box()
            p.drawImage(box, self._image)
            p.setClipRect(box)
            scale = box.width() / (2 * HALF_MM)
            plan = self.scenario.plan
            if self.done is not None:
                path = np.array(self.done.path_lps_mm)
                start = path[0] - 60 * np.array(self.done.parameters.direction_lps)
                points = self._px(np.vstack([start, path]))
                colour = side_colour(self.scenario.side)
                widths = self.done.outer_diameter_mm
                split = int(np.argmin(widths)) if min(widths) < max(widths) else len(widths)
                tool_band(p, points[: split + 1], max(widths) * scale, colour)
                if split < len(widths):
                    tool_band(p, points[split:], min(widths) * scale, colour)
                if self.lesion:
                    self._ellipse(p)
            path = np.array(plan.path_lps_mm)
            line = self._px(np.vstack([path[0] - 40 * np.array(plan.parameters.direction_lps), path]))
            cased(p, polyline(line), QColor("white"), 2.0, [5, 4])
            at = self._px(np.array(self.scenario.target.centre_lps_mm))
            target_ring(p, QPointF(*at))
            if self.done is not None:
                error = float(
                    np.linalg.norm(
                        np.array(self.done.lesion.centre_lps_mm) - self.scenario.target.centre_lps_mm
                    )
                )
                if self.done.parameters.turn_deg > 0 or self.done.parameters.tip_mm > 0:
                    plate(p, QPointF(at[0], at[1] + 24), f"{mm(error)} from target", "t", 13)
            edge_letters(p, box, planes.letters(self._plane))
            plate(p, QPointF(box.left() + 8, box.bottom() - 8), "dashed white: plan", "bl", 11, False)
            scale_bar(p, box, scale)

    def _ellipse(self, p: QPainter) -> None:
        assert self._plane is not None
        assert self.done is not None
        lesion = self.done.lesion
        cut = planes.ellipse_in_plane(
            self._plane, lesion.centre_lps_mm, lesion.axis_lps, lesion.semi_axes_mm[0], lesion.semi_axes_mm[2]
        )
        if cut is None:
            return
        centre, semi, ways = cut
        turn = np.linspace(0, 2 * np.pi, 60)
        flat = centre[:, None] + ways @ (semi[:, None] * np.stack([np.cos(turn), np.sin(turn)]))
        points = np.array([self._plane.to_lps(a, b) for a, b in flat.T])
        cased(p, polyline(self._px(points)), LESION, 1.5, [1, 3])


class Truth3D(BlitView):
    """The task's vertebra cut open at the planned plane, plan dashed, the tool in its colour."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = SpineScene(self.renderer)
        self.scenario: Scenario | None = None
        self.done: Trajectory | None = None
        self.setMinimumSize(160, 140)

    def show_scenario(self, scenario: Scenario, surfaces: dict[int, vtkPolyData]) -> None:
        """Another body, with the surface of each label."""
        self.scenario = scenario
        verse, body, plan = scenario.spec.verse, scenario.anatomy.body, scenario.plan
        self.scene.set_bones(surfaces)
        cut = planes.axial(plan.parameters.entry_lps_mm, scenario.anatomy, plan)
        self.scene.show_level(verse, cut)
        mask = (scenario.vertebrae.labels == verse).astype(np.uint8) * np.uint8(100)
        face = CutFace(cut, body.centre_lps_mm + 16 * body.posterior)
        grid = scenario.volume.grid
        inside, ct = PlaneSampler(mask, grid, 0), PlaneSampler(scenario.volume.values, grid, -1024)
        self.scene.show_cap(face, scenario.volume, inside, ct)
        towards = 0.92 * body.superior + 0.42 * body.posterior
        self.scene.aim(body.centre_lps_mm + 17 * body.posterior, towards, body.posterior, 96)
        self.show_tool(None)

    def show_tool(self, done: Trajectory | None) -> None:
        """What was done until now."""
        if self.scenario is None:
            return
        self.done = done
        self.scene.show_tools([done] if done is not None else [], done, self.scenario.target)
        self.renderer.ResetCameraClippingRange()
        self.request_render()

    def paint_over(self, p: QPainter) -> None:
        words = "dashed white: plan"
        if self.scenario is not None:
            words += f"\n{'cyan' if self.scenario.side == 'left' else 'magenta'}: what you did"
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            # Also where bone hides the tools.
            for trajectory, colour, dash in (
                (self.done, side_colour(self.scenario.side), None),
                (self.scenario.plan, BONE_LINE, [4.0, 3.0]),
            ):
                if trajectory is not None:
                    points = np.array([self.to_px(q) for q in trajectory.path_lps_mm])
                    cased(p, polyline(points), colour, 1.6, dash, 110)
            camera = self.renderer.GetActiveCamera()
            forward, up = np.array(camera.GetDirectionOfProjection()), np.array(camera.GetViewUp())
            right = np.cross(forward, up)
            ends = (planes.letter(-right), planes.letter(right), planes.letter(up), planes.letter(-up))
            edge_letters(p, QRectF(self.rect()), ends, "b")
        plate(p, QPointF(8, self.height() - 8), words, "bl", 11, False)
