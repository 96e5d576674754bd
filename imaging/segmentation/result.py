"""What a segmentation of the spine hands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from imaging.anatomy import VertebraAnatomy
from imaging.findings import Finding
from imaging.labels import Side
from imaging.volume import LabelVolume

EvidenceKind = Literal["sacrum and ribs", "sacrum", "ribs", "anchor", "label map", "person", "none"]


@dataclass(frozen=True)
class Counting:
    """Another way of counting: its VerSe numbers are those used plus ``shift``."""

    source: Literal["sacrum", "ribs"]
    shift: int


@dataclass(frozen=True)
class LevelEvidence:
    """What the names of the levels stand on, how sure they are (0..1), and how else one may count."""

    used: EvidenceKind = "none"
    confidence: float = 0.0
    others: tuple[Counting, ...] = ()


@dataclass(frozen=True, eq=False)
class SpineLabels:
    """Label maps on one grid, before measurement, and the confidence of each VerSe number.

    ``unseen_joints`` tells, by the VerSe number of the lower vertebra, on which sides the joint above it
    shows no gap, so that the border there is laid by anatomy alone.
    """

    vertebrae: LabelVolume
    structures: LabelVolume
    confidence: dict[int, float]
    findings: tuple[Finding, ...]
    evidence: LevelEvidence = field(default_factory=LevelEvidence)
    unseen_joints: dict[int, tuple[Side, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SpineSegmentation:
    """Label maps on the source's own grid and what was measured, top to bottom."""

    vertebrae: LabelVolume
    structures: LabelVolume
    levels: tuple[VertebraAnatomy, ...]
    findings: tuple[Finding, ...]
    evidence: LevelEvidence = field(default_factory=LevelEvidence)

    def level(self, verse: int) -> VertebraAnatomy | None:
        """The anatomy of a vertebra, if found."""
        return next((a for a in self.levels if a.verse == verse), None)
