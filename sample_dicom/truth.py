"""What is exactly true of a phantom, from its analytic shapes and not from its voxels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import BodyGeometry, ForamenGeometry, PedicleGeometry
from imaging.labels import NAME_FROM_VERSE, SIDES, Side
from sample_dicom.arch import PedicleShape, pedicle_shape, spinous_tip_local
from sample_dicom.body import DISH_MM, FORAMEN_DEPTH_FRACTION, body_shape, foramen_mouth_local
from sample_dicom.frames import Frame
from sample_dicom.parameters import LevelShape

TARGET_DEPTH_FRACTION = 0.4


@dataclass(frozen=True, eq=False)
class PhantomLevelTruth:
    """Exact geometry of one vertebra, patient LPS mm.

    Attributes:
        verse: VerSe number, S1 is 26.
        body: frame, size, walls and endplates of the body; sizes are at mid height and midline.
        pedicles: isthmus ellipse and axis by side; the axis runs from posterior to anterior.
        foramen: mouth on the closed posterior wall and depth of the bony canal.
        target_lps_mm: (3,) midline, midway between the endplates' planes, 40 % of the body's depth in front
            of the posterior wall.
        spinous_tip_lps_mm: (3,), None for the sacrum.
    """

    verse: int
    body: BodyGeometry
    pedicles: Mapping[Side, PedicleGeometry]
    foramen: ForamenGeometry
    target_lps_mm: NDArray[np.float64]
    spinous_tip_lps_mm: NDArray[np.float64] | None

    @property
    def name(self) -> str:
        """L4, S1 and so on."""
        return NAME_FROM_VERSE[self.verse]


def level_truth(shape: LevelShape, frame: Frame) -> PhantomLevelTruth:
    """Truth of one level in its frame."""
    b = body_shape(shape)
    half_depth, half_height = b.depth_mm / 2, b.height_mm / 2
    tilt = np.arctan(b.wedge / 2)

    # The planes of the endplates lie half their dish outside the centre; S1 is dished above alone.
    up = half_height + DISH_MM / 2
    down = half_height + (DISH_MM / 2 if b.front_taper == 0 else 0.0)

    def endplate(sign: float) -> NDArray[np.float64]:
        point = frame.lps([0.0, 0.0, up if sign > 0 else -down])
        normal = frame.direction_lps([0.0, np.sin(tilt), sign * np.cos(tilt)])
        return np.stack([point, normal])

    def pedicle_truth(p: PedicleShape) -> PedicleGeometry:
        return PedicleGeometry(
            frame.lps(p.centre), frame.direction_lps(p.axis), p.width_mm, p.height_mm, p.area_mm2
        )

    body = BodyGeometry(
        centre_lps_mm=frame.origin_lps_mm.copy(),
        axes_lps=frame.axes_lps.copy(),
        width_mm=2 * b.half_width_mm,
        depth_mm=b.depth_mm,
        height_mm=b.height_mm,
        posterior_wall_lps_mm=frame.lps([0.0, half_depth, 0.0]),
        anterior_wall_lps_mm=frame.lps([0.0, -half_depth, 0.0]),
        superior_endplate=endplate(1.0),
        inferior_endplate=endplate(-1.0),
    )
    spinous = None
    if b.front_taper == 0:
        spinous = frame.lps(spinous_tip_local(shape, b))
    return PhantomLevelTruth(
        verse=shape.verse,
        body=body,
        pedicles={side: pedicle_truth(pedicle_shape(shape, b, side)) for side in SIDES},
        foramen=ForamenGeometry(
            frame.lps(foramen_mouth_local(shape, b)), FORAMEN_DEPTH_FRACTION * b.depth_mm
        ),
        target_lps_mm=frame.lps([0.0, half_depth - TARGET_DEPTH_FRACTION * b.depth_mm, (up - down) / 2]),
        spinous_tip_lps_mm=spinous,
    )
