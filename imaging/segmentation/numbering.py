"""How label maps number the vertebrae, and which way a given one does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.geometry.grid import VolumeGrid
from imaging.labels import NAME_FROM_VERSE, SACRUM, VERSE_FROM_NAME

Array = NDArray[np.float64]

_T = [f"T{n}" for n in range(1, 13)]
_C = [f"C{n}" for n in range(1, 8)]
_L = [f"L{n}" for n in range(1, 6)]
_UPWARDS = [*_L[::-1], *_T[::-1], *_C[::-1]]


@dataclass(frozen=True)
class Numbering:
    """A public way of numbering: name for flags, title for a person, VerSe number by its own number."""

    name: str
    title: str
    verse_of: Mapping[int, int]


def _numbering(name: str, title: str, names: dict[int, str]) -> Numbering:
    return Numbering(name, title, MappingProxyType({n: VERSE_FROM_NAME[v] for n, v in names.items()}))


NUMBERINGS: tuple[Numbering, ...] = (
    _numbering("verse", "VerSe", dict(NAME_FROM_VERSE)),
    _numbering(
        "totalsegmentator1", "TotalSegmentator 1", {92: "S1"} | {18 + n: v for n, v in enumerate(_UPWARDS)}
    ),
    _numbering(
        "totalsegmentator2",
        "TotalSegmentator 2",
        {25: "S1", 26: "S1"} | {27 + n: v for n, v in enumerate(_UPWARDS)},
    ),
    _numbering(
        "totalspineseg",
        "TotalSpineSeg",
        {50: "S1"}
        | {11 + n: v for n, v in enumerate(_C)}
        | {21 + n: v for n, v in enumerate(_T)}
        | {41 + n: v for n, v in enumerate(_L)},
    ),
)
# Usual volume of a whole vertebra, cm3: thoracic from 12 rising to 38, lumbar 44 to 66, the whole sacrum 190.
_USUAL_CM3 = {
    **dict.fromkeys(range(1, 8), 10.0),
    **{7 + n: 12.0 + 2.3 * n for n in range(1, 13)},
    **{19 + n: 40.0 + 5.0 * n for n in range(1, 7)},
    SACRUM: 190.0,
    28: 40.0,
}


@dataclass(frozen=True)
class Judged:
    """How well a numbering explains a label map: 0 not at all, 1 fully, and how far the volumes are off."""

    numbering: Numbering
    fits: float
    off: float


def judge_numberings(labels: NDArray[np.integer], grid: VolumeGrid) -> list[Judged]:
    """Every numbering, best first: names must follow each other downwards and have plausible volumes."""
    boxes = ndi.find_objects(labels)
    places, volumes = {}, {}
    voxel = float(np.prod(grid.spacing_ijk_mm)) / 1000.0
    for number, box in enumerate(boxes, start=1):
        if box is None:
            continue
        inside = np.argwhere(labels[box] == number)
        kji = inside.mean(0) + [s.start for s in box]
        places[number] = grid.lps_from_indices(kji[::-1])
        volumes[number] = len(inside) * voxel
    return sorted((_judge(n, places, volumes) for n in NUMBERINGS), key=lambda j: (-j.fits, j.off))


def _judge(numbering: Numbering, places: dict[int, Array], volumes: dict[int, float]) -> Judged:
    known = {n: v for n, v in numbering.verse_of.items() if n in places}
    if not known:
        return Judged(numbering, 0.0, np.inf)
    order = sorted(known, key=lambda n: (known[n], -places[n][2]))
    right = steps = 0
    for a, b in pairwise(order):
        if known[b] == known[a]:
            continue
        steps += 1
        apart = float(np.linalg.norm(places[a] - places[b]))
        lower = places[b][2] < places[a][2]
        between = known[b] - known[a]
        wide = SACRUM in (known[a], known[b])
        right += bool(lower and (wide or 12 * between < apart < 55 * between))
    fits = right / steps if steps else 0.5
    whole: dict[int, float] = {}
    for n, v in known.items():
        whole[v] = whole.get(v, 0.0) + volumes[n]
    # Vertebrae cut by the image's edge are too small: what is too large counts in full, too small by half.
    ratio = [np.log(cm3 / _USUAL_CM3[v]) for v, cm3 in whole.items() if v in _USUAL_CM3]
    off = float(np.mean([r if r > 0 else -0.5 * r for r in ratio]))
    return Judged(numbering, fits, off)


def clear_winner(judged: list[Judged]) -> Numbering | None:
    """The numbering that alone explains the map; None where a person must say."""
    good = [j for j in judged if j.fits > 0.9 and j.off < 1.2]
    if not good:
        return None
    good.sort(key=lambda j: j.off)
    if len(good) > 1 and good[1].off - good[0].off < 0.15:
        return None
    return good[0].numbering


def numbering_named(name: str) -> Numbering | None:
    """The numbering of that name."""
    return next((n for n in NUMBERINGS if n.name == name), None)


_NAME = re.compile(r"(?<![A-Za-z0-9])([CTL])(1[0-3]|[1-9])(?![0-9])")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
             "eleventh", "twelfth")  # fmt: skip
_REGIONS = {"cervical": "C", "thoracic": "T", "lumbar": "L"}


def verse_from_words(text: str) -> int | None:
    """VerSe number that a segment's label or code names: "L4", "vertebrae_L4", "Fourth lumbar vertebra"."""
    words = text.replace("_", " ").replace("-", " ")
    low = words.lower()
    if any(part in low for part in ("disc", "disk", "pedicle", "canal", "cord", "rib", "nerve")):
        return None
    found = _NAME.search(words.upper() if "vert" in low or len(words) <= 4 else words)
    if found:
        return VERSE_FROM_NAME.get(found.group(0).upper())
    if "sacrum" in low or re.search(r"(?<![a-z])s1(?![0-9])", low):
        return SACRUM
    for region, letter in _REGIONS.items():
        if region in low:
            for number, ordinal in enumerate(_ORDINALS, start=1):
                if re.search(rf"(?<![a-z]){ordinal}(?![a-z])", low):
                    return VERSE_FROM_NAME.get(f"{letter}{number}")
    return None
