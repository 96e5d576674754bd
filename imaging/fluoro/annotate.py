"""What is burnt into every simulated picture: sides, angles in words, level, and that it is simulated."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from imaging.fluoro.views import ViewName
from imaging.geometry.carm import Projection, pose_words

VIEW_WORDS: dict[ViewName, str] = {
    "ap": "AP",
    "lateral": "Lateral",
    "oblique": "Oblique",
    "en_face": "Down the tool",
}
_WHITE, _GREY = 240, 182


def edge_letters(projection: Projection) -> tuple[str, str]:
    """Letters for the picture's left and right edge: L and R, or A and P where the view is nearer lateral."""
    towards = -projection.u_lps
    if abs(towards[0]) >= abs(towards[1]):
        return ("L", "R") if towards[0] > 0 else ("R", "L")
    return ("P", "A") if towards[1] > 0 else ("A", "P")


def annotate(
    picture: NDArray[np.uint8],
    projection: Projection,
    *,
    side: str | None = None,
    level: str | None = None,
    view: ViewName | None = None,
    words: str | None = None,
) -> NDArray[np.uint8]:
    """The picture with its writing, in the shape of ``picture``: (rows, columns) or (rows, columns, 3).

    Args:
        picture: uint8 picture made with ``projection``.
        projection: decides which letter stands on which side.
        side, level: for example "left" and "L4"; written as "L4 left".
        view: names the view; left out where None.
        words: the C-arm's angles; in the clinic's words for a prone patient unless told.
    """
    colour = picture.ndim == 3
    image = Image.fromarray(np.ascontiguousarray(picture))
    draw = ImageDraw.Draw(image)
    white: Any = (_WHITE,) * 3 if colour else _WHITE
    grey: Any = (_GREY,) * 3 if colour else _GREY
    black: Any = (0, 0, 0) if colour else 0
    rows, columns = picture.shape[:2]
    unit = min(rows, columns) / 512
    margin = max(4.0, 12 * unit)
    small, large = _font(max(9.0, 13 * unit)), _font(max(12.0, 22 * unit))
    halo = max(1, round(1.5 * unit))

    def write(x: float, y: float, text: str, anchor: str, font: Any, fill: Any) -> None:
        draw.text((x, y), text, fill=fill, font=font, anchor=anchor, stroke_width=halo, stroke_fill=black)

    left, right = edge_letters(projection)
    write(margin, margin, left, "la", large, white)
    write(columns - margin, margin, right, "ra", large, white)
    bottom = rows - margin
    line = max(12.0, 18 * unit)
    pose = projection.pose
    angles = words if words is not None else pose_words(pose.primary_deg, pose.secondary_deg)
    write(margin, bottom, angles, "ld", small, white)
    if view is not None and VIEW_WORDS[view].casefold() not in angles.casefold():
        write(margin, bottom - line, VIEW_WORDS[view], "ld", small, grey)
    named = " ".join(part for part in (level, side) if part)
    if named:
        write(columns - margin, bottom, named, "rd", small, white)
        bottom -= line + 3 * unit
    text = "SIMULATED"
    box = draw.textbbox((columns - margin - 5 * unit, bottom - 3 * unit), text, font=small, anchor="rd")
    frame = (box[0] - 5 * unit, box[1] - 4 * unit, box[2] + 5 * unit, box[3] + 4 * unit)
    draw.rounded_rectangle(frame, radius=3 * unit, fill=black, outline=white, width=max(1, round(unit)))
    draw.text((columns - margin - 5 * unit, bottom - 3 * unit), text, fill=white, font=small, anchor="rd")
    return np.asarray(image)


def source_stamp(made_from: str) -> str:
    """What is burnt into every picture of a volume whose HU were made up from another modality."""
    return f"FROM {made_from}, NOT ATTENUATION"


def stamped(picture: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    """The picture with a framed warning burnt in below its upper edge, in the shape of ``picture``."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    draw = ImageDraw.Draw(image)
    rows, columns = picture.shape[:2]
    unit = min(rows, columns) / 512
    font = _font(max(9.0, 15 * unit))
    white: Any = (_WHITE,) * 3 if picture.ndim == 3 else _WHITE
    black: Any = (0, 0, 0) if picture.ndim == 3 else 0
    at = (columns / 2, 12 * unit + max(12.0, 22 * unit))
    box = draw.textbbox(at, text, font=font, anchor="mt")
    frame = (box[0] - 6 * unit, box[1] - 5 * unit, box[2] + 6 * unit, box[3] + 5 * unit)
    draw.rectangle(frame, fill=black, outline=white, width=max(1, round(unit)))
    draw.text(at, text, fill=white, font=font, anchor="mt")
    return np.asarray(image)


@lru_cache(maxsize=16)
def _font(size: float) -> Any:
    return ImageFont.load_default(size)
