"""Writing a volume as DICOM CT or MR Image Storage, one file per slice, explicit VR little endian."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, MRImageStorage
from pydicom.valuerep import DSfloat

from imaging.progress import NULL_PROGRESS, Progress
from imaging.volume import Volume

LOWEST_HU = -1024
# Repetition, echo and inversion time, ms.
_TIMES_MS = {"T1": ("550", "10", ""), "T2": ("3500", "100", ""), "STIR": ("4200", "60", "160")}


def uid_from(key: str) -> str:
    """The same UID under 2.25 for the same key."""
    return f"2.25.{int.from_bytes(hashlib.sha256(key.encode()).digest()[:15], 'big')}"


def _decimal(value: float) -> DSfloat:
    """A DS of at most 16 characters."""
    return DSfloat(round(float(value), 9) + 0.0, auto_format=True)


def _common(
    volume: Volume,
    key: str,
    patient_name: str,
    patient_id: str,
    description: str,
    number: int,
    study_key: str,
) -> Dataset:
    """Everything that all slices share."""
    columns = volume.grid.direction_lps
    normal = np.cross(columns[:, 0], columns[:, 1])
    if abs(abs(float(normal @ columns[:, 2])) - 1) > 1e-4:
        raise ValueError("slices must be stacked along their normal")
    d = Dataset()
    d.SpecificCharacterSet = "ISO_IR 192"
    d.StudyDate = d.SeriesDate = d.AcquisitionDate = d.ContentDate = "20250115"
    d.StudyTime = d.SeriesTime = d.AcquisitionTime = d.ContentTime = "090000"
    d.AccessionNumber = ""
    d.Modality = volume.modality
    d.Manufacturer = "BVN planner sample phantom"
    d.ManufacturerModelName = "Analytic lumbar spine"
    d.SoftwareVersions = "1"
    d.ReferringPhysicianName = ""
    d.StudyDescription = "Synthetic lumbar spine (no patient)"
    d.SeriesDescription = description
    d.PatientName = patient_name
    d.PatientID = patient_id
    d.PatientBirthDate = ""
    d.PatientSex = "O"
    d.PatientIdentityRemoved = "YES"
    d.DeidentificationMethod = "Synthetic images, no patient"
    d.BodyPartExamined = "LSPINE"
    d.SliceThickness = _decimal(volume.grid.spacing_ijk_mm[2])
    d.SpacingBetweenSlices = _decimal(volume.grid.spacing_ijk_mm[2])
    d.PatientPosition = "HFS"
    d.StudyInstanceUID = uid_from(f"study|{study_key}")
    d.SeriesInstanceUID = uid_from(f"series|{key}")
    d.StudyID = "1"
    d.SeriesNumber = number
    d.AcquisitionNumber = 1
    d.ImageOrientationPatient = [_decimal(x) for x in (*columns[:, 0], *columns[:, 1])]
    d.FrameOfReferenceUID = volume.grid.frame_of_reference_uid or uid_from(f"frame|{study_key}")
    d.PositionReferenceIndicator = ""
    d.SamplesPerPixel = 1
    d.PhotometricInterpretation = "MONOCHROME2"
    d.Rows, d.Columns = volume.grid.shape_kji[1:]
    d.PixelSpacing = [_decimal(x) for x in volume.grid.spacing_ijk_mm[[1, 0]]]
    d.BitsAllocated = d.BitsStored = 16
    d.HighBit = 15
    d.BurnedInAnnotation = "NO"
    d.LossyImageCompression = "00"
    return d


def _write_slices(
    volume: Volume, common: Dataset, offset: int, sop_class: UID, key: str, out_dir: Path, progress: Progress
) -> list[Path]:
    out_dir.mkdir(parents=True, exist_ok=True)
    count = volume.grid.shape_kji[0]
    signed = bool(common.PixelRepresentation)
    paths = []
    for k in range(count):
        if k % 16 == 0:
            progress.step(k / count, "Writing DICOM")
        place = volume.grid.lps_from_indices([0, 0, k])
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = sop_class
        meta.MediaStorageSOPInstanceUID = UID(uid_from(f"image|{key}|{k}"))
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = out_dir / f"{common.Modality}{k + 1:04d}.dcm"
        d = FileDataset(str(path), dict(common), file_meta=meta, preamble=b"\0" * 128)
        d.SOPClassUID = sop_class
        d.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
        d.InstanceNumber = k + 1
        d.ImagePositionPatient = [_decimal(x) for x in place]
        d.SliceLocation = _decimal(float(place @ np.cross(*volume.grid.direction_lps.T[:2])))
        stored = volume.values[k].astype(np.int32) - offset
        d.PixelData = stored.astype("<i2" if signed else "<u2").tobytes()
        d.save_as(path, enforce_file_format=True)
        paths.append(path)
    progress.step(1.0, "DICOM written")
    return paths


def write_ct_study(
    volume: Volume,
    out_dir: Path,
    *,
    patient_name: str = "SAMPLE^Phantom",
    patient_id: str = "SAMPLE",
    description: str = "CT lumbar spine 1 mm",
    uid_key: str | None = None,
    study_key: str | None = None,
    progress: Progress = NULL_PROGRESS,
) -> list[Path]:
    """Write a CT volume as CT Image Storage, one file per slice from k = 0 up.

    Args:
        volume: CT in HU, slices stacked along their normal.
        out_dir: folder, made if absent; files are CT0001.dcm and so on.
        uid_key: decides the series' and images' UIDs; by default the voxels do.
        study_key: decides the study's UID; by default ``uid_key``.

    Returns:
        The files, in order of k.

    Raises:
        ValueError: for a volume that is no CT or has sheared slices.
    """
    if volume.modality != "CT":
        raise ValueError("volume must be a CT")
    key = uid_key or hashlib.sha256(volume.values.tobytes()).hexdigest()
    d = _common(volume, f"ct|{key}", patient_name, patient_id, description, 2, study_key or key)
    d.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    d.KVP = "120"
    d.ConvolutionKernel = "PHANTOM"
    d.PixelRepresentation = 0
    intercept = min(LOWEST_HU, int(volume.values.min()))
    d.RescaleIntercept = intercept
    d.RescaleSlope = 1
    d.RescaleType = "HU"
    d.WindowCenter = [400, 50]
    d.WindowWidth = [1800, 400]
    d.WindowCenterWidthExplanation = ["BONE", "SOFT TISSUE"]
    return _write_slices(volume, d, intercept, CTImageStorage, f"ct|{key}", out_dir, progress)


def write_mr_series(
    volume: Volume,
    out_dir: Path,
    *,
    weighting: str,
    number: int,
    study_key: str,
    patient_name: str = "SAMPLE^Phantom",
    patient_id: str = "SAMPLE",
    progress: Progress = NULL_PROGRESS,
) -> list[Path]:
    """Write an MR volume as MR Image Storage; ``weighting`` (T1, T2 or STIR) sets its times."""
    if volume.modality != "MR" or weighting not in _TIMES_MS:
        raise ValueError("volume must be an MR and the weighting T1, T2 or STIR")
    key = f"mr|{weighting}|{study_key}"
    d = _common(volume, key, patient_name, patient_id, f"{weighting} TSE sagittal", number, study_key)
    d.ImageType = ["ORIGINAL", "PRIMARY", "M", "SE"]
    repetition, echo, inversion = _TIMES_MS[weighting]
    d.ScanningSequence = ["SE", "IR"] if inversion else "SE"
    d.SequenceVariant = "SK"
    d.ScanOptions = ""
    d.MRAcquisitionType = "2D"
    d.RepetitionTime, d.EchoTime = repetition, echo
    if inversion:
        d.InversionTime = inversion
    d.EchoTrainLength = 3 if weighting == "T1" else 16
    d.MagneticFieldStrength = "1.5"
    d.SequenceName = "tse"
    d.PixelRepresentation = 0
    top = int(volume.values.max())
    d.WindowCenter, d.WindowWidth = top // 2, top
    return _write_slices(volume, d, 0, MRImageStorage, key, out_dir, progress)
