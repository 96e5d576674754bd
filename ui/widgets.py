"""Small widgets used everywhere: labels, status shapes, side chips, lines, icons."""

from __future__ import annotations

import math
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from ui.theme import DARK, NARROW, side_colour, tokens, ui_font


def label(text: str = "", role: str = "", wrap: bool = False) -> QLabel:
    """A label with a look of the style sheet."""
    made = QLabel(text)
    if role:
        made.setProperty("role", role)
    if wrap:
        made.setWordWrap(True)
        made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
    return made


def section(text: str) -> QLabel:
    """A section head: the only capitals."""
    made = label(text.upper(), "section")
    font = ui_font(11, QFont.Weight.DemiBold)
    font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 104)
    made.setFont(font)
    return made


def hairline() -> QFrame:
    """A thin line between groups."""
    line = QFrame()
    line.setProperty("role", "line")
    line.setFixedHeight(1)
    return line


def mm(value: float | None, digits: int = 1) -> str:
    """A length in words; an en dash when it is not known."""
    return "–" if value is None else f"{value:.{digits}f}{NARROW}mm".replace("-", "\u2212")


def deg(value: float | None, digits: int = 1) -> str:
    """An angle in words."""
    return "–" if value is None else f"{value:.{digits}f}°".replace("-", "\u2212")


def percent(fraction: float | None) -> str:
    """A share in words: whole per cent, one decimal below ten."""
    if fraction is None or math.isnan(fraction):
        return "–"
    value = 100 * fraction
    return f"{value:.1f}{NARROW}%" if value < 10 else f"{value:.0f}{NARROW}%"


def draw_status(p: QPainter, rect: QRectF, kind: str, hollow: bool = False, in_image: bool = False) -> None:
    """Status by shape first and colour second: good, caution, stop, doubt, info or none.

    ``in_image``: on black, whatever the theme.
    """
    t = DARK if in_image else tokens()
    p.save()
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    c, r = rect.center(), min(rect.width(), rect.height()) / 2
    ink = QColor(t.chip_ink)
    glyph = QPen(
        ink, max(1.4, r * 0.26), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    )
    if kind == "good":
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(t.good))
        p.drawEllipse(c, r, r)
        p.setPen(glyph)
        p.drawPolyline(
            [
                QPointF(c.x() - r * 0.42, c.y() + r * 0.02),
                QPointF(c.x() - r * 0.1, c.y() + r * 0.36),
                QPointF(c.x() + r * 0.46, c.y() - r * 0.32),
            ]
        )
    elif kind == "caution":
        triangle = QPolygonF(
            [
                QPointF(c.x(), c.y() - r * 0.92),
                QPointF(c.x() + r * 0.98, c.y() + r * 0.82),
                QPointF(c.x() - r * 0.98, c.y() + r * 0.82),
            ]
        )
        colour = QColor(t.caution)
        p.setPen(QPen(colour, 1.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        p.setBrush(Qt.BrushStyle.NoBrush if hollow else colour)
        p.drawPolygon(triangle)
        if not hollow:
            p.setPen(glyph)
            p.drawLine(QPointF(c.x(), c.y() - r * 0.32), QPointF(c.x(), c.y() + r * 0.2))
            p.drawPoint(QPointF(c.x(), c.y() + r * 0.54))
    elif kind == "stop":
        points = [
            QPointF(
                c.x() + r * math.cos(math.radians(22.5 + 45 * i)),
                c.y() + r * math.sin(math.radians(22.5 + 45 * i)),
            )
            for i in range(8)
        ]
        p.setPen(Qt.PenStyle.NoPen)
        p.setBrush(QColor(t.stop))
        p.drawPolygon(QPolygonF(points))
        p.setPen(glyph)
        a = r * 0.34
        p.drawLine(QPointF(c.x() - a, c.y() - a), QPointF(c.x() + a, c.y() + a))
        p.drawLine(QPointF(c.x() - a, c.y() + a), QPointF(c.x() + a, c.y() - a))
    elif kind == "doubt":
        p.setPen(
            QPen(
                QColor(t.doubt),
                1.5,
                Qt.PenStyle.SolidLine,
                Qt.PenCapStyle.RoundCap,
                Qt.PenJoinStyle.RoundJoin,
            )
        )
        p.setBrush(Qt.BrushStyle.NoBrush)
        d = r * 0.96
        p.drawPolygon(
            QPolygonF(
                [
                    QPointF(c.x(), c.y() - d),
                    QPointF(c.x() + d, c.y()),
                    QPointF(c.x(), c.y() + d),
                    QPointF(c.x() - d, c.y()),
                ]
            )
        )
        p.setFont(ui_font(max(8, int(r * 1.15)), QFont.Weight.Bold))
        p.drawText(rect, Qt.AlignmentFlag.AlignCenter, "?")
    elif kind == "info":
        p.setPen(QPen(QColor(t.text2), 1.4))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawEllipse(c, r * 0.9, r * 0.9)
        p.setFont(ui_font(max(8, int(r * 1.2)), QFont.Weight.DemiBold))
        p.drawText(rect, Qt.AlignmentFlag.AlignCenter, "i")
    else:
        p.setPen(QPen(QColor(t.text3), 1.5))
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawEllipse(c, r * 0.86, r * 0.86)
    p.restore()


def draw_chip(p: QPainter, rect: QRectF, side: str) -> None:
    """Side by letter, colour and shape: L on a square, R on a disc."""
    p.save()
    p.setRenderHint(QPainter.RenderHint.Antialiasing)
    p.setPen(Qt.PenStyle.NoPen)
    p.setBrush(side_colour(side))
    if side == "left":
        p.drawRoundedRect(rect, rect.width() * 0.16, rect.width() * 0.16)
    else:
        p.drawEllipse(rect)
    p.setPen(QColor("#0B0D0F"))
    p.setFont(ui_font(int(rect.height() * 0.58), QFont.Weight.Bold))
    p.drawText(rect, Qt.AlignmentFlag.AlignCenter, "L" if side == "left" else "R")
    p.restore()


class StatusMark(QWidget):
    """A status shape as a widget."""

    def __init__(self, kind: str = "none", size: int = 16, hollow: bool = False) -> None:
        super().__init__()
        self.kind, self.hollow = kind, hollow
        self.setFixedSize(size, size)

    def set_kind(self, kind: str) -> None:
        """Change the shape."""
        self.kind = kind
        self.update()

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as p:
            draw_status(p, QRectF(self.rect()).adjusted(1, 1, -1, -1), self.kind, self.hollow)


class SideChip(QWidget):
    """L on a cyan square or R on a magenta disc."""

    def __init__(self, side: str = "left", size: int = 20) -> None:
        super().__init__()
        self.side = side
        self.setFixedSize(size, size)

    def set_side(self, side: str) -> None:
        """Change the side."""
        self.side = side
        self.update()

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as p:
            draw_chip(p, QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), self.side)


def status_pixmap(kind: str, size: int = 14) -> QPixmap:
    """A status shape for buttons and menus."""
    return _status_pixmap(kind, size, tokens().name)


@lru_cache(maxsize=64)
def _status_pixmap(kind: str, size: int, _theme: str) -> QPixmap:
    ratio = 2
    pixmap = QPixmap(size * ratio, size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as p:
        draw_status(p, QRectF(0.5, 0.5, size - 1, size - 1), kind)
    return pixmap


def icon(name: str, colour: str | None = None, size: int = 20) -> QIcon:
    """An icon of the app's own set: 20 px grid, round strokes of 1.6 px, no fill."""
    ratio = 2
    pixmap = QPixmap(size * ratio, size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as p:
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.scale(size / 20, size / 20)
        pen = QPen(QColor(colour or tokens().text2), 1.6)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        p.setPen(pen)
        _ICONS[name](p)
    made = QIcon(pixmap)
    made.addPixmap(pixmap, QIcon.Mode.Normal)
    return made


def _path(p: QPainter, *points: tuple[float, float]) -> None:
    p.drawPolyline([QPointF(x, y) for x, y in points])


def _folder(p: QPainter) -> None:
    _path(p, (2.5, 15.5), (2.5, 4.5), (7.5, 4.5), (9.5, 6.5), (17.5, 6.5), (17.5, 15.5), (2.5, 15.5))


def _undo(p: QPainter) -> None:
    path = QPainterPath(QPointF(4, 7.5))
    path.lineTo(12, 7.5)
    path.cubicTo(17.5, 7.5, 17.5, 15.5, 12, 15.5)
    path.lineTo(8, 15.5)
    p.drawPath(path)
    _path(p, (7.5, 4), (4, 7.5), (7.5, 11))


def _redo(p: QPainter) -> None:
    p.translate(20, 0)
    p.scale(-1, 1)
    _undo(p)


def _save(p: QPainter) -> None:
    _path(p, (3.5, 3.5), (13.5, 3.5), (16.5, 6.5), (16.5, 16.5), (3.5, 16.5), (3.5, 3.5))
    _path(p, (6.5, 16), (6.5, 11), (13.5, 11), (13.5, 16))
    _path(p, (7, 4), (7, 7), (12, 7), (12, 4))


def _grid(p: QPainter) -> None:
    p.drawRoundedRect(QRectF(3, 3.5, 14, 13), 1.5, 1.5)
    _path(p, (3, 10), (17, 10))
    _path(p, (10, 3.5), (10, 16.5))


def _half(p: QPainter) -> None:
    p.drawEllipse(QPointF(10, 10), 7, 7)
    p.setBrush(p.pen().color())
    p.drawPie(QRectF(3, 3, 14, 14), 90 * 16, 180 * 16)


def _layers(p: QPainter) -> None:
    _path(p, (10, 3), (17, 7), (10, 11), (3, 7), (10, 3))
    _path(p, (3, 10.5), (10, 14.5), (17, 10.5))


def _link(p: QPainter) -> None:
    p.drawEllipse(QPointF(10, 10), 3.2, 3.2)
    for a, b in (((10, 2), (10, 5)), ((10, 15), (10, 18)), ((2, 10), (5, 10)), ((15, 10), (18, 10))):
        _path(p, a, b)


def _enlarge(p: QPainter) -> None:
    _path(p, (12, 4), (16, 4), (16, 8))
    _path(p, (8, 16), (4, 16), (4, 12))


def _export(p: QPainter) -> None:
    _path(p, (10, 13), (10, 3))
    _path(p, (6.5, 6.5), (10, 3), (13.5, 6.5))
    _path(p, (3.5, 12), (3.5, 16.5), (16.5, 16.5), (16.5, 12))


def _sun(p: QPainter) -> None:
    p.drawEllipse(QPointF(10, 10), 3.4, 3.4)
    for i in range(8):
        a = math.radians(45 * i)
        _path(
            p,
            (10 + 6 * math.cos(a), 10 + 6 * math.sin(a)),
            (10 + 7.8 * math.cos(a), 10 + 7.8 * math.sin(a)),
        )


def _search(p: QPainter) -> None:
    p.drawEllipse(QPointF(9, 9), 5, 5)
    _path(p, (12.8, 12.8), (17, 17))


def _clock(p: QPainter) -> None:
    p.drawEllipse(QPointF(10, 10), 7, 7)
    _path(p, (10, 6), (10, 10), (13, 12))


def _spine(p: QPainter) -> None:
    for y in (4.0, 10.0, 16.0):
        p.drawRoundedRect(QRectF(4, y - 2, 8, 4), 1.2, 1.2)
        _path(p, (12, y), (16, y + 1.2))


def _slab(p: QPainter) -> None:
    _path(p, (3, 8), (13, 5), (17, 7), (7, 10), (3, 8))
    _path(p, (3, 12.5), (7, 14.5), (17, 11.5))


def _ruler(p: QPainter) -> None:
    _path(p, (3, 13), (13, 3), (17, 7), (7, 17), (3, 13))
    for x, y in ((7, 9), (9.5, 6.5), (12, 4)):
        _path(p, (x - 1, y + 1), (x + 0.6, y + 2.6))


def _lock(p: QPainter) -> None:
    p.drawRoundedRect(QRectF(4.5, 9, 11, 7.5), 1.5, 1.5)
    path = QPainterPath(QPointF(7, 9))
    path.lineTo(7, 6.5)
    path.cubicTo(7, 2.5, 13, 2.5, 13, 6.5)
    path.lineTo(13, 9)
    p.drawPath(path)


def _help(p: QPainter) -> None:
    p.drawEllipse(QPointF(10, 10), 7, 7)
    path = QPainterPath(QPointF(7.8, 8))
    path.cubicTo(7.8, 5, 12.4, 5, 12.2, 8)
    path.cubicTo(12, 9.6, 10, 9.6, 10, 11.6)
    p.drawPath(path)
    p.drawPoint(QPointF(10, 14))


def _gear(p: QPainter) -> None:
    p.drawEllipse(QPointF(10, 10), 2.6, 2.6)
    p.drawEllipse(QPointF(10, 10), 5.4, 5.4)
    for i in range(8):
        a = math.radians(45 * i)
        c, s = math.cos(a), math.sin(a)
        _path(p, (10 + 5.4 * c, 10 + 5.4 * s), (10 + 7.6 * c, 10 + 7.6 * s))


_ICONS = {
    "slab": _slab,
    "ruler": _ruler,
    "lock": _lock,
    "help": _help,
    "gear": _gear,
    "folder": _folder,
    "undo": _undo,
    "redo": _redo,
    "save": _save,
    "grid": _grid,
    "half": _half,
    "layers": _layers,
    "link": _link,
    "enlarge": _enlarge,
    "export": _export,
    "sun": _sun,
    "search": _search,
    "clock": _clock,
    "spine": _spine,
}


class Brand(QWidget):
    """The app's mark: a curved tool on a blue square."""

    def __init__(self, size: int = 22) -> None:
        super().__init__()
        self.setFixedSize(size, size)

    def sizeHint(self) -> QSize:
        return self.size()

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as p:
            p.setRenderHint(QPainter.RenderHint.Antialiasing)
            s = self.width()
            p.setPen(Qt.PenStyle.NoPen)
            p.setBrush(QColor(tokens().primary))
            p.drawRoundedRect(QRectF(0, 0, s, s), s * 0.2, s * 0.2)
            path = QPainterPath(QPointF(s * 0.2, s * 0.72))
            path.cubicTo(s * 0.5, s * 0.66, s * 0.45, s * 0.34, s * 0.8, s * 0.3)
            p.setBrush(Qt.BrushStyle.NoBrush)
            p.setPen(QPen(QColor("white"), s * 0.11, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            p.drawPath(path)
