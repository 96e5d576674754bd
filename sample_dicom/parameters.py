"""What a phantom is made from: a seed, per-level morphometry and the scan's own settings.

Sources: pedicle width, height and angles after Zindrick et al. 1987 (Spine 12:160) and, for S1, Okutan et al.
2003; body and canal size after Panjabi et al. 1992 (Spine 17:299); facet joints after Panjabi et al. 1993
(Spine 18:1298), van Schaik et al. 1985 and Masharawi et al. 2004. They are population means used as sanity
bands; the seeded variation is smaller than the published spread so that every seed stays a plausible adult.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from imaging.labels import SACRUM, VERSE_FROM_NAME

Transition = Literal["none", "sacralised", "sacralised_left", "lumbarised"]
Stack = Literal["axial", "sagittal", "oblique"]
T12, L4, L5, L6 = (VERSE_FROM_NAME[name] for name in ("T12", "L4", "L5", "L6"))


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
        facet_half_mm: half the distance between the joints with the vertebra above.
        facet_deg: angle of those joints against the sagittal plane.
        form: VerSe number of the ordinary vertebra whose arch it has; 0 means its own.
        blend_with_sacrum: (left, right) whether that transverse process is a wing fused to the sacrum below.
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
    facet_half_mm: float
    facet_deg: float
    form: int = 0
    blend_with_sacrum: tuple[bool, bool] = (False, False)

    @property
    def shaped_as(self) -> int:
        """VerSe number of the ordinary vertebra whose arch it has."""
        return self.form or self.verse


_MEANS: dict[str, LevelShape] = {
    shape_name: LevelShape(VERSE_FROM_NAME[shape_name], *numbers)
    for shape_name, numbers in {
        "T12": (39, 31, 23.5, 24.5, 22, 18, 8.0, 16.0, 5.0, 3.0, 1.6, -13, 6.5, 27, 22, 0.54, 13.0, 40),
        "L1": (41, 34, 24.5, 25.0, 24, 19, 8.7, 15.4, 10.9, 2.4, 2.0, -11, 8.0, 38, 26, 0.55, 12.5, 24),
        "L2": (43, 35, 25.5, 25.0, 24, 18, 8.9, 15.0, 12.0, 1.8, 2.2, -7, 9.5, 42, 28, 0.55, 13.5, 26),
        "L3": (44, 35, 26.5, 25.0, 24, 17.5, 10.3, 14.9, 14.4, 0.2, 1.8, -1, 10.5, 48, 29, 0.55, 15.0, 33),
        "L4": (47, 35.5, 27.0, 25.0, 25, 18.6, 12.9, 14.8, 17.7, 0.2, 0.8, 6, 11.5, 45, 26, 0.53, 16.5, 44),
        "L5": (47, 35, 28.5, 23.5, 27, 19.7, 18.0, 14.0, 29.8, -1.8, -2.5, 17, 10.5, 47, 19, 0.48, 19.0, 54),
        "S1": (50, 32, 29.0, 26.0, 30, 15.0, 22.3, 13.6, 41.0, -19.0, 0.4, 36, 0.0, 54, 12, 0.55, 21.5, 56),
    }.items()
}
ALL_LEVELS: tuple[int, ...] = tuple(shape.verse for shape in _MEANS.values())
# Lower thoracic means after Panjabi et al. 1991 (Spine 16:888), arch as T12's.
_THORACIC: dict[str, LevelShape] = {
    name: LevelShape(VERSE_FROM_NAME[name], *numbers, form=T12)
    for name, numbers in {
        "T10": (35, 29.5, 21.0, 22.0, 18.5, 16.0, 6.6, 14.5, 3.0, 5.0, 1.4, -15, 4.5, 26, 24, 0.54, 13.0, 75),
        "T11": (37, 30.5, 22.0, 23.0, 20.0, 16.8, 7.6, 15.5, 4.0, 4.0, 1.5, -14, 5.5, 26, 23, 0.54, 13.0, 70),
    }.items()
}
KNOWN_LEVELS: tuple[int, ...] = (*(s.verse for s in _THORACIC.values()), *ALL_LEVELS[:-1], L6, SACRUM)


@dataclass(frozen=True, slots=True)
class PhantomParameters:
    """Everything that decides a phantom; the same values give the same voxels.

    Attributes:
        seed: of the variation, the texture and the noise.
        levels: VerSe numbers to build, top to bottom, of T10=17..L6=25 and sacrum=26; those that the
            ``lumbar_count`` does not have are left out, and L6 comes with six.
        spacing_mm: pixel size; slice_mm: distance between slices.
        scoliosis_deg: Cobb angle of a lumbar curve, convex to the patient's left.
        osteoporosis: 0 healthy to 1 severe; thins cortex and darkens cancellous bone.
        pedicle_scale: factor on every pedicle's width.
        variation: scale of the seeded spread, 0 gives the means.
        noise_hu: standard deviation of the noise; psf_sigma_mm: of the scanner's blur.
        with_sacrum: False leaves S1 and all below it out.
        field_mm: (width, depth) of the image round the spine, None for the whole trunk.
        with_skin: False lays ``field_mm`` round the spine alone, so that the skin is not in the image.
        marker: where the 3 mm marker sphere lies: on the skin of the left flank or of the left back.
        axial_rotation_deg: turns L2 to L4 about the patient's long axis, most at L3, posterior to the left.
        lordosis: factor on every level's pitch; 0.5 is a flat back.
        lumbar_count: 4, 5 or 6 vertebrae between the last ribs and the sacrum.
        transition: "sacralised" fuses the lowest lumbar vertebra's processes to the sacrum over a
            rudimentary disc (Castellvi IIIb, IIIa on the left alone); "lumbarised" gives S1 the form of a
            sixth lumbar vertebra, L6 by VerSe, broad and over a thin disc.
        last_rib: length of the lowest rib, fraction of the ordinary one.
        crest_above_s1_mm: height of the iliac crest above S1's body centre.
        osteophyte_mm: reach of the bony spurs at the rims of the bodies.
        vacuum_discs: discs with gas, by the vertebra above; they are also narrower.
        contrast_hu: of the aorta, 0 for none.
        screws: levels with a pair of pedicle screws.
        fractures: (level, loss of anterior height 0..0.6) of each wedge fracture.
        stack: how the slices lie; other than axial, and slices over 2 mm, are averaged from a finer scan.
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
    with_skin: bool = True
    axial_rotation_deg: float = 0.0
    lordosis: float = 1.0
    lumbar_count: Literal[4, 5, 6] = 5
    transition: Transition = "none"
    last_rib: float = 1.0
    crest_above_s1_mm: float = 46.0
    osteophyte_mm: float = 0.0
    vacuum_discs: tuple[int, ...] = ()
    contrast_hu: float = 0.0
    screws: tuple[int, ...] = ()
    fractures: tuple[tuple[int, float], ...] = ()
    stack: Stack = "axial"

    def __post_init__(self) -> None:
        if not 0.3 <= self.spacing_mm <= 3.0 or not 0.3 <= self.slice_mm <= 6.0:
            raise ValueError("spacing_mm must lie in 0.3..3 and slice_mm in 0.3..6")
        if not set(self.levels) <= set(KNOWN_LEVELS) or list(self.levels) != sorted(self.levels):
            raise ValueError("levels must be VerSe numbers of T10..L6 and the sacrum, top to bottom")
        if self.lumbar_count not in (4, 5, 6):
            raise ValueError("lumbar_count must be 4, 5 or 6")
        if self.transition == "lumbarised" and self.lumbar_count != 5:
            raise ValueError("a lumbarised S1 is itself the sixth lumbar vertebra: leave lumbar_count at 5")
        if any(not 0 <= loss <= 0.6 for _, loss in self.fractures):
            raise ValueError("a fracture's loss of height must lie in 0..0.6")

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
        there = {v: v for v in self.levels if self.with_sacrum or v != SACRUM}
        if self.lumbar_levels == 6 and L5 in there:
            there[L6] = L6
        if self.lumbar_levels == 4:
            there.pop(L5, None)
        return tuple(sorted(there))

    @property
    def lumbar_levels(self) -> int:
        """How many free vertebrae lie between the last ribs and the sacrum."""
        return 6 if self.transition == "lumbarised" else self.lumbar_count

    @property
    def lowest_lumbar(self) -> int:
        """VerSe number of the vertebra above the sacrum."""
        return VERSE_FROM_NAME["L1"] - 1 + self.lumbar_levels


def _between(upper: LevelShape, lower: LevelShape, verse: int) -> LevelShape:
    """The mean of two neighbours' shapes, under another number."""
    numbers = {
        f.name: (getattr(upper, f.name) + getattr(lower, f.name)) / 2
        for f in fields(LevelShape)
        if f.name not in ("verse", "form", "blend_with_sacrum")
    }
    return replace(upper, verse=verse, form=upper.shaped_as, **numbers)


def _means(parameters: PhantomParameters) -> list[LevelShape]:
    """Mean shapes from T10 to S1 of a spine with this many lumbar vertebrae."""
    by_name = dict(_MEANS)
    s1 = by_name.pop("S1")
    if parameters.lumbar_levels == 4:
        by_name["L4"] = replace(by_name.pop("L5"), verse=L4, form=L5)
    if parameters.lumbar_levels == 6:
        l4, l5 = by_name["L4"], by_name["L5"]
        by_name["L5"] = replace(_between(l4, l5, L5), form=L4)
        by_name["L6"] = replace(l5, verse=L6, form=L5)
    lowest = list(by_name)[-1]
    if parameters.transition == "lumbarised":
        # Squarer and with stouter processes than an L5, over a thin disc (O'Driscoll 1996, Konin 2010).
        by_name[lowest] = replace(
            by_name[lowest], anterior_height_mm=27.0, posterior_height_mm=25.5, disc_below_mm=5.0,
            process_reach_mm=50.0,
        )  # fmt: skip
    if parameters.transition in ("sacralised", "sacralised_left"):
        fused = (True, parameters.transition == "sacralised")
        by_name[lowest] = replace(
            by_name[lowest], anterior_height_mm=26.0, posterior_height_mm=24.5, disc_below_mm=4.0,
            process_reach_mm=50.0, blend_with_sacrum=fused,
        )  # fmt: skip
    return [*_THORACIC.values(), *by_name.values(), s1]


def _altered(shape: LevelShape, parameters: PhantomParameters) -> LevelShape:
    """With what disease did to it."""
    for verse, loss in parameters.fractures:
        if verse == shape.verse:
            shape = replace(
                shape,
                anterior_height_mm=shape.anterior_height_mm * (1 - loss),
                posterior_height_mm=shape.posterior_height_mm * (1 - 0.15 * loss),
            )
    if shape.verse in parameters.vacuum_discs:
        shape = replace(shape, disc_below_mm=min(shape.disc_below_mm, 6.0))
    return replace(shape, pitch_deg=shape.pitch_deg * parameters.lordosis)


def level_shapes(parameters: PhantomParameters) -> dict[int, LevelShape]:
    """Shapes of T10 to S1 for a seed, built or not: places must not depend on ``levels``."""
    random = np.random.default_rng([parameters.seed, 1])
    general = 1.0 + 0.025 * parameters.variation * np.clip(random.standard_normal(), -2, 2)
    shapes: dict[int, LevelShape] = {}
    for mean in _means(parameters):
        ordinary = mean.verse in ALL_LEVELS
        drawn = random if ordinary else np.random.default_rng([parameters.seed, 8, mean.verse])
        z = np.clip(drawn.standard_normal(8), -2.0, 2.0) * parameters.variation
        joint = np.random.default_rng([parameters.seed, 10, mean.verse]).standard_normal(2)
        joint = np.clip(joint, -2.0, 2.0) * parameters.variation
        grow = [general * (1.0 + 0.015 * float(value)) for value in z]
        width = mean.pedicle_width_mm * parameters.pedicle_scale * general * (1.0 + 0.05 * float(z[5]))
        shape = replace(
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
            facet_half_mm=mean.facet_half_mm + 0.8 * float(joint[0]),
            facet_deg=mean.facet_deg + 4.0 * float(joint[1]),
        )
        shapes[mean.verse] = _altered(shape, parameters)
    return shapes
