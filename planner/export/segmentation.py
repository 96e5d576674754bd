"""The segmentation as DICOM SEG objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.labels import NAME_FROM_VERSE, PEDICLE_OF_SIDE, SACRUM, SIDES, Side
from imaging.progress import NULL_PROGRESS, Progress
from imaging.segmentation.result import SpineSegmentation
from planner.export.dicom import MAKER, MODEL, SERIAL, complete
from planner.version import app_version

_ALGORITHM = "bvn-planner spine segmentation"


def write_segmentations(
    folder: Path, sources: Sequence[Any], found: SpineSegmentation, progress: Progress = NULL_PROGRESS
) -> list[Path]:
    """Write vertebrae.dcm and pedicles.dcm (binary SEG); those without a segment are left out."""
    numbers = [int(v) for v in np.unique(found.vertebrae.labels) if int(v) in NAME_FROM_VERSE]
    written = []
    if numbers:
        progress.step(0.1, "Writing the vertebrae as DICOM")
        table = np.zeros(256, np.uint8)
        table[numbers] = np.arange(1, len(numbers) + 1)
        parts = [_segment(n, _bone_name(v), vertebra_code(v), None) for n, v in enumerate(numbers, 1)]
        labels = table[found.vertebrae.labels]
        written.append(_write_seg(folder / "vertebrae.dcm", sources, found, labels, parts, 9001, "VERTEBRAE"))
    progress.step(0.5, "Writing the pedicles as DICOM")
    labels, pedicles = _pedicle_labels(found, numbers)
    if pedicles:
        parts = []
        for n, (verse, side) in enumerate(pedicles, 1):
            parts.append(_segment(n, f"{NAME_FROM_VERSE[verse]} {side} pedicle", None, (verse, side)))
        written.append(_write_seg(folder / "pedicles.dcm", sources, found, labels, parts, 9002, "PEDICLES"))
    return written


def _pedicle_labels(
    found: SpineSegmentation, numbers: list[int]
) -> tuple[NDArray[np.uint8], list[tuple[int, Side]]]:
    labels = np.zeros_like(found.vertebrae.labels)
    pedicles: list[tuple[int, Side]] = []
    for side in SIDES:
        of_side = found.structures.labels == PEDICLE_OF_SIDE[side]
        present = set(np.unique(found.vertebrae.labels[of_side]).tolist())
        for verse in numbers:
            if verse in present:
                pedicles.append((verse, side))
                labels[of_side & (found.vertebrae.labels == verse)] = len(pedicles)
    return labels, pedicles


def _bone_name(verse: int) -> str:
    return "Sacrum" if verse == SACRUM else f"{NAME_FROM_VERSE[verse]} vertebra"


def vertebra_code(verse: int) -> Any:
    """SNOMED CT code of a vertebra by its VerSe number."""
    from pydicom.sr.codedict import codes

    if verse == SACRUM:
        return codes.SCT.Sacrum
    return getattr(codes.SCT, f"{NAME_FROM_VERSE[verse]}Vertebra", codes.SCT.Vertebra)


def _segment(number: int, label: str, kind: Any, pedicle: tuple[int, Side] | None) -> Any:
    import highdicom as hd
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence as DicomSequence
    from pydicom.sr.codedict import codes

    algorithm = hd.AlgorithmIdentificationSequence(
        name=_ALGORITHM, family=codes.DCM.MorphologicalOperations, version=app_version()
    )
    description = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=label[:64],
        segmented_property_category=codes.SCT.AnatomicalStructure,
        segmented_property_type=kind or codes.SCT.PedicleOfVertebra,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm,
        tracking_uid=hd.UID(),
        tracking_id=label[:64],
        anatomic_regions=[vertebra_code(pedicle[0])] if pedicle else None,
    )
    if pedicle:
        side = Dataset()
        left = pedicle[1] == "left"
        side.CodeValue = "7771000" if left else "24028007"
        side.CodingSchemeDesignator = "SCT"
        side.CodeMeaning = "Left" if left else "Right"
        kind_item = description.SegmentedPropertyTypeCodeSequence[0]
        kind_item.SegmentedPropertyTypeModifierCodeSequence = DicomSequence([side])
    return description


def _write_seg(
    path: Path,
    sources: Sequence[Any],
    found: SpineSegmentation,
    labels: NDArray[np.uint8],
    parts: list[Any],
    series_number: int,
    label: str,
) -> Path:
    import highdicom as hd

    grid = found.vertebrae.grid
    # highdicom's affine maps array indices in their own order (k, j, i) to LPS; rows, then columns, are last.
    affine = grid.lps_from_ijk[:, [2, 1, 0, 3]]
    frame = grid.frame_of_reference_uid or str(sources[0].FrameOfReferenceUID)
    volume = hd.Volume(labels, affine, coordinate_system="PATIENT", frame_of_reference_uid=frame)
    seg = hd.seg.Segmentation(
        source_images=list(sources),
        pixel_array=volume,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=parts,
        series_instance_uid=hd.UID(),
        series_number=series_number,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer=MAKER,
        manufacturer_model_name=MODEL,
        software_versions=app_version(),
        device_serial_number=SERIAL,
        content_description="Vertebrae for planning and training",
        content_label=label,
        series_description=f"BVN plan: {label.lower()} (research)",
    )
    complete(seg, sources[0])
    seg.save_as(path)
    return path
