"""Modic changes as a reader records them, endplate by endplate; what may be said and what may not.

After clinical.md 7: types by T1, T2 and STIR [F:61]; both vertebrae of an affected segment are proposed [P].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from imaging.labels import NAME_FROM_VERSE, SACRUM, VERSE_FROM_NAME

Face = Literal["superior", "inferior"]
ModicType = Literal["0", "1", "2", "3", "1/2", "2/3", "1/3"]
Share = Literal["<25", "25-50", ">50"]
Confidence = Literal["sure", "likely", "unsure"]
TYPES: tuple[ModicType, ...] = ("0", "1", "2", "3", "1/2", "2/3", "1/3")
KEYS: dict[str, ModicType] = {"0": "0", "1": "1", "2": "2", "3": "3", "4": "1/2", "5": "2/3", "6": "1/3"}
SHARES: tuple[Share, ...] = ("<25", "25-50", ">50")
Endplate = tuple[int, Face]

_L1, _L5 = VERSE_FROM_NAME["L1"], VERSE_FROM_NAME["L5"]
ENDPLATES: tuple[Endplate, ...] = (
    (_L1, "inferior"),
    *((verse, face) for verse in range(_L1 + 1, _L5 + 1) for face in ("superior", "inferior")),
    (SACRUM, "superior"),
)


@dataclass(frozen=True)
class ModicFinding:
    """One endplate as a reader saw it.

    ``kind`` None means that it could not be typed. ``sequences`` are those looked at.
    """

    verse: int
    face: Face
    kind: ModicType | None
    sequences: tuple[str, ...]
    height_share: Share | None = None
    area_share: Share | None = None
    place: str = ""
    defect: bool | None = None
    field_strength_t: float | None = None
    reader: str = ""
    date: str = ""
    confidence: Confidence = "unsure"

    def __post_init__(self) -> None:
        if self.kind not in (None, "0") and not can_type(self.sequences):
            raise ValueError("a type needs T1 and T2 or STIR")

    @property
    def name(self) -> str:
        """L4 lower and so on."""
        return endplate_name((self.verse, self.face))


def endplate_name(endplate: Endplate) -> str:
    """L4 lower and so on."""
    return f"{NAME_FROM_VERSE[endplate[0]]} {'upper' if endplate[1] == 'superior' else 'lower'}"


def can_type(sequences: tuple[str, ...]) -> bool:
    """Whether a type may be given: T1 together with T2 or STIR (clinical.md 7)."""
    return "T1" in sequences and any(s in sequences for s in ("T2", "STIR", "T2 fat-saturated"))


def neighbour(endplate: Endplate) -> Endplate | None:
    """The endplate across the disc."""
    verse, face = endplate
    if face == "inferior":
        return (SACRUM if verse == _L5 else verse + 1), "superior"
    above = _L5 if verse == SACRUM else verse - 1
    return (above, "inferior") if above >= _L1 else None


def proposed_levels(findings: tuple[ModicFinding, ...]) -> tuple[int, ...]:
    """Both vertebrae of each segment with type 1 or 2 (pure or mixed) at either endplate, top to bottom.

    A proposal of where to look, no statement on eligibility or response.
    """
    levels: set[int] = set()
    for f in findings:
        if f.kind is not None and ("1" in f.kind or "2" in f.kind):
            other = neighbour((f.verse, f.face))
            levels.add(f.verse)
            if other is not None:
                levels.add(other[0])
    return tuple(sorted(levels))
