"""What a segmentation of the spine hands on."""

from __future__ import annotations

from dataclasses import dataclass

from imaging.anatomy import VertebraAnatomy
from imaging.findings import Finding
from imaging.volume import LabelVolume


@dataclass(frozen=True, eq=False)
class SpineLabels:
    """Label maps on one grid, before measurement, and the confidence of each VerSe number."""

    vertebrae: LabelVolume
    structures: LabelVolume
    confidence: dict[int, float]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class SpineSegmentation:
    """Label maps on the source's own grid and what was measured, top to bottom."""

    vertebrae: LabelVolume
    structures: LabelVolume
    levels: tuple[VertebraAnatomy, ...]
    findings: tuple[Finding, ...]

    def level(self, verse: int) -> VertebraAnatomy | None:
        """The anatomy of a vertebra, if found."""
        return next((a for a in self.levels if a.verse == verse), None)
