"""Which vertebra is which: counted up from the sacrum, down from the ribs, or from a point the user gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE, SACRUM, VERSE_FROM_NAME
from imaging.segmentation.bodies import BodyModel
from imaging.segmentation.discs import Disc
from imaging.segmentation.iso import IsoVolume

Array = NDArray[np.float64]

RIB_LATERAL_MM = 55.0
L5, T12 = VERSE_FROM_NAME["L5"], VERSE_FROM_NAME["T12"]


@dataclass(frozen=True, eq=False)
class Naming:
    """VerSe numbers from foot to head (sacrum first if seen), confidence of each, what is in doubt."""

    numbers: tuple[int, ...]
    confidence: dict[int, float]
    findings: tuple[Finding, ...]


def has_ribs(iso: IsoVolume, body: BodyModel) -> bool | None:
    """Whether bone can be traced from beside the body to 55 mm lateral, both sides; None if not in view."""
    seen, found = 0, 0
    for side in (-1, 1):
        lat = np.arange(16, 72, 1.0)
        p, s = np.arange(-30, 40, 1.5), np.arange(-24, 20, 1.5)
        grid = np.stack(np.meshgrid(lat * side, p, s, indexing="ij"), -1)
        hu = iso.sample(body.frame.to_lps(grid))
        if (hu[-16:] > -990).mean() < 0.8:
            continue
        seen += 1
        bone = ndi.binary_closing(hu > 150, iterations=1)
        parts, n = ndi.label(bone, np.ones((3, 3, 3)))
        if n == 0:
            continue
        start = parts[:6, :, (s > -4) & (s < 16)]
        ends = parts[int(RIB_LATERAL_MM - 16) :]
        both = np.intersect1d(np.unique(start), np.unique(ends))
        found += bool((both > 0).any())
    return None if seen == 0 else found == seen


def name_levels(
    iso: IsoVolume,
    discs: list[Disc],
    bodies: list[BodyModel],
    sacral: BodyModel | None,
    anchor: tuple[int, Array] | None,
) -> Naming:
    """Name the bodies (foot to head)."""
    ribs = [has_ribs(iso, body) for body in bodies]
    lowest_ribbed = next((n for n, r in enumerate(ribs) if r), None)
    # Ribs count only where a body without ribs is seen below them, and all above have them too.
    by_ribs = None
    if lowest_ribbed is not None and lowest_ribbed > 0 and all(r is not False for r in ribs[lowest_ribbed:]):
        by_ribs = T12 + lowest_ribbed
    findings: list[Finding] = []
    if anchor is not None:
        number, point = anchor
        holds = [n for n, body in enumerate(bodies) if body.contains(body.frame.to_local(point)[None])[0]]
        if number == SACRUM and sacral is not None:
            lowest, sure = L5, 0.98
        elif holds:
            lowest, sure = number + holds[0], 0.98
        else:
            raise PlannerError(
                "anchor_not_found",
                f"The point given for {NAME_FROM_VERSE[number]} lies in none of the vertebral bodies found. "
                "Give a point within the body, in patient millimetres.",
            )
    elif sacral is not None and by_ribs is not None:
        lowest, sure = (by_ribs, 0.97) if by_ribs in (24, 25) else (L5, 0.6)
        if by_ribs not in (24, 25):
            findings.append(_unconfirmed("Counting up from the sacrum and down from the ribs disagree."))
    elif sacral is not None:
        lowest, sure = L5, 0.85
        findings.append(
            _unconfirmed(
                f"{_count(len(bodies))} counted up from the sacrum. "
                "The ribs are not in the image, so a sixth cannot be ruled out."
            )
        )
    elif by_ribs is not None:
        lowest, sure = by_ribs, 0.7
        findings.append(
            _unconfirmed(
                "Levels counted down from the lowest ribs. The sacrum is not in the image to confirm it."
            )
        )
    else:
        lowest, sure = min(L5, 20 + len(bodies) - 1), 0.4
        findings.append(
            _unconfirmed(
                "Neither the sacrum nor the ribs settle the count, so the names are a guess. "
                "Mark one vertebra you are sure of."
            )
        )
    numbers = [_number(lowest - n) for n in range(len(bodies))]
    confidence = {number: sure * 0.98**n for n, number in enumerate(numbers)}
    if sacral is not None:
        numbers.insert(0, SACRUM)
        confidence[SACRUM] = sure
    del discs
    return Naming(tuple(numbers), confidence, tuple(findings))


def _number(number: int) -> int:
    return max(1, number)


def _count(n: int) -> str:
    if n > 5:
        return f"{n} vertebrae"
    words = ("No", "One", "Two", "Three", "Four", "Five")
    return f"{words[n]} lumbar {'vertebra' if n == 1 else 'vertebrae'}"


def _unconfirmed(text: str) -> Finding:
    return Finding("stop", "level_count_unconfirmed", text)
