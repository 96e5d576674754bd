"""Pedicles and posterior elements, in the body's own frame; what is said of the left holds mirrored right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.labels import SACRUM, Side
from sample_dicom.body import BodyShape
from sample_dicom.canvas import F32, Canvas, Primitive, ellipse_distance, rod
from sample_dicom.parameters import LevelShape

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PedicleShape:
    """One pedicle in local mm: its isthmus is an ellipse of width x height across ``axis`` at ``centre``.

    ``axis`` runs from posterior to anterior, ``across`` to lateral, ``up`` to superior; unit vectors.
    """

    centre: Array
    axis: Array
    across: Array
    up: Array
    width_mm: float
    height_mm: float
    front_mm: float
    back_mm: float

    @property
    def area_mm2(self) -> float:
        """Of the isthmus."""
        return float(np.pi / 4 * self.width_mm * self.height_mm)


def pedicle_shape(shape: LevelShape, b: BodyShape, side: Side) -> PedicleShape:
    """Pedicle of a level: isthmus a little behind the posterior wall, in the upper half of the body."""
    sign = 1.0 if side == "left" else -1.0
    a, s = np.deg2rad([shape.transverse_deg, shape.sagittal_deg])
    axis = np.array([-sign * np.sin(a) * np.cos(s), -np.cos(a) * np.cos(s), np.sin(s)])
    across = sign * np.array([np.cos(a), -sign * np.sin(a), 0.0])
    up = np.cross(across, axis) * sign
    up *= np.sign(up[2])
    sacral = shape.verse == SACRUM
    half_u = shape.pedicle_width_mm / 2 * np.cos(a)
    behind = 4.0 if sacral else 6.5
    centre = np.array(
        [
            sign * (shape.canal_width_mm / 2 + (1.0 if sacral else 0.4) + half_u),
            b.depth_mm / 2 + behind - (3.0 if sacral else 0.0),
            b.rim_mm / 2 - shape.pedicle_height_mm / 2 - (2.5 if sacral else 1.0),
        ]
    )
    return PedicleShape(
        centre, axis, across, up, shape.pedicle_width_mm, shape.pedicle_height_mm,
        front_mm=14.0 if sacral else 11.0, back_mm=7.0,
    )  # fmt: skip


def pedicle(p: PedicleShape) -> Primitive:
    """Elliptic tube, narrowest at the isthmus, flaring towards body and arch."""

    def distance(u: F32, v: F32, w: F32) -> F32:
        du, dv, dw = (x - np.float32(c) for x, c in zip((u, v, w), p.centre, strict=True))
        t, a, h = (
            np.asarray(du * e[0] + dv * e[1] + dw * e[2], np.float32) for e in (p.axis, p.across, p.up)
        )
        flare = np.minimum(t * t, 150) * 0.016
        tube = ellipse_distance(a, h, p.width_mm / 2 + flare, p.height_mm / 2 + 0.7 * flare)
        return np.asarray(np.maximum(tube, np.maximum(t - p.front_mm, -t - p.back_mm)), np.float32)

    ends = np.stack([p.centre - p.axis * p.back_mm, p.centre + p.axis * p.front_mm])
    reach = np.abs(p.across) * (p.width_mm / 2 + 3) + np.abs(p.up) * (p.height_mm / 2 + 3)
    return Primitive(distance, ends.min(0) - reach, ends.max(0) + reach)


def paint_arch(canvas: Canvas, shape: LevelShape, b: BodyShape, p: PedicleShape) -> None:
    """Articular, transverse and spinous processes and laminae of a T12..L5 vertebra; ``p`` is the left pedicle."""
    back = b.depth_mm / 2
    half, deep, top = shape.canal_width_mm / 2, shape.canal_depth_mm, b.rim_mm / 2
    joint = p.centre - p.axis * 8.0
    pars = np.array([half + 2.5, back + deep * 0.80, -4.0])
    facet = 15.0 + 0.45 * (half - 12) + {19: -3.0, 20: -1.0, 21: 0.0, 22: 1.0, 23: 3.0, 24: 5.0}[shape.verse]
    knob = np.array([facet, back + deep * 0.95, -top - 9.0])
    canvas.add_both(rod(joint + [0, 0, 1], pars, 6.0, 4.6, (1, 0.85, 1.1)), 3.0)
    horn = np.array([facet + 3.5, back + deep * 0.72, top + 8.0])
    canvas.add_both(rod(joint + [0.5, 0, 0], horn, 5.8, 4.4, (1.0, 1.15, 1.0)), 3.0)
    canvas.add_both(rod(pars, knob, 4.8, 5.6, (0.9, 1.1, 1.0)), 3.0)
    canvas.add_both(
        rod(
            [half * 0.95 + 1, back + deep * 0.86, -3.5], [1.5, back + deep + 4.5, -7.0], 3.1, 3.4, (1, 1, 2.3)
        ),
        3.0,
    )
    if shape.verse == 19:
        canvas.add_both(rod(joint, [shape.process_reach_mm, joint[1] + 6, joint[2] - 1], 4.5, 3.8), 3.0)
    else:
        root = joint + [2.0, 1.0, -2.5]
        stout = 1.45 if shape.verse == 24 else 1.0
        tip = [shape.process_reach_mm - 3, joint[1] + (1 if shape.verse == 24 else 5), joint[2] + 1.0]
        canvas.add_both(rod(root, tip, 4.3 * stout, 2.7 * stout, (1, 0.8, 1.35)), 3.0)
    base = back + deep + 4.0
    drop = -10.0 if shape.verse != 24 else -9.0
    spine = rod([0, base, -8.0], [0, base + shape.spinous_mm - 4, drop - 2.5], 2.9, 3.4, (1.0, 1.1, 2.7))
    canvas.add(spine, 3.0)
