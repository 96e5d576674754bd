"""A label map that somebody brings, laid over the images by physical place, checked and measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imaging.errors import PlannerError
from imaging.findings import LEVEL_COUNT_UNCONFIRMED, Finding
from imaging.geometry.grid import VolumeGrid
from imaging.labels import NAME_FROM_VERSE, SACRUM, Structure
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.result import LevelEvidence, SpineLabels, SpineSegmentation
from imaging.volume import LabelVolume, Volume
from planner.services.open_case import Case
from planner.services.read_labels import OVERLAP_LIMIT, BroughtLabels, read_labels
from planner.services.segment_case import Anchor, measured, require_inside

LEAST_OVERLAP = 0.2
CONFIDENCE = 0.9
BONE_HU = 120
_SAMPLES = 20_000
# How a label map is most often turned: (flips of x, y, z about its middle, in words).
_FLIPS = (
    ((-1, 1, 1), "left and right are exchanged"),
    ((1, -1, 1), "front and back are exchanged"),
    ((1, 1, -1), "head and foot are exchanged"),
    ((-1, -1, 1), "it is turned by 180° about the long axis"),
)


def import_segmentation(
    case: Case,
    path: Path,
    anchor: Anchor | None = None,
    progress: Progress = NULL_PROGRESS,
    numbering: str | None = None,
) -> SpineSegmentation:
    """Measure the vertebrae of a label map.

    Args:
        case: open case.
        path: NIfTI or DICOM SEG.
        anchor: (VerSe number, point) that settles the names.
        progress: told of each step.
        numbering: how the map is numbered; found from the map where None.

    Raises:
        PlannerError: missing_segmentation, bad_segmentation, numbering_unclear, bad_numbering, bad_anchor,
            segmentation_elsewhere, segmentation_other_frame, segmentation_turned, segmentation_overlaps.
    """
    from imaging.segmentation.split import structures_from_vertebrae

    progress.step(0.0, "Reading the label map")
    brought = read_labels(path, numbering)
    progress.step(0.1, "Laying the label map over the images")
    findings = _check(case, path, brought)
    on_source = _laid_over(brought.labels, case.volume.grid)
    if brought.bodies_only:
        labels = _with_own_arches(case, path, on_source, anchor, SubProgress(progress, 0.15, 0.7))
        labels = replace(labels, findings=(*labels.findings, *findings))
        return measured(case, labels, SubProgress(progress, 0.7, 1.0))
    vertebrae = on_source
    if anchor is None:
        text = f"The names of the levels are those of {path.name} ({brought.title}); nothing proves them."
        findings.append(Finding("stop", LEVEL_COUNT_UNCONFIRMED, text))
    else:
        require_inside(case, anchor)
        vertebrae = renamed(vertebrae, anchor)
    progress.step(0.2, "Finding bodies and pedicles in the label map")
    structures = structures_from_vertebrae(vertebrae, case.volume)
    sure = CONFIDENCE if anchor is None else 1.0
    numbers = [int(v) for v in np.unique(vertebrae.labels) if v in NAME_FROM_VERSE]
    evidence = LevelEvidence("label map" if anchor is None else "anchor", sure)
    labels = SpineLabels(vertebrae, structures, dict.fromkeys(numbers, sure), tuple(findings), evidence)
    return measured(case, labels, SubProgress(progress, 0.6, 1.0))


def _check(case: Case, path: Path, brought: BroughtLabels) -> list[Finding]:
    """Refuse what does not belong to these images; cautions for what does in part."""
    own = case.source.frame_of_reference_uid
    if own and brought.frame_of_reference_uid and brought.frame_of_reference_uid != own:
        raise PlannerError(
            "segmentation_other_frame",
            f"{path.name} was made on images with another frame of reference: its places do not hold.",
        )
    findings = []
    if brought.overlap > OVERLAP_LIMIT:
        share = 100 * brought.overlap
        if share > 10:
            raise PlannerError(
                "segmentation_overlaps",
                f"In {path.name} segments overlap in {share:.0f} % of the voxels, so it is not clear what "
                "belongs to which vertebra.",
            )
        text = f"In {path.name} segments overlap in {share:.1f} % of the voxels; the later one holds there."
        findings.append(Finding("caution", "segmentation_overlaps", text, share, 100 * OVERLAP_LIMIT, "%"))
    points = _sample(brought.labels)
    inside = _inside(case.volume.grid, points)
    share = 100 * float(inside.mean())
    if share < 100 * LEAST_OVERLAP:
        swapped = _inside(case.volume.grid, points * (-1.0, -1.0, 1.0))
        hint = " It looks as if it were written in RAS instead of LPS." if swapped.mean() > 0.8 else ""
        raise PlannerError(
            "segmentation_elsewhere",
            f"{path.name} does not lie over these images: {share:.0f} % of it is inside them.{hint}",
        )
    if share < 90:
        text = f"Only {share:.0f} % of {path.name} lies inside the images."
        findings.append(Finding("caution", "segmentation_partly_outside", text, share, 90.0, "%"))
    if case.volume.modality == "CT":
        findings += _check_bone(case.volume, path, points, _centre(brought.labels))
    return findings


def _check_bone(
    volume: Volume, path: Path, points: NDArray[np.float64], middle: NDArray[np.float64]
) -> list[Finding]:
    """Refuse a map that fits the bone better when mirrored; a stop where it does not lie on bone at all."""

    def on_bone(places: NDArray[np.float64]) -> float:
        inside = _inside(volume.grid, places)
        if inside.mean() < 0.5:
            return 0.0
        i, j, k = np.rint(volume.grid.indices_from_lps(places[inside])).astype(int).T
        return float((volume.values[k, j, i] > BONE_HU).mean() * inside.mean())

    here = on_bone(points)
    for flip, words in _FLIPS:
        turned = on_bone((points - middle) * flip + middle)
        if turned > here + 0.12:
            raise PlannerError(
                "segmentation_turned",
                f"{path.name} fits the bone of these images only if {words}. "
                "It was saved with the wrong orientation: save it anew from its source.",
            )
    if here < 0.35:
        text = f"{path.name} does not lie on bone: {100 * here:.0f} % of it is above {BONE_HU} HU."
        return [Finding("stop", "segmentation_not_on_bone", text, 100 * here, 35.0, "%")]
    return []


def _sample(labels: LabelVolume) -> NDArray[np.float64]:
    """(n, 3) LPS mm of at most some 20 000 labelled voxels, evenly taken."""
    kji = np.argwhere(labels.labels > 0)
    kji = kji[:: max(1, len(kji) // _SAMPLES)]
    return labels.grid.lps_from_indices(kji[:, ::-1])


def _centre(labels: LabelVolume) -> NDArray[np.float64]:
    return np.asarray(labels.grid.centre_lps_mm, float)


def _inside(grid: VolumeGrid, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(grid.contains(points))


def _laid_over(labels: LabelVolume, grid: VolumeGrid) -> LabelVolume:
    """On the images' own grid; each label resampled smoothly, the strongest wins."""
    import SimpleITK as sitk

    from imaging.sitk_bridge import image_from_array, image_from_labels

    if labels.grid.shape_kji == grid.shape_kji and np.allclose(
        labels.grid.lps_from_ijk, grid.lps_from_ijk, atol=1e-3
    ):
        return LabelVolume(grid, labels.labels)
    reference = image_from_array(np.zeros(grid.shape_kji, np.uint8), grid)
    image = image_from_labels(labels)
    out = sitk.Resample(image, reference, sitk.Transform(), sitk.sitkLabelLinear, 0, sitk.sitkUInt8)
    return LabelVolume(grid, sitk.GetArrayFromImage(out))


def _with_own_arches(
    case: Case, path: Path, bodies: LabelVolume, anchor: Anchor | None, progress: Progress
) -> SpineLabels:
    """Bodies from the map, everything else and the names from the planner's own labelling."""
    from imaging.segmentation.spine import label_spine

    place = None if anchor is None else (anchor[0], np.array(anchor[1]))
    own = label_spine(case.volume, anchor=place, progress=progress)
    brought = bodies.labels > 0
    vertebrae, structures = own.vertebrae.labels.copy(), own.structures.labels.copy()
    own_body = structures == Structure.BODY
    if (own_body & brought).sum() < 0.5 * own_body.sum():
        raise PlannerError(
            "segmentation_elsewhere",
            f"The bodies in {path.name} do not lie on the vertebrae of these images.",
        )
    for verse in np.unique(vertebrae[own_body]):
        mine = own_body & (vertebrae == verse)
        if (mine & brought).sum() < 0.5 * mine.sum():
            continue
        gone = mine & ~brought
        vertebrae[gone] = structures[gone] = 0
    # What the map adds beyond our bodies goes to the body it touches within 3 mm.
    added = brought & (vertebrae == 0) & (structures != Structure.CANAL)
    nearest = _nearest_label(np.where(structures == Structure.BODY, vertebrae, 0), case.volume.grid, added)
    vertebrae[added], structures[added] = nearest, np.where(nearest > 0, int(Structure.BODY), 0)
    text = f"{path.name} holds bodies only: arches, pedicles and names are the planner's own."
    note = Finding("info", "segmentation_bodies_only", text)
    return replace(
        own,
        vertebrae=replace(own.vertebrae, labels=vertebrae),
        structures=replace(own.structures, labels=structures),
        findings=(*own.findings, note),
    )


def _nearest_label(
    labels: NDArray[np.uint8], grid: VolumeGrid, where: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    from scipy import ndimage as ndi

    distance, index = ndi.distance_transform_edt(
        labels == 0, sampling=grid.spacing_ijk_mm[::-1], return_indices=True
    )
    found = labels[tuple(index[:, where])]
    found[distance[where] > 3.0] = 0
    return np.asarray(found)


def renamed(vertebrae: LabelVolume, anchor: Anchor) -> LabelVolume:
    """With all vertebrae counted anew from one that is known.

    Raises:
        PlannerError: bad_anchor.
    """
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
    return shifted(vertebrae, verse - here)


def shifted(vertebrae: LabelVolume, shift: int) -> LabelVolume:
    """With every vertebra from T1 to L6 named ``shift`` levels lower; the sacrum keeps its name.

    Raises:
        PlannerError: bad_anchor where that leads beyond T1 or L6.
    """
    table: NDArray[np.uint8] = np.arange(256, dtype=np.uint8)
    for old in range(8, 26):
        table[old] = min(25, max(8, old + shift))
    moved = [int(table[v]) for v in np.unique(vertebrae.labels) if 8 <= v <= 25]
    if len(set(moved)) != len(moved):
        raise PlannerError("bad_anchor", "Counting from there leads beyond T1 or L6.")
    return replace(vertebrae, labels=table[vertebrae.labels])
