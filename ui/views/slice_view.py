"""A slice of the volume with the plan over it: axial, sagittal, coronal or down the tool."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.presenters.case_presenter import CasePresenter
from ui.presenters.services import Handle
from ui.settings.preferences import Act
from ui.theme import DISC
from ui.views import planes
from ui.views.measure_overlay import MeasureOverlay
from ui.views.paint import edge_letters, orientation_cube, plate, scale_bar
from ui.views.planes import Plane
from ui.views.samplers import Samplers
from ui.views.slice_input import SliceInput
from ui.views.slice_overlay import PlanOverlay
from ui.views.slice_picture import COARSE_MM, HURRIED_MM, draw_outline, grey_of

Kind = Literal["axial", "sagittal", "coronal", "tool"]


class SliceView(SliceInput, PlanOverlay, MeasureOverlay, QWidget):
    """Paints one slice. Wheel scrolls, right drag sets the window, Ctrl+wheel zooms, middle drag shifts."""

    enlarge = Signal()

    def __init__(
        self, kind: Kind, presenter: CasePresenter, samplers: Samplers, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.kind, self.presenter, self.samplers = kind, presenter, samplers
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 100)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view_mm = 62.0 if kind == "tool" else 92.0
        self.centre = np.zeros(2)
        self._last_notch = 0.0
        self._base_key: tuple[object, ...] | None = None
        self._coarse = False
        self._base = QImage()
        self._pixels: NDArray[np.uint8] = np.zeros((1, 1, 4), np.uint8)
        self._press: QPointF | None = None
        self._start: tuple[float, float] = (0.0, 0.0)
        self._grip: Handle | None = None
        self._act: Act = "window"
        self._moved = False
        self._hot: Handle | None = None
        self._plane = self._anchor()
        for signal in (
            presenter.plan_changed,
            presenter.cursor_changed,
            presenter.depth_changed,
            presenter.look_changed,
        ):
            signal.connect(samplers.turns.asks(self, lambda: self._grip is not None))
        presenter.selection_changed.connect(self.recentre)
        self.recentre()

    def set_kind(self, kind: Kind) -> None:
        """Change the direction of the slice."""
        self.kind = kind
        self.recentre()

    def _anchor(self) -> Plane:
        """The plane's directions and in-plane origin, fixed by the vertebra: scrolling does not shift."""
        p = self.presenter
        origin = p.anatomy.body.centre_lps_mm if p.anatomy is not None else p.volume.grid.centre_lps_mm
        if self.kind == "axial":
            trajectory = p.trajectory
            if trajectory is not None:
                origin = np.array(trajectory.parameters.entry_lps_mm, float)
            return planes.axial(origin, p.anatomy, trajectory)
        if self.kind == "sagittal":
            return planes.sagittal(origin, p.anatomy)
        if self.kind == "coronal" or p.trajectory is None:
            return planes.coronal(origin, p.anatomy)
        point, tangent = p.at_depth(p.pedicle_depth())
        return planes.down_the_tool(point, tangent, p.anatomy)

    def plane(self) -> Plane:
        """The plane shown now: through the cursor, or at the depth along the tool."""
        anchor = self._anchor()
        return (
            anchor
            if self.kind == "tool" and self.presenter.trajectory
            else anchor.through(self.presenter.cursor_lps_mm)
        )

    def recentre(self) -> None:
        """Put the vertebra (or the tool) into the middle."""
        p = self.presenter
        self.samplers.refresh()
        plane = self.plane()
        if p.anatomy is not None:
            self.view_mm = 52.0 if self.kind == "tool" and p.trajectory is not None else 92.0
        if self.kind == "tool" and p.trajectory is not None:
            self.centre = np.zeros(2)
        elif p.anatomy is not None:
            middle = p.anatomy.body.centre_lps_mm
            if self.kind in ("axial", "sagittal"):
                middle = middle + p.anatomy.body.posterior * (13.0 if self.kind == "axial" else 16.0)
            self.centre = plane.to_plane(middle)[:2]
        else:
            self.centre = plane.to_plane(p.cursor_lps_mm)[:2]
            self.view_mm = float(np.ptp(p.volume.grid.bounds_lps_mm, axis=0).max()) * 0.9
        self.update()

    def px_per_mm(self) -> float:
        """Scale of the picture in device-independent pixels."""
        return min(self.width(), self.height() * 1.15) / self.view_mm

    def to_px(self, points_lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 3) LPS mm to (n, 3): x, y in pixels, distance out of the plane in mm."""
        local = self._plane.to_plane(points_lps_mm)
        s = self.px_per_mm()
        out = local.copy()
        out[..., 0] = (local[..., 0] - self.centre[0]) * s + self.width() / 2
        out[..., 1] = (local[..., 1] - self.centre[1]) * s + self.height() / 2
        return out

    def lps_at(self, at: QPointF, normal_mm: float = 0.0) -> NDArray[np.float64]:
        """(3,) LPS mm under a pixel."""
        s = self.px_per_mm()
        return self._plane.to_lps(
            (at.x() - self.width() / 2) / s + self.centre[0],
            (at.y() - self.height() / 2) / s + self.centre[1],
            normal_mm,
        )

    def _slab(self) -> float:
        """Thickness shown in mm; across the tool always one thin cut."""
        return 0.0 if self.kind == "tool" else self.presenter.slab_mm

    def _make_base(self) -> None:
        ratio = self.devicePixelRatioF()
        w, h = max(2, round(self.width() * ratio)), max(2, round(self.height() * ratio))
        plane, p = self._plane, self.presenter
        key = (
            w,
            h,
            self.view_mm,
            *self.centre,
            *plane.origin,
            *plane.right,
            *plane.down,
            p.window_level,
            p.overlays,
            self._slab(),
            id(self.samplers.chosen),
            *(p.mr_layer.key if p.mr_layer is not None else ()),
        )
        hurried = p.dragging is not None
        if key == self._base_key and (hurried or not self._coarse):
            return
        self._base_key = key
        step = 1 / (self.px_per_mm() * ratio)
        # A slice that follows the hand is drawn at every second pixel where these are finer than voxels are.
        self._coarse = hurried and 2 * step <= COARSE_MM
        if self._coarse:
            ratio, step, w, h = ratio / 2, 2 * step, (w + 1) // 2, (h + 1) // 2
        left, top = self.centre[0] - (w - 1) / 2 * step, self.centre[1] - (h - 1) / 2 * step
        values = self.samplers.image.brightest(plane, left, top, step, w, h, self._slab())
        grey = grey_of(values, *p.window_level)
        if p.mr_layer is not None:
            grey = p.mr_layer.over(grey.astype(np.float32), plane, left, top, step)
        pixels = np.empty((h, w, 4), np.uint8)
        pixels[..., :3] = grey[..., None]
        pixels[..., 3] = 255
        if p.overlays:
            sampled = HURRIED_MM if self._coarse else COARSE_MM
            for sampler, tint, strength in (
                (self.samplers.discs, (DISC.red(), DISC.green(), DISC.blue()), 0.7),
                (self.samplers.others, (150, 162, 172), 0.55),
                (self.samplers.chosen, (233, 237, 240), 0.68),
            ):
                if sampler is not None:
                    draw_outline(pixels, sampler, plane, left, top, step, ratio, tint, strength, sampled)
        self._pixels = pixels
        self._base = QImage(pixels.data, w, h, 4 * w, QImage.Format.Format_RGBX8888)
        self._base.setDevicePixelRatio(ratio)

    def grab(self, *where: QRect) -> QPixmap:
        """A picture of the view as it stands now."""
        self.samplers.turns.hurry()
        return super().grab(*where)

    def paintEvent(self, _event: object) -> None:
        if self.samplers.turns.must_wait(self):
            with QPainter(self) as p:
                p.fillRect(self.rect(), Qt.GlobalColor.black)
                p.drawImage(self.rect(), self._base)
            return
        self._plane = self.plane()
        self._make_base()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._coarse)
            # Into a rectangle: at a point Qt draws an image of a ratio below 1 as if it were 1.
            ratio = self._base.devicePixelRatio()
            p.drawImage(QRectF(0, 0, self._base.width() / ratio, self._base.height() / ratio), self._base)
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            rect = QRectF(self.rect())
            if self.presenter.crosshair and self.kind != "tool":
                self._draw_crosshair(p)
            if self.presenter.overlays:
                self._draw_names(p, rect)
                self._draw_plan(p, rect)
                self._draw_measurements(p)
            edge_letters(p, rect, planes.letters(self._plane))
            scale_bar(p, rect, self.px_per_mm())
            window, level = self.presenter.window_level
            if rect.width() > 300 and rect.height() > 220:
                words = f"W {window:.0f}  L {level:.0f}"
                if self._slab():
                    words += f"  brightest of {self._slab():.0f}\u202fmm"
                plate(p, QPointF(8, rect.bottom() - 6), words, "bl", 11, False)
                orientation_cube(p, QPointF(25, 26), self._plane.right, self._plane.down)
