"""Measured anatomy against a phantom whose surfaces are known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.geometry.grid import VolumeGrid
from imaging.labels import SACRUM, SIDES
from imaging.segmentation.anatomy import measure_anatomy
from imaging.volume import LabelVolume
from planner.trajectory.target import default_target
from sample_dicom.phantom import Phantom, PhantomParameters, build_phantom


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return build_phantom(
        PhantomParameters.small(
            levels=(23, 24, SACRUM), spacing_mm=1.0, slice_mm=1.0, field_mm=(130.0, 124.0), seed=1
        )
    )


@pytest.fixture(scope="module")
def levels(phantom: Phantom) -> dict[int, VertebraAnatomy]:
    found = measure_anatomy(phantom.vertebrae, phantom.structures, phantom.volume, {23: 0.8})
    return {a.verse: a for a in found}


def angle_deg(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.rad2deg(np.arccos(np.clip(a @ b, -1, 1))))


def test_levels_come_top_to_bottom_with_their_confidence(levels: dict[int, VertebraAnatomy]) -> None:
    assert list(levels) == [23, 24, SACRUM]
    assert levels[23].confidence == 0.8
    assert levels[SACRUM].name == "S1"


@pytest.mark.parametrize("verse", [23, 24, SACRUM])
def test_body_walls_and_frame(verse: int, phantom: Phantom, levels: dict[int, VertebraAnatomy]) -> None:
    got, true = levels[verse].body, phantom.truth[verse].body
    assert np.linalg.norm(got.posterior_wall_lps_mm - true.posterior_wall_lps_mm) < 0.6
    assert np.linalg.norm(got.anterior_wall_lps_mm - true.anterior_wall_lps_mm) < 0.7
    assert got.depth_mm == pytest.approx(true.depth_mm, abs=1.0)
    assert got.height_mm == pytest.approx(true.height_mm, abs=1.0)
    assert got.width_mm == pytest.approx(true.width_mm, abs=1.6)
    for mine, theirs in zip(got.axes_lps, true.axes_lps, strict=True):
        assert angle_deg(mine, theirs) < 1.0
    np.testing.assert_allclose(got.axes_lps @ got.axes_lps.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(got.axes_lps) == pytest.approx(1.0)


@pytest.mark.parametrize("verse", [23, 24, SACRUM])
def test_target_is_within_a_millimetre(
    verse: int, phantom: Phantom, levels: dict[int, VertebraAnatomy]
) -> None:
    target = default_target(levels[verse])
    assert np.linalg.norm(np.asarray(target.centre_lps_mm) - phantom.truth[verse].target_lps_mm) < 1.0


@pytest.mark.parametrize("verse", [23, 24, SACRUM])
def test_isthmus(verse: int, phantom: Phantom, levels: dict[int, VertebraAnatomy]) -> None:
    assert set(levels[verse].pedicles) == set(SIDES)
    for side in SIDES:
        got, true = levels[verse].pedicles[side], phantom.truth[verse].pedicles[side]
        off = got.isthmus_centre_lps_mm - true.isthmus_centre_lps_mm
        along = float(off @ true.axis_lps)
        # The area is nearly flat along the pedicle, so the place along it is less sharp than across it.
        assert abs(along) < 1.3
        assert np.linalg.norm(off - along * true.axis_lps) < 1.0
        assert got.width_mm == pytest.approx(true.width_mm, abs=1.0)
        assert got.height_mm == pytest.approx(true.height_mm, abs=1.0)
        assert angle_deg(got.axis_lps, true.axis_lps) < 13.0


@pytest.mark.parametrize("verse", [23, 24])
def test_foramen_and_spinous_tip(verse: int, phantom: Phantom, levels: dict[int, VertebraAnatomy]) -> None:
    got, true = levels[verse], phantom.truth[verse]
    assert got.foramen is not None
    assert np.linalg.norm(got.foramen.mouth_lps_mm - true.foramen.mouth_lps_mm) < 1.0
    assert got.foramen.depth_mm == pytest.approx(true.foramen.depth_mm, abs=2.0)
    assert got.spinous_tip_lps_mm is not None
    assert true.spinous_tip_lps_mm is not None
    assert np.linalg.norm(got.spinous_tip_lps_mm - true.spinous_tip_lps_mm) < 2.0


def test_a_cut_vertebra_is_stopped(phantom: Phantom) -> None:
    middle = phantom.truth[23].body.centre_lps_mm
    k = round(float(phantom.volume.grid.indices_from_lps(middle)[2]))
    keep = k + 3
    grid = phantom.vertebrae.grid
    shape = (keep, *grid.shape_kji[1:])
    cut = VolumeGrid(shape, grid.lps_from_ijk, grid.frame_of_reference_uid)
    only = np.where(phantom.vertebrae.labels == 23, phantom.vertebrae.labels, 0)
    vertebrae = LabelVolume(cut, only[:keep])
    structures = LabelVolume(cut, phantom.structures.labels[:keep])
    found = {a.verse: a for a in measure_anatomy(vertebrae, structures, None, {})}
    codes = [f.code for f in found[23].findings if f.severity == "stop"]
    assert "vertebra_cut" in codes
    assert not found[23].pedicles


def test_label_maps_on_different_grids_are_refused(phantom: Phantom) -> None:
    moved = phantom.structures.grid.lps_from_ijk.copy()
    moved[0, 3] += 5
    other = LabelVolume(VolumeGrid(phantom.structures.grid.shape_kji, moved), phantom.structures.labels)
    with pytest.raises(PlannerError) as caught:
        measure_anatomy(phantom.vertebrae, other, None, {})
    assert caught.value.code == "grid_mismatch"
