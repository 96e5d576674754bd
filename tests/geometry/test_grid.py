"""Grids, and their way through SimpleITK and back."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from imaging.geometry.grid import VolumeGrid
from imaging.sitk_bridge import grid_from_image, image_from_labels, image_from_volume
from imaging.volume import LabelVolume, Volume

ANGLES = st.tuples(*[st.floats(-180, 180)] * 3)
NUMBERS = st.tuples(*[st.floats(-300, 300)] * 3)
SPACINGS = st.tuples(*[st.floats(0.2, 5)] * 3)


def make_grid(angles, origin, spacing, shape=(4, 5, 6)):
    direction = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    return VolumeGrid.from_parts(shape, origin, spacing, direction, "1.2.3")


@given(ANGLES, NUMBERS, SPACINGS, NUMBERS)
def test_lps_and_indices_are_inverse(angles, origin, spacing, point):
    grid = make_grid(angles, origin, spacing)
    assert grid.lps_from_indices(grid.indices_from_lps(point)) == pytest.approx(np.array(point), abs=1e-6)


@given(ANGLES, NUMBERS, SPACINGS)
def test_simpleitk_puts_every_voxel_at_the_same_place(angles, origin, spacing):
    grid = make_grid(angles, origin, spacing)
    image = image_from_volume(Volume(grid, np.zeros(grid.shape_kji, np.int16)))
    for ijk in [(0, 0, 0), (5, 4, 3), (2, 1, 3)]:
        there = image.TransformIndexToPhysicalPoint(ijk)
        assert grid.lps_from_indices(ijk) == pytest.approx(np.array(there), abs=1e-6)
    assert grid_from_image(image, "1.2.3").same_as(grid)


def test_values_keep_their_place_in_simpleitk():
    grid = make_grid((0, 0, 0), (10, 20, 30), (1, 2, 3))
    values = np.arange(4 * 5 * 6, dtype=np.int16).reshape(4, 5, 6)
    image = image_from_volume(Volume(grid, values))
    assert image[5, 0, 2] == values[2, 0, 5]


def test_arrays_cannot_be_changed():
    grid = make_grid((0, 0, 0), (0, 0, 0), (1, 1, 1))
    volume = Volume(grid, np.zeros(grid.shape_kji))
    with pytest.raises(ValueError, match="read-only"):
        volume.values[0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        grid.lps_from_ijk[0, 0] = 2


def test_wrong_shapes_are_refused():
    grid = make_grid((0, 0, 0), (0, 0, 0), (1, 1, 1))
    with pytest.raises(ValueError, match="do not fit"):
        LabelVolume(grid, np.zeros((1, 2, 3)))
    with pytest.raises(ValueError, match="invertible"):
        VolumeGrid((1, 1, 1), np.zeros((4, 4)))


def test_grids_of_two_frames_of_reference_are_not_the_same():
    a = make_grid((0, 0, 0), (0, 0, 0), (1, 1, 1))
    b = VolumeGrid(a.shape_kji, a.lps_from_ijk, "9.9.9")
    assert not a.same_as(b)
    assert a.same_as(VolumeGrid(a.shape_kji, a.lps_from_ijk))


def test_bounds_hold_every_voxel():
    grid = make_grid((10, 20, 30), (1, 2, 3), (1, 2, 3))
    low, high = grid.bounds_lps_mm
    assert grid.contains(grid.centre_lps_mm)
    assert not grid.contains(high + 50)
    assert (low < grid.centre_lps_mm).all()
    assert (grid.centre_lps_mm < high).all()


def test_labels_survive_a_nifti_file(tmp_path):
    from imaging.sitk_bridge import write_labels

    grid = make_grid((10, 20, 30), (1, 2, 3), (1, 2, 3))
    labels = LabelVolume(grid, np.arange(120).reshape(4, 5, 6))
    write_labels(labels, tmp_path / "x.nii.gz")
    again = sitk.ReadImage(str(tmp_path / "x.nii.gz"))
    assert (sitk.GetArrayFromImage(again) == labels.labels).all()
    assert (sitk.GetArrayFromImage(image_from_labels(labels)) == labels.labels).all()
    assert grid_from_image(again).same_as(grid, 1e-3)
