"""Small parts of a report page; points of 1/72 inch, the origin at the lower left corner of the page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from reportlab.lib.utils import ImageReader, simpleSplit

from planner.report.words import printable

Canvas = Any
BOLD, PLAIN = "Helvetica-Bold", "Helvetica"


def text(
    c: Canvas, x: float, y: float, words: str, size: float, font: str = PLAIN, align: str = "left"
) -> None:
    """One line of text at its baseline."""
    c.setFont(font, size)
    draw = {"left": c.drawString, "right": c.drawRightString, "centre": c.drawCentredString}[align]
    draw(x, y, printable(words))


def fitted(c: Canvas, words: str, width: float, size: float, font: str) -> float:
    """The font size at which ``words`` fit ``width``, at most ``size`` and at least 5."""
    wide = c.stringWidth(printable(words), font, size)
    return size if wide <= width else max(5.0, size * width / wide)


def paragraph(
    c: Canvas, x: float, y: float, width: float, words: str, size: float, font: str = PLAIN
) -> float:
    """Text broken at ``width`` from its first baseline down; returns the baseline after the last line."""
    for line in simpleSplit(printable(words), font, size, width):
        text(c, x, y, line, size, font)
        y -= size * 1.3
    return y


def boxed(c: Canvas, x: float, y: float, words: str, size: float, align: str = "left", fill: int = 1) -> None:
    """A word in a white box with a black frame; (x, y) is its lower left (or right) corner."""
    wide = c.stringWidth(printable(words), BOLD, size) + size * 0.9
    left = x if align == "left" else x - wide
    c.setFillGray(fill)
    c.setLineWidth(0.6)
    c.rect(left, y, wide, size * 1.55, fill=1, stroke=1)
    c.setFillGray(0)
    text(c, left + size * 0.45, y + size * 0.45, words, size, BOLD)


def picture(
    c: Canvas,
    x: float,
    y: float,
    width: float,
    height: float,
    pixels: NDArray[np.uint8] | bytes | None,
    title: str,
    corners: tuple[str, str] | None = None,
) -> None:
    """A framed picture, cut to fill its box, with a title and the patient's sides in the lower corners."""
    if pixels is None:
        c.setFillGray(0.93)
        c.rect(x, y, width, height, fill=1, stroke=0)
        c.setFillGray(0)
    else:
        image = Image.open(io.BytesIO(pixels)) if isinstance(pixels, bytes) else Image.fromarray(pixels)
        c.drawImage(ImageReader(_cut(image.convert("RGB"), width / height)), x, y, width, height)
    c.setLineWidth(0.6)
    c.rect(x, y, width, height, fill=0, stroke=1)
    boxed(c, x + 4, y + height - 15, title, 7)
    if corners:
        boxed(c, x + 4, y + 4, corners[0], 7)
        boxed(c, x + width - 4, y + 4, corners[1], 7, "right")


def _cut(image: Image.Image, ratio: float) -> Image.Image:
    width, height = image.size
    if width / height > ratio:
        keep = round(height * ratio)
        return image.crop(((width - keep) // 2, 0, (width - keep) // 2 + keep, height))
    keep = round(width / ratio)
    return image.crop((0, (height - keep) // 2, width, (height - keep) // 2 + keep))


def side_chip(c: Canvas, x: float, y: float, size: float, side: str) -> None:
    """L in a square frame, R in a round one."""
    c.setLineWidth(size * 0.045)
    if side == "left":
        c.roundRect(x, y, size, size, size * 0.1)
    else:
        c.circle(x + size / 2, y + size / 2, size / 2)
    text(c, x + size / 2, y + size * 0.31, side[0].upper(), size * 0.54, BOLD, "centre")


def mark(c: Canvas, x: float, y: float, kind: str, size: float = 6.5) -> None:
    """The shape of a status, its lower left corner at (x, y): disc and tick, triangle, octagon, ring."""
    r, mx, my = size / 2, x + size / 2, y + size / 2
    c.setLineWidth(0.9)
    if kind == "good":
        c.circle(mx, my, r)
        _lines(c, [(mx - r * 0.5, my), (mx - r * 0.1, my - r * 0.4), (mx + r * 0.55, my + r * 0.45)])
    elif kind in ("caution", "stop"):
        if kind == "caution":
            corners = [(mx, y + size), (x + size, y), (x, y)]
        else:
            turn = np.pi / 8 + np.arange(8) * np.pi / 4
            corners = [(mx + r * 1.05 * np.cos(a), my + r * 1.05 * np.sin(a)) for a in turn]
        path = c.beginPath()
        path.moveTo(*corners[0])
        for corner in corners[1:]:
            path.lineTo(*corner)
        path.close()
        c.drawPath(path, fill=1, stroke=1)
        c.setStrokeGray(1)
        if kind == "caution":
            _lines(c, [(mx, y + size * 0.62), (mx, y + size * 0.32)])
            _lines(c, [(mx, y + size * 0.2), (mx, y + size * 0.12)])
        else:
            q = r * 0.42
            _lines(c, [(mx - q, my - q), (mx + q, my + q)])
            _lines(c, [(mx - q, my + q), (mx + q, my - q)])
        c.setStrokeGray(0)
    else:
        c.setDash(1, 1)
        c.circle(mx, my, r * 0.9)
        c.setDash()


def _lines(c: Canvas, points: Sequence[tuple[float, float]]) -> None:
    for (ax, ay), (bx, by) in pairwise(points):
        c.line(ax, ay, bx, by)


def table(
    c: Canvas,
    x: float,
    y: float,
    width: float,
    title: str,
    rows: Sequence[tuple[str, ...]],
    pitch: float = 13.0,
) -> float:
    """A headed table of (label, value[, status]) rows from ``y`` down; returns the y below it."""
    text(c, x, y, title.upper(), 7.5, BOLD)
    c.setLineWidth(1.1)
    c.line(x, y - 5, x + width, y - 5)
    y -= 5
    for row in rows:
        label, value = row[0], row[1]
        indent = 0.0
        if len(row) > 2:
            mark(c, x, y - pitch + 3.2, row[2])
            indent = 10.0
        value_wide = c.stringWidth(printable(value), BOLD, 7.5)
        size = fitted(c, label, width - indent - value_wide - 4, 7.5, PLAIN)
        text(c, x + indent, y - pitch + 4, label, size)
        text(c, x + width, y - pitch + 4, value, 7.5, BOLD, "right")
        c.setLineWidth(0.25)
        c.setStrokeGray(0.6)
        c.line(x, y - pitch, x + width, y - pitch)
        c.setStrokeGray(0)
        y -= pitch
    return y
