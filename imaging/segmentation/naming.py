"""Which vertebra is which: counted up from the sacrum, down from the ribs, or from a point the user gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from imaging.errors import PlannerError
from imaging.findings import LEVEL_COUNT_UNCONFIRMED, Finding
from imaging.labels import NAME_FROM_VERSE, SACRUM, VERSE_FROM_NAME
from imaging.segmentation.bodies import BodyModel
from imaging.segmentation.discs import Disc
from imaging.segmentation.iso import IsoVolume
from imaging.segmentation.level_evidence import Beside, beside_bodies, chest_alone, lowest_ribbed
from imaging.segmentation.level_lean import lean_deg, likeliest_lowest
from imaging.segmentation.result import Counting, EvidenceKind, LevelEvidence

Array = NDArray[np.float64]

T12, L1, L3, L5, L6 = (VERSE_FROM_NAME[name] for name in ("T12", "L1", "L3", "L5", "L6"))
# A missed or an invented disc shows as a body twice or half as tall as its neighbours.
TALLEST, SHORTEST = 1.5, 0.6
# Further below the last ribs in view it is no longer a CT of the chest.
CHEST_BELOW = 2
# How sure the names are where a point contradicts a sacrum that is seen.
POINT_AGAINST_SACRUM = 0.6
_GUESS = "Neither the sacrum nor the ribs settle the count, so the names are a guess."
_MARK_ONE = "Mark one vertebra you are sure of."


@dataclass(frozen=True, eq=False)
class Naming:
    """VerSe numbers from foot to head (sacrum first if seen), confidence of each, what is in doubt."""

    numbers: tuple[int, ...]
    confidence: dict[int, float]
    findings: tuple[Finding, ...]
    evidence: LevelEvidence = field(default_factory=LevelEvidence)


def name_levels(
    iso: IsoVolume,
    discs: list[Disc],
    bodies: list[BodyModel],
    sacral: BodyModel | None,
    anchor: tuple[int, Array] | None,
) -> Naming:
    """Name the bodies (foot to head).

    Raises:
        PlannerError: anchor_not_found.
    """
    if anchor is not None:
        lowest = _by_anchor(bodies, sacral, anchor)
        evidence, findings = _against_sacrum(lowest, sacral is not None, anchor[0])
    else:
        beside = beside_bodies(iso, bodies, sacral is not None)
        lowest, evidence, findings = decide(beside, sacral is not None, [lean_deg(b) for b in bodies])
    findings = [*findings, *_uneven(discs, lowest)]
    numbers = [max(1, lowest - n) for n in range(len(bodies))]
    confidence = {number: evidence.confidence * 0.98**n for n, number in enumerate(numbers)}
    if sacral is not None:
        numbers.insert(0, SACRUM)
        confidence[SACRUM] = evidence.confidence
    return Naming(tuple(numbers), confidence, tuple(findings), evidence)


def decide(
    beside: list[Beside], sacrum: bool, leans_deg: list[float]
) -> tuple[int, LevelEvidence, list[Finding]]:
    """(VerSe number of the lowest body above the sacrum or the image's end, on what evidence, findings)."""
    ribbed = lowest_ribbed(beside)
    by_ribs = None if ribbed is None else T12 + ribbed
    if sacrum and by_ribs is not None:
        return _both(by_ribs, beside)
    if sacrum:
        return _from_sacrum(beside)
    if by_ribs is not None and by_ribs <= L6:
        return _from_ribs(by_ribs)
    chest = chest_alone(beside)
    if chest is not None and chest <= CHEST_BELOW:
        return _chest_alone(T12 + chest)
    if chest is not None:
        return min(L5, T12 + chest), LevelEvidence("none", 0.3), [_unconfirmed(f"{_GUESS} {_MARK_ONE}")]
    return _from_lean(leans_deg)


def _from_lean(leans_deg: list[float]) -> tuple[int, LevelEvidence, list[Finding]]:
    lowest, share = likeliest_lowest(leans_deg)
    highest = max(L1, lowest - len(leans_deg) + 1)
    like = NAME_FROM_VERSE[highest]
    if lowest != highest:
        like += f" to {NAME_FROM_VERSE[lowest]}"
    sure = "most like" if share >= 0.5 else "perhaps"
    text = f"{_GUESS} By how far they lean to the front they are {sure} {like}. {_MARK_ONE}"
    return lowest, LevelEvidence("none", min(0.3, share)), [_unconfirmed(text)]


def _both(by_ribs: int, beside: list[Beside]) -> tuple[int, LevelEvidence, list[Finding]]:
    count = by_ribs - T12
    if count == 5:
        findings = _transitional(beside)
        text = "Five lumbar vertebrae: counting up from the sacrum and down from the last ribs agree."
        agree = Finding("info", "level_count_agrees", text)
        return L5, _unless("sacrum and ribs", 0.97, findings), [agree, *findings]
    other = Counting("sacrum", L5 - by_ribs)
    text = f"{_count(count)} lie between the last ribs and the sacrum. {_two_ways(by_ribs, L5)}"
    if count == 4:
        text += " Four lumbar vertebrae, ribs on L1 or an L5 that is fused to the sacrum all look like this."
    elif count == 6:
        text += " Six lumbar vertebrae, a lumbarised S1 or a T12 without ribs all look like this."
    else:
        text += " A vertebra may have been missed or counted twice."
    if count not in (4, 6):
        # The ribs were most likely followed wrongly.
        found = [_unconfirmed(text)]
        return L5, LevelEvidence("sacrum", 0.5, (Counting("ribs", by_ribs - L5),)), found
    unusual = Finding("stop", "lumbar_count_unusual", text, count, 5, "vertebrae")
    asked = _unconfirmed("The number of lumbar vertebrae is unusual. Confirm which numbering holds.")
    return by_ribs, LevelEvidence("ribs", 0.55, (other,)), [unusual, asked]


def _from_sacrum(beside: list[Beside]) -> tuple[int, LevelEvidence, list[Finding]]:
    free = len(beside)
    bare = [b for b in beside if b.ribs == "none"]
    findings = _transitional(beside)
    if free >= 6 and len(bare) >= 6:
        text = (
            f"{_count(free)} without ribs lie above the sacrum. {_two_ways(L5, L6)} "
            "Six lumbar vertebrae, or stunted ribs on T12."
        )
        unusual = Finding("stop", "lumbar_count_unusual", text, len(bare), 5, "vertebrae")
        asked = _unconfirmed("The number of lumbar vertebrae is unusual. Confirm which numbering holds.")
        return L5, LevelEvidence("sacrum", 0.5, (Counting("ribs", 1),)), [unusual, asked, *findings]
    text = (
        f"{_count(free)} counted up from the sacrum. "
        "The last ribs are not in the image, so a sixth cannot be ruled out."
    )
    return L5, _unless("sacrum", 0.85, findings), [_unconfirmed(text), *findings]


def _from_ribs(lowest: int) -> tuple[int, LevelEvidence, list[Finding]]:
    findings = []
    if lowest <= L3:
        seen = ", ".join(NAME_FROM_VERSE[v] for v in range(T12, lowest + 1))
        text = (
            f"This CT shows the chest and ends at {NAME_FROM_VERSE[lowest]}: counted down from the last ribs "
            f"it holds {seen}. What lies below is not in the image and cannot be planned."
        )
        findings.append(Finding("caution", "chest_ct", text))
    text = "Levels counted down from the last ribs. The sacrum is not in the image to confirm it."
    return lowest, LevelEvidence("ribs", 0.75), [_unconfirmed(text), *findings]


def _chest_alone(lowest: int) -> tuple[int, LevelEvidence, list[Finding]]:
    text = (
        "This CT shows the chest: every vertebra whose sides are in view bears ribs, so which one is the "
        "last to bear them cannot be told. The names are a guess. Choose a CT of the lumbar spine."
    )
    chest = Finding("caution", "chest_ct", text)
    return lowest, LevelEvidence("none", 0.2), [_unconfirmed(text), chest]


def _by_anchor(bodies: list[BodyModel], sacral: BodyModel | None, anchor: tuple[int, Array]) -> int:
    number, point = anchor
    holds = [n for n, body in enumerate(bodies) if body.contains(body.frame.to_local(point)[None])[0]]
    if number == SACRUM and sacral is not None:
        if not holds or sacral.contains(sacral.frame.to_local(point)[None])[0]:
            return L5
        raise PlannerError(
            "anchor_contradicts",
            "The point given for S1 lies in a vertebra above the sacrum that is seen. Check the name, or "
            "give another point.",
        )
    if holds and number + holds[0] > L6:
        raise PlannerError(
            "anchor_contradicts",
            f"The point given for {NAME_FROM_VERSE[number]} lies in a vertebra with {holds[0]} more below it "
            "that are not the sacrum: they would lie beyond L6. Check the name, or give another point.",
        )
    if holds:
        return number + holds[0]
    raise PlannerError(
        "anchor_not_found",
        f"The point given for {NAME_FROM_VERSE[number]} lies in none of the vertebral bodies found. "
        "Give a point within the body, in patient millimetres.",
    )


def _against_sacrum(lowest: int, sacrum: bool, number: int) -> tuple[LevelEvidence, list[Finding]]:
    """What a point is worth: it is asked about where counting up from a sacrum in view names otherwise."""
    if not sacrum or lowest == L5:
        return LevelEvidence("anchor", 0.98), []
    asked = _unconfirmed(two_names(number, number + L5 - lowest))
    return LevelEvidence("anchor", POINT_AGAINST_SACRUM, (Counting("sacrum", L5 - lowest),)), [asked]


def two_names(by_point: int, by_sacrum: int) -> str:
    """The sentence where a point and a sacrum that is seen name the vertebra of the point differently."""
    return (
        f"By the point given its vertebra is {NAME_FROM_VERSE[by_point]}, counted up from the sacrum it is "
        f"{NAME_FROM_VERSE[by_sacrum]}. The point may be misplaced, or the lumbar vertebrae are not five. "
        "Confirm which numbering holds."
    )


def _transitional(beside: list[Beside]) -> list[Finding]:
    """A stop where the lowest free vertebra is fused to the sacrum."""
    if not beside or not beside[0].fused:
        return []
    sides = " and ".join(beside[0].fused)
    text = (
        f"The lowest vertebra's transverse process is one bone with the sacrum on the {sides}: a "
        "transitional vertebra. Here it is L5, sacralised, and the one above it L4. "
        "If it counts as S1, the one above it is L5."
    )
    asked = _unconfirmed("A transitional vertebra lies above the sacrum. Confirm which numbering holds.")
    return [Finding("stop", "transitional_vertebra", text), asked]


def _unless(used: EvidenceKind, sure: float, doubts: list[Finding]) -> LevelEvidence:
    """Evidence that is less sure where the lowest vertebra is transitional, with the other way to count."""
    return LevelEvidence(used, 0.6, (Counting("sacrum", 1),)) if doubts else LevelEvidence(used, sure)


def _uneven(discs: list[Disc], lowest: int) -> list[Finding]:
    """A stop where one body is so tall or short against its neighbours that a disc was missed or invented."""
    gaps = [
        float(np.linalg.norm(b.centre_lps_mm - a.centre_lps_mm))
        for a, b in pairwise(discs)
        if not (a.virtual or b.virtual)
    ]
    if len(gaps) < 3:
        return []
    for n, gap in enumerate(gaps):
        near = float(np.median([g for m, g in enumerate(gaps) if m != n and abs(m - n) <= 2]))
        if SHORTEST * near < gap < TALLEST * near:
            continue
        name = NAME_FROM_VERSE.get(lowest - n, "a vertebra")
        text = (
            f"{name} is {gap:.0f} mm tall with its discs, its neighbours {near:.0f} mm: a disc may have been "
            "missed or counted twice. Check the count."
        )
        return [Finding("stop", "level_spacing_uneven", text, gap, near, "mm"), _unconfirmed(text)]
    return []


def _two_ways(by_ribs: int, by_sacrum: int) -> str:
    low, high = NAME_FROM_VERSE.get(by_sacrum), NAME_FROM_VERSE.get(by_ribs)
    if low is None or high is None or max(by_ribs, by_sacrum) > L6:
        return "No numbering fits both the ribs and the sacrum."
    return f"The one above the sacrum is {low} when counted one way and {high} when counted the other."


def _count(n: int) -> str:
    words = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven")
    word = words[n] if n < len(words) else str(n)
    return f"{word} {'lumbar ' if n <= 5 else ''}{'vertebra' if n == 1 else 'vertebrae'}"


def _unconfirmed(text: str) -> Finding:
    return Finding("stop", LEVEL_COUNT_UNCONFIRMED, text)
