"""From distances to HU, and what the scanner adds: blur and correlated noise."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from imaging.geometry.grid import VolumeGrid
from imaging.progress import Progress
from sample_dicom.canvas import F32


def coverage(distance: F32, voxel_mm: float) -> F32:
    """Part of a voxel inside a surface at a signed distance from its centre."""
    return np.asarray(np.clip(0.5 - distance / voxel_mm, 0, 1), np.float32)


def paint_bone(
    hu: F32, distance: F32, cortex_mm: F32 | float, cortical_hu: F32 | float, cancellous_hu: F32 | float,
    voxel_mm: float,
) -> None:  # fmt: skip
    """Paint a cortical shell and what it encloses over ``hu`` in place."""
    outer = coverage(distance, voxel_mm)
    inner = coverage(distance + np.float32(1) * cortex_mm, voxel_mm)
    hu *= 1 - outer
    hu += (outer - inner) * cortical_hu + inner * cancellous_hu


def trabecular_hu(shape: tuple[int, ...], grid: VolumeGrid, mean_hu: float, key: tuple[int, ...]) -> F32:
    """Cancellous texture: struts of about 1.5 mm, longer along z, and slow change over a centimetre."""
    random = np.random.default_rng(list(key))
    sx, sy, sz = (float(v) for v in grid.spacing_ijk_mm)
    fine = random.standard_normal(shape, dtype=np.float32)
    fine = ndimage.gaussian_filter(fine, (1.3 / sz, 0.65 / sy, 0.65 / sx), truncate=2.5)
    coarse_shape = tuple(
        max(2, int(np.ceil(n * s / 4)) + 1) for n, s in zip(shape, (sz, sy, sx), strict=True)
    )
    coarse = ndimage.gaussian_filter(random.standard_normal(coarse_shape, dtype=np.float32), 1.0)
    zoomed = ndimage.zoom(coarse, [n / c for n, c in zip(shape, coarse_shape, strict=True)], order=1)
    out = mean_hu * (1 + 0.24 * fine / fine.std() + 0.13 * zoomed / max(float(zoomed.std()), 1e-6))
    return np.asarray(out, np.float32)


def scan(
    hu: F32, grid: VolumeGrid, psf_sigma_mm: float, noise_hu: float, seed: int, progress: Progress
) -> None:
    """Blur ``hu`` [k, j, i] by the point spread function and add seeded noise, both in place."""
    sigmas = psf_sigma_mm / grid.spacing_ijk_mm[::-1]
    random = np.random.default_rng([seed, 3])
    block = 16
    if sigmas[0] > 0.05:
        for j in range(0, hu.shape[1], 32):
            progress.step(0.4 * j / hu.shape[1], "Scanner blur")
            hu[:, j : j + 32] = ndimage.gaussian_filter1d(hu[:, j : j + 32], sigmas[0], axis=0, truncate=3.0)
    for k in range(0, hu.shape[0], block):
        progress.step(0.4 + 0.6 * k / hu.shape[0], "Scanner noise")
        part = hu[k : k + block]
        part[...] = ndimage.gaussian_filter(part, (0, sigmas[1], sigmas[2]), truncate=3.0)
        if noise_hu > 0:
            noise = random.standard_normal(part.shape, dtype=np.float32)
            noise = ndimage.gaussian_filter(noise, (0, 0.7, 0.7), truncate=2.5)
            # Air has far less noise than the middle of the trunk.
            part += noise * (noise_hu / 0.4) * np.clip(1.1 + part / 1000, 0.25, 1.1)
