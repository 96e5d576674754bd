"""Label maps that somebody brings: NIfTI (or what SimpleITK reads) and DICOM SEG, as VerSe numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.errors import PlannerError
from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.numbering import (
    NUMBERINGS,
    Numbering,
    clear_winner,
    judge_numberings,
    numbering_named,
    verse_from_words,
)
from imaging.volume import LabelVolume

LARGEST_LABEL = 1024
OVERLAP_LIMIT = 0.01


@dataclass(frozen=True, eq=False)
class BroughtLabels:
    """A label map on its own grid.

    Attributes:
        labels: VerSe numbers; where ``bodies_only``, 1 is every vertebral body.
        title: how it was numbered, in words.
        frame_of_reference_uid: as the file says; empty where it does not.
        overlap: share of labelled voxels that two segments claim.
        bodies_only: bodies without arches and without names.
    """

    labels: LabelVolume
    title: str
    frame_of_reference_uid: str = ""
    overlap: float = 0.0
    bodies_only: bool = False


def read_labels(path: Path, numbering: str | None = None) -> BroughtLabels:
    """Read a label map.

    Args:
        path: DICOM SEG, or a NIfTI, NRRD or MetaImage file.
        numbering: name of one of ``NUMBERINGS``; found from the map itself where None.

    Raises:
        PlannerError: missing_segmentation, bad_segmentation, numbering_unclear, bad_numbering.
    """
    if not path.is_file():
        raise PlannerError("missing_segmentation", f"There is no label map {path}.")
    chosen = None if numbering is None else numbering_named(numbering)
    if numbering is not None and chosen is None:
        known = ", ".join(n.name for n in NUMBERINGS)
        raise PlannerError("bad_numbering", f"There is no numbering {numbering}. Known: {known}.")
    with path.open("rb") as file:
        is_dicom = file.read(132)[128:] == b"DICM"
    return _read_seg(path, chosen) if is_dicom else _read_image(path, chosen)


def _read_image(path: Path, chosen: Numbering | None) -> BroughtLabels:
    import SimpleITK as sitk

    from imaging.nifti import read_nifti
    from imaging.sitk_bridge import grid_from_image

    try:
        nifti = path.name.lower().endswith((".nii", ".nii.gz"))
        image = read_nifti(path) if nifti else sitk.ReadImage(str(path))
    except PlannerError as error:
        raise PlannerError("bad_segmentation", error.text) from error
    except RuntimeError as error:
        raise PlannerError("bad_segmentation", f"{path.name} cannot be read as a label map.") from error
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise PlannerError("bad_segmentation", f"{path.name} is not a label map of one 3D volume.")
    raw = sitk.GetArrayFromImage(image)
    if raw.min() < 0 or raw.max() > LARGEST_LABEL or not bool((raw == np.rint(raw)).all()):
        raise PlannerError("bad_segmentation", f"{path.name} does not hold whole label numbers up to 1024.")
    if not raw.any():
        raise PlannerError("bad_segmentation", f"{path.name} is empty: it names no vertebra.")
    return _numbered(path, raw.astype(np.uint16), grid_from_image(image), chosen, "", 0.0)


def _read_seg(path: Path, chosen: Numbering | None) -> BroughtLabels:
    import highdicom as hd

    try:
        seg: Any = hd.seg.segread(path)
        numbers = [int(n) for n in seg.segment_numbers]
        parts = {n: seg.get_volume(segment_numbers=[n], combine_segments=False) for n in numbers}
    except Exception as error:
        raise PlannerError(
            "bad_segmentation", f"{path.name} cannot be read as a DICOM segmentation."
        ) from error
    frame = str(getattr(seg, "FrameOfReferenceUID", ""))
    first = next(iter(parts.values()))
    grid = _grid_of(first, frame)
    masks = {n: _mask_of(part) for n, part in parts.items()}
    names = {n: _named(seg.get_segment_description(n)) for n in numbers}
    total = np.sum([m.astype(np.uint8) for m in masks.values()], axis=0)
    labelled = int((total > 0).sum())
    if not labelled:
        raise PlannerError("bad_segmentation", f"{path.name} is empty: it names no vertebra.")
    overlap = float((total > 1).sum() / labelled)
    if any(names.values()):
        labels = np.zeros(grid.shape_kji, np.uint8)
        for n, verse in names.items():
            if verse:
                labels[masks[n]] = verse
        return BroughtLabels(LabelVolume(grid, labels), "segment names", frame, overlap)
    raw = np.zeros(grid.shape_kji, np.uint16)
    for n, mask in masks.items():
        raw[mask] = n
    return _numbered(path, raw, grid, chosen, frame, overlap)


def _grid_of(volume: Any, frame: str) -> VolumeGrid:
    """Grid of a highdicom volume, whose array runs [k, j, i] with an affine of the same order."""
    affine = np.asarray(volume.affine, float)
    columns = affine[:3, :3][:, ::-1]
    spacing = np.linalg.norm(columns, axis=0)
    shape = tuple(int(n) for n in volume.spatial_shape)
    return VolumeGrid.from_parts(shape, affine[:3, 3], spacing, columns / spacing, frame)  # type: ignore[arg-type]


def _mask_of(volume: Any) -> NDArray[np.bool_]:
    array = np.asarray(volume.array)
    return np.asarray(array.reshape(array.shape[:3]) > 0)


def _named(description: Any) -> int | None:
    kind = description.segmented_property_type
    return verse_from_words(str(description.segment_label)) or verse_from_words(str(kind.meaning))


def _numbered(
    path: Path,
    raw: NDArray[np.uint16],
    grid: VolumeGrid,
    chosen: Numbering | None,
    frame: str,
    overlap: float,
) -> BroughtLabels:
    values = {int(v) for v in np.unique(raw)} - {0}
    if chosen is None and values <= {1, 2}:
        # TotalSegmentator's vertebrae_body: 1 is every body, 2 the discs.
        bodies = (raw == 1).astype(np.uint8)
        return BroughtLabels(LabelVolume(grid, bodies), "vertebrae_body", frame, overlap, True)
    judged = judge_numberings(raw, grid)
    best = chosen or clear_winner(judged)
    if best is None:
        likely = [j.numbering.name for j in judged if j.fits > 0.9] or [n.name for n in NUMBERINGS]
        raise PlannerError(
            "numbering_unclear",
            f"{path.name} does not show how it numbers the vertebrae. "
            f"Say which: {', '.join(likely)} (--numbering).",
        )
    fit = next(j for j in judged if j.numbering is best)
    if fit.fits < 0.5 or not any(n in values for n in best.verse_of):
        raise PlannerError(
            "bad_segmentation",
            f"{path.name} is not numbered as {best.title} does: "
            "its vertebrae do not follow each other downwards.",
        )
    table = np.zeros(LARGEST_LABEL + 1, np.uint8)
    for number, verse in best.verse_of.items():
        table[number] = verse
    return BroughtLabels(LabelVolume(grid, table[raw]), best.title, frame, overlap)
