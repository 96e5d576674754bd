"""The pixels of a slice: grey by the window of brightness, outlines of the vertebrae over it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ui.views.planes import Plane
from ui.vtk.sampler import PlaneSampler

Pixels = NDArray[np.uint8]
WHITE = 235.0
OUTLINE_MM = 0.45
COARSE_MM = 0.6
HURRIED_MM = 0.9


def grey_of(values: NDArray[np.generic], window: float, level: float) -> NDArray[np.generic]:
    """0..235 of each value: by a table where the values are 16 bit, as a CT's are."""
    if values.dtype == np.int16:
        return _table(window, level)[values.view(np.uint16)]
    grey = np.clip((values.astype(np.float32) - (level - window / 2)) / window, 0, 1) * WHITE
    return np.asarray(grey)


@lru_cache(maxsize=8)
def _table(window: float, level: float) -> Pixels:
    values = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.float32)
    return (np.clip((values - (level - window / 2)) / window, 0, 1) * WHITE).astype(np.uint8)


def draw_outline(
    pixels: Pixels,
    sampler: PlaneSampler,
    plane: Plane,
    left_mm: float,
    top_mm: float,
    mm_per_px: float,
    ratio: float,
    tint: tuple[int, int, int],
    strength: float,
    sampled_mm: float = COARSE_MM,
) -> None:
    """Blend the outline of a mask (0..100) into (h, w, 4) pixels, where the mask is only.

    The mask is blurred by 0.45 mm, so it is sampled at every second pixel where these lie no more than
    ``sampled_mm`` apart.
    """
    h, w = pixels.shape[:2]
    by = 2 if 2 * mm_per_px <= sampled_mm else 1
    rows, columns = (h + by - 1) // by + 1, (w + by - 1) // by + 1
    mask = sampler.sample(plane, left_mm, top_mm, by * mm_per_px, columns, rows)
    blur_px = OUTLINE_MM / (by * mm_per_px)
    down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(down) == 0:
        return
    margin = int(3 * blur_px) + 3
    y0, x0 = max(0, down[0] - margin), max(0, across[0] - margin)
    part = mask[y0 : down[-1] + margin + 1, x0 : across[-1] + margin + 1]
    field = gaussian_filter(part.astype(np.float32) / 100, blur_px, truncate=3.0)
    if by == 2:
        field = _twice(field)
    field = field[: h - by * y0, : w - by * x0]
    # Far from the line the blurred mask is flat: only where it is neither full nor empty is anything drawn.
    at = np.nonzero((field > 0.02) & (field < 0.98))
    dy, dx = np.gradient(field)
    slope = np.hypot(dx[at], dy[at])
    away = np.abs(field[at] - 0.5) / np.maximum(slope, 1e-4)
    alpha = (np.clip(1.35 - away / ratio, 0, 1) * strength * (slope > 1e-3))[:, None]
    block = pixels[by * y0 : by * y0 + field.shape[0], by * x0 : by * x0 + field.shape[1], :3]
    block[at] = block[at] * (1 - alpha) + np.array(tint, np.float32) * alpha


def _twice(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """(2 h - 1, 2 w - 1) values: those of ``field`` and halfway between them."""
    h, w = field.shape
    out = np.empty((2 * h - 1, 2 * w - 1), np.float32)
    out[::2, ::2] = field
    out[::2, 1::2] = (field[:, 1:] + field[:, :-1]) / 2
    out[1::2] = (out[2::2] + out[:-2:2]) / 2
    return out
