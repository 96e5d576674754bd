"""The written study must be valid DICOM and read back as the same voxels at the same places."""

from __future__ import annotations

import json
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from imaging.errors import PlannerError
from imaging.geometry.grid import VolumeGrid
from imaging.progress import CallbackProgress, TaskCancelledError
from imaging.sitk_bridge import grid_from_image
from imaging.volume import Volume
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import Phantom
from sample_dicom.study import default_sample_dir, write_phantom_study, write_sample
from sample_dicom.write import write_ct_study

STANDARD = Path(highdicom.__file__).parent / "_standard"
SMALL = PhantomParameters.small(slice_mm=3.0)


def _read(folder: Path) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


@pytest.fixture(scope="module")
def study(small_phantom: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_phantom_study(small_phantom, folder)
    return folder


def test_ct_reads_back_exactly(study: Path, small_phantom: Phantom) -> None:
    image = _read(study / "ct")
    assert grid_from_image(image).same_as(
        VolumeGrid(small_phantom.volume.grid.shape_kji, small_phantom.volume.grid.lps_from_ijk), 1e-6
    )
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), small_phantom.volume.values)


def test_pydicom_agrees_on_place_and_values(study: Path, small_phantom: Phantom) -> None:
    grid = small_phantom.volume.grid
    for k in (0, 50, grid.shape_kji[0] - 1):
        d = pydicom.dcmread(study / "ct" / f"CT{k + 1:04d}.dcm")
        np.testing.assert_allclose(
            np.array(d.ImagePositionPatient, float), grid.lps_from_indices([0, 0, k]), atol=1e-6
        )
        hu = d.pixel_array.astype(int) * int(d.RescaleSlope) + int(d.RescaleIntercept)
        np.testing.assert_array_equal(hu, small_phantom.volume.values[k])
        assert d.PatientPosition == "HFS"
        assert d.FrameOfReferenceUID == grid.frame_of_reference_uid
        assert d.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian


@pytest.mark.parametrize(
    ("series", "iod"),
    [("ct", "ct-image"), ("mr_t1", "mr-image"), ("mr_t2", "mr-image"), ("mr_stir", "mr-image")],
)
def test_mandatory_modules_have_their_type_1_and_2_attributes(study: Path, series: str, iod: str) -> None:
    d = pydicom.dcmread(next(iter(sorted((study / series).iterdir()))))
    modules = json.loads((STANDARD / "iod_module_map.json").read_text())[iod]
    attributes = json.loads((STANDARD / "module_attribute_map.json").read_text())
    checked = 0
    for module in modules:
        if module["usage"] != "M":
            continue
        for attribute in attributes[module["key"]]:
            if attribute["path"] or attribute["type"] not in ("1", "2"):
                continue
            keyword = attribute["keyword"]
            assert keyword in d, f"{module['key']}: {keyword} is absent"
            if attribute["type"] == "1":
                assert d[keyword].value not in ("", None), f"{keyword} is empty"
            checked += 1
    assert checked > 25


def test_values_fit_their_representations(study: Path) -> None:
    for path in study.rglob("*.dcm"):
        d = pydicom.dcmread(path, stop_before_pixels=True)
        assert not d.get("PixelData")
        for element in d:
            if element.VR == "DS":
                values = element.value if element.VM > 1 else [element.value]
                assert all(len(str(v)) <= 16 for v in values), element


def test_mr_shares_the_frame_and_shows_the_same_place(study: Path, small_phantom: Phantom) -> None:
    d = pydicom.dcmread(study / "mr_t2" / "MR0001.dcm")
    assert d.FrameOfReferenceUID == small_phantom.volume.grid.frame_of_reference_uid
    image = _read(study / "mr_t2")
    array, grid = sitk.GetArrayFromImage(image), grid_from_image(image)
    body = small_phantom.truth[22].body

    def value(point: np.ndarray) -> float:
        i, j, k = np.rint(grid.indices_from_lps(point)).astype(int)
        return float(array[k, j - 1 : j + 2, i - 1 : i + 2].mean())

    fluid = value(body.posterior_wall_lps_mm + 9 * body.posterior)
    assert fluid > 1.6 * value(body.centre_lps_mm)
    modic = small_phantom.truth[23].body
    changed = modic.inferior_endplate[0] - 5 * modic.inferior_endplate[1] - 6 * modic.posterior
    assert value(changed) > 1.2 * value(modic.centre_lps_mm)


def test_equal_phantoms_give_equal_files(study: Path, small_phantom: Phantom, tmp_path: Path) -> None:
    write_phantom_study(small_phantom, tmp_path / "again")
    for name in ("ct/CT0001.dcm", "ct/CT0040.dcm", "mr_t1/MR0003.dcm"):
        assert (tmp_path / "again" / name).read_bytes() == (study / name).read_bytes()
    uids = {pydicom.dcmread(p, stop_before_pixels=True).SOPInstanceUID for p in study.rglob("*.dcm")}
    assert len(uids) == len(list(study.rglob("*.dcm")))
    studies = {pydicom.dcmread(p, stop_before_pixels=True).StudyInstanceUID for p in study.rglob("*0001.dcm")}
    assert len(studies) == 1


def test_oblique_volume_keeps_its_place(tmp_path: Path) -> None:
    c, s = np.cos(0.3), np.sin(0.3)
    direction = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    grid = VolumeGrid.from_parts((5, 6, 7), (1.5, -20.25, 300.0), (0.7, 0.9, 1.25), direction)
    values = np.arange(210).reshape(5, 6, 7) - 1500
    write_ct_study(Volume(grid, values.astype(np.int16)), tmp_path)
    image = _read(tmp_path)
    assert grid_from_image(image).same_as(grid, 1e-5)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), values)


def test_writer_refuses_what_is_not_a_ct(tmp_path: Path, small_phantom: Phantom) -> None:
    with pytest.raises(ValueError, match="CT"):
        write_ct_study(Volume(small_phantom.volume.grid, small_phantom.volume.values, "MR"), tmp_path)


def test_write_sample_replaces_only_a_sample(tmp_path: Path) -> None:
    out = write_sample(tmp_path / "out", parameters=SMALL)
    assert len(list((out / "ct").glob("*.dcm"))) > 40
    write_sample(out, parameters=SMALL)
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("keep")
    with pytest.raises(PlannerError) as caught:
        write_sample(other, parameters=SMALL)
    assert caught.value.code == "output_not_empty"
    assert (other / "mine.txt").read_text() == "keep"


def test_cancelled_sample_leaves_nothing(tmp_path: Path) -> None:
    seen: list[float] = []
    progress = CallbackProgress(
        lambda fraction, _: seen.append(fraction), lambda: bool(seen) and seen[-1] > 0.75
    )
    with pytest.raises(TaskCancelledError):
        write_sample(tmp_path / "out", progress, SMALL)
    assert list(tmp_path.iterdir()) == []
    assert seen == sorted(seen)


def test_default_sample_is_built_once(tmp_path: Path) -> None:
    first = default_sample_dir(tmp_path, parameters=SMALL)
    before = (first / "ct" / "CT0001.dcm").stat().st_mtime_ns
    assert default_sample_dir(tmp_path, parameters=SMALL) == first
    assert (first / "ct" / "CT0001.dcm").stat().st_mtime_ns == before
