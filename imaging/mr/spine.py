"""The whole chain on MR: named bodies, discs between them, pedicles seen or modelled, a modelled canal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.errors import PlannerError
from imaging.findings import LEVEL_COUNT_UNCONFIRMED, Finding
from imaging.labels import NAME_FROM_VERSE, SACRUM, VERSE_FROM_NAME
from imaging.mr.anatomy import mr_vertebra
from imaging.mr.column import Column, find_column
from imaging.mr.model_arch import MEANS
from imaging.mr.painting import Arch, NamedBody, painted
from imaging.mr.pedicle_seen import pedicles_of
from imaging.mr.surface import Sampler
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.naming import POINT_AGAINST_SACRUM, two_names
from imaging.segmentation.result import LevelEvidence, SpineSegmentation
from imaging.sitk_bridge import image_from_volume
from imaging.volume import Volume

Array = NDArray[np.float64]

L5, L6 = VERSE_FROM_NAME["L5"], VERSE_FROM_NAME["L6"]
_SURE_SACRUM, _DOUBT_LIMIT = 0.85, 0.2
# Where a body was stepped over, as where S1 was only sought.
_GAP_SURE = 0.75


def segment_mr_spine(
    volume: Volume, *, anchor: tuple[int, Array] | None = None, progress: Progress = NULL_PROGRESS
) -> SpineSegmentation:
    """Find, name, label and measure the vertebrae of an MR; canal and unseen pedicles are a model.

    Args:
        volume: MR of any weighting; sagittal slices up to 5 mm apart, or a volume.
        anchor: (VerSe number, (3,) LPS mm in that vertebra's body), settles the count.
        progress: reported to, and asked whether to stop.

    Returns:
        Label maps on the volume's own grid, and each vertebra's geometry.

    Raises:
        PlannerError: ``no_spine_found``, ``anchor_not_found``.
    """
    image = working_image(volume)
    column = find_column(image, SubProgress(progress, 0.0, 0.85))
    named, confidence, findings, evidence = name_bodies(column, anchor)
    progress.step(0.9, "Writing the labels on the image's own grid")
    arches = {n.verse: pedicles_of(image, n.body, n.verse) for n in named}
    findings.append(_pedicles_told(arches))
    vertebrae, structures = painted(volume, named, arches)
    levels = tuple(
        mr_vertebra(n.body, n.verse, confidence[n.verse], arches[n.verse]) for n in reversed(named)
    )
    return SpineSegmentation(vertebrae, structures, levels, tuple(findings), evidence)


def working_image(volume: Volume) -> Sampler:
    """The MR on an axis-aligned LPS grid: 1 mm in the sagittal plane, the slices' own distance across."""
    grid = volume.grid
    low, high = grid.bounds_lps_mm
    across = float(max(1.0, np.abs(grid.direction_lps[0] * grid.spacing_ijk_mm).max()))
    step = np.array([min(across, 5.0), 1.0, 1.0])
    size = [int(n) for n in np.floor((high - low) / step + 1e-3) + 1]
    out = sitk.Resample(
        image_from_volume(volume), size, sitk.Transform(), sitk.sitkLinear, low.tolist(), step.tolist(),
        np.eye(3).ravel().tolist(), 0.0, sitk.sitkFloat32,
    )  # fmt: skip
    values = sitk.GetArrayFromImage(out).astype(np.float32)
    blur = (0.5, 0.5, 0.5 if step[0] < 1.5 else 0.0)
    return Sampler(np.asarray(ndi.gaussian_filter(values, blur), np.float32), np.asarray(low, float), step)


def name_bodies(
    column: Column, anchor: tuple[int, Array] | None
) -> tuple[list[NamedBody], dict[int, float], list[Finding], LevelEvidence]:
    """Bodies with numbers, the confidence of each, what is in doubt, and what the names stand on."""
    bodies = list(column.bodies)
    findings: list[Finding] = []
    sacral = column.sacral is not None
    first_sacral = L6
    if anchor is not None:
        number, point = anchor
        holds = [n for n, b in enumerate(bodies) if float(b.depth_mm(b.to_local(point))) <= 2.0]
        if not holds:
            raise PlannerError(
                "anchor_not_found",
                f"The point given for {NAME_FROM_VERSE[number]} lies in none of the vertebral bodies found. "
                "Give a point within the body, in patient millimetres.",
            )
        first_sacral = L6 + 1 if number == L6 else L6
        lowest = (first_sacral if number == SACRUM else number) + holds[0]
        # What the chain followed below S1 is the rest of the sacrum, or the point is one vertebra too low.
        beyond = max(0, lowest - first_sacral)
        bodies = bodies[beyond:]
        lowest -= beyond
        evidence = LevelEvidence("anchor", 0.98)
        by_sacrum = _up_from_sacrum(column, holds[0])
        if by_sacrum is not None and by_sacrum != number:
            evidence = replace(evidence, confidence=POINT_AGAINST_SACRUM)
            findings.append(Finding("stop", LEVEL_COUNT_UNCONFIRMED, two_names(number, by_sacrum)))
        elif not sacral and number < L6 and lowest == first_sacral:
            evidence = replace(evidence, confidence=0.6)
            text = (
                "By the point given the body below L5 is S1, but here it does not look like the first of "
                "the sacrum. It may be a sixth lumbar vertebra. Check the count."
            )
            findings.append(Finding("stop", LEVEL_COUNT_UNCONFIRMED, text))
    elif sacral:
        lowest = first_sacral
        sure = _SURE_SACRUM * (1 - 0.5 * column.doubt)
        evidence = LevelEvidence("sacrum", sure)
        text = (
            "The levels are counted up from the sacrum. MR shows no ribs here, "
            "so a sixth lumbar vertebra cannot be ruled out."
        )
        if column.doubt > _DOUBT_LIMIT:
            text = (
                "The levels are counted up from the sacrum, and which body is S1 is not clear. "
                "Mark one vertebra you are sure of."
            )
        findings.append(Finding("stop", LEVEL_COUNT_UNCONFIRMED, text))
    else:
        lowest = L5
        evidence = LevelEvidence("none", 0.4)
        text = (
            "The sacrum was not found in this MR, so the names are a guess. "
            "Mark one vertebra you are sure of."
        )
        findings.append(Finding("stop", LEVEL_COUNT_UNCONFIRMED, text))
    named = []
    for n, body in enumerate(bodies):
        number = lowest - n
        if number == first_sacral:
            number = SACRUM
        if number in MEANS:
            named.append(NamedBody(number, body))
    gaps = [NAME_FROM_VERSE[n.verse] for n in named if not n.body.seen]
    if gaps:
        evidence = replace(evidence, confidence=evidence.confidence * _GAP_SURE)
        text = (
            f"{' and '.join(gaps)} {'was' if len(gaps) == 1 else 'were'} not seen, only placed between "
            "neighbours, so the count beyond is not clear. Check the name of each level."
        )
        told = " ".join([*(f.text for f in findings), text])
        findings = [Finding("stop", LEVEL_COUNT_UNCONFIRMED, told)]
    confidence = {x.verse: evidence.confidence * 0.98**n for n, x in enumerate(named)}
    return named, confidence, findings, evidence


def _up_from_sacrum(column: Column, place: int) -> int | None:
    """The number of a body when counted up from S1; None where the sacrum is not seen."""
    if column.sacral is None:
        return None
    return SACRUM if place <= column.sacral else L6 - (place - column.sacral)


def _pedicles_told(arches: dict[int, Arch]) -> Finding:
    """Which pedicles were seen, and that the others are a model."""
    seen = [f"{NAME_FROM_VERSE[verse]} {m.side}" for verse in sorted(arches) for m in arches[verse] if m.seen]
    text = (
        "MR does not show the cortex of the pedicles. Pedicles and canal are a model fitted to the "
        "bodies; every clearance is an interval, and none of it is green."
    )
    if seen:
        text = (
            f"Pedicles seen on this MR: {', '.join(seen)}. All others and the canal are a model fitted to "
            "the bodies; every clearance is an interval, and none of it is green."
        )
    return Finding("caution", "pedicles_from_model", text)
