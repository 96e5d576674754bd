"""The 3D view: one vertebra cut open at the tool's plane, or the whole spine from behind."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget
from vtkmodules.vtkRenderingCore import vtkRenderWindow

from imaging.progress import Progress
from ui.presenters.case_presenter import CasePresenter
from ui.theme import side_colour
from ui.views import planes
from ui.views.paint import cased, edge_letters, notice, orientation_cube, polyline
from ui.views.samplers import Samplers
from ui.vtk.blit_view import BlitView
from ui.vtk.mesh import bone_surfaces
from ui.vtk.scene import CutFace, SpineScene
from ui.vtk.volume_picture import fit_to, make_volume

DRAGGED_MS = 450
DRAGGED_SHARE = 4


class View3D(BlitView):
    """Follows the presenter; the bone is built on a worker thread."""

    def __init__(self, presenter: CasePresenter, samplers: Samplers, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presenter, self.samplers = presenter, samplers
        self.scene = SpineScene(self.renderer)
        self.cut = True
        self._built_for: object = None
        self._waiting = False
        self.ready = False
        self._fitted = False
        self._later = QTimer(self)  # while the hand drags, numbers and slices go first
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._dress)
        presenter.plan_changed.connect(self._on_plan)
        presenter.reach_changed.connect(self._dress)
        presenter.selection_changed.connect(self._on_selection)
        self._on_selection()

    def set_cut(self, cut: bool) -> None:
        """Cut open at the tool's plane, or whole from behind."""
        self.cut = cut
        self._on_selection()

    def set_glass(self, on: bool) -> None:
        """Let the bone be seen through, or not."""
        self.scene.glass = on
        self._dress()

    def set_volume(self, on: bool) -> None:
        """Show the images by ray casting in place of the bone's surface, or the surface again."""
        self.finer_at_rest = on
        if not on:
            self.presenter.tasks.cancel("volume")
            self.scene.set_volume(None)
            self._waiting = False
            self._dress()
            return
        volume = self.presenter.volume
        self._waiting = True
        self.update()

        def done(made: Any) -> None:
            self._waiting, self._fitted = False, False
            self.scene.set_volume(made)
            self._dress()

        def failed(error: Exception, details: str) -> None:
            self._waiting = False
            self.presenter.failed.emit("The images could not be shown in 3D", error, details)

        self.presenter.tasks.start("volume", lambda _progress: make_volume(volume), done, failed)

    def grab(self, *where: QRect) -> QPixmap:
        """A picture of the view as it stands now."""
        self.samplers.turns.hurry()
        return super().grab(*where)

    def must_wait(self) -> bool:
        return self.samplers.turns.must_wait(self)

    def is_hurried(self) -> bool:
        return self.presenter.dragging is not None

    def before_render(self, window: vtkRenderWindow) -> None:
        if self.scene.volume is not None and not self._fitted:
            self._fitted = True
            fit_to(window, self.scene.volume)

    def _build(self) -> None:
        segmentation = self.presenter.segmentation
        if segmentation is None or segmentation is self._built_for:
            return
        self._built_for = segmentation
        self._waiting = True

        def work(progress: Progress) -> Any:
            return bone_surfaces(segmentation.vertebrae, progress)

        def done(surfaces: Any) -> None:
            self._waiting = False
            self.scene.set_bones(surfaces)
            self.ready = True
            self._dress()

        def failed(error: Exception, details: str) -> None:
            self._waiting = False
            self.presenter.failed.emit("The 3D picture could not be made", error, details)

        self.presenter.tasks.start("surface", work, done, failed)

    def _on_plan(self) -> None:
        if self.presenter.dragging:
            if not self._later.isActive():
                self._later.start(max(DRAGGED_MS, round(DRAGGED_SHARE * self.last_render_ms)))
            return
        self._later.stop()
        self._build()
        self._dress()

    def _on_selection(self) -> None:
        self._build()
        self._dress()
        self._aim()

    def _cut_plane(self) -> planes.Plane | None:
        p = self.presenter
        if not self.cut or p.anatomy is None or p.trajectory is None:
            return None
        return planes.axial(np.array(p.trajectory.parameters.entry_lps_mm, float), p.anatomy, p.trajectory)

    def _dress(self) -> None:
        p = self.presenter
        cut = self._cut_plane()
        self.scene.show_level(p.session.selection.verse, cut)
        face = (
            CutFace(
                cut,
                p.anatomy.body.centre_lps_mm + 16 * p.anatomy.body.posterior,
                pixels=160 if p.dragging else 420,
            )
            if cut is not None and self.ready
            else None
        )
        self.scene.show_cap(face, p.volume, self.samplers.chosen, self.samplers.image)
        shown = list(p.level.trajectories) if p.level else []
        if not self.cut and p.plan is not None:
            shown = [t for level in p.plan.levels for t in level.trajectories if level is not p.level] + shown
        self.scene.show_tools(shown, p.trajectory, p.level.target if p.level else None)
        if p.reach is not None:
            self.scene.add_reach(p.reach.vertices_lps_mm, p.reach.triangles, side_colour(p.side))
        self.renderer.ResetCameraClippingRange()
        self.request_render()

    def _aim(self) -> None:
        p = self.presenter
        if p.anatomy is not None:
            body = p.anatomy.body
            if self._cut_plane() is not None:
                self.scene.aim(
                    body.centre_lps_mm + 17 * body.posterior,
                    0.92 * body.superior + 0.42 * body.posterior,
                    body.posterior,
                    96,
                )
            else:
                self.scene.aim(
                    body.centre_lps_mm + 10 * body.posterior,
                    -body.posterior + 0.12 * body.left - 0.18 * body.superior,
                    body.superior,
                    150,
                )
        else:
            grid = p.volume.grid
            self.scene.aim(grid.centre_lps_mm, np.array([0, -1.0, 0]), np.array([0, 0, 1.0]), 220)
        self.request_render()

    def paint_over(self, p: QPainter) -> None:
        camera = self.renderer.GetActiveCamera()
        forward, up = np.array(camera.GetDirectionOfProjection()), np.array(camera.GetViewUp())
        right = np.cross(forward, up)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_axis(p)
        edge_letters(
            p,
            QRectF(self.rect()),
            (planes.letter(-right), planes.letter(right), planes.letter(up), planes.letter(-up)),
            "b",
        )
        orientation_cube(p, QPointF(26, 28), right, -up)
        if self._waiting or self.presenter.segmentation is None:
            words = "Drawing in 3D…" if self._waiting else "3D appears after the segmentation"
            notice(p, QRectF(self.rect()), words)

    def _draw_axis(self, p: QPainter) -> None:
        """The selected tool's axis as a dashed line, also where bone hides the tool."""
        trajectory = self.presenter.trajectory
        if trajectory is None or not self.ready or not self.presenter.overlays:
            return
        points = np.array([self.to_px(q) for q in trajectory.path_lps_mm])
        cased(p, polyline(points), side_colour(trajectory.side).lighter(125), 1.2, [4, 3], 110)

    def keyPressEvent(self, event: Any) -> None:
        turn = {
            Qt.Key.Key_Left: (-6, 0),
            Qt.Key.Key_Right: (6, 0),
            Qt.Key.Key_Up: (0, 6),
            Qt.Key.Key_Down: (0, -6),
        }
        step = turn.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        camera = self.renderer.GetActiveCamera()
        camera.Azimuth(step[0])
        camera.Elevation(step[1])
        camera.OrthogonalizeViewUp()
        self.renderer.ResetCameraClippingRange()
        self.request_render()
