"""Real series against SimpleITK's reading, and odd ones against their NIfTI truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from imaging.dicom.load import load_series, read_volume
from imaging.dicom.pixels import read_values
from imaging.dicom.scan import scan_folder
from imaging.errors import PlannerError
from imaging.progress import NULL_PROGRESS
from imaging.sitk_bridge import grid_from_image

DATA = Path(__file__).parents[2].parent / "shared" / "data"
ODD = DATA / "dicom_odd" / "dicom2nifti" / "tests" / "data"
MORE = DATA / "dicom_odd" / "pydicom_data"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real images are not beside the checkout"),
]


@pytest.mark.parametrize(
    ("name", "verdict", "orientation"),
    [
        ("ct_verse005", "best", "axial"),
        ("ct_verse006", "limited", "sagittal"),
        ("ct_torso_3mm", "limited", "axial"),
    ],
)
def test_same_as_simpleitk_reads(name: str, verdict: str, orientation: str) -> None:
    (series,) = scan_folder(DATA / name).series
    assert (series.verdict, series.orientation) == (verdict, orientation)
    loaded = load_series(series)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(DATA / name / "dicom")))
    image = reader.Execute()
    grid = grid_from_image(image)
    assert loaded.volume.grid.shape_kji == grid.shape_kji
    assert loaded.volume.grid.bounds_lps_mm == pytest.approx(grid.bounds_lps_mm, abs=1e-2)
    assert loaded.volume.grid.same_as(grid, 1e-2)
    theirs = np.maximum(sitk.GetArrayFromImage(image).astype(int), -1024)
    assert np.array_equal(loaded.volume.values, theirs)


@pytest.mark.parametrize("name", ["ct_verse005", "ct_verse006", "ct_torso_3mm", "ct_thorax_full"])
def test_the_truth_lies_on_the_loaded_grid(name: str) -> None:
    (series,) = scan_folder(DATA / name).series
    volume, _ = read_volume(series)
    truth = sitk.ReadImage(str(DATA / name / "truth.nii.gz"))
    labels, grid = sitk.GetArrayFromImage(truth), grid_from_image(truth)
    k, j, i = np.nonzero(labels >= 19)
    points = grid.lps_from_indices(np.stack([i, j, k], -1))
    inside = volume.grid.contains(points)
    assert inside.mean() > 0.99
    at = np.rint(volume.grid.indices_from_lps(points[inside])).astype(int)
    # Vertebrae are denser than the rest of the image, which they are not on a flipped grid.
    assert np.median(volume.values[at[:, 2], at[:, 1], at[:, 0]]) > 100


TRUTHS = [
    "failing/slicecount/001",
    "generic/anatomical/001",
    "generic/anatomical/001_implicit",
    "generic/compressed/001",
    "generic/compressed_j2k/001",
    "generic/compressed_jpeg/001",
    "generic/compressed_jpegls/001",
    "generic/compressed_rle/001",
    "hitachi/anatomical/001",
    "hitachi/anatomical/001_implicit",
    "philips_enhanced/anatomical/001_implicit",
    "siemens_multiframe/anatomical/001",
]


@pytest.mark.parametrize("name", TRUTHS)
def test_small_series_match_their_nifti(name: str) -> None:
    (series,) = scan_folder(ODD / name).series
    volume, _ = read_volume(series)
    truth = sitk.ReadImage(str(ODD / f"{name}_ground_truth.nii.gz"))
    values, grid = sitk.GetArrayFromImage(truth), grid_from_image(truth)
    k, j, i = np.indices(values.shape)
    index = volume.grid.indices_from_lps(grid.lps_from_indices(np.stack([i, j, k], -1)))
    assert np.abs(index - np.rint(index)).max() < 1e-3
    at = np.rint(index).astype(int)
    ours = volume.values[at[..., 2], at[..., 1], at[..., 0]].astype(float)
    assert values.size == volume.values.size
    if name.startswith("philips"):
        assert np.corrcoef(ours.ravel(), values.ravel())[0, 1] > 0.999999
    else:
        assert np.array_equal(ours, values)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("failing/sliceincrement/001", "missing_slices"),
        ("failing/sliceincrement/002", "missing_slices"),
        ("failing/notavolume/001", "conflicting_slices"),
        ("failing/gantrytilting/001", "few_slices"),
        ("generic/rgb/001", "colour"),
    ],
)
def test_what_breaks_readers_is_refused(name: str, code: str) -> None:
    (series,) = scan_folder(ODD / name).series
    assert code in [r.code for r in series.reasons]
    with pytest.raises(PlannerError, match="cannot be planned"):
        load_series(series)


def test_real_gantry_tilt_is_seen_without_its_tag() -> None:
    (series,) = scan_folder(ODD / "failing/gantrytilting/001").series
    assert series.stack is not None
    assert series.stack.sheared
    assert series.stack.tilt_deg == pytest.approx(14.0, abs=0.1)
    volume, _ = read_volume(series)
    assert volume.values.shape[1] > series.rows


def test_mixed_orientations_come_apart() -> None:
    found = scan_folder(ODD / "failing/sliceorientation/001").series
    assert sorted(s.orientation for s in found) == ["axial", "sagittal"]


def test_jpeg2000_without_extension_loads() -> None:
    (series,) = scan_folder(DATA / "dicom_odd" / "totalseg_jpeg2000").series
    assert (series.spacing_mm, series.thickness_mm, series.verdict) == (2.0, 3.0, "limited")
    volume = load_series(series).volume
    assert volume.values.shape == (20, 512, 512)
    assert volume.values.min() == -1024
    assert volume.values.max() > 1000


def test_every_syntax_of_one_multi_frame_file_reads_alike() -> None:
    series = next(s for s in scan_folder(MORE).series if s.headers[0].image.path.name.startswith("emri"))
    by_file = {}
    for header in series.headers:
        by_file.setdefault(header.image.path.name, []).append(header)
    short = by_file.pop("emri_small_jpeg_2k_lossless_too_short.dcm")
    with pytest.raises(PlannerError, match="too_short"):
        read_values(tuple(short), "MR", NULL_PROGRESS)
    first, *others = [read_values(tuple(h), "MR", NULL_PROGRESS)[0] for h in by_file.values()]
    assert len(others) == 4
    assert first.std() > 0
    assert all(np.array_equal(first, other) for other in others)
