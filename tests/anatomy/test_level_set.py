"""Smoothed surfaces of labels: flat walls keep their place, narrow clefts stay open."""

import numpy as np
import pytest

from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.anatomy_local import distance_image, level_set_of, sample, signed_distance

VOXEL_MM, STEP_MM = 0.8, 0.6


def _distance(mask: np.ndarray, grows_mm: float) -> tuple[np.ndarray, VolumeGrid]:
    labels = VolumeGrid.from_parts(mask.shape, np.zeros(3), [VOXEL_MM] * 3)
    fine = VolumeGrid.from_parts((60, 60, 60), np.full(3, -2.0), [STEP_MM] * 3)
    level = level_set_of(distance_image(mask, labels), fine, grows_mm=grows_mm)
    return signed_distance(level, STEP_MM), fine


@pytest.fixture(scope="module")
def block() -> np.ndarray:
    mask = np.zeros((40, 40, 40), bool)
    mask[5:35, 5:35, 5:35] = True
    return mask


def test_a_flat_wall_keeps_its_place(block):
    field, grid = _distance(block, 0.2)
    wall_mm = 4.5 * VOXEL_MM
    inside = np.array([[wall_mm + 4.0, 16.0, 16.0]])
    assert sample(field, grid, inside)[0] == pytest.approx(4.0, abs=0.25)


def test_a_cleft_one_voxel_wide_counts_in_full(block):
    cleft = block.copy()
    cleft[:, 20, 5:15] = False
    tip = np.array([[14.5 * VOXEL_MM + 3.0, 20 * VOXEL_MM, 16.0]])
    bounded, smoothed = (sample(*_distance(cleft, grows), tip)[0] for grows in (0.2, np.inf))
    assert bounded == pytest.approx(3.0, abs=0.35)
    assert smoothed > bounded + 0.5
