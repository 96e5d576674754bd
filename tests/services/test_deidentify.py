"""De-identified copies hold nothing of the patient, at any depth, and still make the same volume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from tiny_case import write_series

from imaging.dicom.load import load_series
from imaging.dicom.scan import scan_folder
from imaging.errors import PlannerError
from planner.cli.main import main
from planner.services.deidentify import deidentify_folder
from planner.services.open_case import open_case

SECRETS = ["SPECIMEN", "Anna", "TEST-1", "19720312", "Dr Who", "Elm Street", "SECRET-PRIVATE", "+41 61"]


def identified(folder: Path) -> Path:
    """The tiny series with identity in places that are easily forgotten."""
    write_series(folder)
    for n, path in enumerate(sorted(folder.glob("*.dcm"))):
        ds = pydicom.dcmread(path)
        ds.ReferringPhysicianName, ds.InstitutionAddress = "Dr Who", "Elm Street 1"
        ds.SeriesDescription = "Spine of SPECIMEN"
        ds.PatientTelephoneNumbers = "+41 61 000"
        inner = Dataset()
        inner.PatientID, inner.RequestingPhysician = "TEST-1", "Dr Who"
        inner.ReferencedSOPClassUID = ds.SOPClassUID
        inner.ReferencedSOPInstanceUID = ds.SOPInstanceUID
        item = Dataset()
        item.ScheduledProcedureStepDescription = "for SPECIMEN"
        inner.RequestAttributesSequence = [item]
        ds.ReferencedImageSequence = [inner]
        block = ds.private_block(0x0019, "MAKER", create=True)
        block.add_new(0x01, "LO", "SECRET-PRIVATE")
        if n == 0:
            ds.BurnedInAnnotation = "YES"
        ds.save_as(path)
    return folder


def test_nothing_of_the_patient_is_left_and_the_volume_is_the_same(tmp_path: Path) -> None:
    source = identified(tmp_path / "in")
    before = open_case(source)
    done = deidentify_folder(source, tmp_path / "out")
    assert done.files == 12
    assert done.warnings == ("1 images may have text burnt into their pixels, e.g. 00001.dcm. Look at them.",)
    after = open_case(tmp_path / "out")
    assert np.array_equal(before.volume.values, after.volume.values)
    assert np.allclose(before.volume.grid.lps_from_ijk, after.volume.grid.lps_from_ijk)
    old = {before.source.study_instance_uid, before.source.series_instance_uid}
    old |= {i.sop_instance_uid for i in before.source.images} | {before.source.frame_of_reference_uid}
    for path in sorted((tmp_path / "out").iterdir()):
        raw = path.read_bytes()
        assert [s for s in [*SECRETS, *old] if s.encode() in raw] == []
        ds = pydicom.dcmread(path)
        assert ds.PatientIdentityRemoved == "YES"
        assert ds.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
        assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    assert open_case(source).source.images == before.source.images


def test_references_between_files_stay_whole(tmp_path: Path) -> None:
    source = write_series(tmp_path / "in")
    paths = sorted(source.glob("*.dcm"))
    first = pydicom.dcmread(paths[0]).SOPInstanceUID
    for path in paths:
        ds = pydicom.dcmread(path)
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = ds.SOPClassUID, first
        ds.SourceImageSequence = [item]
        ds.save_as(path)
    deidentify_folder(source, tmp_path / "out")
    (series,) = scan_folder(tmp_path / "out").series
    uids = set(load_series(series).sop_instance_uids)
    pointed = {
        str(pydicom.dcmread(p).get("SourceImageSequence", [Dataset()])[0].get("ReferencedSOPInstanceUID", ""))
        for p in (tmp_path / "out").iterdir()
    }
    assert pointed - {""} <= uids


def test_text_in_the_pixels_and_other_objects_are_told(tmp_path: Path) -> None:
    source = write_series(tmp_path / "in")
    path = source / "004.dcm"
    ds = pydicom.dcmread(path)
    pixels = ds.pixel_array.copy()
    pixels[:] = -1000
    pixels[1:7, 1:9:3] = pixels[3, 1:9] = 3000
    ds.PixelData = pixels.tobytes()
    ds.save_as(path)
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.save_as(source / "capture.dcm")
    (source / "notes.txt").write_text("SPECIMEN")
    done = deidentify_folder(source, tmp_path / "out")
    assert len(done.warnings) == 3
    assert "may have text burnt into" in done.warnings[-1]
    assert main(["deidentify", str(source), "--out", str(tmp_path / "again")]) == 3
    with pytest.raises(PlannerError, match="not empty"):
        deidentify_folder(source, tmp_path / "out")
    with pytest.raises(PlannerError, match="among the images"):
        deidentify_folder(source, source / "out")
