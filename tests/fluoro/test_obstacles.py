"""Iliac bone in the beam, on a body of exact known places."""

import numpy as np
import pytest

from imaging.fluoro.obstacles import crest_matters, crest_mm
from imaging.fluoro.views import pose_for
from imaging.geometry.carm import Projection
from imaging.geometry.carm_profiles import MOBILE
from imaging.geometry.grid import VolumeGrid
from imaging.labels import SACRUM
from imaging.volume import LabelVolume, Volume

STEP_MM = 2.0
CREST_MM = 24.0


@pytest.fixture(scope="module")
def pelvis():
    """A body of water with a vertebra in its middle and, on the left only, a sheet of bone 24 mm thick."""
    shape = (60, 100, 160)
    matrix = np.diag([STEP_MM, STEP_MM, STEP_MM, 1.0])
    matrix[:3, 3] = -0.5 * STEP_MM * (np.array(shape[::-1]) - 1)
    grid = VolumeGrid(shape, matrix)
    lines = [matrix[a, 3] + STEP_MM * np.arange(shape[2 - a]) for a in range(3)]
    z, y, x = np.meshgrid(*lines[::-1], indexing="ij")
    spine = (np.abs(x) < 25) & (np.abs(y) < 18) & (np.abs(z) < 15)
    hu = np.zeros(shape, np.int16)
    hu[spine] = 300
    hu[(x > 80) & (x < 80 + CREST_MM)] = 500
    return Volume(grid, hu), LabelVolume(grid, spine.astype(np.uint8) * 24)


def _seen(pelvis, primary_deg, secondary_deg=0.0):
    volume, labels = pelvis
    projection = Projection.of(MOBILE, pose_for(np.zeros(3), (primary_deg, secondary_deg)))
    return crest_mm(volume, labels, projection, np.zeros((1, 3)))


def test_bone_beside_the_spine_counts_with_its_length_along_the_beam(pelvis):
    assert _seen(pelvis, 90.0) == pytest.approx(CREST_MM, abs=1.5 * STEP_MM)
    turned = _seen(pelvis, 90.0, 20.0)
    assert turned == pytest.approx(CREST_MM / np.cos(np.deg2rad(20)), abs=1.5 * STEP_MM)


def test_the_spine_itself_and_bone_out_of_the_beam_do_not_count(pelvis):
    assert _seen(pelvis, 180.0) == 0.0


def test_labels_may_lie_on_another_grid_than_the_image(pelvis):
    volume, labels = pelvis
    matrix = labels.grid.lps_from_ijk.copy()
    matrix[:3, 3] += np.array([30, 30, 15]) * STEP_MM
    part = LabelVolume(VolumeGrid((30, 40, 100), matrix), labels.labels[15:45, 30:70, 30:130])
    assert _seen((volume, part), 90.0) == _seen(pelvis, 90.0)
    assert _seen((volume, part), 180.0) == 0.0


@pytest.mark.parametrize(("verse", "matters"), [(22, False), (23, True), (24, True), (SACRUM, True)])
def test_the_crest_matters_from_l4_down(verse, matters):
    assert crest_matters(verse) is matters
