"""Facet joints: two plates that face each other over a gap, each vertebra with its own.

A joint is given in the frame of the vertebra below it. Seen from above it runs from the front near the
midline backwards and outwards, and the superior process is hollow towards the inferior one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sample_dicom.body import BodyShape
from sample_dicom.canvas import F32, Primitive, kept_where, rod, united
from sample_dicom.frames import Frame
from sample_dicom.parameters import LevelShape

Array = NDArray[np.float64]

FACET_GAP_MM = 1.6
HOLLOW_RADIUS_MM = 22.0
HALF_WIDTH_MM = 4.2
HEIGHT_OVER_PLATE_MM = -2.0
"""Of the joint's middle over the lower vertebra's upper endplate."""
BEHIND_CANAL = -0.03
"""Of the joint's middle behind the canal, as a share of the canal's depth."""


@dataclass(frozen=True, eq=False)
class JointShape:
    """The left joint between a vertebra and the one above it, in the lower one's local mm.

    Attributes:
        centre: (3,) of the gap.
        normal: (3,) unit, to the superior articular process: outward and forward.
        along: (3,) unit, along the gap in the axial plane: outward and backward.
    """

    centre: Array
    normal: Array
    along: Array

    @property
    def half_mm(self) -> float:
        """From the midline to the joint's middle."""
        return float(self.centre[0])

    def at(self, along_mm: float, ahead_mm: float, up_mm: float) -> Array:
        """(3,) a point given from the joint's middle."""
        return np.asarray(
            self.centre + along_mm * self.along + ahead_mm * self.normal + np.array([0, 0, up_mm])
        )

    def ahead(self, u: F32, v: F32, w: F32) -> F32:
        """Distance to the gap's middle, positive on the superior process's side."""
        del w
        x, y = u - np.float32(self.centre[0]), v - np.float32(self.centre[1])
        t = np.clip(x * self.along[0] + y * self.along[1], -10.0, 10.0)
        hollow = t * t / np.float32(2 * HOLLOW_RADIUS_MM)
        slope = np.sqrt(1 + (t / np.float32(HOLLOW_RADIUS_MM)) ** 2)
        return np.asarray((x * self.normal[0] + y * self.normal[1] + hollow) / slope, np.float32)


def joint_shape(shape: LevelShape, b: BodyShape) -> JointShape:
    """Left joint of a level with the vertebra above it."""
    a = np.deg2rad(shape.facet_deg)
    behind = b.depth_mm / 2 + (1 + BEHIND_CANAL) * shape.canal_depth_mm
    return JointShape(
        np.array([shape.facet_half_mm, behind, b.rim_mm / 2 + HEIGHT_OVER_PLATE_MM]),
        np.array([np.cos(a), -np.sin(a), 0.0]),
        np.array([np.sin(a), np.cos(a), 0.0]),
    )


def superior_process(joint: JointShape, root: ArrayLike, root_radius_mm: float) -> Primitive:
    """The left superior articular process in the lower vertebra's frame, from its root at the pedicle; the
    mammillary process sits on its outer hind edge."""
    root = np.asarray(root, float)
    plates = [
        rod(joint.at(t, 3.9, -7.0), joint.at(0.85 * t, 3.6, 7.5), 4.6, 4.0)
        for t in (-HALF_WIDTH_MM, 0.0, HALF_WIDTH_MM)
    ]
    roots = [rod(root, joint.at(t, 4.5, -6.0), root_radius_mm, 5.0) for t in (-2.0, HALF_WIDTH_MM)]
    mammillary = rod(joint.at(6.0, 4.0, -3.0), joint.at(8.5, 3.0, -2.0), 3.6, 3.0)
    return kept_where(
        united([*plates, *roots, mammillary], 3.0),
        lambda u, v, w: np.asarray(FACET_GAP_MM / 2 - joint.ahead(u, v, w), np.float32),
    )


def inferior_process(joint: JointShape) -> Primitive:
    """The left inferior articular process of the vertebra above, in the lower vertebra's frame."""
    plates = [
        rod(joint.at(t, -4.4, 8.0), joint.at(0.8 * t, -4.6, -4.5), 4.4, 4.4)
        for t in (-HALF_WIDTH_MM, 0.0, 0.7 * HALF_WIDTH_MM)
    ]
    return kept_where(
        united(plates, 3.0),
        lambda u, v, w: np.asarray(FACET_GAP_MM / 2 + joint.ahead(u, v, w), np.float32),
    )


def behind_joint(part: Primitive, joint: JointShape, lower: Frame, sign: float) -> Primitive:
    """A part of the upper vertebra, in its frame, without what reaches into the joint below it.

    Args:
        lower: the lower vertebra's frame in the upper's.
        sign: 1 left, -1 right.
    """
    rows, o = lower.axes_lps.astype(np.float32), lower.origin_lps_mm.astype(np.float32)

    def inside(u: F32, v: F32, w: F32) -> F32:
        x, y, z = u - o[0], v - o[1], w - o[2]
        a, b, c = (np.asarray(r[0] * x + r[1] * y + r[2] * z, np.float32) for r in rows)
        deep = np.abs(c - np.float32(joint.centre[2])) - 14.0
        return np.asarray(
            np.minimum(FACET_GAP_MM / 2 + joint.ahead(np.float32(sign) * a, b, c), deep), np.float32
        )

    return kept_where(part, inside)
