"""A tiny CT series on disk with a vertebra-like block, for tests that need files and voxels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from imaging.labels import Structure
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import LabelVolume
from planner.services.open_case import Case

SHAPE = (12, 40, 48)


def write_series(folder: Path) -> Path:
    """12 axial slices of 48 x 40 voxels, 2 x 2 x 4 mm, first voxel at (-47, -10, -20)."""
    folder.mkdir(parents=True, exist_ok=True)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    values = np.full(SHAPE, 40, np.int16)
    values[2:9, 8:25, 14:36] = 400
    for k in range(SHAPE[0]):
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, generate_uid()
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, frame
        ds.PatientName, ds.PatientID, ds.PatientSex, ds.PatientBirthDate = (
            "SPECIMEN^Anna",
            "TEST-1",
            "F",
            "19720312",
        )
        ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20261118", "101500", "1", ""
        ds.ReferringPhysicianName, ds.Manufacturer = "", "none"
        ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "CT", 3, k + 1
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.ImagePositionPatient = [-47.0, -10.0, -20.0 + 4.0 * k]
        ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        ds.PixelSpacing, ds.SliceThickness = [2.0, 2.0], 4.0
        ds.Rows, ds.Columns, ds.SamplesPerPixel = SHAPE[1], SHAPE[2], 1
        ds.PhotometricInterpretation = "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, 0, "HU"
        ds.PixelData = values[k].tobytes()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        pydicom.dcmwrite(folder / f"{k:03}.dcm", ds, enforce_file_format=True)
    return folder


def labels_of(case: Case, levels: SpineSegmentation) -> SpineSegmentation:
    """Label maps of the block on the case's own grid, with the given measured levels."""
    grid = case.volume.grid
    vertebrae = np.zeros(grid.shape_kji, np.uint8)
    structures = np.zeros(grid.shape_kji, np.uint8)
    vertebrae[2:5, 8:25, 14:36], vertebrae[6:9, 8:25, 14:36] = 23, 22
    structures[vertebrae > 0] = Structure.BODY
    structures[2:5, 20:25, 14:18] = Structure.RIGHT_PEDICLE
    structures[2:5, 20:25, 32:36] = Structure.LEFT_PEDICLE
    return SpineSegmentation(LabelVolume(grid, vertebrae), LabelVolume(grid, structures), levels.levels, ())
