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
RIVAL_SHARE = 0.3
MOVES = (2, 0.04)
SWERVE_MM, SWERVE_DEG = 15.0, 35.0
STRAY_MM, STRAY_COST = 5.0, 0.2
SEEN_SHARE, UNSEEN_HU = 0.5, 80.0
"""Share of the pairs in the image's middle that must be seen beside a place, and what counts for those that
lack: where nothing can be compared, as at the image's edge, there is no likeness."""


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
    unseen = np.maximum(0, SEEN_SHARE * nearby[1].max() - nearby[1])
    return np.asarray((nearby[0] + UNSEEN_HU * unseen) / (nearby[1] + unseen), dtype=np.float32)


def find_canals(coarse: IsoVolume, progress: Progress) -> list[Array]:
    """What may be the spinal canal, the likeliest first: a hip's hollow is as bony a ring as the canal.

    Args:
        coarse: working volume, about 1.5 mm in plane and 3 mm between slices.
        progress: reported to per slice.

    Returns:
        Centre lines from foot to head, each (n, 3) LPS mm, about 1 mm apart, z rising; one at least.

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
    path = _viterbi(reward, *MOVES)
    progress.step(0.98, "Looking for the spinal canal")
    along = reward[np.arange(len(path)), path[:, 0], path[:, 1]]
    smooth = ndi.gaussian_filter1d(along, 9 / slice_mm, mode="nearest")
    out = []
    least = MIN_LENGTH_MM / slice_mm
    for first, last in _good_runs(smooth, least):
        kept = _steadied(path, reward, np.arange(first, last + 1), step * pixel, slice_mm)
        if kept[-1] - kept[0] < least:
            continue
        points = (
            coarse.origin_lps_mm
            + np.stack([path[kept, 1] * step, path[kept, 0] * step, kept], 1) * coarse.spacing_mm
        )
        fine_z = np.arange(points[0, 2], points[-1, 2] + 0.5, 1.0)
        line = np.stack([np.interp(fine_z, points[:, 2], points[:, c]) for c in range(2)] + [fine_z], 1)
        line[:, :2] = ndi.gaussian_filter1d(line[:, :2], 6.0, axis=0, mode="nearest")
        out.append(line)
    if not out:
        raise PlannerError(
            "no_spine_found",
            "No spine was found in this image. Choose a CT that shows the lumbar spine with bone, "
            "or check the series' orientation.",
        )
    return out


def _steadied(
    path: NDArray[np.int32], reward: Image, run: NDArray[np.intp], pixel_mm: float, slice_mm: float
) -> NDArray[np.intp]:
    """The slices of a run of the path, which is laid anew where it swerves, that are still good then."""
    columns = np.arange(reward.shape[2], dtype=float) * pixel_mm
    penalty = _stray_penalty(path[run, 1] * pixel_mm, slice_mm, columns)
    if penalty is None:
        return run
    path[run] = _viterbi(reward[run] - penalty[:, None], *MOVES)
    along = reward[run, path[run, 0], path[run, 1]]
    good = _good_runs(ndi.gaussian_filter1d(along, 9 / slice_mm, mode="nearest"), 0.0)
    return run[good[0][0] : good[0][1] + 1] if good else run


def _stray_penalty(x_mm: Array, slice_mm: float, columns_mm: Array) -> NDArray[np.float32] | None:
    """(slices, columns) cost of where a path may not go that swerves to the side near one of its ends.

    A foramen of the sacrum and its ala are as bony a ring as the canal, but no spine turns aside so sharply:
    the most scoliotic ones lean by some 30 degrees against their chord. None where it does not swerve, or
    so early that it cannot be told which part is the canal.
    """
    n, window = len(x_mm), max(2, round(SWERVE_MM / slice_mm))
    if n <= 2 * window:
        return None
    step = x_mm[window:] - x_mm[:-window]
    steep = np.abs(step - np.median(step)) > np.tan(np.deg2rad(SWERVE_DEG)) * window * slice_mm
    calm = np.ones(n, bool)
    for k in np.flatnonzero(steep):
        calm[k + 1 : k + window] = False
    parts: NDArray[np.int32]
    parts, count = ndi.label(calm)  # type: ignore[assignment]
    sizes = np.bincount(parts)[1:]
    if count < 2 or sizes.max() < 0.6 * n:
        return None
    at = np.arange(n)
    own = np.flatnonzero(parts == 1 + int(sizes.argmax()))
    course = np.interp(at, own, x_mm[own])
    for beyond, near in ((at < own[0], own[: 4 * window]), (at > own[-1], own[-4 * window :])):
        slope, offset = np.polyfit(near, x_mm[near], 1)
        course[beyond] = offset + slope * at[beyond]
    stray = np.maximum(0.0, np.abs(columns_mm - course[:, None]) - STRAY_MM) * STRAY_COST
    stray[own] = 0.0
    return np.asarray(stray, np.float32)


def _good_runs(reward: NDArray[np.float32], length: float) -> list[tuple[int, int]]:
    """First and last index of the unbroken runs of good rewards, the one with the greatest sum first."""
    least = max(BREAK_REWARD, BREAK_FRACTION * float(np.percentile(reward, 75)))
    runs: NDArray[np.int32]
    runs, n = ndi.label(reward > least)  # type: ignore[assignment]
    found = []
    for run in range(1, n + 1):
        where = np.flatnonzero(runs == run)
        if where[-1] - where[0] >= length:
            found.append((float(reward[where].sum()), int(where[0]), int(where[-1])))
    found.sort(reverse=True)
    return [(a, b) for total, a, b in found if total > RIVAL_SHARE * found[0][0]]
