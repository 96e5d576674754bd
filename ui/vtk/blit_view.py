"""A 3D view as an ordinary widget: VTK renders off screen, the picture is painted by Qt.

This works on every Qt platform, the off-screen one of the tests included, and nested native windows never
come into it. All rendering happens on the thread of the window.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow

from ui.vtk.offscreen import make_render_window

TURNING_HZ, RESTING_HZ = 20.0, 2.0


class BlitView(QWidget):
    """Owns one renderer. Left drag turns, right drag and wheel zoom, middle drag shifts."""

    turned = Signal()
    enlarge = Signal()
    finer_at_rest = False

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 100)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._window: vtkRenderWindow | None = None
        self.renderer = vtkRenderer()
        self.renderer.SetBackground(0.045, 0.055, 0.065)
        self.renderer.SetBackground2(0.012, 0.016, 0.02)
        self.renderer.GradientBackgroundOn()
        self.renderer.UseFXAAOn()  # on a processor a third of the time that samples take
        self.picture = QImage()
        self._pixels = np.zeros((1, 1, 4), np.uint8)
        self._stale = True
        self.last_render_ms = 0.0
        self._closed = False
        self._last: QPointF | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._render)

    def to_px(self, point_lps_mm: Sequence[float]) -> tuple[float, float]:
        """Widget pixel of a point, as the camera stands now."""
        self.renderer.SetWorldPoint(*point_lps_mm, 1.0)
        self.renderer.WorldToView()
        x, y, _ = self.renderer.GetViewPoint()
        return (x + 1) / 2 * self.width(), (1 - y) / 2 * self.height()

    def request_render(self) -> None:
        """Render soon; many requests make one frame."""
        if self._closed:
            return
        self._stale = True
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def shutdown(self) -> None:
        """Give the graphics context back; nothing is rendered any more. Can be called twice."""
        if self._closed:
            return
        self._closed = True
        self._timer.stop()
        self.renderer.RemoveAllViewProps()
        if self._window is not None:
            self._window.RemoveRenderer(self.renderer)
            self._window.Finalize()
            self._window = None

    def _opened(self) -> vtkRenderWindow:
        if self._window is None:
            self._window = make_render_window(samples=0)
            self._window.AddRenderer(self.renderer)
            self._window.Initialize()
        return self._window

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self, lambda: None if self._closed else self._opened())

    def _render(self) -> None:
        if self._closed or self.width() < 2 or self.height() < 2:
            return
        window = self._opened()
        ratio = self.devicePixelRatioF() / (2 if self.is_hurried() else 1)
        width, height = max(2, round(self.width() * ratio)), max(2, round(self.height() * ratio))
        window.SetSize(width, height)
        # Volumes are drawn coarser while the hand turns them, and finer once it rests.
        window.SetDesiredUpdateRate(TURNING_HZ if self._last is not None else RESTING_HZ)
        self.before_render(window)
        begun = time.perf_counter()
        window.Render()
        data = vtkUnsignedCharArray()
        window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, data)
        self._pixels = np.ascontiguousarray(vtk_to_numpy(data).reshape(height, width, 4)[::-1])
        self.picture = QImage(self._pixels.data, width, height, 4 * width, QImage.Format.Format_RGBX8888)
        self.picture.setDevicePixelRatio(ratio)
        self._stale = False
        self.last_render_ms = 1000 * (time.perf_counter() - begun)
        self.update()

    def is_hurried(self) -> bool:
        """Whether a picture of half the width and height will do, because the next one comes soon."""
        return False

    def must_wait(self) -> bool:
        """Whether another view is to be painted first; this one is asked again."""
        return False

    def paintEvent(self, _event: object) -> None:
        if self._stale and not self._closed and not self.must_wait():
            self._render()
        with QPainter(self) as p:
            p.fillRect(self.rect(), QColor("black"))
            if not self.picture.isNull():
                p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                p.drawImage(self.rect(), self.picture)
            self.paint_over(p)

    def before_render(self, window: vtkRenderWindow) -> None:
        """For what depends on the window that renders."""

    def paint_over(self, p: QPainter) -> None:
        """For what lies over the picture."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._stale = True
        super().resizeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = event.position()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.enlarge.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = None
        if self.finer_at_rest:
            self.request_render()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            return
        delta = event.position() - self._last
        self._last = event.position()
        camera = self.renderer.GetActiveCamera()
        buttons = event.buttons()
        if buttons & Qt.MouseButton.LeftButton:
            camera.Azimuth(-0.4 * delta.x())
            camera.Elevation(0.4 * delta.y())
            camera.OrthogonalizeViewUp()
            self.turned.emit()
        elif buttons & Qt.MouseButton.RightButton:
            self._zoom(1.01 ** -delta.y())
        elif buttons & Qt.MouseButton.MiddleButton:
            self._shift(delta.x(), delta.y())
        self.renderer.ResetCameraClippingRange()
        self.request_render()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._zoom(1.1 ** (event.angleDelta().y() / 120))
        self.renderer.ResetCameraClippingRange()
        self.request_render()
        event.accept()

    def _zoom(self, factor: float) -> None:
        camera = self.renderer.GetActiveCamera()
        if camera.GetParallelProjection():
            camera.SetParallelScale(camera.GetParallelScale() / factor)
        else:
            camera.SetViewAngle(min(80.0, max(3.0, camera.GetViewAngle() / factor)))

    def _shift(self, dx: float, dy: float) -> None:
        camera = self.renderer.GetActiveCamera()
        up = np.array(camera.GetViewUp())
        forward = np.array(camera.GetDirectionOfProjection())
        right = np.cross(forward, up)
        if camera.GetParallelProjection():
            size = 2 * camera.GetParallelScale()
        else:
            size = 2 * camera.GetDistance() * np.tan(np.deg2rad(camera.GetViewAngle() / 2))
        shift = (-dx * right + dy * up) * size / max(1, self.height())
        camera.SetPosition(*(np.array(camera.GetPosition()) + shift))
        camera.SetFocalPoint(*(np.array(camera.GetFocalPoint()) + shift))
