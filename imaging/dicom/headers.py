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
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from imaging.dicom.elements import Elements, finite, finite_tuple, wanted_tags

Triple = tuple[float, float, float]
Six = tuple[float, float, float, float, float, float]

_DIRECTORY_SOP_CLASS = "1.2.840.10008.1.3.10"
_UNCOMPRESSED = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
_WANTED = wanted_tags((
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID",
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "Modality",
    "SeriesDescription", "SeriesNumber", "ImageType", "InstanceNumber", "AcquisitionNumber",
    "TemporalPositionIdentifier", "EchoNumbers", "EchoTime", "DiffusionBValue", "TriggerTime",
    "ConvolutionKernel", "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel",
    "BitsAllocated", "PixelSpacing", "SliceThickness", "SpacingBetweenSlices", "GantryDetectorTilt",
    "PatientPosition", "ImagePositionPatient", "ImageOrientationPatient",
    "RescaleSlope", "RescaleIntercept", "RescaleType", "BurnedInAnnotation",
    "LossyImageCompression",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
))  # fmt: skip
# JPEG baseline and extended, JPEG-LS near-lossless, JPEG 2000, JPEG 2000 part 2, HTJ2K.
_LOSSY = {f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 81, 91, 93, 203)}
_TAGS = [tag for tag, _ in _WANTED.values()]
_MOST_FRAMES = 20_000


class NotDicomError(Exception):
    """The file is no DICOM file, or a DICOMDIR."""


class DamagedFileError(Exception):
    """The file claims to be DICOM but cannot be used; the text says why, to follow the file's name."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What all slices of one file share. Empty strings and None where the header is silent.

    ``series_uid`` is made from what else the header says where it names no series (``series_uid_made``);
    ``rescale_type`` and ``patient_position`` are as written; ``tilt_deg`` and ``between_mm`` are what the
    header claims about gantry tilt and slice distance, which the positions prove or contradict.
    """

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
    slope: float | None
    rescale_type: str
    patient_position: str
    tilt_deg: float | None
    between_mm: float | None
    series_uid_made: bool
    burned_in: bool
    lossy: bool


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
    head = Elements(dataset, _WANTED)
    if "SOPClassUID" not in head and "SeriesInstanceUID" not in head and "Modality" not in head:
        preamble = getattr(dataset, "preamble", None) is not None
        raise DamagedFileError("ends within its header") if preamble else NotDicomError(path)
    rows, columns = head.integer("Rows") or 0, head.integer("Columns") or 0
    if not (0 < rows <= 65535 and 0 < columns <= 65535):
        raise DamagedFileError(f"holds no image ({head.text('Modality') or 'unknown kind'})")
    frames = head.integer("NumberOfFrames") or 1
    samples = head.integer("SamplesPerPixel") or 1
    if not (1 <= frames <= _MOST_FRAMES and 1 <= samples <= 4):
        raise DamagedFileError(f"claims {frames} frames of {samples} samples, which is not believed")
    syntax = dataset.file_meta.get("TransferSyntaxUID") or ImplicitVRLittleEndian
    if syntax in _UNCOMPRESSED:
        needed = rows * columns * samples * frames * (head.integer("BitsAllocated") or 16) // 8
        if size < needed:
            raise DamagedFileError(f"is cut short ({size} of more than {needed} bytes)")
    image = _image(path, head, rows, columns, samples, str(syntax))
    groups = head.sequence("PerFrameFunctionalGroupsSequence")
    if groups:
        shared = head.sequence("SharedFunctionalGroupsSequence")
        common = shared[0] if shared else pydicom.Dataset()
        return [_enhanced(image, n, [group, common]) for n, group in enumerate(groups)]
    labels = (
        ("echo", head.text("EchoNumbers") + "/" + head.text("EchoTime")),
        ("time point", head.text("TemporalPositionIdentifier")),
        ("b-value", head.text("DiffusionBValue")),
        ("image type", "\\".join(image.image_type)),
        ("kernel", image.kernel),
        ("acquisition", image.acquisition),
        ("trigger time", head.text("TriggerTime")),
    )
    return [
        SliceHeader(
            image,
            n,
            head.numbers("ImagePositionPatient", 3) if frames == 1 else None,  # type: ignore[arg-type]
            head.numbers("ImageOrientationPatient", 6),  # type: ignore[arg-type]
            _pixel(head.numbers("PixelSpacing", 2)),
            head.number("SliceThickness"),
            image.image_type,
            labels,
        )
        for n in range(frames)
    ]


def _image(path: Path, head: Elements, rows: int, columns: int, samples: int, syntax: str) -> ImageHeader:
    study, series = head.text("StudyInstanceUID"), head.text("SeriesInstanceUID")
    made = not series
    if made:
        facts = [study, head.text("SeriesNumber"), head.text("SeriesDescription"), head.text("Modality")]
        facts += [head.text("FrameOfReferenceUID"), head.text("PatientID"), path.parent.name]
        series = str(generate_uid(entropy_srcs=["series", *facts]))
    return ImageHeader(
        path=path,
        study_uid=study,
        series_uid=series,
        sop_class_uid=head.text("SOPClassUID"),
        sop_instance_uid=head.text("SOPInstanceUID"),
        frame_of_reference_uid=head.text("FrameOfReferenceUID"),
        patient_id=head.text("PatientID"),
        patient_name=head.text("PatientName"),
        patient_birth_date=head.text("PatientBirthDate"),
        patient_sex=head.text("PatientSex"),
        study_date=head.text("StudyDate"),
        modality=head.text("Modality").upper(),
        description=head.text("SeriesDescription"),
        number=head.integer("SeriesNumber"),
        instance=head.integer("InstanceNumber"),
        acquisition=head.text("AcquisitionNumber"),
        image_type=head.words("ImageType"),
        kernel=" ".join(head.words("ConvolutionKernel")),
        rows=rows,
        columns=columns,
        samples=samples,
        rescaled="RescaleSlope" in head or "RescaleIntercept" in head,
        slope=head.number("RescaleSlope"),
        rescale_type=head.text("RescaleType"),
        patient_position=head.text("PatientPosition").upper(),
        tilt_deg=head.number("GantryDetectorTilt"),
        between_mm=head.number("SpacingBetweenSlices"),
        series_uid_made=made,
        burned_in=head.text("BurnedInAnnotation").upper() == "YES",
        lossy=head.text("LossyImageCompression") == "01" or syntax in _LOSSY,
    )


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
        finite_tuple(position, 3),  # type: ignore[arg-type]
        finite_tuple(orientation, 6),  # type: ignore[arg-type]
        _pixel(finite_tuple(measures.get("PixelSpacing"), 2)),
        finite(measures.get("SliceThickness")),
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


def _pixel(pair: tuple[float, ...] | None) -> tuple[float, float] | None:
    """A pixel's size where both sides are positive."""
    return (pair[0], pair[1]) if pair is not None and min(pair) > 1e-4 else None


def readable_folder(folder: Path) -> bool:
    """Whether this process may list ``folder``."""
    return os.access(folder, os.R_OK | os.X_OK)
