"""The app's own icons: a 20 px grid, round strokes of 1.6 px, no fill; one icon for one meaning."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from ui.theme import tokens

_NAME = "iconOfTheme"


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


def set_icon(button: QAbstractButton, name: str) -> None:
    """Give a button an icon that follows the theme, see ``follow_theme``."""
    button.setProperty(_NAME, name)
    button.setIcon(icon(name))


def follow_theme(widget: QWidget) -> None:
    """Draw a button's icon in the colours of the theme that now holds, if ``set_icon`` gave it one."""
    name = widget.property(_NAME)
    if name and isinstance(widget, QAbstractButton):
        widget.setIcon(icon(name))


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


def _apart(p: QPainter) -> None:
    _path(p, (8.5, 5), (3.5, 5), (3.5, 16.5), (15, 16.5), (15, 11.5))
    _path(p, (11, 3.5), (16.5, 3.5), (16.5, 9))
    _path(p, (16.5, 3.5), (9.5, 10.5))


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
    "apart": _apart,
    "enlarge": _enlarge,
    "export": _export,
    "sun": _sun,
    "search": _search,
    "clock": _clock,
    "spine": _spine,
}
