"""Pedicles and posterior elements, in the body's own frame; what is said of the left holds mirrored right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.labels import SACRUM, Side
from sample_dicom.body import BodyShape
from sample_dicom.canvas import F32, Canvas, Primitive, ellipse_distance, mirrored, placed, rod
from sample_dicom.facets import JointShape, behind_joint, inferior_process, superior_process
from sample_dicom.frames import Frame
from sample_dicom.parameters import LevelShape

Array = NDArray[np.float64]
T12, L5 = 19, 24
# A pedicle has a waist: on two lumbar spines (labels of an expert and of a model) the section 1, 2,
# 3 mm from the isthmus is 3, 13 and 35 percent larger, alike to front and back and at every level.
# The notch below it is deeper than the one above. S1's is a part of the ala and has no waist of its own.
WAIST = (0.017, 0.006, 0.020)
SACRAL_WAIST = (0.0015, 0.0015, 0.0015)
WAIST_MOST_MM = 2.5
ARCH_BEGINS_MM = 3.0


@dataclass(frozen=True, eq=False)
class PedicleShape:
    """One pedicle in local mm: its isthmus is an ellipse of width x height across ``axis`` at ``centre``.

    ``axis`` runs from posterior to anterior, ``across`` to lateral, ``up`` to superior; unit vectors.
    ``waist`` is by what share the half width, the half height above and that below the axis grow with the
    square of the distance (mm) from the isthmus.
    """

    centre: Array
    axis: Array
    across: Array
    up: Array
    width_mm: float
    height_mm: float
    front_mm: float
    back_mm: float
    waist: tuple[float, float, float]

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
        front_mm=14.0 if sacral else 11.0, back_mm=7.0, waist=SACRAL_WAIST if sacral else WAIST,
    )  # fmt: skip


def pedicle(p: PedicleShape) -> Primitive:
    """Elliptic tube, narrowest at the isthmus, flaring towards body and arch."""

    def distance(u: F32, v: F32, w: F32) -> F32:
        du, dv, dw = (x - np.float32(c) for x, c in zip((u, v, w), p.centre, strict=True))
        t, a, h = (
            np.asarray(du * e[0] + dv * e[1] + dw * e[2], np.float32) for e in (p.axis, p.across, p.up)
        )
        up = np.where(h > 0, np.float32(p.waist[1]), np.float32(p.waist[2]))
        half = [
            size / 2 + np.minimum(size / 2 * share * t * t, np.float32(WAIST_MOST_MM))
            for size, share in ((p.width_mm, p.waist[0]), (p.height_mm, up))
        ]
        tube = ellipse_distance(a, h, *(np.asarray(x, np.float32) for x in half))
        return np.asarray(np.maximum(tube, np.maximum(t - p.front_mm, -t - p.back_mm)), np.float32)

    ends = np.stack([p.centre - p.axis * p.back_mm, p.centre + p.axis * p.front_mm])
    reach = np.abs(p.across) * (p.width_mm / 2 + WAIST_MOST_MM + 1) + np.abs(p.up) * (
        p.height_mm / 2 + WAIST_MOST_MM + 1
    )
    return Primitive(distance, ends.min(0) - reach, ends.max(0) + reach)


def spinous_tip_local(shape: LevelShape, b: BodyShape) -> Array:
    """(3,) hindmost point of the spinous process, local mm."""
    v = b.depth_mm / 2 + shape.canal_depth_mm + shape.spinous_mm + 3.5
    return np.array([0.0, v, -16.0 if shape.shaped_as != L5 else -13.0])


def paint_arch(
    canvas: Canvas,
    shape: LevelShape,
    b: BodyShape,
    p: PedicleShape,
    joint_above: JointShape,
    below: tuple[JointShape, Frame],
) -> None:
    """Processes and laminae of a T12..L5 vertebra.

    Args:
        p: left pedicle.
        joint_above: left joint with the vertebra above, in this one's frame.
        below: left joint with the vertebra below, in that one's frame, and that frame in this one.
    """
    back = b.depth_mm / 2
    half, deep, top = shape.canal_width_mm / 2, shape.canal_depth_mm, b.rim_mm / 2
    low = shape.shaped_as == L5
    joint = p.centre - p.axis * 8.0
    pars = np.array([half + 2.5, back + deep * 0.80, -4.0])

    canvas.add_both(rod(joint + np.array([0, 0, 1.0]), pars, 6.0, 4.8, (1, 0.85, 1.1)), 3.0)
    canvas.add_both(superior_process(joint_above, joint + np.array([0.5, 0, 0]), 5.6), 3.0)
    # The inferior process hangs on pars and lamina.
    lower_joint, lower_frame = below
    hung = lower_joint.at(0.0, -4.6, 8.0)
    inferior = inferior_process(lower_joint)
    for sign in (1.0, -1.0):
        flip = np.array([sign, 1.0, 1.0])
        knob = lower_frame.lps(hung * flip)
        inner = np.array([sign * half * 0.45, back + deep + 2.0, -top + (5.0 if low else 1.0)])
        own = [
            placed(inferior if sign > 0 else mirrored(inferior), lower_frame),
            behind_joint(rod(pars * flip, knob, 4.8, 4.6), lower_joint, lower_frame, sign),
            behind_joint(rod(inner, knob, 3.4, 4.0, (1.0, 1.0, 1.4)), lower_joint, lower_frame, sign),
        ]
        for part in own:
            canvas.add(part, 3.0)
    # Lamina: a leaning plate, its lower edge further back.
    tall = 2.0 if low else 2.5
    canvas.add_both(
        rod(
            [half * 0.95 + 1, back + deep * 0.86, -3.0], [1.5, back + deep + 3.2, -5.0], 3.1, 3.2, (1, 1, 2.2)
        ),
        3.0,
    )
    canvas.add_both(
        rod([half * 0.9, back + deep * 0.97, -9.0], [1.5, back + deep + 6.0, -10.5], 3.0, 3.3, (1, 1, tall)),
        4.0,
    )
    if shape.shaped_as == T12:
        canvas.add_both(rod(joint, [shape.process_reach_mm, joint[1] + 6, joint[2] - 1], 4.5, 3.8), 3.0)
    else:
        root = joint + np.array([2.0, 1.0, -2.5])
        stout = 1.45 if low else 1.0
        middle = np.array(
            [(shape.process_reach_mm + joint[0]) / 2, joint[1] + (0.0 if low else 4.0), joint[2] - 1.5]
        )
        tip = [shape.process_reach_mm - 3, joint[1] + (1 if low else 5.5), joint[2] + 1.5]
        canvas.add_both(rod(root, middle, 4.3 * stout, 3.0 * stout, (1, 0.8, 1.35)), 3.0)
        canvas.add_both(rod(middle, tip, 3.0 * stout, 2.6 * stout, (1, 0.7, 1.6)), 3.0)
    for fused, mirror in zip(shape.blend_with_sacrum, (False, True), strict=True):
        if fused:
            wing = rod(
                joint + np.array([6.0, -6.0, -4.0]),
                [shape.process_reach_mm - 8, joint[1] - 8, joint[2] - 24.0], 8.0, 9.5, (1.0, 0.9, 1.3),
            )  # fmt: skip
            canvas.add(mirrored(wing) if mirror else wing, 4.0)
    # Spinous process: a hatchet, thin in its upper part, thick along its lower and hind edge.
    base, tip_v = back + deep + 4.5, spinous_tip_local(shape, b)[1]
    size = 0.8 if low else 1.0
    drop = float(spinous_tip_local(shape, b)[2])
    canvas.add(rod([0, base, -9.0], [0, tip_v - 3.0, drop + 3.5], 2.6, 2.9, (0.95, 1.0, 3.1 * size)), 3.0)
    canvas.add(
        rod([0, base + 9, drop - 1.5], [0, tip_v - 4.2, drop - 3.0], 2.4, 3.9, (1.0, 1.0, 1.5 * size)), 3.0
    )
    canvas.add(rod([0, tip_v - 4.0, drop + 5 * size], [0, tip_v - 4.2, drop - 5.0], 3.1, 4.0), 3.0)
