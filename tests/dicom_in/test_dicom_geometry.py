"""Place and value of every voxel, whatever the orientation, order or tilt of the slices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from small_dicom import (
    AXIAL,
    ENHANCED_CT,
    MR,
    base,
    hu_at,
    plane_points,
    positions,
    set_pixels,
    write,
    write_series,
)

from imaging.dicom.load import load_series
from imaging.dicom.scan import scan_folder
from imaging.dicom.stack import axes_from_orientation, build_stack
from imaging.volume import Volume


def places_of(volume: Volume) -> np.ndarray:
    k, j, i = np.indices(volume.values.shape)
    return volume.grid.lps_from_indices(np.stack([i, j, k], -1))


def only(folder: Path):
    (series,) = scan_folder(folder).series
    return series


TILT = np.deg2rad(10)
ORIENTATIONS = {
    "axial": AXIAL,
    "axial upside down": (1, 0, 0, 0, -1, 0),
    "prone axial": (-1, 0, 0, 0, -1, 0),
    "sagittal": (0, 1, 0, 0, 0, -1),
    "coronal": (1, 0, 0, 0, 0, -1),
    "oblique": (np.cos(0.6), np.sin(0.6), 0, 0, 0, -1),
}


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_every_voxel_is_where_the_header_says(tmp_path: Path, name: str) -> None:
    orientation = tuple(float(v) for v in ORIENTATIONS[name])
    write_series(tmp_path, positions(orientation=orientation), orientation=orientation)
    series = only(tmp_path)
    loaded = load_series(series)
    volume = loaded.volume
    assert series.orientation == name.replace(" upside down", "").replace("prone ", "")
    assert volume.values.shape == (20, 44, 48)
    assert np.linalg.det(volume.grid.direction_lps) == pytest.approx(1.0)
    assert np.abs(volume.values - hu_at(places_of(volume))).max() <= 1
    assert volume.grid.spacing_ijk_mm == pytest.approx([1.0, 1.0, 2.5])
    assert volume.grid.frame_of_reference_uid == "1.2.4"


def test_reversed_slices_give_the_same_volume(tmp_path: Path) -> None:
    write_series(tmp_path / "a", positions())
    write_series(tmp_path / "b", positions()[::-1])
    one, other = load_series(only(tmp_path / "a")), load_series(only(tmp_path / "b"))
    assert one.voxel_sha256 == other.voxel_sha256
    assert one.volume.grid.same_as(other.volume.grid)


def test_fingerprint_follows_voxels_and_place(tmp_path: Path) -> None:
    write_series(tmp_path / "a", positions())
    write_series(tmp_path / "moved", [p + np.array([0, 0, 0.5]) for p in positions()])
    write_series(tmp_path / "scaled", positions(), slope=2.0)
    prints = {load_series(only(tmp_path / name)).voxel_sha256 for name in ("a", "moved", "scaled")}
    assert len(prints) == 3


def test_tilted_gantry_is_straightened(tmp_path: Path) -> None:
    orientation = (1.0, 0.0, 0.0, 0.0, float(np.cos(TILT)), float(-np.sin(TILT)))
    table = [np.array([-20.0, -10.0, 5.0 + 2.5 * n]) for n in range(24)]
    write_series(tmp_path, table, orientation=orientation)
    series = only(tmp_path)
    tilt = next(r for r in series.reasons if r.code == "gantry_tilt")
    assert series.verdict == "limited"
    assert tilt.value == pytest.approx(10.0, abs=0.01)
    volume = load_series(series).volume
    direction = volume.grid.direction_lps
    assert direction.T @ direction == pytest.approx(np.eye(3), abs=1e-9)
    expected = hu_at(places_of(volume))
    inside = volume.values != -1024
    # All the pixels that were scanned are still there, less a rim lost to interpolation.
    assert inside.sum() > 24 * 42 * 47
    rim = np.abs(volume.values - expected) > 2
    assert rim[inside].mean() < 0.03
    assert np.abs(volume.values - expected)[:, 30, 5:40][inside[:, 30, 5:40]].max() <= 2


def test_small_jitter_is_not_taken_for_tilt(tmp_path: Path) -> None:
    jitter = np.random.default_rng(1).uniform(-0.01, 0.01, (20, 3))
    write_series(tmp_path, [p + d for p, d in zip(positions(), jitter, strict=True)])
    assert only(tmp_path).verdict == "best"


def _enhanced(order: list[int]) -> Dataset:
    ds = base("1.2.9", sop_class=ENHANCED_CT, NumberOfFrames=20)
    places = positions()
    set_pixels(
        ds, np.stack([(hu_at(plane_points(places[n], AXIAL, (44, 48), 1.0)) + 1000) / 2 for n in order])
    )
    shared, measures, plane, values = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [1.0, 1.0], 2.5
    plane.ImageOrientationPatient = list(AXIAL)
    values.RescaleSlope, values.RescaleIntercept, values.RescaleType = 2, -1000, "HU"
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([plane])
    shared.PixelValueTransformationSequence = Sequence([values])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for n in order:
        group, place = Dataset(), Dataset()
        place.ImagePositionPatient = places[n].tolist()
        group.PlanePositionSequence = Sequence([place])
        frames.append(group)
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    return ds


def test_enhanced_multi_frame_ct(tmp_path: Path) -> None:
    order = np.random.default_rng(2).permutation(20).tolist()
    path = write(_enhanced(order), tmp_path / "enhanced")
    series = only(tmp_path)
    volume = load_series(series).volume
    assert series.files == (path,)
    assert (series.slices, series.spacing_mm) == (20, pytest.approx(2.5))
    assert np.abs(volume.values - hu_at(places_of(volume))).max() <= 1


def test_mr_keeps_its_stored_values(tmp_path: Path) -> None:
    write_series(tmp_path, positions(count=12, step=4.0), modality="MR", sop_class=MR, slope=3.7)
    series = only(tmp_path)
    loaded = load_series(series)
    assert (series.verdict, loaded.volume.modality) == ("limited", "MR")
    assert np.abs(loaded.volume.values * 3.7 - hu_at(places_of(loaded.volume))).max() < 3
    assert any(f.code == "mr_only" for f in loaded.findings)


unit = st.floats(-1, 1, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(
    first=st.tuples(unit, unit, unit),
    second=st.tuples(unit, unit, unit),
    count=st.integers(4, 40),
    spacing=st.floats(0.3, 8),
    seed=st.integers(0, 10_000),
)
def test_stack_sorts_and_finds_a_missing_slice(first, second, count, spacing, seed) -> None:
    row, other = np.array(first), np.array(second)
    normal = np.cross(row, other)
    if np.linalg.norm(row) < 0.1 or np.linalg.norm(normal) < 0.1:
        return
    row = row / np.linalg.norm(row)
    normal = normal / np.linalg.norm(normal)
    column = np.cross(normal, row)
    axes = axes_from_orientation(np.r_[row, column])
    assert axes is not None
    rng = np.random.default_rng(seed)
    places = np.array([100.0, -50, 30]) + np.arange(count)[:, None] * spacing * normal
    shuffled = rng.permutation(count)
    stack = build_stack(list(places[shuffled]), axes)
    assert stack.regular
    assert stack.spacing_mm == pytest.approx(spacing, rel=1e-6)
    assert shuffled[list(stack.order)].tolist() == list(range(count))
    assert not stack.sheared
    if count >= 6:
        lost = int(rng.integers(1, count - 1))
        holed = build_stack(list(np.delete(places, lost, 0)), axes)
        assert [gap.missing for gap in holed.gaps] == [1]
        assert holed.spacing_mm == pytest.approx(spacing, rel=1e-6)


def test_bad_direction_cosines_are_no_geometry() -> None:
    assert axes_from_orientation((1, 0, 0, 1, 0, 0)) is None
    assert axes_from_orientation((0, 0, 0, 0, 0, 0)) is None
