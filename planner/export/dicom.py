"""What every DICOM object that this project writes has in common.

Patient and study are those of the source images; every object and series gets a new UID.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.progress import NULL_PROGRESS, Progress
from planner.version import app_version

MAKER, MODEL, SERIAL = "bvn-planner", "bvn-planner", "0"
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


def reference(source: Any) -> Any:
    """An item that names an instance."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    return item


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
