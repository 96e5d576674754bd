from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from plan_fakes import plan, segmentation
from tiny_case import labels_of, write_series

from imaging.errors import PlannerError
from imaging.progress import CallbackProgress, TaskCancelledError
from imaging.segmentation.result import SpineSegmentation
from planner.domain.plan import Plan
from planner.export.pictures import orientation_letters
from planner.services.export_plan import export_plan
from planner.services.open_case import Case, open_case
from planner.services.render_fluoro import FluoroRequest, render_case_picture
from planner.storage.plan_json import read_plan


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, SpineSegmentation, Plan]:
    case = open_case(write_series(tmp_path_factory.mktemp("images")))
    levels = tuple(
        replace(level, trajectories=tuple(replace(t, device="curved-8g") for t in level.trajectories))
        for level in plan().levels
    )
    return case, labels_of(case, segmentation()), replace(plan(), source=case.source, levels=levels)


@pytest.fixture(scope="module")
def out(opened: tuple[Case, SpineSegmentation, Plan], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plans") / "out"
    export_plan(folder, *opened)
    return folder


def test_out_holds_what_the_contract_names_and_nothing_else(
    out: Path, opened: tuple[Case, object, Plan]
) -> None:
    names = {p.name for p in out.iterdir()}
    assert names == {"plan.json", "vertebrae.nii.gz", "structures.nii.gz", "fluoro", "report.pdf", "dicom"}
    assert [p.name for p in out.parent.iterdir()] == ["out"]
    views = ("ap", "lateral", "oblique", "en-face")
    shots = {f"{name}-{view}.png" for name in ("L3-left", "L3-right", "L4-left") for view in views}
    assert {p.name for p in (out / "fluoro").iterdir()} == shots
    assert read_plan(out / "plan.json") == opened[2]
    assert json.loads((out / "plan.json").read_text())["levels"][0]["body"]["width_mm"] == 45.0


def test_label_maps_lie_on_the_series_own_grid(
    out: Path, opened: tuple[Case, SpineSegmentation, Plan]
) -> None:
    grid = opened[0].volume.grid
    for name, labels in (("vertebrae", opened[1].vertebrae), ("structures", opened[1].structures)):
        image = sitk.ReadImage(str(out / f"{name}.nii.gz"))
        assert image.GetPixelID() == sitk.sitkUInt8
        np.testing.assert_array_equal(sitk.GetArrayFromImage(image), labels.labels)
        np.testing.assert_allclose(image.GetOrigin(), grid.origin_lps_mm, atol=1e-4)
        np.testing.assert_allclose(image.GetSpacing(), grid.spacing_ijk_mm, atol=1e-4)


def test_dicom_objects_keep_patient_and_study_and_get_new_uids(
    out: Path, opened: tuple[Case, SpineSegmentation, Plan]
) -> None:
    objects = [pydicom.dcmread(p) for p in sorted((out / "dicom").iterdir())]
    assert len({ds.SOPInstanceUID for ds in objects}) == len(objects) == 12 + 6 + 6
    for ds in objects:
        assert (str(ds.PatientName), ds.PatientID, ds.PatientBirthDate) == (
            "SPECIMEN^Anna",
            "TEST-1",
            "19720312",
        )
        assert ds.StudyInstanceUID == opened[0].source.study_instance_uid
        assert ds.SeriesInstanceUID != opened[0].source.series_instance_uid
    shots = [ds for ds in objects if "X-rays" in ds.SeriesDescription]
    assert len({ds.SeriesInstanceUID for ds in shots}) == 1
    assert all("SIMULATED" in ds.ImageComments and ds.ImageType[0] == "DERIVED" for ds in shots)
    assert all(ds.DerivationCodeSequence[0].CodeValue == "SIMULATED" for ds in shots)
    assert all(ds.DistanceSourceToDetector > ds.DistanceSourceToPatient > 0 for ds in shots)
    angles = {(ds.PositionerPrimaryAngle, ds.PositionerSecondaryAngle) for ds in shots}
    assert angles == {(180, 3), (90, 0), (150, 2), (157, 1)}
    assert all(ds.pixel_array.shape == (768, 768) for ds in shots[:1])
    report = next(ds for ds in objects if ds.SOPClassUID.name == "Encapsulated PDF Storage")
    size = report.EncapsulatedDocumentLength
    assert report.EncapsulatedDocument[:size] == (out / "report.pdf").read_bytes()


def test_segmentation_objects_hold_the_same_voxels_at_the_same_place(
    out: Path, opened: tuple[Case, SpineSegmentation, Plan]
) -> None:
    found, grid = opened[1], opened[0].volume.grid
    seg = hd.seg.segread(out / "dicom" / "vertebrae.dcm")
    kinds = [seg.get_segment_description(n).segmented_property_type.meaning for n in (1, 2)]
    assert kinds == ["L3 vertebra", "L4 vertebra"]
    volume = seg.get_volume(combine_segments=True)
    for number, verse in ((1, 22), (2, 23)):
        at = np.argwhere(volume.array == number)
        lps = at @ volume.affine[:3, :3].T + volume.affine[:3, 3]
        kji = np.rint(grid.indices_from_lps(lps))[:, ::-1].astype(int)
        expected = np.argwhere(found.vertebrae.labels == verse)
        assert {tuple(p) for p in kji} == {tuple(p) for p in expected}
    pedicles = pydicom.dcmread(out / "dicom" / "pedicles.dcm")
    names = [item.SegmentLabel for item in pedicles.SegmentSequence]
    assert names == ["L4 left pedicle", "L4 right pedicle"]
    kind = pedicles.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0]
    assert kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning == "Left"


def test_the_report_is_a_pdf_with_a_page_for_each_trajectory(out: Path) -> None:
    data = (out / "report.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    assert b"/Count 4" in data


def test_an_earlier_output_is_replaced_whole(
    opened: tuple[Case, SpineSegmentation, Plan], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    case, found, value = opened
    bare = replace(value, levels=tuple(replace(level, trajectories=()) for level in value.levels))
    export_plan(out, case, found, bare)
    assert (out / "report.pdf").exists()
    export_plan(out, case, found, bare, report=False, dicom=False)
    assert {p.name for p in out.iterdir()} == {"plan.json", "vertebrae.nii.gz", "structures.nii.gz", "fluoro"}
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_stopping_in_the_middle_leaves_nothing(
    opened: tuple[Case, SpineSegmentation, Plan], tmp_path: Path
) -> None:
    seen: list[str] = []
    progress = CallbackProgress(lambda _f, text: seen.append(text), lambda: len(seen) > 2)
    with pytest.raises(TaskCancelledError):
        export_plan(tmp_path / "out", *opened, progress=progress)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_follows_the_plan_and_refuses_other_images(
    opened: tuple[Case, SpineSegmentation, Plan],
) -> None:
    case, _, value = opened
    with_tool, words = render_case_picture(case, value, FluoroRequest(verse=23, side="left", size_px=128))
    assert words.startswith("L4 left")
    assert with_tool.shape[:2] == (128, 128)
    without, _ = render_case_picture(case, None, FluoroRequest(size_px=128))
    assert (with_tool != without).any()
    with pytest.raises(PlannerError, match="--plan"):
        render_case_picture(case, None, FluoroRequest(view="oblique"))
    with pytest.raises(PlannerError, match="L4 right"):
        render_case_picture(case, value, FluoroRequest(verse=23, side="right"))
    other = replace(value, source=replace(value.source, voxel_sha256="0" * 64))
    with pytest.raises(PlannerError, match="differ"):
        render_case_picture(case, other, FluoroRequest())


def test_orientation_letters_follow_the_axes() -> None:
    assert orientation_letters(np.array([-1.0, 0, 0]), np.array([0, 0, -1.0])) == ("R", "F")
    assert orientation_letters(np.array([0, 1.0, 0]), np.array([0, 0, 1.0])) == ("P", "H")


def test_an_unknown_series_is_named(opened: tuple[Case, SpineSegmentation, Plan]) -> None:
    with pytest.raises(PlannerError, match=r"no series 1\.2\.9"):
        open_case(opened[0].folder, "1.2.9")
