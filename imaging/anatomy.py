"""What is measured on one vertebra, in patient LPS millimetres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE, Side

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BodyGeometry:
    """The vertebral body's own frame and size.

    Attributes:
        centre_lps_mm: (3,) middle of the body.
        axes_lps: (3, 3) rows are unit vectors left, posterior, superior of this body.
        width_mm, depth_mm, height_mm: extent through the centre along left, posterior, superior.
        posterior_wall_lps_mm: (3,) true midline posterior wall at mid height (foramen closed).
        anterior_wall_lps_mm: (3,) midline anterior wall at mid height.
        superior_endplate, inferior_endplate: (2, 3) point (LPS mm) and outward unit normal of the
            fitted planes.
    """

    centre_lps_mm: Array
    axes_lps: Array
    width_mm: float
    depth_mm: float
    height_mm: float
    posterior_wall_lps_mm: Array
    anterior_wall_lps_mm: Array
    superior_endplate: Array
    inferior_endplate: Array

    @property
    def left(self) -> Array:
        """Unit vector to the patient's left."""
        return self.axes_lps[0]

    @property
    def posterior(self) -> Array:
        """Unit vector to posterior."""
        return self.axes_lps[1]

    @property
    def superior(self) -> Array:
        """Unit vector to superior."""
        return self.axes_lps[2]


@dataclass(frozen=True, eq=False)
class PedicleGeometry:
    """One pedicle's isthmus, the smallest cross-section.

    Attributes:
        isthmus_centre_lps_mm: (3,).
        axis_lps: (3,) unit vector from posterior to anterior through the pedicle.
        width_mm, height_mm, area_mm2: of the isthmus cross-section.
    """

    isthmus_centre_lps_mm: Array
    axis_lps: Array
    width_mm: float
    height_mm: float
    area_mm2: float


@dataclass(frozen=True, eq=False)
class ForamenGeometry:
    """Basivertebral foramen where the image shows it: mouth on the posterior wall, LPS mm, and depth."""

    mouth_lps_mm: Array
    depth_mm: float


@dataclass(frozen=True, eq=False)
class VertebraAnatomy:
    """One named vertebra, S1 being 26; pedicles are missing where they cannot be measured."""

    verse: int
    confidence: float
    body: BodyGeometry
    pedicles: Mapping[Side, PedicleGeometry]
    foramen: ForamenGeometry | None = None
    spinous_tip_lps_mm: Array | None = None
    cancellous_hu: float | None = None
    findings: tuple[Finding, ...] = field(default=())

    @property
    def name(self) -> str:
        """L4, S1 and so on."""
        return NAME_FROM_VERSE[self.verse]
