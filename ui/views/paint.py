"""Painting over images: everything has a dark casing, every letter a plate."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPainterPathStroker,
    QPen,
    QPolygonF,
)

from ui.theme import TARGET, side_colour, ui_font
from ui.widgets import draw_status, mm

PLATE = QColor(11, 14, 17, 205)
INK = QColor("#E9EDF0")


def _plate_font(px: int, bold: bool) -> QFont:
    return ui_font(px, QFont.Weight.DemiBold if bold else QFont.Weight.Normal)


def plate_size(text: str, px: int = 12, bold: bool = True) -> QSizeF:
    """How large the plate of a text will be."""
    metrics, lines = QFontMetricsF(_plate_font(px, bold)), text.split("\n")
    return QSizeF(max(metrics.horizontalAdvance(n) for n in lines) + 10, metrics.height() * len(lines) + 5)


def plate(
    p: QPainter,
    at: QPointF,
    text: str,
    anchor: str = "c",
    px: int = 12,
    bold: bool = True,
    colour: QColor = INK,
) -> QRectF:
    """Text on a dark plate; ``anchor`` (c, l, r, t, b, tl, ...) is the point of the plate at ``at``."""
    lines, size = text.split("\n"), plate_size(text, px, bold)
    width, height = size.width(), size.height()
    x = at.x() - (0 if "l" in anchor else width if "r" in anchor else width / 2)
    y = at.y() - (0 if "t" in anchor else height if "b" in anchor else height / 2)
    rect = QRectF(x, y, width, height)
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(PLATE)
    p.drawRoundedRect(rect, 3, 3)
    p.setPen(colour)
    p.setFont(_plate_font(px, bold))
    align = Qt.AlignmentFlag.AlignVCenter | (
        Qt.AlignmentFlag.AlignHCenter
        if len(lines) == 1 or anchor == "c"
        else Qt.AlignmentFlag.AlignRight
        if "r" in anchor
        else Qt.AlignmentFlag.AlignLeft
    )
    p.drawText(rect.adjusted(5, 0, -5, 0), int(align), text)
    return rect


def notice(p: QPainter, room: QRectF, words: str) -> QRectF:
    """A sentence in the middle of a view, in as many lines as its width asks for."""
    metrics = QFontMetricsF(ui_font(12))
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and metrics.horizontalAdvance(longer) > room.width() - 26:
            lines.append(word)
        else:
            lines[-1] = longer
    return plate(p, room.center(), "\n".join(lines), "c", 12, False)


def edge_letters(p: QPainter, rect: QRectF, letters: tuple[str, str, str, str], skip: str = "") -> None:
    """Orientation letters at the middle of the edges; ``skip`` may name edges l, r, t, b."""
    left, right, top, bottom = letters
    c = rect.center()
    if "l" not in skip:
        plate(p, QPointF(rect.left() + 8, c.y()), left, "l", 13)
    if "r" not in skip:
        plate(p, QPointF(rect.right() - 8, c.y()), right, "r", 13)
    if "t" not in skip:
        plate(p, QPointF(c.x(), rect.top() + 8), top, "t", 13)
    if "b" not in skip:
        plate(p, QPointF(c.x(), rect.bottom() - 8), bottom, "b", 13)


def scale_bar(p: QPainter, rect: QRectF, px_per_mm: float) -> None:
    """A bar of a round length at the lower right."""
    length = next((n for n in (50, 20, 10, 5, 2) if n * px_per_mm <= rect.width() * 0.3), 1)
    width = length * px_per_mm
    p.setFont(ui_font(11))
    wide = max(width, p.fontMetrics().horizontalAdvance(mm(length, 0)) + 1)
    box = QRectF(rect.right() - wide - 24, rect.bottom() - 30, wide + 16, 24)
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(PLATE)
    p.drawRoundedRect(box, 3, 3)
    p.setPen(INK)
    p.drawText(
        box.adjusted(0, 1, -8, -6),
        int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop),
        mm(length, 0),
    )
    y = box.bottom() - 5
    p.setPen(QPen(INK, 1.2))
    p.drawPolyline(
        [
            QPointF(box.right() - 8 - width, y - 4),
            QPointF(box.right() - 8 - width, y),
            QPointF(box.right() - 8, y),
            QPointF(box.right() - 8, y - 4),
        ]
    )


def cased(
    p: QPainter,
    shape: QPainterPath,
    colour: QColor,
    width: float = 1.6,
    dash: list[float] | None = None,
    casing: int = 150,
) -> None:
    """A line with a black casing."""
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.setPen(QPen(QColor(0, 0, 0, casing), width + 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    p.drawPath(shape)
    pen = QPen(
        colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap if dash else Qt.PenCapStyle.RoundCap
    )
    if dash:
        pen.setDashPattern(dash)
    p.setPen(pen)
    p.drawPath(shape)


def polyline(points: NDArray[np.float64]) -> QPainterPath:
    """A path through (n, 2) points."""
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(float(x), float(y)) for x, y in points]))
    return path


def thinned(line_px: NDArray[np.float64], apart_px: float = 4.0) -> NDArray[np.float64]:
    """The points of a line that lie ``apart_px`` from the one kept before, and its ends."""
    way = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(line_px[:, :2], axis=0), axis=1))]
    keep = np.r_[True, np.diff(np.floor(way / apart_px)) > 0]
    keep[[1, -1]] = True
    return np.asarray(line_px[keep])


def tool_band(
    p: QPainter, points: NDArray[np.float64], width_px: float, colour: QColor, opacity: float = 0.62
) -> None:
    """The tool as it lies in the plane: a filled band with outline."""
    if len(points) < 2:
        return
    stroker = QPainterPathStroker()
    stroker.setWidth(max(3.0, width_px))
    stroker.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    stroker.setCapStyle(Qt.PenCapStyle.RoundCap if len(points) > 3 else Qt.PenCapStyle.FlatCap)
    shape = stroker.createStroke(polyline(points)).simplified()
    fill = QColor(colour)
    fill.setAlphaF(opacity)
    p.setPen(QPen(QColor(0, 0, 0, 150), 3.2))
    p.setBrush(Qt.BrushStyle.NoBrush)
    p.drawPath(shape)
    p.setPen(QPen(colour, 1.4))
    p.setBrush(fill)
    p.drawPath(shape)


def handle(p: QPainter, at: QPointF, side: str, hot: bool = False) -> None:
    """A grip: square on the left tool, round on the right one."""
    r = 6.5 if hot else 5.0
    p.setPen(QPen(QColor(0, 0, 0, 170), 4))
    p.setBrush(QColor("#0B0D0F"))
    for pen in (QPen(QColor(0, 0, 0, 170), 4), QPen(side_colour(side), 1.8)):
        p.setPen(pen)
        if side == "left":
            p.drawRect(QRectF(at.x() - r, at.y() - r, 2 * r, 2 * r))
        else:
            p.drawEllipse(at, r, r)


def clear_of(at: QPointF, ring: QPointF | None) -> bool:
    """Whether the tip's handle would not cover the target's ring, which is a handle of it too."""
    return ring is None or QLineF(at, ring).length() > 17


def target_ring(p: QPainter, at: QPointF, radius: float = 9, faint: bool = False) -> None:
    """The target: a ring with four ticks and a dot."""
    colour = QColor(TARGET)
    colour.setAlphaF(0.5 if faint else 1.0)
    path = QPainterPath()
    path.addEllipse(at, radius, radius)
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        path.moveTo(at.x() + dx * radius * 0.55, at.y() + dy * radius * 0.55)
        path.lineTo(at.x() + dx * radius * 1.65, at.y() + dy * radius * 1.65)
    cased(p, path, colour, 1.7)
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(colour)
    p.drawEllipse(at, 1.8, 1.8)


def status_plate(p: QPainter, at: QPointF, kind: str, text: str, bounds: QRectF, px: int = 12) -> None:
    """A value with its status shape, kept inside ``bounds``."""
    font = ui_font(px, QFont.Weight.DemiBold)
    width = QFontMetricsF(font).horizontalAdvance(text) + 32
    rect = QRectF(at.x() - width / 2, at.y() - 12, width, 24)
    rect.moveLeft(min(max(rect.left(), bounds.left() + 8), bounds.right() - 8 - width))
    rect.moveTop(min(max(rect.top(), bounds.top() + 8), bounds.bottom() - 32))
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(PLATE)
    p.drawRoundedRect(rect, 3, 3)
    draw_status(p, QRectF(rect.left() + 6, rect.center().y() - 6.5, 13, 13), kind, in_image=True)
    p.setPen(INK)
    p.setFont(font)
    p.drawText(
        rect.adjusted(24, 0, -6, 0), int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text
    )


CUBE_PX, CUBE_BOX = 15.0, 24
_FACES = {"L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "S": (0, 0, 1), "I": (0, 0, -1)}


def orientation_cube(
    p: QPainter, at: QPointF, right_lps: NDArray[np.float64], down_lps: NDArray[np.float64]
) -> None:
    """A cube with the patient's directions on its faces, turned as the view is; its middle at ``at``.

    Drawn a little from above and aside, so that a view along an axis shows three faces too.
    """
    ratio = p.device().devicePixelRatioF()
    turned = tuple(round(float(x), 2) for x in (*right_lps, *down_lps))
    p.drawImage(at - QPointF(CUBE_BOX, CUBE_BOX), _cube(turned, ratio))


@lru_cache(maxsize=256)
def _cube(turned: tuple[float, ...], ratio: float) -> QImage:
    """The cube in the middle of a square of twice CUBE_BOX; ``turned``: right and down, LPS."""
    side = round(2 * CUBE_BOX * ratio)
    picture = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    with QPainter(picture) as p:
        _paint_cube(p, QPointF(CUBE_BOX, CUBE_BOX), np.array(turned[:3]), np.array(turned[3:]))
    return picture


def _paint_cube(
    p: QPainter, at: QPointF, right_lps: NDArray[np.float64], down_lps: NDArray[np.float64]
) -> None:
    away = np.cross(right_lps, down_lps)
    a, b = np.deg2rad(18), np.deg2rad(16)
    right = right_lps * np.cos(a) + away * np.sin(a)
    depth = away * np.cos(a) - right_lps * np.sin(a)
    down, depth = down_lps * np.cos(b) - depth * np.sin(b), depth * np.cos(b) + down_lps * np.sin(b)
    shown = sorted(
        ((float(np.array(n, float) @ depth), name, np.array(n, float)) for name, n in _FACES.items()),
        key=lambda face: -face[0],
    )
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    for toward, name, normal in shown:
        if toward > -0.08:
            continue
        first = np.array([normal[1], normal[2], normal[0]])
        second = np.cross(normal, first)
        corners = [normal + u * first + v * second for u, v in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
        polygon = QPolygonF(
            [at + QPointF(float(c @ right), float(c @ down)) * (CUBE_PX / 1.5) for c in corners]
        )
        shade = int(58 + 62 * min(1.0, -toward))
        p.setPen(QPen(QColor(11, 14, 17), 1.2))
        p.setBrush(QColor(shade, shade + 5, shade + 12, 235))
        p.drawPolygon(polygon)
        if toward < -0.5:
            middle = at + QPointF(float(normal @ right), float(normal @ down)) * (CUBE_PX / 1.5)
            p.setPen(INK)
            p.setFont(ui_font(10, QFont.Weight.Bold))
            box = QRectF(middle.x() - 9, middle.y() - 9, 18, 18)
            p.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
