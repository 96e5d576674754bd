"""The plan as DICOM objects beside its images: segmentation, simulated X-rays, the report.

Patient and study are those of the source images; every object and series gets a new UID.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.labels import NAME_FROM_VERSE, PEDICLE_OF_SIDE, SACRUM, SIDES, Side
from imaging.progress import NULL_PROGRESS, Progress
from imaging.segmentation.result import SpineSegmentation
from planner.version import app_version

MAKER, MODEL, SERIAL = "bvn-planner", "bvn-planner", "0"
_ALGORITHM = "bvn-planner spine segmentation"
_KEPT = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "SpecificCharacterSet",
)


@dataclass(frozen=True, eq=False)
class FluoroShot:
    """One simulated X-ray to export: (h, w, 3) uint8 picture, DICOM angles, what it shows."""

    level: str
    side: Side
    view: str
    picture: NDArray[np.uint8]
    primary_deg: float
    secondary_deg: float
    sid_mm: float
    sod_mm: float
    pixel_mm: float
    patient_orientation: tuple[str, str]


def read_headers(files: Sequence[Path], progress: Progress = NULL_PROGRESS) -> list[Any]:
    """Headers of the source images, without pixels."""
    import pydicom

    headers = []
    for n, file in enumerate(files):
        if n % 20 == 0:
            progress.step(n / max(1, len(files)), "Reading headers for the DICOM objects")
        headers.append(_identified(pydicom.dcmread(file, stop_before_pixels=True, force=True), file))
    return headers


def _identified(header: Any, file: Path) -> Any:
    """The header with the identifiers that a reference needs; those it lacks are made up."""
    import highdicom as hd
    from pydicom.uid import CTImageStorage, MRImageStorage, generate_uid

    made = {
        "SOPInstanceUID": [
            "instance",
            file.name,
            str(file.stat().st_size),
            str(header.get("InstanceNumber")),
        ],
        "SeriesInstanceUID": ["series", str(header.get("SeriesDescription")), file.parent.name],
        "StudyInstanceUID": ["study", str(header.get("StudyDate")), file.parent.name],
        "FrameOfReferenceUID": ["frame", str(header.get("SeriesDescription")), file.parent.name],
    }
    for name, facts in made.items():
        if not header.get(name):
            setattr(header, name, hd.UID(generate_uid(entropy_srcs=facts)))
    if not header.get("SOPClassUID"):
        header.SOPClassUID = MRImageStorage if header.get("Modality") == "MR" else CTImageStorage
    for name in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"):
        if name not in header:
            setattr(header, name, "")
    for name in ("StudyDate", "StudyTime", "ReferringPhysicianName"):
        if name not in header:
            setattr(header, name, "")
    return header


def complete(ds: Any, source: Any) -> None:
    """Carry over to a highdicom object what its class leaves out, and mark it as research content."""
    for name in _KEPT:
        if name in source and name not in ds:
            ds[name] = source[name]
    ds.ContentQualification = "RESEARCH"


def stack_of(
    sources: Sequence[Any],
) -> tuple[list[NDArray[np.float64]], NDArray[np.float64], NDArray[np.float64]] | None:
    """Positions of parallel slices and their row and column directions; None where a header has no place."""
    positions = []
    for source in sources:
        place, six = source.get("ImagePositionPatient"), source.get("ImageOrientationPatient")
        if place is None or six is None:
            return None
        positions.append(np.array(place, float))
    first = np.array(sources[0].ImageOrientationPatient, float)
    return positions, first[:3], first[3:]


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


def write_fluoro(folder: Path, source: Any, shots: Sequence[FluoroShot], when: datetime) -> list[Path]:
    """Write each simulated X-ray as a Secondary Capture image of one new series."""
    import highdicom as hd
    from pydicom.uid import SecondaryCaptureImageStorage

    series = hd.UID()
    written = []
    for number, shot in enumerate(shots, 1):
        ds = new_object(source, SecondaryCaptureImageStorage, series, 9003, number, when)
        ds.Modality = "OT"
        ds.ConversionType = "SYN"
        ds.SeriesDescription = "BVN plan: SIMULATED X-rays (research)"
        ds.ImageType = ["DERIVED", "SECONDARY", "DRR", "SIMULATED"]
        ds.DerivationCodeSequence = [_coded("SIMULATED", "Simulated X-ray computed from CT")]
        what = f"{shot.level} {shot.side} {shot.view.replace('_', '-')}"
        ds.ImageComments = f"SIMULATED X-ray computed from CT, {what}. Not an acquisition."
        ds.DerivationDescription = "Simulated X-ray from CT and a planned tool; pixel spacing at the detector"
        ds.BurnedInAnnotation = "YES"
        ds.PatientOrientation = list(shot.patient_orientation)
        ds.PositionerPrimaryAngle = round(shot.primary_deg, 2)
        ds.PositionerSecondaryAngle = round(shot.secondary_deg, 2)
        ds.DistanceSourceToDetector = round(shot.sid_mm, 2)
        ds.DistanceSourceToPatient = round(shot.sod_mm, 2)
        ds.ImagerPixelSpacing = [round(shot.pixel_mm, 5)] * 2
        ds.SourceImageSequence = [reference(source)]
        _pixels(ds, shot.picture)
        written.append(
            save(ds, folder / f"fluoro-{shot.level}-{shot.side}-{shot.view.replace('_', '-')}.dcm")
        )
    return written


@dataclass(frozen=True, eq=False)
class KeyImage:
    """One picture of a planned tool in the source images: (h, w, 3) uint8, what it shows, its directions."""

    level: str
    side: Side
    view: str
    picture: NDArray[np.uint8]
    pixel_mm: float
    patient_orientation: tuple[str, str]


def write_key_images(folder: Path, source: Any, images: Sequence[KeyImage], when: datetime) -> list[Path]:
    """Write each key image as a Secondary Capture image of one new series."""
    import highdicom as hd
    from pydicom.uid import SecondaryCaptureImageStorage

    series = hd.UID()
    written = []
    for number, image in enumerate(images, 1):
        ds = new_object(source, SecondaryCaptureImageStorage, series, 9009, number, when)
        ds.Modality = "OT"
        ds.ConversionType = "SYN"
        ds.SeriesDescription = "BVN plan: key images (research)"
        ds.ImageType = ["DERIVED", "SECONDARY", "MPR"]
        ds.ImageComments = f"{image.level} {image.side}, {image.view}, with the planned tool"
        ds.DerivationDescription = "Oblique slice of the source images with the planned tool drawn in"
        ds.DerivationCodeSequence = [_coded("113072", "Multiplanar reformatting", "DCM")]
        ds.BurnedInAnnotation = "NO"
        ds.PatientOrientation = list(image.patient_orientation)
        ds.NominalScannedPixelSpacing = [round(image.pixel_mm, 5)] * 2
        ds.SourceImageSequence = [reference(source)]
        _pixels(ds, image.picture)
        name = f"key-{image.level}-{image.side}-{image.view.replace(' ', '-')}.dcm"
        written.append(save(ds, folder / name))
    return written


def reference(source: Any) -> Any:
    """An item that names an instance."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    return item


def _coded(value: str, meaning: str, scheme: str = "99BVNPLAN") -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _pixels(ds: Any, picture: NDArray[np.uint8]) -> None:
    grey = bool((picture[..., :1] == picture).all())
    data = picture[..., 0] if grey else picture
    ds.SamplesPerPixel = 1 if grey else 3
    ds.PhotometricInterpretation = "MONOCHROME2" if grey else "RGB"
    if not grey:
        ds.PlanarConfiguration = 0
    else:
        ds.WindowCenter, ds.WindowWidth = 128, 256
    ds.Rows, ds.Columns = picture.shape[:2]
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    raw = np.ascontiguousarray(data).tobytes()
    ds.PixelData = raw + b"\0" * (len(raw) % 2)


def write_pdf(folder: Path, source: Any, pdf: bytes, when: datetime) -> Path:
    """Write the report as an Encapsulated PDF."""
    import highdicom as hd
    from pydicom.uid import EncapsulatedPDFStorage

    ds = new_object(source, EncapsulatedPDFStorage, hd.UID(), 9004, 1, when)
    ds.Modality = "DOC"
    ds.AcquisitionDateTime = ""
    ds.ConversionType = "WSD"
    ds.SeriesDescription = "BVN plan: report (research)"
    ds.BurnedInAnnotation = "YES"
    ds.DocumentTitle = "Plan of a basivertebral nerve ablation"
    ds.ConceptNameCodeSequence = []
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocumentLength = len(pdf)
    ds.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return save(ds, folder / "report.dcm")


def new_object(source: Any, kind: str, series: str, series_number: int, number: int, when: datetime) -> Any:
    """A new instance of the patient and study of ``source``, marked as research content."""
    import highdicom as hd
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    ds = Dataset()
    for name in _KEPT:
        if name in source:
            ds[name] = source[name]
    for name in (
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "StudyDate",
        "StudyTime",
        "StudyID",
        "AccessionNumber",
        "ReferringPhysicianName",
    ):
        if name not in ds:
            setattr(ds, name, "")
    ds.SOPClassUID, ds.SOPInstanceUID = kind, hd.UID()
    ds.SeriesInstanceUID, ds.SeriesNumber, ds.InstanceNumber = series, series_number, number
    ds.Manufacturer, ds.ManufacturerModelName = MAKER, MODEL
    ds.SoftwareVersions, ds.DeviceSerialNumber = app_version(), SERIAL
    ds.SeriesDate = ds.ContentDate = ds.InstanceCreationDate = when.strftime("%Y%m%d")
    ds.SeriesTime = ds.ContentTime = ds.InstanceCreationTime = when.strftime("%H%M%S")
    ds.ContentQualification = "RESEARCH"
    ds.BodyPartExamined = "SPINE"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def save(ds: Any, path: Path) -> Path:
    """Write a DICOM file and return its path."""
    ds.save_as(path, enforce_file_format=True)
    return path


def orientation_letters(u_lps: NDArray[np.float64], v_lps: NDArray[np.float64]) -> tuple[str, str]:
    """DICOM Patient Orientation of a picture whose columns run along ``u_lps`` and rows along ``v_lps``."""
    pairs: Mapping[int, tuple[str, str]] = {0: ("L", "R"), 1: ("P", "A"), 2: ("H", "F")}

    def letters(vector: NDArray[np.float64]) -> str:
        order = np.argsort(-np.abs(vector))
        return "".join(pairs[int(a)][0 if vector[a] > 0 else 1] for a in order if abs(vector[a]) > 0.2)

    return letters(u_lps), letters(v_lps)
