"""What a phantom is made from: a seed, per-level morphometry and the scan's own settings.

Sources: pedicle width, height and angles after Zindrick et al. 1987 (Spine 12:160) and, for S1, Okutan et al.
2003; body and canal size after Panjabi et al. 1992 (Spine 17:299). They are population means used as sanity
bands; the seeded variation is smaller than the published spread so that every seed stays a plausible adult.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from imaging.labels import SACRUM, VERSE_FROM_NAME


@dataclass(frozen=True, slots=True)
class LevelShape:
    """Size of one vertebra, millimetres and degrees.

    Attributes:
        verse: VerSe number.
        width_mm, depth_mm: of the upper endplate's rim.
        anterior_height_mm, posterior_height_mm: of the body, rim to rim.
        canal_width_mm, canal_depth_mm: of the bony canal at pedicle height.
        pedicle_width_mm, pedicle_height_mm: of the isthmus.
        transverse_deg: convergence of the pedicle axis towards the midline.
        sagittal_deg: positive where the axis rises towards anterior.
        wall_concavity_mm: how far the posterior wall's edges lie behind its midline; negative is convex.
        pitch_deg: forward lean of the body's superior axis in the supine patient.
        disc_below_mm: height of the disc under this body.
        process_reach_mm: lateral reach of the transverse process from the midline.
        spinous_mm: length of the spinous process behind the lamina.
        foramen_height: of the basivertebral foramen, fraction of the body's height from below.
    """

    verse: int
    width_mm: float
    depth_mm: float
    anterior_height_mm: float
    posterior_height_mm: float
    canal_width_mm: float
    canal_depth_mm: float
    pedicle_width_mm: float
    pedicle_height_mm: float
    transverse_deg: float
    sagittal_deg: float
    wall_concavity_mm: float
    pitch_deg: float
    disc_below_mm: float
    process_reach_mm: float
    spinous_mm: float
    foramen_height: float


_MEANS: dict[str, LevelShape] = {
    shape_name: LevelShape(VERSE_FROM_NAME[shape_name], *numbers)
    for shape_name, numbers in {
        "T12": (39, 31, 23.5, 24.5, 22, 18, 8.0, 16.0, 5.0, 3.0, 1.6, -13, 6.5, 27, 22, 0.54),
        "L1": (41, 34, 24.5, 25.0, 24, 19, 8.7, 15.4, 10.9, 2.4, 2.0, -11, 8.0, 38, 26, 0.55),
        "L2": (43, 35, 25.5, 25.0, 24, 18, 8.9, 15.0, 12.0, 1.8, 2.2, -7, 9.5, 42, 28, 0.55),
        "L3": (44, 35, 26.5, 25.0, 24, 17.5, 10.3, 14.9, 14.4, 0.2, 1.8, -1, 10.5, 48, 29, 0.55),
        "L4": (47, 35.5, 27.0, 25.0, 25, 18.6, 12.9, 14.8, 17.7, 0.2, 0.8, 6, 11.5, 45, 26, 0.53),
        "L5": (47, 35, 28.5, 23.5, 27, 19.7, 18.0, 14.0, 29.8, -1.8, -2.5, 17, 10.5, 47, 19, 0.48),
        "S1": (50, 32, 29.0, 26.0, 30, 15.0, 22.3, 13.6, 41.0, -19.0, 0.4, 36, 0.0, 54, 12, 0.55),
    }.items()
}
ALL_LEVELS: tuple[int, ...] = tuple(shape.verse for shape in _MEANS.values())


@dataclass(frozen=True, slots=True)
class PhantomParameters:
    """Everything that decides a phantom; the same values give the same voxels.

    Attributes:
        seed: of the variation, the texture and the noise.
        levels: VerSe numbers, top to bottom, of T12=19..L5=24 and sacrum=26.
        spacing_mm: pixel size; slice_mm: distance between slices.
        scoliosis_deg: Cobb angle of a lumbar curve, convex to the patient's left.
        osteoporosis: 0 healthy to 1 severe; thins cortex and darkens cancellous bone.
        pedicle_scale: factor on every pedicle's width.
        variation: scale of the seeded spread, 0 gives the means.
        noise_hu: standard deviation of the noise; psf_sigma_mm: of the scanner's blur.
        with_sacrum: False leaves S1 and all below it out.
        field_mm: (width, depth) of the image round the spine, None for the whole trunk.
        marker: where the 3 mm marker sphere lies: on the skin of the left flank or of the left back.
    """

    seed: int = 7
    levels: tuple[int, ...] = ALL_LEVELS
    spacing_mm: float = 1.0
    slice_mm: float = 1.0
    scoliosis_deg: float = 0.0
    osteoporosis: float = 0.0
    pedicle_scale: float = 1.0
    variation: float = 1.0
    noise_hu: float = 15.0
    psf_sigma_mm: float = 0.55
    with_sacrum: bool = True
    field_mm: tuple[float, float] | None = None
    marker: Literal["flank", "back"] = "flank"
    marker_radius_mm: float = 3.0

    def __post_init__(self) -> None:
        if not 0.3 <= self.spacing_mm <= 3.0 or not 0.3 <= self.slice_mm <= 6.0:
            raise ValueError("spacing_mm must lie in 0.3..3 and slice_mm in 0.3..6")
        if not set(self.levels) <= set(ALL_LEVELS) or list(self.levels) != sorted(self.levels):
            raise ValueError("levels must be VerSe numbers of T12..L5 and the sacrum, top to bottom")

    @classmethod
    def small(cls, **changes: object) -> PhantomParameters:
        """L3 to S1 at 1.5 mm round the spine with the skin of the back: built in a few seconds, for tests."""
        small = cls(
            levels=(22, 23, 24, SACRUM),
            spacing_mm=1.5,
            slice_mm=1.5,
            psf_sigma_mm=0.6,
            field_mm=(150.0, 150.0),
            marker="back",
        )
        return replace(small, **changes)  # type: ignore[arg-type]

    @property
    def built_levels(self) -> tuple[int, ...]:
        """The levels that are built, top to bottom."""
        return tuple(v for v in self.levels if self.with_sacrum or v != SACRUM)


def level_shapes(parameters: PhantomParameters) -> dict[int, LevelShape]:
    """Shapes of T12 to S1 for a seed, built or not: places must not depend on ``levels``."""
    random = np.random.default_rng([parameters.seed, 1])
    general = 1.0 + 0.025 * parameters.variation * np.clip(random.standard_normal(), -2, 2)
    shapes: dict[int, LevelShape] = {}
    for mean in _MEANS.values():
        z = np.clip(random.standard_normal(8), -2.0, 2.0) * parameters.variation
        grow = [general * (1.0 + 0.015 * float(value)) for value in z]
        width = mean.pedicle_width_mm * parameters.pedicle_scale * general * (1.0 + 0.05 * float(z[5]))
        shapes[mean.verse] = replace(
            mean,
            width_mm=mean.width_mm * grow[0],
            depth_mm=mean.depth_mm * grow[1],
            anterior_height_mm=mean.anterior_height_mm * grow[2],
            posterior_height_mm=mean.posterior_height_mm * grow[2],
            canal_width_mm=mean.canal_width_mm * grow[3],
            canal_depth_mm=mean.canal_depth_mm * grow[4],
            pedicle_width_mm=width,
            pedicle_height_mm=mean.pedicle_height_mm * grow[6],
            transverse_deg=mean.transverse_deg + 1.0 * float(z[7]),
        )
    return shapes
