"""A monitor's picture and outlines as one image of the glass's own pixels, made on any thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from imaging.fluoro.glass import Stroke, glass
from imaging.fluoro.overlay import Outline
from ui.theme import BONE_LINE, CANAL, LESION, TARGET, side_colour

_COLOURS = {"canal": CANAL, "lesion": LESION, "trap": QColor("#F6C445")}
_DASHED = {"midline", "trap"}
_TURN = np.linspace(0, 2 * np.pi, 25)


@dataclass(frozen=True)
class GlassFrame:
    """How a monitor is looked at.

    Attributes:
        width, height: of the glass in its own pixels.
        ratio: its pixels a window pixel.
        zoom, shift: of the picture; shift in window pixels.
        greys: 256 bytes, shown for each grey.
    """

    width: int
    height: int
    ratio: float
    zoom: float
    shift: tuple[float, float]
    greys: bytes

    def scale(self, columns: int) -> float:
        """Glass pixels a picture pixel."""
        return min(self.width, self.height) * 0.985 / columns * self.zoom

    def place(self, uv_px: NDArray[np.float64], columns: int, rows: int) -> NDArray[np.float64]:
        """(N, 2) picture pixels, the first one's centre at 0, to (N, 2) glass pixels, its corner at 0."""
        middle = np.array([self.width, self.height]) / 2 + np.array(self.shift) * self.ratio
        return np.asarray((uv_px + 0.5 - np.array([columns, rows]) / 2) * self.scale(columns) + middle)


def composed(pixels: NDArray[np.uint8], outlines: Sequence[Outline], frame: GlassFrame) -> QImage:
    """The picture, and the outlines over it within its round field; needs no window."""
    rows, columns = pixels.shape
    corner = frame.place(np.array([[-0.5, -0.5]]), columns, rows)[0]
    strokes: list[Stroke] = []
    for outline in outlines:
        points = frame.place(outline.points_px, columns, rows)
        strokes += (
            _target(points, frame.ratio) if outline.kind == "target" else [_stroke(outline, points, frame)]
        )
    shown = glass(
        pixels, frame.width, frame.height, (float(corner[0]), float(corner[1])), frame.scale(columns),
        np.frombuffer(frame.greys, np.uint8), strokes,
    )  # fmt: skip
    image = QImage(shown.data, frame.width, frame.height, 4 * frame.width, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(frame.ratio)
    image.bvn_pixels = shown  # type: ignore[attr-defined]  # the image does not own them
    return image


def _rgb(colour: QColor) -> int:
    return int(colour.rgb()) & 0xFFFFFF


def _stroke(outline: Outline, points: NDArray[np.float64], frame: GlassFrame) -> Stroke:
    width = 1.3 * frame.ratio
    if outline.kind == "tool_axis":
        width, dash, colour = 1.4 * frame.ratio, (4.0, 3.0), side_colour(outline.side or "left")
    else:
        colour = _COLOURS.get(outline.kind, BONE_LINE)
        dashed = outline.dashed or outline.kind in _DASHED
        dash = (1.5, 3.0) if outline.kind == "lesion" else (5.0, 4.0) if dashed else (0.0, 0.0)
    return Stroke(points, _rgb(colour), width, (dash[0] * width, dash[1] * width))


def _target(points: NDArray[np.float64], ratio: float) -> list[Stroke]:
    """A ring with four ticks and a dot, of one size at any zoom."""
    middle, radius, colour = points[:-1].mean(0), 8 * ratio, _rgb(TARGET)
    ring = middle + radius * np.stack([np.cos(_TURN), np.sin(_TURN)], 1)
    ticks = [
        middle + radius * np.array([[0.55 * x, 0.55 * y], [1.65 * x, 1.65 * y]])
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1))
    ]
    lines = [Stroke(line, colour, 1.7 * ratio) for line in (ring, *ticks)]
    return [*lines, Stroke(np.stack([middle, middle]), colour, 3.6 * ratio)]
