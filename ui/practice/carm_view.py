"""The C-arm as it stands, drawn from the patient's feet, and the back of the patient from above."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget
from scipy import ndimage

from planner.practice.room import CArmSetting
from planner.practice.scenario import Scenario
from ui.theme import side_colour, tokens, ui_font


class CArmView(QWidget):
    """Prone patient seen from the feet: the patient's left is on the left. The blue end is the detector."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(132)
        self.carm = CArmSetting()
        self.beam = False
        self.setAccessibleName("C-arm from the patient's feet")

    def show_carm(self, carm: CArmSetting, beam: bool) -> None:
        """Draw another setting."""
        if (carm, beam) != (self.carm, self.beam):
            self.carm, self.beam = carm, beam
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        t = tokens()
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            c = QPointF(self.width() / 2, 58)
            radius = 46.0
            up = -float(np.clip(self.carm.height_mm, -120, 120)) * 0.09
            side = -float(np.clip(self.carm.across_mm, -120, 120)) * 0.12
            body = QPointF(c.x() + side, c.y() + up)
            p.setPen(QPen(QColor(t.border), 4))
            p.drawLine(QPointF(body.x() - 84, body.y() + 19), QPointF(body.x() + 84, body.y() + 19))
            p.setPen(QPen(QColor(t.text3), 1.4))
            p.setBrush(QColor(t.hover))
            p.drawEllipse(body, 44, 17)
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(QColor(t.text2))
            p.drawEllipse(QPointF(body.x(), body.y() - 6), 4, 4)
            p.save()
            p.translate(c)
            p.rotate(-self.carm.orbit_deg)
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.setPen(QPen(QColor(t.text3), 6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            p.drawArc(QRectF(-radius, -radius, 2 * radius, 2 * radius), 90 * 16, -180 * 16)
            beam = QColor("#F6C445") if self.beam else QColor(t.text3)
            p.setPen(QPen(beam, 1.2, Qt.PenStyle.SolidLine if self.beam else Qt.PenStyle.DashLine))
            for x in (-15.0, 15.0):
                p.drawLine(QPointF(0, radius), QPointF(x, -radius))
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(QColor(t.accent))
            p.drawRoundedRect(QRectF(-18, -radius - 5, 36, 10), 2, 2)
            p.setBrush(QColor(t.text2))
            p.drawRoundedRect(QRectF(-6, radius - 5, 12, 10), 2, 2)
            p.restore()
            p.setPen(QColor(t.text))
            p.setFont(ui_font(13, QFont.Weight.Bold))
            p.drawText(QRectF(c.x() - 112, c.y() - 8, 24, 18), Qt.AlignmentFlag.AlignCenter, "L")
            p.drawText(QRectF(c.x() + 88, c.y() - 8, 24, 18), Qt.AlignmentFlag.AlignCenter, "R")
            p.setPen(QColor(t.text3))
            p.setFont(ui_font(11))
            words = f"from the feet, tilt {tilt_words(self.carm.tilt_deg)}"
            p.drawText(QRectF(0, self.height() - 18, self.width(), 16), Qt.AlignmentFlag.AlignCenter, words)


def orbit_words(degrees: float) -> str:
    """``left 91°``"""
    return "0°" if abs(degrees) < 0.05 else f"{'left' if degrees > 0 else 'right'} {abs(degrees):.3g}°"


def tilt_words(degrees: float) -> str:
    """``cephalad 6°``"""
    return "0°" if abs(degrees) < 0.05 else f"{'cephalad' if degrees > 0 else 'caudad'} {abs(degrees):.3g}°"


def back_picture(scenario: Scenario) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The skin of the back from behind, head up and left on the left: (h, w) grey and (h, w, 3) LPS mm.

    Places without skin are black and not a number.
    """
    lps = scenario.volume.grid.bounds_lps_mm
    step = 3.0
    x = np.arange(lps[1][0], lps[0][0], -step)
    z = np.arange(lps[1][2], lps[0][2], -step)
    y = np.arange(lps[1][1], lps[0][1], -2.0)
    points = np.stack(np.broadcast_arrays(x[None, None, :], y[None, :, None], z[:, None, None]), -1)
    body = scenario.hu(points) > -300
    # A run of body, so that neither noise nor a marker counts as skin.
    solid = body[:, :-3] & body[:, 1:-2] & body[:, 2:-1] & body[:, 3:]
    first = np.argmax(solid, axis=1)
    there = solid.any(1) & (y[first] > scenario.anatomy.body.centre_lps_mm[1])
    depth = y[first].astype(float)
    places = np.stack(np.broadcast_arrays(x[None, :], depth, z[:, None]), -1).astype(float)
    places[~there] = np.nan
    smooth = ndimage.gaussian_filter(np.where(there, depth, np.median(depth[there])), 2.0)
    gy, gx = np.gradient(smooth)
    light = np.clip(0.72 - 0.10 * gx - 0.10 * gy, 0.25, 1.0)
    return np.where(there, 205 * light, 0).astype(np.uint8), places


class BackView(QWidget):
    """The patient's back: a click chooses the skin entry. The cross is the beam's axis."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(96)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Skin of the back")
        self.setToolTip("Click where the needle shall enter the skin")
        self.scenario: Scenario | None = None
        self._grey = np.zeros((2, 2), np.uint8)
        self._places = np.zeros((2, 2, 3))
        self._image = QImage()
        self._cross: tuple[float, float] | None = None
        self._needle: tuple[float, float] | None = None

    def show_scenario(self, scenario: Scenario, back: tuple[NDArray[np.uint8], NDArray[np.float64]]) -> None:
        """Another patient."""
        self.scenario = scenario
        self._grey, self._places = back
        self._grey = np.ascontiguousarray(self._grey)
        height, width = self._grey.shape
        self._image = QImage(self._grey.data, width, height, width, QImage.Format.Format_Grayscale8).copy()
        self.update()

    def show_marks(self, cross: tuple[float, float] | None, needle: tuple[float, float] | None) -> None:
        """(x, z) LPS mm of the beam's cross and of the needle's entry."""
        if (cross, needle) != (self._cross, self._needle):
            self._cross, self._needle = cross, needle
            self.update()

    def _box(self) -> QRectF:
        height, width = self._grey.shape
        scale = min(self.width() / width, self.height() / height)
        return QRectF(
            (self.width() - width * scale) / 2,
            (self.height() - height * scale) / 2,
            width * scale,
            height * scale,
        )

    def _at(self, x: float, z: float) -> QPointF:
        assert self.scenario is not None
        lps = self.scenario.volume.grid.bounds_lps_mm
        box = self._box()
        height, width = self._grey.shape
        return QPointF(
            box.left() + (lps[1][0] - x) / 3.0 / width * box.width(),
            box.top() + (lps[1][2] - z) / 3.0 / height * box.height(),
        )

    def point_at(self, at: QPointF) -> NDArray[np.float64] | None:
        """(3,) LPS mm of the skin under a point of the widget."""
        box = self._box()
        height, width = self._grey.shape
        column = int((at.x() - box.left()) / box.width() * width)
        row = int((at.y() - box.top()) / box.height() * height)
        if not (0 <= row < height and 0 <= column < width) or np.isnan(self._places[row, column, 0]):
            return None
        return self._places[row, column]

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as p:
            p.fillRect(self.rect(), QColor("black"))
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            p.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            if self.scenario is None:
                return
            p.drawImage(self._box(), self._image)
            p.setFont(ui_font(12, QFont.Weight.Bold))
            p.setPen(QColor("#E9EDF0"))
            p.drawText(self.rect().adjusted(6, 4, -6, -4), Qt.AlignmentFlag.AlignLeft, "L")
            p.drawText(self.rect().adjusted(6, 4, -6, -4), Qt.AlignmentFlag.AlignRight, "R")
            if self._cross is not None:
                at = self._at(*self._cross)
                for colour, width in ((QColor(0, 0, 0, 170), 3.4), (QColor("#F26B4E"), 1.4)):
                    p.setPen(QPen(colour, width))
                    p.drawLine(QPointF(at.x() - 60, at.y()), QPointF(at.x() + 60, at.y()))
                    p.drawLine(QPointF(at.x(), at.y() - 60), QPointF(at.x(), at.y() + 60))
            if self._needle is not None:
                p.setPen(QPen(QColor("black"), 1.5))
                p.setBrush(side_colour(self.scenario.side))
                p.drawEllipse(self._at(*self._needle), 4.5, 4.5)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = self.point_at(event.position()) if self.scenario is not None else None
        if point is not None:
            self.chosen.emit(point)
