"""Smoothed surfaces of labels: flat and curved walls keep their place, narrow clefts stay open."""

import numpy as np
import pytest

from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.anatomy_local import distance_image, level_set, sample, signed_distance
from planner.trajectory.fields import level_without_stairs

VOXEL_MM, STEP_MM = 0.8, 0.6


def _grids(shape: tuple[int, ...]) -> tuple[VolumeGrid, VolumeGrid]:
    labels = VolumeGrid.from_parts(shape, np.zeros(3), [VOXEL_MM] * 3)
    return labels, VolumeGrid.from_parts((60, 60, 60), np.full(3, -2.0), [STEP_MM] * 3)


def _distance(mask: np.ndarray) -> tuple[np.ndarray, VolumeGrid]:
    labels, fine = _grids(mask.shape)
    return signed_distance(level_without_stairs(distance_image(mask, labels), fine), STEP_MM), fine


def _smoothed(mask: np.ndarray) -> tuple[np.ndarray, VolumeGrid]:
    labels, fine = _grids(mask.shape)
    return signed_distance(level_set(mask, labels, fine, 1.0), STEP_MM), fine


@pytest.fixture(scope="module")
def block() -> np.ndarray:
    mask = np.zeros((40, 40, 40), bool)
    mask[5:35, 5:35, 5:35] = True
    return mask


def test_a_flat_wall_keeps_its_place(block):
    field, grid = _distance(block)
    wall_mm = 4.5 * VOXEL_MM
    inside = np.array([[wall_mm + 4.0, 16.0, 16.0]])
    assert sample(field, grid, inside)[0] == pytest.approx(4.0, abs=0.25)


def test_a_cleft_one_voxel_wide_counts_in_full(block):
    cleft = block.copy()
    cleft[:, 20, 5:15] = False
    tip = np.array([[14.5 * VOXEL_MM + 3.0, 20 * VOXEL_MM, 16.0]])
    bounded, smoothed = (sample(*found, tip)[0] for found in (_distance(cleft), _smoothed(cleft)))
    assert bounded == pytest.approx(3.0, abs=0.4)
    assert smoothed > bounded + 0.5


def test_a_narrow_tube_does_not_shrink():
    """A cylinder of a narrow pedicle's radius, in voxels: its wall stays within 0.1 mm on average."""
    radius, middle = 3.6, np.array([15.3, 16.1])
    j, i = np.mgrid[0:40, 0:40] * VOXEL_MM
    mask = np.repeat((np.hypot(i - middle[0], j - middle[1]) < radius)[None], 40, 0)
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    wall = middle + (radius - 1.0) * np.c_[np.cos(turn), np.sin(turn)]
    points = np.c_[wall, np.full(len(turn), 16.0)]
    kept, shrunk = (1.0 - sample(*found, points).mean() for found in (_distance(mask), _smoothed(mask)))
    assert abs(kept) < 0.1
    assert shrunk > kept + 0.05
