"""A CT too noisy to follow bone in is smoothed no more than it must be, and this is told."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.geometry.grid import VolumeGrid
from imaging.labels import VERSE_FROM_NAME
from imaging.segmentation.noise import TOO_NOISY_HU, calmed, noise_hu, smoothed
from imaging.segmentation.spine import label_spine
from imaging.volume import Volume
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import build_phantom


def _tissue(noise: float, step_mm: float = 1.0) -> Volume:
    grid = VolumeGrid((24, 60, 60), np.diag([step_mm, step_mm, step_mm, 1.0]))
    values = np.random.default_rng(3).normal(30.0, noise, grid.shape_kji)
    return Volume(grid, np.rint(values).astype(np.int16))


@pytest.mark.parametrize("noise", [20.0, 70.0])
def test_noise_is_measured_where_voxels_are_as_coarse_as_the_copy(noise):
    coarse = calmed(_tissue(noise, 3.0)).coarse
    assert noise_hu(coarse) < noise
    exact = coarse.__class__(_tissue(noise).values.astype(np.float32), np.zeros(3), np.array([1.5, 1.5, 3.0]))
    assert noise_hu(exact) == pytest.approx(noise, rel=0.15)


def test_a_calm_ct_is_taken_as_it_is():
    volume = _tissue(40.0)
    calm = calmed(volume)
    assert calm.volume is volume
    assert calm.findings() == ()


def test_a_noisy_ct_is_smoothed_until_it_is_calm_and_told():
    volume = _tissue(260.0)
    calm = calmed(volume)
    assert calm.noise_hu > TOO_NOISY_HU >= noise_hu(calm.coarse)
    assert [f.code for f in calm.findings()] == ["noisy_image"]
    assert volume.values.std() > 250, "the CT itself is left as it is"


def test_axes_with_long_steps_are_not_smoothed():
    grid = VolumeGrid((6, 20, 20), np.diag([0.5, 0.5, 3.0, 1.0]))
    values = np.zeros(grid.shape_kji, np.int16)
    values[3] = 1000
    values[3, 10, 10] = 0
    out = smoothed(Volume(grid, values), 0.7).values
    assert (out[2] == 0).all()
    assert out[3, 10, 10] > 800


def test_vertebrae_are_found_and_named_in_noise_that_tears_bone():
    """Without smoothing each name here is one too low and no Dice above 0.25."""
    phantom = build_phantom(PhantomParameters.small(noise_hu=200.0))
    found = label_spine(phantom.volume)
    assert "noisy_image" in {f.code for f in found.findings}
    true = phantom.vertebrae.labels
    for name in ("L3", "L4", "L5"):
        own, mine = (x == VERSE_FROM_NAME[name] for x in (true, found.vertebrae.labels))
        assert 2 * (own & mine).sum() / (own.sum() + mine.sum()) > 0.7
