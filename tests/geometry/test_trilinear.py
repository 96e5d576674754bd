"""Compiled sampling agrees with scipy's, compiled rays with the same rays traced point by point."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage as ndi

from imaging.geometry.grid import VolumeGrid
from imaging.geometry.trilinear import march, trilinear
from imaging.segmentation.anatomy_local import FAR_MM, sample

STEPS, LEAST_MM, REACH_MM = 11, 0.03, 20.0


def test_rays_through_a_ball_and_out_of_the_grid():
    grid = VolumeGrid.from_parts((30, 36, 40), (-20.0, -15.0, 5.0), (0.9, 0.8, 1.0))
    k, j, i = np.indices(grid.shape_kji)
    points = grid.lps_from_indices(np.stack([i, j, k], -1))
    field = (11.0 - np.linalg.norm(points - grid.centre_lps_mm, axis=-1)).astype(np.float32)
    rng = np.random.default_rng(3)
    starts = grid.centre_lps_mm + rng.normal(0, 9, (400, 3))
    rays = rng.normal(size=(400, 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    plain = np.zeros(400)
    for _ in range(STEPS):
        gap = sample(field, grid, starts + plain[:, None] * rays)
        plain = np.minimum(plain + np.where(gap > LEAST_MM, gap, 0.0), REACH_MM)
    fast = march(field, grid.ijk_from_lps, starts, rays, STEPS, LEAST_MM, REACH_MM, -FAR_MM)
    assert np.abs(fast - plain).max() < 1e-5
    inside = np.linalg.norm(starts - grid.centre_lps_mm, axis=1) < 10
    ends = starts + fast[:, None] * rays
    assert np.abs(np.linalg.norm(ends - grid.centre_lps_mm, axis=1) - 11.0)[inside].max() < 0.2


@given(
    hnp.arrays(np.float32, st.tuples(*[st.integers(1, 5)] * 3), elements=st.floats(-9, 9, width=32)),
    hnp.arrays(np.float64, (20, 3), elements=st.floats(-0.5, 5)),
)
def test_values_are_those_of_map_coordinates(field, ijk):
    grid = VolumeGrid.from_parts(field.shape, (-3.0, 2.0, 7.0), (0.5, 2.0, 1.0))
    own = trilinear(field, grid.ijk_from_lps, grid.lps_from_indices(ijk), -20.0)
    # scipy tells the outermost voxel centre from what is beyond it to within rounding.
    edge = (np.abs(ijk - np.round(ijk)) < 1e-9).any(1)
    theirs = ndi.map_coordinates(
        field.astype(float), ijk[:, ::-1].T, order=1, mode="constant", cval=-20.0, prefilter=False
    )
    assert np.abs(own - theirs)[~edge].max(initial=0) < 1e-5
