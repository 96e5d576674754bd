"""A slice of the volume with the plan over it: axial, sagittal, coronal or down the tool."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget
from scipy.ndimage import gaussian_filter

from ui.presenters.case_presenter import CasePresenter
from ui.presenters.services import Handle
from ui.views import planes
from ui.views.paint import (
    edge_letters,
    plate,
    scale_bar,
)
from ui.views.planes import Plane
from ui.views.samplers import Samplers
from ui.views.slice_overlay import PlanOverlay

Kind = Literal["axial", "sagittal", "coronal", "tool"]


class SliceView(PlanOverlay, QWidget):
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
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view_mm = 62.0 if kind == "tool" else 92.0
        self.centre = np.zeros(2)
        self._base_key: tuple[object, ...] | None = None
        self._base = QImage()
        self._pixels: NDArray[np.uint8] = np.zeros((1, 1, 4), np.uint8)
        self._press: QPointF | None = None
        self._start: tuple[float, float] = (0.0, 0.0)
        self._grip: Handle | None = None
        self._moved = False
        self._hot: Handle | None = None
        self._plane = self._anchor()
        for signal in (
            presenter.plan_changed,
            presenter.cursor_changed,
            presenter.depth_changed,
            presenter.look_changed,
        ):
            signal.connect(self.update)
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
            id(self.samplers.chosen),
        )
        if key == self._base_key:
            return
        self._base_key = key
        step = 1 / (self.px_per_mm() * ratio)
        left, top = self.centre[0] - (w - 1) / 2 * step, self.centre[1] - (h - 1) / 2 * step
        values = self.samplers.image.sample(plane, left, top, step, w, h).astype(np.float32)
        window, level = p.window_level
        grey = np.clip((values - (level - window / 2)) / window, 0, 1) * 235
        rgb = np.repeat(grey[..., None], 3, axis=2)
        if p.overlays:
            for sampler, tint, strength in (
                (self.samplers.others, (150, 162, 172), 0.55),
                (self.samplers.chosen, (233, 237, 240), 0.68),
            ):
                if sampler is None:
                    continue
                field = sampler.sample(plane, left, top, step, w, h).astype(np.float32) / 100
                if not field.any():
                    continue
                field = gaussian_filter(field, 0.45 / step)
                dy, dx = np.gradient(field)
                slope = np.hypot(dx, dy)
                away = np.abs(field - 0.5) / np.maximum(slope, 1e-4)
                alpha = (np.clip(1.35 - away / ratio, 0, 1) * strength * (slope > 1e-3))[..., None]
                rgb = rgb * (1 - alpha) + np.array(tint, np.float32) * alpha
        pixels = np.empty((h, w, 4), np.uint8)
        pixels[..., :3] = rgb
        pixels[..., 3] = 255
        self._pixels = pixels
        self._base = QImage(pixels.data, w, h, 4 * w, QImage.Format.Format_RGBX8888)
        self._base.setDevicePixelRatio(ratio)

    def paintEvent(self, _event: object) -> None:
        self._plane = self.plane()
        self._make_base()
        with QPainter(self) as p:
            p.drawImage(0, 0, self._base)
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            rect = QRectF(self.rect())
            if self.presenter.crosshair and self.kind != "tool":
                self._draw_crosshair(p)
            if self.presenter.overlays:
                self._draw_plan(p, rect)
            edge_letters(p, rect, planes.letters(self._plane))
            scale_bar(p, rect, self.px_per_mm())
            window, level = self.presenter.window_level
            if rect.width() > 300 and rect.height() > 220:
                plate(p, QPointF(8, rect.bottom() - 6), f"W {window:.0f}  L {level:.0f}", "bl", 11, False)

    def _grip_at(self, at: QPointF) -> Handle | None:
        trajectory = self.presenter.trajectory
        if trajectory is None or self.kind == "tool" or not self.presenter.overlays:
            return None
        best: tuple[float, Handle] | None = None
        grips: tuple[tuple[Handle, object], ...] = (
            ("target", trajectory.tip_lps_mm),
            ("entry", trajectory.bone_entry_lps_mm),
        )
        for name, point in grips:
            x, y, off = self.to_px(np.array(point))
            distance = np.hypot(x - at.x(), y - at.y())
            if abs(off) < 8 and distance < 12 and (best is None or distance < best[0]):
                best = (distance, name)
        return best[1] if best else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._press, self._moved = event.position(), False
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip = self._grip_at(event.position())
        elif event.button() == Qt.MouseButton.RightButton:
            self._start = self.presenter.window_level
        elif event.button() == Qt.MouseButton.MiddleButton:
            self._start = (float(self.centre[0]), float(self.centre[1]))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._press is None:
            hot = self._grip_at(at)
            if hot != self._hot:
                self._hot = hot
                self.setCursor(Qt.CursorShape.SizeAllCursor if hot else Qt.CursorShape.CrossCursor)
                self.update()
            self._tell(at)
            return
        delta = at - self._press
        if not self._moved and delta.manhattanLength() < 3:
            return
        self._moved = True
        buttons = event.buttons()
        if buttons & Qt.MouseButton.RightButton:
            self.presenter.set_window(self._start[0] + 4 * delta.x(), self._start[1] - 3 * delta.y())
        elif buttons & Qt.MouseButton.MiddleButton:
            s = self.px_per_mm()
            self.centre = np.array([self._start[0] - delta.x() / s, self._start[1] - delta.y() / s])
            self.update()
        elif buttons & Qt.MouseButton.LeftButton:
            if self._grip:
                self._drag(at, event.modifiers(), False)
            elif self.kind != "tool":
                self.presenter.set_cursor(self.lps_at(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._press is not None and event.button() == Qt.MouseButton.LeftButton:
            if self._grip and self._moved and self.presenter.dragging:
                self._drag(event.position(), event.modifiers(), True)
            elif not self._moved and not self._grip and self.kind != "tool":
                self.presenter.set_cursor(self.lps_at(event.position()))
        self._press, self._grip = None, None

    def _drag(self, at: QPointF, modifiers: Qt.KeyboardModifier, final: bool) -> None:
        trajectory = self.presenter.trajectory
        if trajectory is None or self._grip is None or self._press is None:
            return
        if not self.presenter.dragging and not final:
            self._drag_from = np.array(
                trajectory.bone_entry_lps_mm if self._grip == "entry" else trajectory.tip_lps_mm
            )
            self.presenter.dragging = self._grip
        delta = (at - self._press) / self.px_per_mm()
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            delta = delta / 10
        dx, dy = delta.x(), delta.y()
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            dx, dy = (dx, 0.0) if abs(dx) > abs(dy) else (0.0, dy)
        self.presenter.drag(
            self._grip, self._drag_from + dx * self._plane.right + dy * self._plane.down, final
        )

    def _tell(self, at: QPointF) -> None:
        point = self.lps_at(at)
        volume, p = self.presenter.volume, self.presenter
        if not bool(volume.grid.contains(point)):
            p.pointer_told.emit("")
            return
        i, j, k = np.clip(
            np.rint(volume.grid.indices_from_lps(point)).astype(int),
            0,
            np.array(volume.grid.shape_kji[::-1]) - 1,
        )
        value = int(volume.values[k, j, i])
        words = (
            f"Pointer: {value} HU".replace("-", "\u2212") if volume.modality == "CT" else f"Pointer: {value}"
        )
        if p.anatomy is not None and p.level is not None:
            left, posterior, superior = p.anatomy.body.axes_lps @ (point - p.anatomy.body.centre_lps_mm)
            words += (
                f"     {'L' if left >= 0 else 'R'} {abs(left):.1f}"
                f"   {'P' if posterior >= 0 else 'A'} {abs(posterior):.1f}"
                f"   {'S' if superior >= 0 else 'I'} {abs(superior):.1f} mm from the centre of {p.level.name}"
            )
        p.pointer_told.emit(words)

    def leaveEvent(self, _event: object) -> None:
        self.presenter.pointer_told.emit("")

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.enlarge.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            s, at = self.px_per_mm(), event.position()
            off = np.array([at.x() - self.width() / 2, at.y() - self.height() / 2])
            self.view_mm = float(np.clip(self.view_mm * 1.12**-notches, 12, 600))
            self.centre = self.centre + off / s - off / self.px_per_mm()
            self.update()
        elif self.kind == "tool" and self.presenter.trajectory is not None:
            self.presenter.set_depth(self.presenter.pedicle_depth() - 0.5 * notches)
        else:
            step = float(self.presenter.volume.grid.spacing_ijk_mm.min()) * (3 if abs(notches) > 2 else 1)
            self.presenter.set_cursor(self.presenter.cursor_lps_mm + self._plane.normal * step * notches)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: -self._plane.right,
            Qt.Key.Key_Right: self._plane.right,
            Qt.Key.Key_Up: -self._plane.down,
            Qt.Key.Key_Down: self._plane.down,
        }
        direction = steps.get(Qt.Key(event.key()))
        if direction is None:
            super().keyPressEvent(event)
            return
        size = 0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0.5
        name: Handle = "entry" if event.modifiers() & Qt.KeyboardModifier.AltModifier else "target"
        self.presenter.nudge(name, direction * size)
