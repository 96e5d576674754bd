"""How far an outline lies outside the cortex, on a cylinder of known bone under the blur of known slices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi

from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.cortex_edge import outside_mm
from imaging.volume import Volume

RADIUS_MM, SHELL_MM, FINE_MM = 9.0, 1.2, 0.5


def lying_cylinder(slice_mm: float) -> Volume:
    """Along x, scanned by axial slices: its top and bottom suffer from thick ones, its sides do not."""
    across = np.arange(-24, 24, FINE_MM) + FINE_MM / 2
    z, y = np.meshgrid(across, across, indexing="ij")
    deep = RADIUS_MM - np.hypot(z, y)
    outer, inner = (np.clip(d / FINE_MM + 0.5, 0, 1) for d in (deep, deep - SHELL_MM))
    hu = 40 * (1 - outer) + 1000 * (outer - inner) + 200 * inner
    hu = ndi.gaussian_filter(hu, 0.6 / FINE_MM)
    n = round(slice_mm / FINE_MM)
    thick = hu.reshape(-1, n, hu.shape[1] // 2, 2).mean((1, 3))
    values = np.repeat(thick[:, :, None], 30, axis=2)
    origin = (-15.0, across[:2].mean(), across[:n].mean())
    grid = VolumeGrid.from_parts(values.shape, origin, (1.0, 1.0, slice_mm))
    return Volume(grid, np.rint(values).astype(np.int16))


@pytest.mark.parametrize(("slice_mm", "within_mm"), [(1.0, 0.15), (3.0, 0.8)])
@pytest.mark.parametrize("too_far_mm", [0.0, 0.8])
def test_outline_too_far_out_is_seen(slice_mm: float, within_mm: float, too_far_mm: float) -> None:
    grid = VolumeGrid.from_parts((40, 40, 30), (-9.0, -12.0, -12.0), (0.6, 0.6, 0.6))
    k, j, _ = np.meshgrid(*[np.arange(n) * 0.6 for n in (40, 40, 30)], indexing="ij")
    bone = (RADIUS_MM + too_far_mm - np.hypot(k - 12.0, j - 12.0)).astype(np.float32)
    found = outside_mm(bone, grid, lying_cylinder(slice_mm), None)
    rim = np.abs(bone) < 0.5
    assert np.median(found[rim]) == pytest.approx(too_far_mm, abs=0.25)
    assert np.percentile(np.abs(found[rim] - too_far_mm), 95) < within_mm


def test_another_bone_behind_a_gap_is_not_taken_for_soft_tissue() -> None:
    scan = lying_cylinder(1.0)
    _, j, _ = np.meshgrid(*[np.arange(n) for n in scan.grid.shape_kji], indexing="ij")
    y = scan.grid.origin_lps_mm[1] + j
    near = np.where(y > RADIUS_MM + 2.5, 900, scan.values).astype(np.int16)
    grid = VolumeGrid.from_parts((40, 40, 30), (-9.0, -12.0, -12.0), (0.6, 0.6, 0.6))
    z, p, _ = np.meshgrid(*[np.arange(n) * 0.6 - 12.0 for n in (40, 40, 30)], indexing="ij")
    bone = (RADIUS_MM - np.hypot(z, p)).astype(np.float32)
    found = outside_mm(bone, grid, Volume(scan.grid, near), None)
    side = (np.abs(bone) < 0.5) & (p > 8)
    assert np.median(found[side]) < 0.4
