"""Find and measure the vertebrae of a case, or take them from a label map somebody brings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE, SACRUM
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.result import SpineLabels, SpineSegmentation
from imaging.volume import LabelVolume
from planner.domain.plan import Point
from planner.services.approval import LEVEL_COUNT_UNCONFIRMED
from planner.services.open_case import Case

Anchor = tuple[int, Point]
_LEAST_OVERLAP = 0.2
_IMPORTED_CONFIDENCE = 0.9


def segment_case(
    case: Case, anchor: Anchor | None = None, progress: Progress = NULL_PROGRESS
) -> SpineSegmentation:
    """Find, name and measure the vertebrae of a case.

    ``anchor`` says that the vertebra whose body holds this LPS mm point is that VerSe number.

    Raises:
        PlannerError: where no spine can be found or the anchor lies in no body.
    """
    from imaging.segmentation.spine import label_spine

    if anchor is not None:
        _require_inside(case, anchor)
    place = None if anchor is None else (anchor[0], np.array(anchor[1]))
    labels = label_spine(case.volume, anchor=place, progress=SubProgress(progress, 0.0, 0.8))
    return measured(case, labels, SubProgress(progress, 0.8, 1.0))


def measured(case: Case, labels: SpineLabels, progress: Progress = NULL_PROGRESS) -> SpineSegmentation:
    """Label maps with what can be measured on them."""
    from imaging.segmentation.anatomy import measure_anatomy
    from imaging.segmentation.quality import with_quality

    levels = measure_anatomy(labels.vertebrae, labels.structures, case.volume, labels.confidence, progress)
    levels = with_quality(levels, labels.vertebrae, labels.structures, case.volume)
    return SpineSegmentation(labels.vertebrae, labels.structures, levels, labels.findings, labels.evidence)


def import_segmentation(
    case: Case, path: Path, anchor: Anchor | None = None, progress: Progress = NULL_PROGRESS
) -> SpineSegmentation:
    """Measure the vertebrae of a label map in VerSe numbers, laid over the images by physical place.

    Raises:
        PlannerError: missing_segmentation, bad_segmentation, segmentation_elsewhere, bad_anchor.
    """
    from imaging.segmentation.split import structures_from_vertebrae

    progress.step(0.0, "Reading the label map")
    vertebrae, findings = _read_over(case, path)
    progress.step(0.1, "Finding bodies and pedicles in the label map")
    if anchor is None:
        text = f"The names of the levels are those of {path.name}; nothing in the images proves them."
        findings.append(Finding("stop", LEVEL_COUNT_UNCONFIRMED, text))
    else:
        _require_inside(case, anchor)
        vertebrae = _renamed(vertebrae, anchor)
    structures = structures_from_vertebrae(vertebrae, case.volume)
    confidence = _IMPORTED_CONFIDENCE if anchor is None else 1.0
    numbers = [int(v) for v in np.unique(vertebrae.labels) if v in NAME_FROM_VERSE]
    labels = SpineLabels(vertebrae, structures, dict.fromkeys(numbers, confidence), tuple(findings))
    return measured(case, labels, SubProgress(progress, 0.5, 1.0))


def _require_inside(case: Case, anchor: Anchor) -> None:
    if not bool(case.volume.grid.contains(np.array(anchor[1]))):
        raise PlannerError("bad_anchor", "The anchor's point lies outside the images (LPS mm expected).")


def _read_over(case: Case, path: Path) -> tuple[LabelVolume, list[Finding]]:
    import SimpleITK as sitk

    from imaging.sitk_bridge import labels_from_image, resample_labels

    if not path.is_file():
        raise PlannerError("missing_segmentation", f"There is no label map {path}.")
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise PlannerError("bad_segmentation", f"{path.name} cannot be read as a label map.") from error
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise PlannerError("bad_segmentation", f"{path.name} is not a label map of one 3D volume.")
    raw = sitk.GetArrayViewFromImage(image)
    numbers = np.unique(raw)
    named = set(NAME_FROM_VERSE) | {0, 27}
    if not all(float(v).is_integer() and int(v) in named for v in numbers[:300]) or len(numbers) > 300:
        raise PlannerError(
            "bad_segmentation",
            f"{path.name} does not hold VerSe numbers (T12 = 19, L1 = 20, sacrum = 26).",
        )
    if not (raw > 0).any():
        raise PlannerError("bad_segmentation", f"{path.name} is empty: it names no vertebra.")
    own = labels_from_image(sitk.Cast(image, sitk.sitkUInt8), case.source.frame_of_reference_uid)
    labels = resample_labels(own, case.volume.grid)
    overlap = _volume_mm3(labels) / _volume_mm3(own)
    if overlap < _LEAST_OVERLAP:
        raise PlannerError(
            "segmentation_elsewhere",
            f"{path.name} does not lie over these images: {100 * overlap:.0f} % of it is inside them.",
        )
    findings = []
    if overlap < 0.9:
        text = f"Only {100 * overlap:.0f} % of {path.name} lies inside the images."
        findings.append(Finding("caution", "segmentation_partly_outside", text, 100 * overlap, 90.0, "%"))
    if case.volume.modality == "CT":
        bone_hu = float(np.median(case.volume.values[labels.labels > 0]))
        if bone_hu < 50:
            text = f"{path.name} does not lie on bone: half of it is below {bone_hu:.0f} HU."
            findings.append(Finding("stop", "segmentation_not_on_bone", text, bone_hu, 50.0, "HU"))
    return labels, findings


def _volume_mm3(labels: LabelVolume) -> float:
    return float((labels.labels > 0).sum() * np.prod(labels.grid.spacing_ijk_mm))


def _renamed(vertebrae: LabelVolume, anchor: Anchor) -> LabelVolume:
    verse, point = anchor
    i, j, k = np.rint(vertebrae.grid.indices_from_lps(np.array(point))).astype(int)
    here = int(vertebrae.labels[k, j, i])
    if here == 0:
        raise PlannerError("bad_anchor", "The anchor's point lies in no vertebra of the label map.")
    if here == verse:
        return vertebrae
    if SACRUM in (here, verse):
        name, said = NAME_FROM_VERSE.get(here, "another bone"), NAME_FROM_VERSE[verse]
        text = f"The label map calls the anchor's vertebra {name}, the anchor {said}: renumber the map first."
        raise PlannerError("bad_anchor", text)
    shift = verse - here
    table: NDArray[np.uint8] = np.arange(256, dtype=np.uint8)
    for old in range(8, 26):
        table[old] = min(25, max(8, old + shift))
    moved = [int(table[v]) for v in np.unique(vertebrae.labels) if 8 <= v <= 25]
    if len(set(moved)) != len(moved):
        raise PlannerError("bad_anchor", "Counting from the anchor leads beyond T1 or L6.")
    return replace(vertebrae, labels=table[vertebrae.labels])
