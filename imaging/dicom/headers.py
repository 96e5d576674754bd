"""What the headers of one DICOM image file say, one record per slice, without its pixels."""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

Triple = tuple[float, float, float]
Six = tuple[float, float, float, float, float, float]

_DIRECTORY_SOP_CLASS = "1.2.840.10008.1.3.10"
_UNCOMPRESSED = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
_TAGS = [
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID",
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "Modality",
    "SeriesDescription", "SeriesNumber", "ImageType", "InstanceNumber", "AcquisitionNumber",
    "TemporalPositionIdentifier", "EchoNumbers", "EchoTime", "DiffusionBValue", "TriggerTime",
    "ConvolutionKernel", "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel",
    "PhotometricInterpretation", "BitsAllocated", "PixelSpacing", "SliceThickness",
    "ImagePositionPatient", "ImageOrientationPatient", "RescaleSlope",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
]  # fmt: skip


class NotDicomError(Exception):
    """The file is no DICOM file, or a DICOMDIR."""


class DamagedFileError(Exception):
    """The file claims to be DICOM but cannot be used; the text says why, to follow the file's name."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What all slices of one file share. Empty strings and None where the header is silent."""

    path: Path
    study_uid: str
    series_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    frame_of_reference_uid: str
    patient_id: str
    patient_name: str
    patient_birth_date: str
    patient_sex: str
    study_date: str
    modality: str
    description: str
    number: int | None
    instance: int | None
    acquisition: str
    image_type: tuple[str, ...]
    kernel: str
    rows: int
    columns: int
    samples: int
    rescaled: bool


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """One slice: a classic file, or one frame of a multi-frame file.

    Attributes:
        image: header of its file.
        frame: 0-based frame in the file.
        position_lps_mm: centre of the first pixel, or None.
        orientation_lps: direction along a row, then down a column, or None.
        pixel_mm: (between rows, between columns), or None.
        thickness_mm: slice thickness, or None.
        labels: what may tell volumes at the same place apart: (name, value) pairs in order of trust.
    """

    image: ImageHeader
    frame: int
    position_lps_mm: Triple | None
    orientation_lps: Six | None
    pixel_mm: tuple[float, float] | None
    thickness_mm: float | None
    frame_type: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]


def read_slices(path: Path) -> list[SliceHeader]:
    """Slices of one file from its header.

    Raises:
        NotDicomError: no DICOM, or a DICOMDIR.
        DamagedFileError: DICOM that holds no readable image.
        PermissionError: the file may not be read.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise NotDicomError(path)
    size = status.st_size
    if size == 0:
        raise DamagedFileError("is empty")
    if path.name.upper() == "DICOMDIR" or not _looks_like_dicom(path):
        raise NotDicomError(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=_TAGS)
            if _uid(dataset.file_meta.get("MediaStorageSOPClassUID")) == _DIRECTORY_SOP_CLASS:
                raise NotDicomError(path)
            return _slices(path, dataset, size)
    except (NotDicomError, DamagedFileError, PermissionError):
        raise
    except Exception as error:
        raise DamagedFileError(f"has a damaged header ({type(error).__name__})") from error


def _looks_like_dicom(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(140)
    if head[128:132] == b"DICM":
        return True
    # Without a preamble a data set starts with group 0002 or 0008, in either byte order, and a low element.
    if len(head) < 8:
        return False
    for order in ("little", "big"):
        group = int.from_bytes(head[0:2], order)
        element = int.from_bytes(head[2:4], order)
        if group in (2, 8) and element <= 0x0100:
            explicit = head[4:6].isalpha() and head[4:6].isupper()
            length = int.from_bytes(head[4:8], order)
            if explicit or length < 1024:
                return True
    return False


def _slices(path: Path, dataset: Any, size: int) -> list[SliceHeader]:
    if "SOPClassUID" not in dataset and "SeriesInstanceUID" not in dataset and "Modality" not in dataset:
        preamble = getattr(dataset, "preamble", None) is not None
        raise DamagedFileError("ends within its header") if preamble else NotDicomError(path)
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    if rows == 0 or columns == 0:
        raise DamagedFileError(f"holds no image ({_text(dataset.get('Modality')) or 'unknown kind'})")
    frames = int(dataset.get("NumberOfFrames") or 1)
    samples = int(dataset.get("SamplesPerPixel") or 1)
    syntax = dataset.file_meta.get("TransferSyntaxUID") or ImplicitVRLittleEndian
    if syntax in _UNCOMPRESSED:
        needed = rows * columns * samples * frames * int(dataset.get("BitsAllocated") or 16) // 8
        if size < needed:
            raise DamagedFileError(f"is cut short ({size} of more than {needed} bytes)")
    image = ImageHeader(
        path=path,
        study_uid=_uid(dataset.get("StudyInstanceUID")),
        series_uid=_uid(dataset.get("SeriesInstanceUID")) or f"folder:{path.parent}",
        sop_class_uid=_uid(dataset.get("SOPClassUID")),
        sop_instance_uid=_uid(dataset.get("SOPInstanceUID")),
        frame_of_reference_uid=_uid(dataset.get("FrameOfReferenceUID")),
        patient_id=_text(dataset.get("PatientID")),
        patient_name=_text(dataset.get("PatientName")),
        patient_birth_date=_text(dataset.get("PatientBirthDate")),
        patient_sex=_text(dataset.get("PatientSex")),
        study_date=_text(dataset.get("StudyDate")),
        modality=_text(dataset.get("Modality")).upper(),
        description=_text(dataset.get("SeriesDescription")),
        number=_integer(dataset.get("SeriesNumber")),
        instance=_integer(dataset.get("InstanceNumber")),
        acquisition=_text(dataset.get("AcquisitionNumber")),
        image_type=_words(dataset.get("ImageType")),
        kernel=" ".join(_words(dataset.get("ConvolutionKernel"))),
        rows=rows,
        columns=columns,
        samples=samples,
        rescaled="RescaleSlope" in dataset,
    )
    groups = dataset.get("PerFrameFunctionalGroupsSequence")
    if groups:
        shared = dataset.get("SharedFunctionalGroupsSequence")
        common = shared[0] if shared else pydicom.Dataset()
        return [_enhanced(image, n, [group, common]) for n, group in enumerate(groups)]
    labels = (
        ("echo", _text(dataset.get("EchoNumbers")) + "/" + _text(dataset.get("EchoTime"))),
        ("time point", _text(dataset.get("TemporalPositionIdentifier"))),
        ("b-value", _text(dataset.get("DiffusionBValue"))),
        ("image type", "\\".join(image.image_type)),
        ("kernel", image.kernel),
        ("acquisition", image.acquisition),
        ("trigger time", _text(dataset.get("TriggerTime"))),
    )
    position = _floats(dataset.get("ImagePositionPatient"), 3) if frames == 1 else None
    return [
        SliceHeader(
            image,
            n,
            position,  # type: ignore[arg-type]
            _floats(dataset.get("ImageOrientationPatient"), 6),  # type: ignore[arg-type]
            _floats(dataset.get("PixelSpacing"), 2),  # type: ignore[arg-type]
            _float(dataset.get("SliceThickness")),
            image.image_type,
            labels,
        )
        for n in range(frames)
    ]


def functional_group(groups: Iterable[Any], macro: str) -> Any:
    """The first item of a functional group macro in the frame's own or the shared groups, or an empty one."""
    for group in groups:
        sequence = group.get(macro)
        if sequence:
            return sequence[0]
    return pydicom.Dataset()


def _enhanced(image: ImageHeader, frame: int, groups: list[Any]) -> SliceHeader:
    measures = functional_group(groups, "PixelMeasuresSequence")
    content = functional_group(groups, "FrameContentSequence")
    kinds = (functional_group(groups, m) for m in ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence"))
    frame_type = next((w for w in (_words(kind.get("FrameType")) for kind in kinds) if w), image.image_type)
    echo = functional_group(groups, "MREchoSequence")
    diffusion = functional_group(groups, "MRDiffusionSequence")
    reconstruction = functional_group(groups, "CTReconstructionSequence")
    kernel = " ".join(_words(reconstruction.get("ConvolutionKernel")))
    labels = (
        ("echo", _text(echo.get("EffectiveEchoTime"))),
        ("time point", _text(content.get("TemporalPositionIndex"))),
        ("b-value", _text(diffusion.get("DiffusionBValue"))),
        ("image type", "\\".join(frame_type)),
        ("kernel", kernel),
        ("acquisition", _text(content.get("FrameAcquisitionNumber"))),
        ("stack", _text(content.get("StackID"))),
        ("acquisition time", _text(content.get("FrameAcquisitionDateTime"))),
    )
    position = functional_group(groups, "PlanePositionSequence").get("ImagePositionPatient")
    orientation = functional_group(groups, "PlaneOrientationSequence").get("ImageOrientationPatient")
    return SliceHeader(
        image,
        frame,
        _floats(position, 3),  # type: ignore[arg-type]
        _floats(orientation, 6),  # type: ignore[arg-type]
        _floats(measures.get("PixelSpacing"), 2),  # type: ignore[arg-type]
        _float(measures.get("SliceThickness")),
        frame_type,
        labels,
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _uid(value: Any) -> str:
    return _text(value).rstrip("\0")


def _words(value: Any) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    parts = [value] if isinstance(value, str) else list(value)
    return tuple(str(part).strip() for part in parts)


def _integer(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _float(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _floats(value: Any, count: int) -> tuple[float, ...] | None:
    try:
        numbers = tuple(float(v) for v in value)
    except (TypeError, ValueError):
        return None
    finite = len(numbers) == count and all(abs(v) < 1e6 for v in numbers)
    return numbers if finite else None


def readable_folder(folder: Path) -> bool:
    """Whether this process may list ``folder``."""
    return os.access(folder, os.R_OK | os.X_OK)
