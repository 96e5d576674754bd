"""Small widgets used everywhere: labels, status shapes, side chips, lines, icons."""

from __future__ import annotations

import math
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QPixmap, QPolygonF
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


def say_in_place(shown: QLabel, text: str) -> None:
    """Other words in a label that keeps its size where they fit, so that nothing is laid out anew."""
    if text == shown.text():
        return
    if not shown.isVisible():
        shown.setText(text)
        return
    if shown.minimumSize() != shown.maximumSize():
        shown.setFixedSize(shown.size())
    shown.setText(text)
    if shown.wordWrap():
        shown.setFixedHeight(max(shown.height(), shown.heightForWidth(shown.width())))
    else:
        shown.setFixedWidth(max(shown.width(), shown.sizeHint().width()))


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
    return "–" if value is None else f"{value:z.{digits}f}{NARROW}mm".replace("-", "\u2212")


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
        if kind != self.kind:
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
