"""The segmentations that a plan's history stands on, each kept as what differs from the first."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import VertebraAnatomy
from imaging.findings import Finding
from imaging.segmentation.result import LevelEvidence, SpineSegmentation
from planner.services.vertebra_fields import segmentation_sha256

Box = tuple[slice, ...]


@dataclass(frozen=True, eq=False)
class _Difference:
    where: Box
    vertebrae: bytes
    structures: bytes
    levels: tuple[VertebraAnatomy, ...]
    findings: tuple[Finding, ...]
    evidence: LevelEvidence


class Revisions:
    """Segmentations of one case by their digest; the first is kept whole."""

    def __init__(self, first: SpineSegmentation) -> None:
        self._first = first
        self._first_sha = segmentation_sha256(first)
        self._kept: dict[str, _Difference] = {}

    def keep(self, found: SpineSegmentation) -> str:
        """Keep a segmentation; returns its digest."""
        sha = segmentation_sha256(found)
        if sha == self._first_sha or sha in self._kept:
            return sha
        a, b = self._first, found
        differs = (a.vertebrae.labels != b.vertebrae.labels) | (a.structures.labels != b.structures.labels)
        box: Box = ndi.find_objects(differs.astype(np.uint8))[0]
        self._kept[sha] = _Difference(
            box,
            zlib.compress(np.ascontiguousarray(b.vertebrae.labels[box]).tobytes(), 1),
            zlib.compress(np.ascontiguousarray(b.structures.labels[box]).tobytes(), 1),
            b.levels,
            b.findings,
            b.evidence,
        )
        return sha

    def get(self, sha: str) -> SpineSegmentation | None:
        """The segmentation of a digest (none: the first); None where it was never kept."""
        if sha in ("", self._first_sha):
            return self._first
        kept = self._kept.get(sha)
        if kept is None:
            return None
        first = self._first
        return SpineSegmentation(
            replace(first.vertebrae, labels=_patched(first.vertebrae.labels, kept.where, kept.vertebrae)),
            replace(first.structures, labels=_patched(first.structures.labels, kept.where, kept.structures)),
            kept.levels,
            kept.findings,
            kept.evidence,
        )


def _patched(labels: NDArray[np.uint8], where: Box, data: bytes) -> NDArray[np.uint8]:
    out = labels.copy()
    out[where] = np.frombuffer(zlib.decompress(data), np.uint8).reshape(out[where].shape)
    return out
