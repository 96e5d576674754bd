"""The compiled rays agree with the same rays traced by interpolating point by point."""

from __future__ import annotations

import numpy as np

from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.anatomy_local import FAR_MM, sample
from planner.trajectory.ray_march import march

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
