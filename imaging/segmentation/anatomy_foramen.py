"""The basivertebral foramen's mouth: a midline gap in the posterior cortex of a CT."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import BodyGeometry, ForamenGeometry
from imaging.segmentation.anatomy_frame import Masks
from imaging.segmentation.anatomy_local import Field, frame_grid, level_set_of, resample, sample
from imaging.sitk_bridge import image_from_array
from imaging.volume import Volume

Array = NDArray[np.float64]
MIN_DROP_HU = 90.0


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
    across = np.arange(-12.0, 12.01, 0.5)
    up = np.arange(-0.38, 0.381, 0.02) * body.height_mm
    depth = np.arange(-3.0, 4.01, 0.5)
    a, u, d = np.meshgrid(across, up, depth, indexing="ij")
    start = body.posterior_wall_lps_mm
    points = start + a[..., None] * body.left + u[..., None] * body.superior - d[..., None] * body.posterior
    cortex = sample(hu, grid, points, -1024.0).max(-1)
    cortex = ndi.gaussian_filter(cortex, (1.0, 1.5))
    beside = np.median(cortex[(np.abs(across) > 6)], axis=0)
    middle = np.abs(across) <= 4
    drop = np.where(middle[:, None], beside[None] - cortex, 0.0)
    peak = float(drop.max())
    if peak < max(MIN_DROP_HU, 0.22 * float(np.median(beside))):
        return None, cancellous
    labels, _ = ndi.label(drop > 0.6 * peak)
    blob = labels == labels[np.unravel_index(int(np.argmax(drop)), drop.shape)]
    weight = np.where(blob, drop, 0.0)
    at_left = float((weight.sum(1) @ across) / weight.sum())
    at_up = float((weight.sum(0) @ up) / weight.sum())
    if abs(at_left) > 3.5 or abs(at_up) > 0.33 * body.height_mm:
        return None, cancellous
    mouth = start + at_left * body.left + at_up * body.superior
    inward = np.arange(0.0, 0.3 * body.depth_mm, 0.5)
    line = sample(hu, grid, mouth - inward[:, None] * body.posterior)
    # The canal's end: halfway up from its darkest to the cancellous bone's mean.
    dark = int(np.argmin(line[: max(3, len(line) // 2)]))
    filled = np.flatnonzero(line[dark:] > (line[dark] + cancellous) / 2)
    deep = float(inward[dark + int(filled[0])]) if len(filled) else float(inward[-1])
    return ForamenGeometry(mouth, deep), cancellous
