"""Named phantoms: each shows one thing that makes a spine hard to read, and what must be noticed about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from imaging.labels import SACRUM, VERSE_FROM_NAME
from sample_dicom.parameters import PhantomParameters

_CROP = (150.0, 150.0)
_T10, _T12, _L1, _L2, _L3, _L4, _L5 = (
    VERSE_FROM_NAME[n] for n in ("T10", "T12", "L1", "L2", "L3", "L4", "L5")
)
_LUMBAR = tuple(range(_T12, _L5 + 1))


@dataclass(frozen=True)
class Variant:
    """One entry of the catalogue.

    Attributes:
        name: stable, for command lines and files.
        title: for a person.
        shows: what is hard about it, one sentence.
        changes: of PhantomParameters' defaults.
        least_mm: least field round the spine that still shows it, mm; None needs the whole trunk.
    """

    name: str
    title: str
    shows: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    least_mm: tuple[float, float] | None = _CROP

    def parameters(self, seed: int = 7, **changes: Any) -> PhantomParameters:
        """Parameters over the whole trunk at 1 mm, as changed by the variant and then by ``changes``."""
        return replace(PhantomParameters(seed=seed), **{**self.changes, **changes})

    def cropped(self, seed: int = 7, **changes: Any) -> PhantomParameters:
        """The same in the least field that shows it: much quicker to build."""
        return self.parameters(
            seed, **{"field_mm": self.least_mm, "marker": "back", **self.changes, **changes}
        )


def _catalogue(*variants: Variant) -> Mapping[str, Variant]:
    return MappingProxyType({v.name: v for v in variants})


VARIANTS: Mapping[str, Variant] = _catalogue(
    Variant("plain", "Ordinary spine", "Five lumbar vertebrae, nothing in the way.", {}),
    Variant("scoliosis", "Scoliosis", "A 22 degree curve convex to the left.", {"scoliosis_deg": 22.0}),
    Variant(
        "rotated", "Axial rotation", "L3 is turned by 12 degrees about the long axis.",
        {"axial_rotation_deg": 12.0},
    ),
    Variant("osteoporosis", "Osteoporosis", "Thin cortex and dark marrow.", {"osteoporosis": 0.8}),
    Variant("narrow", "Narrow pedicles", "Pedicles of two thirds the usual width.", {"pedicle_scale": 0.66}),
    Variant("osteophytes", "Osteophytes", "Spurs of up to 6 mm at the rims.", {"osteophyte_mm": 6.0}),
    Variant(
        "vacuum", "Vacuum discs", "Gas in the narrowed discs L4/L5 and L5/S1.",
        {"vacuum_discs": (_L4, _L5), "osteophyte_mm": 3.0},
    ),
    Variant(
        "six_lumbar", "Six lumbar vertebrae", "Counting up from the sacrum and down from the ribs differ.",
        {"lumbar_count": 6}, (230.0, 150.0),
    ),
    Variant(
        "six_lumbar_no_ribs", "Six lumbar vertebrae, ribs not in view",
        "Nothing in the image shows the sixth lumbar vertebra.",
        {"lumbar_count": 6, "levels": (_L2, _L3, _L4, _L5, SACRUM)},
    ),
    Variant(
        "four_lumbar", "Four lumbar vertebrae", "Only four vertebrae between the last ribs and the sacrum.",
        {"lumbar_count": 4}, (230.0, 150.0),
    ),
    Variant(
        "sacralised", "Sacralised L5", "Both of L5's processes are fused to the sacrum over a thin disc.",
        {"transition": "sacralised"}, (230.0, 150.0),
    ),
    Variant(
        "sacralised_left", "Sacralised L5 on the left", "L5 is fused to the sacrum on one side.",
        {"transition": "sacralised_left"}, (230.0, 150.0),
    ),
    Variant(
        "lumbarised", "Lumbarised S1", "S1 looks like a sixth lumbar vertebra.",
        {"transition": "lumbarised"}, (230.0, 150.0),
    ),
    Variant(
        "stub_ribs", "Stunted last ribs", "T12's ribs end 40 mm from the midline.",
        {"last_rib": 0.25}, (230.0, 150.0),
    ),
    Variant("contrast", "Contrast medium", "The aorta is as bright as bone.", {"contrast_hu": 320.0}),
    Variant("screws", "Pedicle screws", "Screws in L4 and L5 with streaks.", {"screws": (_L4, _L5)}),
    Variant(
        "fracture", "Compression fracture", "L2 has lost 38 percent of its anterior height.",
        {"fractures": ((_L2, 0.38),), "osteoporosis": 0.5},
    ),
    Variant(
        "high_crest", "L5 with a high iliac crest", "The crest stands in the way of the oblique route to L5.",
        {"crest_above_s1_mm": 72.0}, (230.0, 190.0),
    ),
    Variant("flat_back", "Flat back", "Half the usual lordosis.", {"lordosis": 0.55}),
    Variant(
        "no_sacrum", "Without the sacrum", "The image ends below L5.",
        {"with_sacrum": False, "levels": _LUMBAR}, (230.0, 150.0),
    ),
    Variant(
        "no_ends", "Neither sacrum nor ribs", "L1 to L4 alone: nothing settles the count.",
        {"with_sacrum": False, "levels": (_L1, _L2, _L3, _L4)}, (110.0, 110.0),
    ),
    Variant(
        "no_skin", "Without skin", "Cropped round the spine.", {"with_skin": False}, (110.0, 110.0)
    ),
    Variant(
        "chest", "Lower chest", "T10 to L2 with their ribs, as the lower end of a chest CT.",
        {"with_sacrum": False, "levels": tuple(range(_T10, _L2 + 1))}, (290.0, 160.0),
    ),
    Variant("fine", "Slices of 0.6 mm", "Thin slices, more noise.", {"slice_mm": 0.6, "noise_hu": 28.0}),
    Variant("thick", "Slices of 3 mm", "Pedicle walls blur along the body.", {"slice_mm": 3.0}),
    Variant("sagittal", "Sagittal stack", "Sagittal slices of 3 mm.", {"stack": "sagittal", "slice_mm": 3.0}),
    Variant("oblique", "Oblique stack", "Slices tilted by 18 and 6 degrees.", {"stack": "oblique"}),
)  # fmt: skip


def random_parameters(seed: int, **changes: Any) -> PhantomParameters:
    """A plausible adult with plausible disease, cropped round the spine; the same for the same seed.

    Sizes spread as published (pedicle width 15 %, body 5 %: Zindrick 1987, Panjabi 1992). Frequencies are
    those of spine clinics, not of the population: transitional vertebrae 12 % (Konin and Walz 2010),
    fracture 10 %, adult scoliosis over 10 degrees 15 %, contrast 30 %, hardware 5 %.
    """
    random = np.random.default_rng([seed, 10])
    chance = dict(
        zip(("number", "scoliosis", "contrast", "vacuum", "spurs", "fracture", "metal", "slices", "crop"),
            random.uniform(size=9), strict=True)
    )  # fmt: skip
    normal = random.standard_normal(6)
    kinds: tuple[dict[str, Any], ...] = (
        {"lumbar_count": 6}, {"lumbar_count": 4}, {"transition": "sacralised"},
        {"transition": "sacralised_left"}, {"transition": "lumbarised"},
    )  # fmt: skip
    own: dict[str, Any] = dict(kinds[int(chance["number"] / 0.12 * 5)]) if chance["number"] < 0.12 else {}
    weak = float(np.clip(0.25 + 0.3 * normal[0], 0, 1))
    side = float(np.sign(normal[1]))
    own |= {
        "seed": seed,
        "variation": 2.0,
        "osteoporosis": round(weak, 3),
        "pedicle_scale": round(float(np.clip(1 + 0.11 * normal[2], 0.7, 1.3)), 3),
        "lordosis": round(float(np.clip(0.95 + 0.15 * normal[3], 0.6, 1.25)), 3),
        "scoliosis_deg": round(side * (10 + 60 * (0.15 - chance["scoliosis"])), 2)
        if chance["scoliosis"] < 0.15
        else round(2.5 * float(normal[1]), 2),
        "axial_rotation_deg": round(2.5 * float(normal[4]), 2),
        "contrast_hu": round(220 + 400 * (0.3 - chance["contrast"])) if chance["contrast"] < 0.3 else 0.0,
        "vacuum_discs": ((_L4,), (_L5,), (_L4, _L5))[int(chance["vacuum"] / 0.05)]
        if chance["vacuum"] < 0.15
        else (),
        "osteophyte_mm": round(7 * (0.5 - chance["spurs"]) / 0.5, 2) if chance["spurs"] < 0.5 else 0.0,
        "fractures": ((int(random.choice([_T12, _L1, _L2])), round(float(random.uniform(0.2, 0.45)), 3)),)
        if chance["fracture"] < 0.1
        else (),
        "screws": (_L4, _L5) if chance["metal"] < 0.05 else (),
        "slice_mm": (0.6, 1.0, 1.0, 1.25, 2.0, 3.0)[int(chance["slices"] * 6)],
        "noise_hu": round(float(np.clip(18 + 6 * normal[5], 8, 35)), 1),
        "crest_above_s1_mm": round(float(random.normal(46, 9)), 1),
        "field_mm": (230.0, 150.0) if chance["crop"] < 0.7 else (120.0, 115.0),
        "with_skin": bool(chance["crop"] < 0.7),
        "marker": "back",
    }
    return PhantomParameters(**{**own, **changes})
