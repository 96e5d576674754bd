"""Where the spinal canal runs: rays through soft tissue to bone, chained slice by slice."""

from __future__ import annotations

from functools import partial

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.errors import PlannerError
from imaging.progress import Progress, Tick
from imaging.segmentation.iso import IsoVolume

Array = NDArray[np.float64]
Image = NDArray[np.float32]

REACH_MM = 18.0
MIN_LENGTH_MM = 25.0
BREAK_REWARD = 0.02
BREAK_FRACTION = 0.15


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _ray_scores(image: Image, step_px: int, pixel_mm: float, reach_mm: float) -> Image:  # pragma: no cover
    rows, cols = image.shape
    out = np.zeros((rows // step_px, cols // step_px), np.float32)
    n_steps = int(reach_mm / pixel_mm)
    for a in range(out.shape[0]):
        for b in range(out.shape[1]):
            j0 = a * step_px
            i0 = b * step_px
            if image[j0, i0] < -140.0 or image[j0, i0] > 150.0:
                continue
            hits = 0
            total = 0.0
            behind = 0
            unknown = 0
            for ray in range(24):
                angle = 2.0 * np.pi * ray / 24
                dj = np.sin(angle)
                di = np.cos(angle)
                for n in range(1, n_steps + 1):
                    j = round(j0 + dj * n)
                    i = round(i0 + di * n)
                    if j < 0 or i < 0 or j >= rows or i >= cols or image[j, i] < -990.0:
                        unknown += 1
                        break
                    value = image[j, i]
                    if value < -200.0:
                        break
                    if value > 180.0:
                        hits += 1
                        total += n * pixel_mm
                        if dj > 0.3:
                            behind += 1
                        break
            if hits > 2 and unknown < 12:
                mean = total / hits
                known = 24.0 - unknown
                score = hits / known + 0.5 * min(1.0, behind / 9.0 * 24.0 / known) - 0.3 * unknown / 24.0
                if mean < 5.5:
                    score -= 0.15 * (5.5 - mean)
                if mean > 11.0:
                    score -= 0.2 * (mean - 11.0)
                out[a, b] = score
    return out


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _viterbi(reward: Image, radius: int, move_cost: float) -> NDArray[np.int32]:  # pragma: no cover
    n, rows, cols = reward.shape
    best = reward[0].copy()
    back = np.zeros((n, rows, cols, 2), np.int8)
    for k in range(1, n):
        new = np.empty_like(best)
        for j in range(rows):
            for i in range(cols):
                top = -1e9
                for dj in range(-radius, radius + 1):
                    jj = j + dj
                    if jj < 0 or jj >= rows:
                        continue
                    for di in range(-radius, radius + 1):
                        ii = i + di
                        if ii < 0 or ii >= cols:
                            continue
                        value = best[jj, ii] - move_cost * (dj * dj + 2.0 * di * di)
                        if value > top:
                            top = value
                            back[k, j, i, 0] = dj
                            back[k, j, i, 1] = di
                new[j, i] = top + reward[k, j, i]
        best = new
    path = np.zeros((n, 2), np.int32)
    flat = np.argmax(best)
    path[n - 1, 0] = flat // cols
    path[n - 1, 1] = flat % cols
    for k in range(n - 1, 0, -1):
        j = path[k, 0]
        i = path[k, 1]
        path[k - 1, 0] = j + back[k, j, i, 0]
        path[k - 1, 1] = i + back[k, j, i, 1]
    return path


def _mean_where_known(dense: Image, known: Image, size: tuple[int, int, int]) -> Image:
    weight = ndi.uniform_filter(known, size, mode="constant")
    total = ndi.uniform_filter(dense * known, size, mode="constant")
    return np.asarray(np.where(weight > 0.15, total / np.maximum(weight, 0.15), -200), dtype=np.float32)


def _body_in_front(values: Image, pixel_mm: float, slice_mm: float, step_px: int) -> Image:
    """Bone-like HU 12 to 36 mm in front of each pixel, averaged over 30 mm along the spine."""
    thin = values[:, ::step_px, ::step_px]
    known = (thin > -990).astype(np.float32)
    size = (max(1, round(30 / slice_mm)), round(22 / pixel_mm / step_px), round(20 / pixel_mm / step_px))
    mean = _mean_where_known(np.clip(thin, -200, 300), known, size)
    back = round(23 / pixel_mm / step_px)
    shifted = np.full_like(mean, -200)
    shifted[:, back:] = mean[:, :-back]
    rows, cols = values.shape[1] // step_px, values.shape[2] // step_px
    return np.clip(shifted[:, :rows, :cols] / 150, -1, 1.2)


def _asymmetry(values: Image, pixel_mm: float, step_px: int, tick: Tick) -> Image:
    """Mean HU difference between left and right of each pixel, 4 to 45 mm off and 40 mm fore and aft."""
    thin = np.clip(values[:, ::step_px, ::step_px], -200, 400)
    rows, cols = values.shape[1] // step_px, values.shape[2] // step_px
    thin = ndi.uniform_filter1d(thin, 3, axis=1)[:, :rows, :cols]
    known = values[:, ::step_px, ::step_px][:, :rows, :cols] > -990
    pixel = pixel_mm * step_px
    total = np.zeros(thin.shape, np.float32)
    count = np.full(thin.shape, 1e-3, np.float32)
    for d in range(max(1, round(4 / pixel)), round(45 / pixel) + 1):
        if 2 * d >= cols:
            break
        tick()
        both = known[:, :, : -2 * d] & known[:, :, 2 * d :]
        total[:, :, d:-d] += np.abs(thin[:, :, 2 * d :] - thin[:, :, : -2 * d]) * both
        count[:, :, d:-d] += both
    size = (1, max(1, round(75 / pixel)), 1)
    tick()
    nearby = [ndi.uniform_filter(a, size, mode="nearest") for a in (total, count)]
    return np.asarray(nearby[0] / nearby[1], dtype=np.float32)


def find_canal(coarse: IsoVolume, progress: Progress) -> Array:
    """Centre line of the spinal canal from foot to head.

    Args:
        coarse: working volume, about 1.5 mm in plane and 3 mm between slices.
        progress: reported to per slice.

    Returns:
        (n, 3) LPS mm, about 1 mm apart, z rising.

    Raises:
        PlannerError: ``no_spine_found``.
    """
    pixel = float(coarse.spacing_mm[0])
    slice_mm = float(coarse.spacing_mm[2])
    step = 2
    rays = []
    for k, image in enumerate(coarse.values):
        if k % 2 == 0:
            progress.step(0.8 * k / len(coarse.values), "Looking for the spinal canal")
        rays.append(_ray_scores(image, step, pixel, REACH_MM))
    score = np.stack(rays)
    progress.step(0.8, "Looking for the spinal canal")
    front = _body_in_front(coarse.values, pixel, slice_mm, step)
    progress.step(0.85, "Looking for the spinal canal")
    tick = partial(progress.step, 0.85, "Looking for the spinal canal")
    skew = np.clip(_asymmetry(coarse.values, pixel, step, tick) / 100, 0, 2)
    progress.step(0.9, "Looking for the spinal canal")
    rows, cols = score.shape[1:]
    local = ndi.gaussian_filter(np.clip(coarse.values, -120, 400), (2 / slice_mm, 2 / pixel, 2 / pixel))
    progress.step(0.92, "Looking for the spinal canal")
    bony = np.clip((local[:, ::step, ::step][:, :rows, :cols] - 55) / 60, 0, 2)
    reward = (score - 0.55 + 0.8 * (front - 0.5) - 0.5 * skew - bony).astype(np.float32)
    reward[score == 0] = -1.0
    reward = np.maximum(reward, -1.0)
    progress.step(0.95, "Looking for the spinal canal")
    path = _viterbi(reward, 2, 0.04)
    progress.step(0.98, "Looking for the spinal canal")
    along = reward[np.arange(len(path)), path[:, 0], path[:, 1]]
    smooth = ndi.gaussian_filter1d(along, 9 / slice_mm, mode="nearest")
    first, last = _best_run(smooth)
    if (last - first) * slice_mm < MIN_LENGTH_MM:
        raise PlannerError(
            "no_spine_found",
            "No spine was found in this image. Choose a CT that shows the lumbar spine with bone, "
            "or check the series' orientation.",
        )
    kept = np.arange(first, last + 1)
    points = (
        coarse.origin_lps_mm
        + np.stack([path[kept, 1] * step, path[kept, 0] * step, kept], 1) * coarse.spacing_mm
    )
    fine_z = np.arange(points[0, 2], points[-1, 2] + 0.5, 1.0)
    out = np.stack([np.interp(fine_z, points[:, 2], points[:, c]) for c in range(2)] + [fine_z], 1)
    out[:, :2] = ndi.gaussian_filter1d(out[:, :2], 6.0, axis=0, mode="nearest")
    return out


def _best_run(reward: NDArray[np.float32]) -> tuple[int, int]:
    """First and last index of the unbroken run of good rewards with the greatest sum."""
    least = max(BREAK_REWARD, BREAK_FRACTION * float(np.percentile(reward, 75)))
    runs: NDArray[np.int32]
    runs, n = ndi.label(reward > least)  # type: ignore[assignment]
    if n == 0:
        return 0, 0
    best = int(np.argmax([reward[runs == run].sum() for run in range(1, n + 1)])) + 1
    where = np.flatnonzero(runs == best)
    return int(where[0]), int(where[-1])
