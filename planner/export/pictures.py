"""Simulated X-rays and key images as DICOM Secondary Capture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.labels import Side
from planner.export.dicom import new_object, reference, save


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


@dataclass(frozen=True, eq=False)
class KeyImage:
    """One picture of a planned tool in the source images: (h, w, 3) uint8, what it shows, its directions."""

    level: str
    side: Side
    view: str
    picture: NDArray[np.uint8]
    pixel_mm: float
    patient_orientation: tuple[str, str]


def write_fluoro(folder: Path, source: Any, shots: Sequence[FluoroShot], when: datetime) -> list[Path]:
    """Write each simulated X-ray as a Secondary Capture image of one new series."""
    import highdicom as hd

    series = hd.UID()
    written = []
    for number, shot in enumerate(shots, 1):
        view = shot.view.replace("_", "-")
        ds = _capture(source, shot, series, 9003, number, when)
        ds.SeriesDescription = "BVN plan: SIMULATED X-rays (research)"
        ds.ImageType = ["DERIVED", "SECONDARY", "DRR", "SIMULATED"]
        ds.DerivationCodeSequence = [_coded("SIMULATED", "Simulated X-ray computed from CT")]
        what = f"{shot.level} {shot.side} {view}"
        ds.ImageComments = f"SIMULATED X-ray computed from CT, {what}. Not an acquisition."
        ds.DerivationDescription = "Simulated X-ray from CT and a planned tool; pixel spacing at the detector"
        ds.BurnedInAnnotation = "YES"
        ds.PositionerPrimaryAngle = round(shot.primary_deg, 2)
        ds.PositionerSecondaryAngle = round(shot.secondary_deg, 2)
        ds.DistanceSourceToDetector = round(shot.sid_mm, 2)
        ds.DistanceSourceToPatient = round(shot.sod_mm, 2)
        ds.ImagerPixelSpacing = [round(shot.pixel_mm, 5)] * 2
        written.append(save(ds, folder / f"fluoro-{shot.level}-{shot.side}-{view}.dcm"))
    return written


def write_key_images(folder: Path, source: Any, images: Sequence[KeyImage], when: datetime) -> list[Path]:
    """Write each key image as a Secondary Capture image of one new series."""
    import highdicom as hd

    series = hd.UID()
    written = []
    for number, image in enumerate(images, 1):
        ds = _capture(source, image, series, 9009, number, when)
        ds.SeriesDescription = "BVN plan: key images (research)"
        ds.ImageType = ["DERIVED", "SECONDARY", "MPR"]
        ds.ImageComments = f"{image.level} {image.side}, {image.view}, with the planned tool"
        ds.DerivationDescription = "Oblique slice of the source images with the planned tool drawn in"
        ds.DerivationCodeSequence = [_coded("113072", "Multiplanar reformatting", "DCM")]
        ds.BurnedInAnnotation = "NO"
        ds.NominalScannedPixelSpacing = [round(image.pixel_mm, 5)] * 2
        name = f"key-{image.level}-{image.side}-{image.view.replace(' ', '-')}.dcm"
        written.append(save(ds, folder / name))
    return written


def _capture(
    source: Any, shown: FluoroShot | KeyImage, series: str, series_number: int, number: int, when: datetime
) -> Any:
    from pydicom.uid import SecondaryCaptureImageStorage

    ds = new_object(source, SecondaryCaptureImageStorage, series, series_number, number, when)
    ds.Modality = "OT"
    ds.ConversionType = "SYN"
    ds.PatientOrientation = list(shown.patient_orientation)
    ds.SourceImageSequence = [reference(source)]
    _pixels(ds, shown.picture)
    return ds


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


def orientation_letters(u_lps: NDArray[np.float64], v_lps: NDArray[np.float64]) -> tuple[str, str]:
    """DICOM Patient Orientation of a picture whose columns run along ``u_lps`` and rows along ``v_lps``."""
    pairs: Mapping[int, tuple[str, str]] = {0: ("L", "R"), 1: ("P", "A"), 2: ("H", "F")}

    def letters(vector: NDArray[np.float64]) -> str:
        order = np.argsort(-np.abs(vector))
        return "".join(pairs[int(a)][0 if vector[a] > 0 else 1] for a in order if abs(vector[a]) > 0.2)

    return letters(u_lps), letters(v_lps)
