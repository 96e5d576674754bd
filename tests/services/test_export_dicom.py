"""Every DICOM object of a plan: valid, of the same patient and study, and read again at the same place."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from plan_fakes import plan, segmentation
from tiny_case import labels_of, write_series

from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.segmentation.result import SpineSegmentation
from planner.domain.passport import Edit
from planner.domain.plan import Plan
from planner.export.dicom import read_headers
from planner.export.pictures import FluoroShot, write_fluoro
from planner.export.read_back import read_object
from planner.export.registration import write_registration
from planner.export.structured_report import write_report_sr
from planner.services.export_plan import write_dicom_objects
from planner.services.open_case import Case, open_case
from planner.services.passport import image_changes

WHEN = datetime(2026, 11, 18, 10, 15)
ANGLE = np.deg2rad(20)
MATRIX = np.array(
    [
        [np.cos(ANGLE), -np.sin(ANGLE), 0, 12.5],
        [np.sin(ANGLE), np.cos(ANGLE), 0, -3.25],
        [0, 0, 1, 40.0],
        [0, 0, 0, 1],
    ]
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Case, SpineSegmentation, Plan]:
    case = open_case(write_series(tmp_path_factory.mktemp("images")))
    edits = (Edit("2026-11-18T09:00:00+00:00", "Move tip, L4 left"),)
    value = replace(plan(), source=case.source, edits=edits)
    found = labels_of(case, segmentation())
    folder = tmp_path_factory.mktemp("out") / "dicom"
    write_dicom_objects(folder, case, found, value, {}, b"%PDF-1.4 a report", WHEN)
    headers = read_headers(case.series.summary.files)
    grey = np.full((64, 64, 3), 90, np.uint8)
    for n, picture in enumerate((grey, grey + np.array([20, 0, 0], np.uint8))):
        shot = FluoroShot("L4", "left", f"view_{n}", picture, 150.0, 2.0, 1020.0, 530.0, 0.4, ("L", "F"))
        write_fluoro(folder, headers[0], [shot], WHEN)
    other = [pydicom.dcmread(f, stop_before_pixels=True) for f in case.series.summary.files]
    for ds in other:
        ds.FrameOfReferenceUID, ds.SeriesInstanceUID = "1.2.3.99", "1.2.3.98"
    write_registration(folder / "registration.dcm", headers, other, MATRIX, WHEN, "test")
    return folder, case, found, value


KINDS = {
    "vertebrae": "segmentation",
    "pedicles": "segmentation",
    "plan": "report",
    "structures": "structures",
    "surfaces": "stl",
    "report": "pdf",
    "registration": "registration",
    "key-L4-left-tool-plane": "capture",
    "fluoro-L4-left-view-1": "capture",
}


def test_what_is_written(made: tuple[Path, Case, SpineSegmentation, Plan]) -> None:
    names = {p.stem for p in made[0].iterdir()}
    keys = {f"key-{t}-{v}" for t in ("L3-left", "L3-right", "L4-left") for v in ("tool-plane", "sagittal")}
    assert names == (set(KINDS) | keys | {"fluoro-L4-left-view-0"})
    for name, kind in KINDS.items():
        assert read_object(made[0] / f"{name}.dcm").kind == kind


@pytest.mark.parametrize("name", KINDS)
def test_each_object_is_of_the_patient_and_marked_as_research(
    made: tuple[Path, Case, SpineSegmentation, Plan], name: str
) -> None:
    folder, case, _, _ = made
    ds = pydicom.dcmread(folder / f"{name}.dcm")
    assert (ds.PatientID, str(ds.PatientName)) == ("TEST-1", "SPECIMEN^Anna")
    assert ds.StudyInstanceUID == case.source.study_instance_uid
    assert ds.SeriesInstanceUID != case.source.series_instance_uid
    assert ds.ContentQualification == "RESEARCH"
    assert "research" in ds.SeriesDescription
    sources = {i.sop_instance_uid for i in case.source.images}
    assert ds.SOPInstanceUID not in sources


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools (dciodvfy) is not installed")
def test_a_validator_finds_no_error(made: tuple[Path, Case, SpineSegmentation, Plan]) -> None:
    for path in sorted(made[0].iterdir()):
        run = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
        said = [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("Error")]
        assert said == [], path.name


@pytest.mark.skipif(shutil.which("dcmdump") is None, reason="dcmtk is not installed")
def test_dcmtk_reads_every_object(made: tuple[Path, Case, SpineSegmentation, Plan]) -> None:
    for path in sorted(made[0].iterdir()):
        tool = "dsrdump" if path.stem == "plan" else "dcmdump"
        run = subprocess.run([tool, str(path)], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        if tool == "dsrdump":
            assert "Tool tip" in run.stdout


def test_the_report_tells_points_margins_and_the_passport(
    made: tuple[Path, Case, SpineSegmentation, Plan],
) -> None:
    folder, case, _, value = made
    report = read_object(folder / "plan.dcm")
    assert report.names == ("L3 left", "L3 right", "L4 left")
    t = value.levels[1].trajectories[0]
    points = report.points_lps_mm
    assert points["L4 left: Tool tip"] == pytest.approx(np.array([t.tip_lps_mm]), abs=0.001)
    assert points["L4 left: Bone entry"] == pytest.approx(np.array([t.bone_entry_lps_mm]), abs=0.001)
    assert points["L4 left: Tool axis"] == pytest.approx(np.array(t.path_lps_mm), abs=0.001)
    assert value.levels[1].target is not None
    assert points["L4 left: Target"] == pytest.approx(
        np.array([value.levels[1].target.centre_lps_mm]), abs=0.001
    )
    assert report.numbers["Clearance to medial wall"] == [3.0, 3.0, 3.0]
    assert report.numbers["Positioner Primary Angle, oblique view"] == [150.0] * 3
    prints = [f"{i.sop_instance_uid} {i.sha256}" for i in case.source.images]
    assert report.texts["Source image"] == prints
    assert len(prints) == 12
    assert report.texts["Voxel SHA-256"] == [case.source.voxel_sha256]
    assert report.texts["Edit"] == ["2026-11-18T09:00:00+00:00 Move tip, L4 left"]


def test_the_segmentation_lies_where_it_was(made: tuple[Path, Case, SpineSegmentation, Plan]) -> None:
    folder, _, found, _ = made
    seg = read_object(folder / "vertebrae.dcm")
    assert seg.grid is not None
    assert seg.labels is not None
    for number, verse in ((1, 22), (2, 23)):
        ours = np.argwhere(found.vertebrae.labels == verse)[:, ::-1]
        theirs = np.argwhere(seg.labels == number)[:, ::-1]
        a = np.sort(found.vertebrae.grid.lps_from_indices(ours), axis=0)
        b = np.sort(seg.grid.lps_from_indices(theirs), axis=0)
        assert np.abs(a - b).max() < 0.1
    theirs = hd.seg.segread(folder / "vertebrae.dcm").get_volume(combine_segments=True)
    at = np.argwhere(theirs.array > 0)
    lps = at @ theirs.affine[:3, :3].T + theirs.affine[:3, 3]
    ours = found.vertebrae.grid.lps_from_indices(np.argwhere(found.vertebrae.labels > 0)[:, ::-1])
    assert np.abs(np.sort(lps, axis=0) - np.sort(ours, axis=0)).max() < 0.1


@pytest.mark.skipif(shutil.which("dcm2json") is None, reason="dcmtk is not installed")
def test_dcmtk_finds_every_frame_at_its_place(made: tuple[Path, Case, SpineSegmentation, Plan]) -> None:
    folder, case, _, _ = made
    run = subprocess.run(["dcm2json", str(folder / "vertebrae.dcm")], capture_output=True, check=True)
    groups = json.loads(run.stdout)["52009230"]["Value"]
    places = [g["00209113"]["Value"][0]["00200032"]["Value"] for g in groups]
    grid = case.volume.grid
    k = grid.indices_from_lps(np.array(places, float))
    assert np.abs(k - np.rint(k)).max() * 4.0 < 0.1
    assert np.abs(k[:, :2]).max() * 2.0 < 0.1
    assert sorted(set(k[:, 2].round().astype(int))) == [2, 3, 4, 6, 7, 8]


def test_structures_hold_targets_tools_and_lesions(
    made: tuple[Path, Case, SpineSegmentation, Plan],
) -> None:
    folder, _, _, value = made
    read = read_object(folder / "structures.dcm")
    t = value.levels[1].trajectories[0]
    assert read.points_lps_mm["L4 left tool"] == pytest.approx(np.array(t.path_lps_mm), abs=0.001)
    rim = read.points_lps_mm["L4 left lesion"] - np.array(t.lesion.centre_lps_mm)
    across, _, along = t.lesion.semi_axes_mm
    inside = (rim[:, 0] / along) ** 2 + (rim[:, 1] / across) ** 2 + (rim[:, 2] / across) ** 2
    assert inside == pytest.approx(np.ones(len(rim)), abs=0.01)
    places = {round(-20.0 + 4.0 * k, 3) for k in range(12)}
    assert set(read.points_lps_mm["L4 left lesion"][:, 2].round(3)) <= places


def test_surfaces_are_closed_and_in_place(
    made: tuple[Path, Case, SpineSegmentation, Plan], tmp_path: Path
) -> None:
    folder, _, _found, value = made
    data = read_object(folder / "surfaces.dcm").document
    count = int.from_bytes(data[80:84], "little")
    assert len(data) == 84 + 50 * count
    rows = np.frombuffer(data[84:], np.dtype([("n", "<f4", 3), ("p", "<f4", (3, 3)), ("a", "<u2")]))
    p = rows["p"].astype(float)
    volume = np.einsum("ij,ij->i", p[:, 0], np.cross(p[:, 1], p[:, 2])).sum() / 6
    blocks = 2 * (3 * 17 * 22) * 2.0 * 2.0 * 4.0
    tools = sum(
        np.pi * 2.1**2 * np.linalg.norm(np.diff(np.array(t.path_lps_mm), axis=0), axis=1).sum()
        for level in value.levels
        for t in level.trajectories
    )
    assert volume == pytest.approx(blocks + tools, rel=0.01)


def test_registration_and_documents_come_back(made: tuple[Path, Case, SpineSegmentation, Plan]) -> None:
    folder, case, _, _ = made
    registration = read_object(folder / "registration.dcm")
    assert registration.matrix == pytest.approx(MATRIX, abs=1e-6)
    assert registration.frame_of_reference_uid == case.source.frame_of_reference_uid
    transform = pydicom.dcmread(folder / "registration.dcm").RegistrationSequence[1]
    assert transform.FrameOfReferenceUID == "1.2.3.99"
    assert read_object(folder / "report.dcm").document == b"%PDF-1.4 a report"
    headers = read_headers(case.series.summary.files)
    with pytest.raises(PlannerError, match="rigid"):
        write_registration(folder / "x.dcm", headers, headers, np.diag([2.0, 1, 1, 1]), WHEN)


def test_other_files_are_noticed_by_name(made: tuple[Path, Case, SpineSegmentation, Plan]) -> None:
    images = made[1].source.images
    assert image_changes(images, images) == ""
    other = (replace(images[0], sha256="0" * 64), *images[2:])
    assert image_changes(images, other) == "Of 12 source images: 1 missing, 1 changed."


def test_a_name_in_another_character_set_and_signs_in_findings_survive(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "in")
    for path in folder.iterdir():
        ds = pydicom.dcmread(path)
        ds.SpecificCharacterSet, ds.PatientName = "ISO_IR 100", "Gr\xfcn^J\xfcrg"
        ds.save_as(path)
    case = open_case(folder)
    told = Finding("info", "tilt", "The gantry was tilted by 3\xb0.")
    value = replace(plan(), source=case.source, findings=(told,))
    headers = read_headers(case.series.summary.files)
    path = write_report_sr(tmp_path, headers, value)
    assert path is not None
    assert str(pydicom.dcmread(path).PatientName) == "Gr\xfcn^J\xfcrg"
    assert "info: The gantry was tilted by 3\xb0." in read_object(path).texts["Finding"]
    if shutil.which("dciodvfy"):
        run = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
        assert "Error" not in run.stdout + run.stderr


@pytest.mark.parametrize("data", [b"", b"nonsense", bytes(128) + b"DICM"])
def test_what_is_no_object_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(data)
    with pytest.raises(PlannerError) as caught:
        read_object(path)
    assert caught.value.code == "bad_dicom_object"
