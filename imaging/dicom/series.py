"""What is known of one volume of a DICOM series before its pixels are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from imaging.dicom.fill import may_fill
from imaging.dicom.headers import SliceHeader
from imaging.dicom.stack import Stack
from imaging.findings import Finding

Verdict = Literal["best", "usable", "limited", "unusable", "reference"]


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file left out, and why: ``reason`` follows the file's name in a sentence."""

    path: Path
    reason: str


@dataclass(frozen=True, eq=False)
class SeriesSummary:
    """One volume: all slices of a series that form one pile.

    Attributes:
        part: 0 when the series is one volume, else 1, 2, ... among the volumes of its UID.
        slices: number of slices.
        pixel_mm: (between rows, between columns).
        spacing_mm: between slices along the normal.
        thickness_mm: slice thickness as the header has it, None if silent.
        orientation: axial, sagittal, coronal, oblique, or "" without geometry.
        extent_lps_mm: size of the covered box along patient left, posterior, superior.
        headers: slices ordered along the normal (as read, without geometry).
        stack: checked geometry, None when the headers have none.
        verdict: best, usable, limited (a caution stands), unusable, or reference (not for planning).
        reasons: findings behind the verdict, gravest first.
        score: for planning, greater is better, 0 when unusable.
    """

    study_instance_uid: str
    series_instance_uid: str
    part: int
    frame_of_reference_uid: str
    patient_id: str
    patient_name: str
    patient_birth_date: str
    patient_sex: str
    study_date: str
    modality: str
    description: str
    number: int | None
    kernel: str
    rows: int
    columns: int
    slices: int
    pixel_mm: tuple[float, float]
    spacing_mm: float
    thickness_mm: float | None
    orientation: str
    extent_lps_mm: tuple[float, float, float]
    headers: tuple[SliceHeader, ...]
    stack: Stack | None
    verdict: Verdict
    reasons: tuple[Finding, ...]
    score: float

    @property
    def key(self) -> str:
        """The series UID, with ``#part`` where one UID holds several volumes."""
        return f"{self.series_instance_uid}#{self.part}" if self.part else self.series_instance_uid

    @property
    def files(self) -> tuple[Path, ...]:
        """Files in slice order, each once."""
        return tuple(dict.fromkeys(header.image.path for header in self.headers))

    @property
    def plannable(self) -> bool:
        """Whether it may be loaded for planning."""
        return self.verdict in ("best", "usable", "limited")

    @property
    def fillable(self) -> bool:
        """Whether nothing but a few missing slices hinders planning, which may be interpolated if agreed."""
        stops = {r.code for r in self.reasons if r.severity == "stop"}
        return self.stack is not None and stops == {"missing_slices"} and may_fill(self.stack, self.slices)

    @property
    def title(self) -> str:
        """A short name for people."""
        name = self.description or f"{self.modality} series"
        return f"{name} (part {self.part})" if self.part else name


@dataclass(frozen=True, eq=False)
class ScanResult:
    """What a folder holds: volumes, best first, damaged files with reasons, and a count of other files."""

    series: tuple[SeriesSummary, ...]
    skipped: tuple[SkippedFile, ...]
    other_files: int


@dataclass(frozen=True)
class SeenSeries:
    """A series while the search still goes on: who, what, and how many images were found of it so far."""

    patient_name: str
    patient_id: str
    modality: str
    description: str
    images: int
