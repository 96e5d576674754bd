"""The basivertebral foramen's mouth: a midline gap in the posterior cortex of a CT."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import BodyGeometry, ForamenGeometry
from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.anatomy_frame import Masks, columns, wall_fit
from imaging.segmentation.anatomy_local import Field, axis_mm, frame_grid, level_set_of, resample, sample
from imaging.sitk_bridge import image_from_array
from imaging.volume import Volume

Array = NDArray[np.float64]
ACROSS_MM = np.arange(-14.0, 14.01, 0.5)
OPEN = 0.5
"""A place in the wall is open where its cortex has lost half of what it has over the marrow."""
LEAST_MM2, MOST_MM2 = 6.0, 130.0
LEAST_CORTEX_HU = 90.0
"""Of the wall over the marrow: with less there is no telling a hole."""
CLOSED_SHARE = 0.25
"""Of the wall above and below, at most this much may look as open: a faint wall has no hole."""
MIDLINE_MM, PAIR_MM = 3.5, 9.0
HEIGHT_SHARE = 0.33
DARKNESS_LEFT = 0.55


def local_hu(volume: Volume, body: BodyGeometry, reach_mm: tuple[float, float, float]) -> Field:
    """HU on a 0.7 mm grid along the body's axes within +-reach, all in mm."""
    grid = frame_grid(body.centre_lps_mm, body.axes_lps, -np.array(reach_mm), np.array(reach_mm), 0.7)
    corners = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)]) * (
        np.array(reach_mm) + 3
    )
    ijk = volume.grid.indices_from_lps(body.centre_lps_mm + corners @ body.axes_lps)
    size = np.array(volume.grid.shape_kji[::-1])
    low = np.clip(np.floor(ijk.min(0)).astype(int), 0, size - 2)
    high = np.clip(np.ceil(ijk.max(0)).astype(int) + 1, low + 2, size)
    values = volume.values[low[2] : high[2], low[1] : high[1], low[0] : high[0]]
    matrix = volume.grid.lps_from_ijk.copy()
    matrix[:3, 3] = volume.grid.lps_from_indices(low)
    cut = type(volume.grid)(values.shape, matrix)
    return resample(image_from_array(values, cut), grid, -1024.0)


def measure_hu(
    volume: Volume, masks: Masks, body: BodyGeometry
) -> tuple[ForamenGeometry | None, float | None]:
    """Foramen, where the posterior cortex shows a midline gap, and the mean HU of the cancellous core."""
    reach = (body.width_mm / 2 + 4, body.depth_mm / 2 + 6, body.height_mm / 2 + 4)
    hu = local_hu(volume, body, reach)
    grid = frame_grid(body.centre_lps_mm, body.axes_lps, -np.array(reach), np.array(reach), 0.7)
    level = level_set_of(masks.body_distance, grid)
    core = (level > 4.0) & (hu > -500)
    if core.sum() < 200:
        return None, None
    cancellous = float(np.clip(hu[core], -200, 900).mean())
    if volume.modality != "CT" or max(volume.grid.spacing_ijk_mm) > 3.2:
        return None, cancellous if volume.modality == "CT" else None
    mouth = _mouth(hu, level, grid, body, cancellous)
    if mouth is None:
        return None, cancellous
    return ForamenGeometry(mouth, _depth_mm(hu, grid, body, mouth, cancellous)), cancellous


def _wall_mm(level: Field, grid: VolumeGrid, body: BodyGeometry, up: Array) -> Array:
    """(across, up) how far the closed posterior wall lies behind the body's centre."""
    back = columns(level, grid, body.centre_lps_mm, 1, 1)
    lefts, _, superiors = axis_mm(grid, body.centre_lps_mm)
    l2, s2 = np.meshgrid(lefts, superiors)
    use = np.isfinite(back) & (np.abs(l2) < 15) & (np.abs(s2) < 0.42 * body.height_mm)
    fit, _ = wall_fit(l2[use], s2[use], back[use])
    a, u = np.meshgrid(ACROSS_MM, up, indexing="ij")
    return np.asarray(np.stack([np.ones_like(a), a, u, a * a, a * u, u * u], -1) @ fit)


def _mouth(hu: Field, level: Field, grid: VolumeGrid, body: BodyGeometry, cancellous: float) -> Array | None:
    """(3,) LPS mm where the cortex is open near the middle: one hole, or two beside a septum."""
    up = np.arange(-0.42, 0.421, 0.02) * body.height_mm
    wall = _wall_mm(level, grid, body, up)
    # Noise would make a greatest value of many large.
    calm = ndi.gaussian_filter(hu, 0.7 / grid.spacing_ijk_mm[::-1])
    around = np.arange(-2.0, 2.51, 0.5)

    def at(p: Array) -> Array:
        a, u = np.meshgrid(ACROSS_MM, up, indexing="ij")
        start = body.centre_lps_mm + a[..., None] * body.left + u[..., None] * body.superior
        return np.asarray(start + p[..., None] * body.posterior)

    cortex = np.stack([sample(calm, grid, at(wall - d), -1024.0) for d in around]).max(0)
    cortex = ndi.gaussian_filter(cortex, (1.0, 1.0))
    tall = np.abs(up) < HEIGHT_SHARE * body.height_mm
    beside = np.abs(ACROSS_MM) > 5
    closed = float(np.percentile(cortex[beside], 60))
    if closed - cancellous < LEAST_CORTEX_HU:
        return None
    missing = np.clip((closed - cortex) / (closed - cancellous), 0.0, 1.5)
    holes = missing > OPEN
    middle = np.abs(ACROSS_MM) < PAIR_MM
    edges = np.abs(up) > 0.28 * body.height_mm
    if holes[np.ix_(middle, edges)].mean() > CLOSED_SHARE:
        return None
    labels, count = ndi.label(holes)
    cell = 0.5 * float(up[1] - up[0])
    weight = np.zeros_like(missing)
    for n in range(1, count + 1):
        own = labels == n
        area = float(own.sum()) * cell
        left, high = (float((own * c).sum() / own.sum()) for c in (ACROSS_MM[:, None], up[None]))
        if LEAST_MM2 < area < MOST_MM2 and abs(left) < PAIR_MM and abs(high) < HEIGHT_SHARE * body.height_mm:
            weight += np.where(own & tall[None], missing, 0.0)
    if not weight.any():
        return None
    left = float((weight.sum(1) @ ACROSS_MM) / weight.sum())
    high = float((weight.sum(0) @ up) / weight.sum())
    if abs(left) > MIDLINE_MM:
        return None
    depth = wall[int(np.argmin(np.abs(ACROSS_MM - left))), int(np.argmin(np.abs(up - high)))]
    return np.asarray(body.centre_lps_mm + left * body.left + high * body.superior + depth * body.posterior)


def _depth_mm(hu: Field, grid: VolumeGrid, body: BodyGeometry, mouth: Array, cancellous: float) -> float:
    """How deep the bony canal goes from its mouth: where little more than half of its darkness is left.

    Averaged over a core as wide as the canal's end, so that the veins that fan out beyond it count little.
    """
    a, u = np.meshgrid(np.arange(-1.5, 1.51, 0.5), np.arange(-0.8, 0.81, 0.4), indexing="ij")
    core = a[..., None] * body.left + u[..., None] * body.superior
    inward = np.arange(0.0, 0.5 * body.depth_mm, 0.25)
    line = np.stack([sample(hu, grid, mouth + core - d * body.posterior).mean() for d in inward])
    line = ndi.gaussian_filter1d(line, 2.0, mode="nearest")
    dark = int(line[inward < 4].argmin())
    end = np.flatnonzero(cancellous - line[dark:] < DARKNESS_LEFT * (cancellous - line[dark]))
    return float(inward[dark + int(end[0])] if len(end) else inward[-1])
