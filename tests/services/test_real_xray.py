"""Real X-rays beside a case: what is read, what is refused, and pictures that are kept."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, XRayAngiographicImageStorage, generate_uid

from imaging.errors import PlannerError
from imaging.fluoro.engine import FluoroEngine
from imaging.geometry.carm import CArm, CArmPose
from imaging.geometry.grid import VolumeGrid
from imaging.volume import LabelVolume, Volume
from planner.services.real_xray import fit_level, open_real_xray
from planner.services.save_pictures import Kept, save_pictures


@dataclass
class Summary:
    files: list[Path] = field(default_factory=list)


@dataclass
class Series:
    patient_id: str = "TEST-1"
    patient_name: str = "SPECIMEN^Anna"
    patient_birth_date: str = "19720101"
    summary: Summary = field(default_factory=Summary)


@dataclass
class FakeCase:
    series: Series = field(default_factory=Series)


def write_xa(path: Path, **changes) -> Path:
    """A small XA picture of the case's patient."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = XRayAngiographicImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    ds = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.Modality, ds.PatientName, ds.PatientID = "XA", "SPECIMEN^Anna", "TEST-1"
    ds.AcquisitionDate = "20261118"
    ds.PositionerPrimaryAngle, ds.PositionerSecondaryAngle = 158.0, 8.0
    ds.DistanceSourceToDetector, ds.DistanceSourceToPatient = 1100.0, 700.0
    ds.ImagerPixelSpacing = [0.4, 0.4]
    ds.Rows, ds.Columns, ds.SamplesPerPixel = 80, 96, 1
    ds.PhotometricInterpretation, ds.PixelRepresentation = "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.PixelData = np.tile(np.arange(96, dtype=np.uint16), (80, 1)).tobytes()
    for name, value in changes.items():
        if value is None:
            delattr(ds, name)
        else:
            setattr(ds, name, value)
    ds.save_as(path, enforce_file_format=True)
    return path


def test_angles_and_distances_come_from_the_file(tmp_path):
    picture = open_real_xray(write_xa(tmp_path / "a.dcm"), FakeCase())
    assert picture.angles_deg == (158.0, 8.0)
    assert picture.words == "left oblique 22°, cephalad 8°"
    assert (picture.sid_mm, picture.sod_mm, picture.pixel_mm) == (1100.0, 700.0, 0.4)
    assert picture.pixels.shape == (80, 96)
    assert picture.assumed == ("left and right",)
    projection = picture.projection(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(projection.project([1.0, 2.0, 3.0]), [47.5, 39.5])


def test_what_is_missing_is_said(tmp_path):
    path = write_xa(tmp_path / "a.dcm", PositionerPrimaryAngle=None, DistanceSourceToPatient=None)
    picture = open_real_xray(path, FakeCase())
    assert picture.angles_deg is None
    assert picture.words == "angles unknown"
    assert "source to patient 660 mm" in picture.assumed
    with pytest.raises(PlannerError, match="enter them"):
        picture.projection(np.zeros(3))
    assert picture.with_angles(180.0, 0.0).words == "AP"


def test_white_bone_pictures_are_turned(tmp_path):
    plain = open_real_xray(write_xa(tmp_path / "a.dcm"), FakeCase())
    other = open_real_xray(write_xa(tmp_path / "b.dcm", PhotometricInterpretation="MONOCHROME1"), FakeCase())
    np.testing.assert_array_equal(other.pixels, -plain.pixels)


def test_a_picture_is_laid_as_a_simulated_one_where_its_file_tells_how_it_lies(tmp_path):
    prone = {"PositionerPrimaryAngle": 180.0, "PositionerSecondaryAngle": 0.0}
    said = open_real_xray(write_xa(tmp_path / "a.dcm", **prone, PatientOrientation=["R", "F"]), FakeCase())
    assert said.lies_right
    assert "left and right" not in said.assumed
    flipped = open_real_xray(write_xa(tmp_path / "b.dcm", **prone, PatientOrientation=["L", "F"]), FakeCase())
    np.testing.assert_array_equal(flipped.pixels, said.pixels[:, ::-1])
    assert flipped.lies_right
    assert flipped.mirror().lies_right is False, "against its file only by hand"
    head_down = {**prone, "PatientOrientation": ["L", "H"]}
    turned = open_real_xray(write_xa(tmp_path / "c.dcm", **head_down), FakeCase())
    np.testing.assert_array_equal(turned.pixels, said.pixels[::-1, ::-1])
    lateral = {"PositionerPrimaryAngle": 90.0, "PositionerSecondaryAngle": 0.0}
    side = open_real_xray(write_xa(tmp_path / "d.dcm", **lateral, PatientOrientation=["A", "F"]), FakeCase())
    np.testing.assert_array_equal(side.pixels, said.pixels[:, ::-1])
    unsaid = open_real_xray(write_xa(tmp_path / "e.dcm", **prone), FakeCase())
    assert unsaid.lies_right is None
    assert "left and right" in unsaid.assumed
    late = {"PositionerPrimaryAngle": None, "PatientOrientation": ["L", "F"]}
    entered = open_real_xray(write_xa(tmp_path / "f.dcm", **late), FakeCase())
    assert entered.lies_right is None
    told = entered.with_angles(180.0, 0.0)
    assert told.lies_right
    np.testing.assert_array_equal(told.pixels, said.pixels[:, ::-1])
    with pytest.raises(PlannerError, match="on its side"):
        open_real_xray(write_xa(tmp_path / "g.dcm", **prone, PatientOrientation=["F", "R"]), FakeCase())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PatientID": "TEST-2"}, "other_patient"),
        ({"PatientName": "SPECIMEN^Bert"}, "other_patient"),
        ({"PatientID": "", "PatientName": ""}, "other_patient"),
        ({"Modality": "CT"}, "not_an_xray"),
    ],
)
def test_other_patients_and_other_images_are_refused(tmp_path, changes, code):
    with pytest.raises(PlannerError) as caught:
        open_real_xray(write_xa(tmp_path / "a.dcm", **changes), FakeCase())
    assert caught.value.code == code


def test_no_dicom_at_all(tmp_path):
    (tmp_path / "a.dcm").write_text("hello")
    with pytest.raises(PlannerError, match="cannot be read"):
        open_real_xray(tmp_path / "a.dcm", FakeCase())


def test_kept_pictures_say_simulated_and_carry_their_geometry(tmp_path):
    source = write_xa(tmp_path / "source.dcm")
    values = np.full((30, 40, 40), 40, np.int16)
    volume = Volume(VolumeGrid.from_parts(values.shape, (-20, -20, -15), (1, 1, 1)), values)
    shot = FluoroEngine(volume, CArm().resized(192)).take(CArmPose(150.0, 12.0))
    case = FakeCase(Series(summary=Summary([source])))
    out = tmp_path / "out"
    out.mkdir()
    written = save_pictures(out, case, [Kept(shot, "oblique", "L4", "left")])
    assert sorted(p.suffix for p in written) == [".dcm", ".png"]
    ds = pydicom.dcmread(next(p for p in written if p.suffix == ".dcm"))
    assert (float(ds.PositionerPrimaryAngle), float(ds.PositionerSecondaryAngle)) == (150.0, 12.0)
    assert "SIMULATED" in ds.ImageComments
    assert ds.BurnedInAnnotation == "YES"
    picture = np.asarray(Image.open(next(p for p in written if p.suffix == ".png")))
    assert (picture != shot.pixels).any()
    with pytest.raises(PlannerError, match="already"):
        save_pictures(out, case, [Kept(shot, "oblique", "L4", "left")])


def test_a_level_without_a_labelled_neighbour_is_not_fitted(tmp_path):
    grid = VolumeGrid.from_parts((20, 20, 20), (0, 0, 0), (1, 1, 1))
    labels = np.zeros(grid.shape_kji, np.uint8)
    labels[5:15, 5:15, 5:15] = 23
    case = SimpleNamespace(volume=Volume(grid, np.zeros(grid.shape_kji, np.int16)))
    found = SimpleNamespace(vertebrae=LabelVolume(grid, labels))
    picture = open_real_xray(write_xa(tmp_path / "a.dcm"), FakeCase())
    with pytest.raises(PlannerError, match="above or below"):
        fit_level(case, found, 23, (picture, picture), np.zeros(3))
