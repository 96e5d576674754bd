"""Mouse, wheel and keys of a slice view."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QMenu

from planner.domain.notebook import Kind
from ui.presenters.annotating import measurement_words
from ui.presenters.services import Handle
from ui.settings.preferences import mouse_acts

MEASURES: dict[Kind, str] = {
    "length": "Measure length",
    "angle": "Measure angle",
    "cobb": "Measure Cobb angle",
}


class SliceInput:
    """Mixed into a slice view. A press under three pixels is a click; Shift slows, Ctrl straightens."""

    def _grip_at(self, at: QPointF) -> Handle | None:
        trajectory = self.presenter.trajectory
        if trajectory is None or not self.presenter.overlays or self.presenter.measuring:
            return None
        if self.kind == "tool":
            x, y, _ = self.to_px(self.presenter.at_depth(self.presenter.pedicle_depth())[0])
            return "entry" if np.hypot(x - at.x(), y - at.y()) < 24 else None
        best: tuple[float, Handle] | None = None
        for name, point in self.presenter.grips():
            x, y, off = self.to_px(point)
            distance = np.hypot(x - at.x(), y - at.y())
            if abs(off) < 8 and distance < 12 and (best is None or distance < best[0]):
                best = (distance, name)
        return best[1] if best else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._press, self._moved = event.position(), False
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip = self._grip_at(event.position())
            return
        right, middle, shifted = mouse_acts()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            right = shifted
        self._act = middle if event.button() == Qt.MouseButton.MiddleButton else right
        if self._act == "window":
            self._start = self.presenter.window_level
        elif self._act == "pan":
            self._start = (float(self.centre[0]), float(self.centre[1]))
        else:
            self._start = (self.view_mm, 0.0)

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
        if buttons & (Qt.MouseButton.RightButton | Qt.MouseButton.MiddleButton):
            self._look(delta)
        elif buttons & Qt.MouseButton.LeftButton:
            if self._grip:
                if self.presenter.dragging or self._begin():
                    self._drag(at, event.modifiers(), False)
            elif self.presenter.measuring:
                return
            elif self.kind != "tool":
                self.presenter.set_cursor(self.lps_at(at))

    def _look(self, delta: QPointF) -> None:
        """Brightness, shift or zoom by a drag; zoom grows upwards, a factor of e in 150 px."""
        if self._act == "window":
            self.presenter.set_window(self._start[0] + 4 * delta.x(), self._start[1] - 3 * delta.y())
        elif self._act == "pan":
            s = self.px_per_mm()
            self.centre = np.array([self._start[0] - delta.x() / s, self._start[1] - delta.y() / s])
        else:
            self.view_mm = float(np.clip(self._start[0] * np.exp(delta.y() / 150), 12, 600))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._press is not None and event.button() == Qt.MouseButton.LeftButton:
            if self._grip and self._moved and self.presenter.dragging:
                self._drag(event.position(), event.modifiers(), True)
            elif not self._moved and self.presenter.measuring:
                self.presenter.mark_point(self.lps_at(event.position()))
            elif not self._moved and not self._grip and self.kind != "tool":
                point = self.lps_at(event.position())
                self.presenter.set_cursor(point)
                self.presenter.point_at(point)
        elif event.button() == Qt.MouseButton.RightButton and not self._moved:
            self._open_menu(event)
        self._press, self._grip = None, None

    def _begin(self) -> bool:
        if self.presenter.begin_edit():
            return True
        self._press, self._grip = None, None
        return False

    def _open_menu(self, event: QMouseEvent) -> None:
        presenter, menu = self.presenter, QMenu(self)
        at = self.lps_at(event.position())
        for m in presenter.session.plan.notebook.measurements if presenter.session.plan else ():
            if np.linalg.norm(np.array(m.points_lps_mm) - at, axis=1).min() * self.px_per_mm() < 14:
                menu.addAction(f"Remove {measurement_words(m)}", lambda m=m: presenter.remove_measurement(m))
        for kind, words in MEASURES.items():
            menu.addAction(words, lambda k=kind: presenter.start_measuring(k))
        menu.addSeparator()
        menu.addAction("Put in the middle", self.recentre)
        menu.addAction("Enlarge, or back", self.enlarge.emit)
        menu.popup(event.globalPosition().toPoint())

    def _drag(self, at: QPointF, modifiers: Qt.KeyboardModifier, final: bool) -> None:
        trajectory = self.presenter.trajectory
        if trajectory is None or self._grip is None or self._press is None:
            return
        if not self.presenter.dragging and not final:
            self._drag_from = self.presenter.handle_point(self._grip)
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
            step = float(self.presenter.volume.grid.spacing_ijk_mm.min()) * self._haste(abs(notches))
            self.presenter.set_cursor(self.presenter.cursor_lps_mm + self._plane.normal * step * notches)
        event.accept()

    def _haste(self, notches: float) -> int:
        """Slices a notch: one when turned slowly, more the faster the wheel goes."""
        now = time.monotonic()
        gap, self._last_notch = now - self._last_notch, now
        return 5 if gap < 0.02 or notches > 2 else 2 if gap < 0.045 else 1

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
        modifiers = event.modifiers()
        fine = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            self.presenter.tilt(direction, 0.1 if fine else 0.5)
            return
        name: Handle = "entry" if modifiers & Qt.KeyboardModifier.AltModifier else "target"
        self.presenter.nudge(name, direction * (0.1 if fine else 0.5))
