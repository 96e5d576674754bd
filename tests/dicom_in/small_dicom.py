"""Writes tiny DICOM series whose values are a known linear function of place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

AXIAL = (1, 0, 0, 0, 1, 0)
CT = UID("1.2.840.10008.5.1.4.1.1.2")
MR = UID("1.2.840.10008.5.1.4.1.1.4")
ENHANCED_CT = UID("1.2.840.10008.5.1.4.1.1.2.1")


def hu_at(points_lps_mm: np.ndarray) -> np.ndarray:
    """The value written at a place: different along each axis, so that a swap or flip shows."""
    return np.rint(np.asarray(points_lps_mm) @ [3.0, 5.0, 7.0])


def plane_points(
    position: np.ndarray, orientation: tuple[float, ...], shape: tuple[int, int], pixel: float
) -> np.ndarray:
    """(rows, columns, 3) places of the pixels of a slice."""
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    j, i = np.indices(shape)
    return position + i[..., None] * pixel * row + j[..., None] * pixel * column


def base(series_uid: str, modality: str = "CT", sop_class: UID = CT, **extra: Any) -> Dataset:
    """A data set with all but pixels and geometry."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = "1.2.3", series_uid, "1.2.4"
    ds.PatientID, ds.PatientName, ds.Modality = "P1", "Specimen^Anna", modality
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SeriesDescription, ds.SeriesNumber = "Spine", 1
    for name, value in extra.items():
        setattr(ds, name, value)
    return ds


def set_pixels(ds: Dataset, stored: np.ndarray) -> None:
    """Signed 16 bit pixels, (rows, columns) or (frames, rows, columns)."""
    ds.Rows, ds.Columns = stored.shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 1
    ds.PixelData = stored.astype("<i2").tobytes()


def slice_dataset(
    position: np.ndarray,
    orientation: tuple[float, ...] = AXIAL,
    series_uid: str = "1.2.5",
    shape: tuple[int, int] = (44, 48),
    pixel: float = 1.0,
    slope: float = 1.0,
    intercept: float = 0.0,
    **extra: Any,
) -> Dataset:
    """One classic slice."""
    ds = base(series_uid, **extra)
    ds.ImagePositionPatient = [float(f"{v:.6f}") for v in position]
    ds.ImageOrientationPatient = [float(f"{v:.9f}") for v in orientation]
    ds.PixelSpacing = [pixel, pixel]
    ds.RescaleSlope, ds.RescaleIntercept = slope, intercept
    values = hu_at(plane_points(np.asarray(position, float), orientation, shape, pixel))
    set_pixels(ds, np.rint((values - intercept) / slope))
    return ds


def positions(
    count: int = 20,
    step: float = 2.5,
    orientation: tuple[float, ...] = AXIAL,
    start: tuple[float, float, float] = (-20.0, -10.0, 5.0),
    shear: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> list[np.ndarray]:
    """Slice positions along the normal, each shifted by ``shear`` more than the last."""
    normal = np.cross(orientation[:3], orientation[3:])
    return [np.array(start) + n * (step * normal + np.array(shear)) for n in range(count)]


def write(ds: Dataset, path: Path, **options: Any) -> Path:
    """Save a data set."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=options.pop("enforce_file_format", True), **options)
    return path


def write_series(folder: Path, places: list[np.ndarray], **keywords: Any) -> list[Path]:
    """One file a slice, names in an order that has nothing to do with place."""
    names = np.random.default_rng(4).permutation(len(places))
    return [
        write(slice_dataset(place, InstanceNumber=n + 1, **keywords), folder / f"{names[n]:04d}.dcm")
        for n, place in enumerate(places)
    ]
