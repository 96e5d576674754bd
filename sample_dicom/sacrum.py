"""Sacrum from S1 to S4 in the frame of S1's body: bodies, lateral masses, canal, foramina, crest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_dicom.arch import PedicleShape, pedicle
from sample_dicom.body import BodyShape, body, canal
from sample_dicom.canvas import F32, Canvas, Primitive, ellipse_distance, placed, rod, smooth_max
from sample_dicom.facets import JointShape, superior_process
from sample_dicom.frames import Frame, axes_from_angles
from sample_dicom.parameters import LevelShape

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Segment:
    """S2, S3 or S4: pitch relative to S1, size of its body and of the lateral mass beside it."""

    pitch_deg: float
    half_width_mm: float
    depth_mm: float
    height_mm: float
    canal_half_mm: float
    canal_depth_mm: float
    reach_mm: float
    taper: float
    front: tuple[float, ...]
    back: tuple[float, ...]


LOWER = (
    Segment(-6, 15.5, 20, 22, 12, 11, 45.5, 0.33, (-3, -2, 0, 3, 6), (17, 15, 12, 13, 14)),
    Segment(-18, 13, 14.5, 19, 9, 8, 37, 0.50, (-2, -1, 0, 1, 3), (13, 12, 9, 9, 9)),
    Segment(-34, 12, 11, 17, 7, 5, 29, 0.30, (-2, -1, 0, 1, 2), (9, 8, 7, 6, 6)),
)
_U = (0.0, 13.0, 19.0, 30.0, 42.0)


def segment_frames(b: BodyShape) -> list[Frame]:
    """Frames of S2..S4 in S1's frame, posterior walls joined."""
    frames: list[Frame] = []
    back, bottom = np.array([0.0, b.depth_mm / 2, -b.rim_mm / 2]), None
    for segment in LOWER:
        axes = axes_from_angles(segment.pitch_deg)
        if bottom is not None:
            back = bottom
        origin = back - np.array([0.0, segment.depth_mm / 2, segment.height_mm / 2]) @ axes
        frames.append(Frame(origin, axes))
        bottom = origin + np.array([0.0, segment.depth_mm / 2, -segment.height_mm / 2]) @ axes
    return frames


def _mass(
    reach: float,
    taper: float,
    height: float,
    us: Sequence[float],
    front: Sequence[float],
    back: Sequence[float],
    tops: Sequence[float],
    slope_behind: float,
    behind_from: float,
) -> Primitive:
    """Plate between a front and a back profile over |u|; narrows downwards and towards its posterior edge."""

    def distance(u: F32, v: F32, w: F32) -> F32:
        au = np.abs(u)
        behind = np.maximum(v - np.float32(behind_from), 0)
        side = (au - (reach + taper * np.minimum(w, 9) - 0.55 * behind)) * 0.88
        f = np.interp(au, us, front).astype(np.float32) - v
        k = v - np.interp(au, us, back).astype(np.float32)
        t = (w - np.interp(au, us, tops).astype(np.float32) + slope_behind * behind) * 0.92
        d = smooth_max(np.asarray(f, np.float32), np.asarray(k, np.float32), 3.0)
        d = smooth_max(d, np.asarray(t, np.float32), 4.0)
        d = smooth_max(d, np.asarray(side, np.float32), 8.0)
        return smooth_max(d, np.asarray(-w - height / 2 - 2, np.float32), 3.0)

    wide = reach + abs(taper) * 9 + 1
    return Primitive.of(
        distance,
        (-wide, float(np.min(front)) - 1, -height / 2 - 3),
        (wide, float(np.max(back)) + 1, float(np.max(tops)) + 1),
    )


def _segment_body(segment: Segment) -> Primitive:
    half, depth, height = segment.half_width_mm, segment.depth_mm, segment.height_mm

    def distance(u: F32, v: F32, w: F32) -> F32:
        side = ellipse_distance(u, v, half + 0.15 * w, depth / 2 + 0.05 * w, 2.6)
        return smooth_max(side, np.asarray(np.abs(w) - height / 2 - 0.6, np.float32), 1.5)

    return Primitive.of(distance, (-half - 3, -depth, -height / 2 - 1), (half + 3, depth, height / 2 + 1))


def sacral_canals(shape: LevelShape, b: BodyShape, disc_half_mm: float) -> list[Primitive]:
    """Canal beside S1..S4 in S1's frame."""
    parts = [canal(shape, b, -b.rim_mm / 2 - 1.5, b.rim_mm / 2 + disc_half_mm)]
    for segment, frame in zip(LOWER, segment_frames(b), strict=True):
        centre = segment.depth_mm / 2 + segment.canal_depth_mm / 2

        def distance(u: F32, v: F32, w: F32, s: Segment = segment, c: float = centre) -> F32:
            side = ellipse_distance(
                u, v - np.float32(c), s.canal_half_mm + 0.12 * w, s.canal_depth_mm / 2, 2.3
            )
            return np.asarray(np.maximum(side, np.abs(w) - s.height_mm / 2 - 1.5), np.float32)

        reach = segment.canal_half_mm + 3
        parts.append(
            placed(
                Primitive.of(
                    distance,
                    (-reach, segment.depth_mm / 2 - 1, -segment.height_mm / 2 - 2),
                    (reach, centre + segment.canal_depth_mm, segment.height_mm / 2 + 2),
                ),
                frame,
            )
        )
    return parts


def paint_sacrum(
    canvas: Canvas,
    shape: LevelShape,
    b: BodyShape,
    left: PedicleShape,
    right: PedicleShape,
    joint: JointShape,
) -> None:
    """All of the sacrum; S1's body and pedicles keep their exact surfaces where nothing joins them."""
    back = b.depth_mm / 2
    low = left.centre[2] - left.height_mm / 2
    us = (0.0, 18.0, 24.0, 33.0, 45.0, 57.0)
    front = tuple(back + x for x in (-16, -15, -11, -6.0, -3.0, 3.0))
    rear = tuple(back + x for x in (20.5, 18.5, 15.5, 15.5, 19.0, 15.0))
    ridge = left.centre[2] + left.height_mm / 2
    tops = (ridge - 1, ridge - 1, ridge, ridge, ridge - 2.5, ridge - 8.0)
    canvas.add(_mass(shape.process_reach_mm, 0.30, b.rim_mm, us, front, rear, tops, 0.55, back + 6), 3.0)
    canvas.add_both(superior_process(joint, [joint.half_mm + 1.0, back + 7.0, 5.0], 6.5), 3.0)
    canvas.add(rod([0, back + shape.canal_depth_mm + 6, -4], [0, back + 27, -8], 3.2, 3.0, (1, 1, 2.2)), 3.0)
    for sign in (-1.0, 1.0):  # intermediate and lateral crests
        canvas.add(rod([sign * 19, back + 18, -2], [sign * 17, back + 21, -12], 3.4, 2.6), 4.0)
        canvas.add(rod([sign * 38, back + 18, 2], [sign * 34, back + 22, -13], 4.0, 3.6), 5.0)
    frames = segment_frames(b)
    for segment, frame in zip(LOWER, frames, strict=True):
        half = segment.depth_mm / 2
        canvas.add(placed(_segment_body(segment), frame), 3.0)
        tops2 = (segment.height_mm / 2 + 2,) * len(_U)
        mass = _mass(
            segment.reach_mm, segment.taper, segment.height_mm, _U,
            [x - half * (0.2 if abs(u) < 15 else 0) for x, u in zip(segment.front, _U, strict=True)],
            [half + x for x in segment.back], tops2, 0.0, half + 2,
        )  # fmt: skip
        canvas.add(placed(mass, frame), 8.0)
        crest = rod([0, half + segment.back[0], 2], [0, half + segment.back[0] + 3, -3], 3.0, 2.6, (1, 1, 2))
        canvas.add(placed(crest, frame), 3.0)
    for part in sacral_canals(shape, b, 8.0):
        canvas.carve(part, 1.0)
    # Foramina: ventral and dorsal openings below each pedicle, branching from the canal.
    hole = [low - 7.2, 6.4]
    for sign in (-1.0, 1.0):
        canvas.carve(
            rod([sign * 14, back + 5, hole[0]], [sign * 24, back - 24, hole[0] - 3], hole[1], hole[1] + 1),
            2.0,
        )
        canvas.carve(rod([sign * 18, back + 4, hole[0]], [sign * 21, back + 36, hole[0] - 1], 4.0, 4.4), 1.5)
        for segment, frame, radius in zip(LOWER[:2], frames[:2], (5.2, 4.4), strict=True):
            half, w = segment.depth_mm / 2, -segment.height_mm / 2
            u = segment.half_width_mm * 0.92
            ventral = rod(
                [sign * u * 0.8, half + 3, w], [sign * (u + 4), -half - 14, w - 2], radius, radius + 1
            )
            dorsal = rod([sign * u, half + 3, w], [sign * (u + 2), half + 26, w], radius * 0.62)
            canvas.carve(placed(ventral, frame), 2.0)
            canvas.carve(placed(dorsal, frame), 1.5)
    canvas.add(body(b), 2.0)
    canvas.add(pedicle(left), 2.0)
    canvas.add(pedicle(right), 2.0)
    for part in sacral_canals(shape, b, 8.0):
        canvas.carve(part, 0.5)


def remnant_disc(b: BodyShape) -> Primitive:
    """The thin remnant of the S1/S2 disc."""
    frame = segment_frames(b)[0]
    segment = LOWER[0]
    lens = segment.height_mm / 2 + 0.4

    def distance(u: F32, v: F32, w: F32) -> F32:
        side = ellipse_distance(u, v, segment.half_width_mm * 0.75, segment.depth_mm * 0.36)
        return np.asarray(np.maximum(side, np.abs(w - lens) - 1.3), np.float32)

    half = segment.half_width_mm
    return placed(
        Primitive.of(distance, (-half, -segment.depth_mm, lens - 2), (half, segment.depth_mm, lens + 2)),
        frame,
    )
