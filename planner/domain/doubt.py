"""Doubts that a person must have looked at before a vertebra is planned on, and the record of that look."""

from __future__ import annotations

from dataclasses import dataclass

from imaging.findings import Finding

_LOOKED_AT = frozenset({"front_cut", "segmentation_partly_outside", "segmentation_overlaps"})


@dataclass(frozen=True)
class Seen:
    """A person looked at a finding of a vertebra (VerSe number; 0 for the whole case) and goes on."""

    verse: int
    code: str
    when: str
    who: str = ""


def needs_a_look(finding: Finding) -> bool:
    """Whether a finding blocks approval until a person has looked, and no longer."""
    return finding.code.startswith("quality_") or finding.code in _LOOKED_AT
