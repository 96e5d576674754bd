"""A CT so noisy, or of so sharp a kernel, that bone is torn and soft tissue overshoots, is smoothed first."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage as ndi

from imaging.findings import Finding
from imaging.progress import NULL_PROGRESS, Progress, SubProgress, Tick, nothing
from imaging.segmentation.iso import NO_IMAGE_HU, IsoVolume, resampled
from imaging.volume import Volume

COARSE_MM = (1.5, 1.5, 3.0)
SOFT_HU = (-60.0, 120.0)
TOO_NOISY_HU = 90.0
SIGMAS_MM = (0.7, 1.0)
# Voxels that are filtered between two questions whether to stop, and that the smoothing is tried on.
_BLOCK, _PART = 2_000_000, 8_000_000
_FEWEST_SLICES = 8
# The median absolute deviation of a normal distribution (Hampel 1974); a value less the mean of four others.
_SD_OF_MAD, _OF_DIFFERENCE = 1.4826, np.sqrt(1.25)


def noise_hu(coarse: IsoVolume, tick: Tick = nothing) -> float:
    """Standard deviation of soft tissue from voxel to voxel within slices, by its median; HU.

    What it is of a CT's own, finer voxels is not said: a coarse copy lies between them and averages.
    """
    off = []
    for block in _blocks(coarse.values.shape, 0):
        tick()
        hu = coarse.values[block]
        mean = ndi.uniform_filter(hu, (1, 5, 5))
        soft = (mean > SOFT_HU[0]) & (mean < SOFT_HU[1]) & (hu > NO_IMAGE_HU)
        near = (hu[:, :-2, 1:-1] + hu[:, 2:, 1:-1] + hu[:, 1:-1, :-2] + hu[:, 1:-1, 2:]) / 4
        off.append(np.abs(hu[:, 1:-1, 1:-1] - near)[soft[:, 1:-1, 1:-1]])
    every = np.concatenate(off)
    return float(np.median(every)) * _SD_OF_MAD / _OF_DIFFERENCE if every.size else 0.0


def smoothed(volume: Volume, sigma_mm: float, progress: Progress = NULL_PROGRESS) -> Volume:
    """The CT under a Gaussian of ``sigma_mm``, along axes whose steps are less than twice that.

    Works in one float copy, block by block, and asks ``progress`` whether to stop between blocks.
    """
    values = np.empty(volume.values.shape, np.float32)
    for block in _blocks(values.shape, 0):
        progress.step(0.0, "Smoothing a noisy CT")
        values[block] = volume.values[block]
    out = np.empty_like(volume.values)
    axes = [n for n, step in enumerate(volume.grid.spacing_ijk_mm[::-1]) if step < 2 * sigma_mm]
    blocks = [(axis, block) for axis in axes for block in _blocks(values.shape, int(axis == 0))]
    for n, (axis, block) in enumerate(blocks):
        progress.step(n / len(blocks), "Smoothing a noisy CT")
        sigma = sigma_mm / volume.grid.spacing_ijk_mm[2 - axis]
        ndi.gaussian_filter1d(values[block], sigma, axis, output=values[block])
    for block in _blocks(values.shape, 0):
        progress.step(1.0, "Smoothing a noisy CT")
        out[block] = np.rint(values[block])
    return replace(volume, values=out)


def _blocks(shape: tuple[int, ...], axis: int) -> list[tuple[slice, ...]]:
    """Blocks of about ``_BLOCK`` voxels that part an array along one axis alone."""
    step = max(1, _BLOCK * shape[axis] // int(np.prod(shape)))
    return [(slice(None),) * axis + (slice(n, n + step),) for n in range(0, shape[axis], step)]


@dataclass(frozen=True, eq=False)
class CalmVolume:
    """A CT calm enough to follow bone in.

    Attributes:
        volume: the CT, smoothed where it had to be.
        coarse: its coarse copy.
        noise_hu: of the coarse copy of the CT as it was.
        sigma_mm: of the smoothing, 0 where there was none.
    """

    volume: Volume
    coarse: IsoVolume
    noise_hu: float
    sigma_mm: float

    def findings(self) -> tuple[Finding, ...]:
        """What is to be told of the smoothing."""
        if not self.sigma_mm:
            return ()
        size = " x ".join(f"{mm:g}" for mm in COARSE_MM)
        text = (
            f"This CT is very noisy: soft tissue varies by {self.noise_hu:.0f} HU from voxel to voxel of a "
            f"copy of {size} mm. Bone was sought in a smoothed CT, so its edges are less sure than usual."
        )
        return (Finding("caution", "noisy_image", text, self.noise_hu, TOO_NOISY_HU, "HU"),)


def calmed(volume: Volume, progress: Progress = NULL_PROGRESS) -> CalmVolume:
    """The CT, smoothed no more than it must be, which the slices in its middle tell."""
    coarse = _coarse(volume)
    noise = noise_hu(coarse, lambda: progress.step(0.2, "Looking for the spinal canal"))
    if noise <= TOO_NOISY_HU:
        return CalmVolume(volume, coarse, noise, 0.0)
    sigma_mm = _least_sigma_mm(_middle(volume), noise, SubProgress(progress, 0.2, 0.4))
    calm = smoothed(volume, sigma_mm, SubProgress(progress, 0.4, 0.9))
    progress.step(0.9, "Smoothing a noisy CT")
    return CalmVolume(calm, _coarse(calm), noise, sigma_mm)


def _least_sigma_mm(part: Volume, noise: float, progress: Progress) -> float:
    """The least smoothing that calms a CT of this noise as far as it calms a part of it."""
    raw = noise_hu(_coarse(part))
    for sigma_mm in SIGMAS_MM[:-1] if raw > 0 else ():
        if noise * noise_hu(_coarse(smoothed(part, sigma_mm, progress))) <= TOO_NOISY_HU * raw:
            return sigma_mm
    return SIGMAS_MM[-1]


def _middle(volume: Volume) -> Volume:
    """The slices in the middle of a CT, about ``_PART`` voxels."""
    n, in_slice = volume.values.shape[0], volume.values[0].size
    keep = min(n, max(_FEWEST_SLICES, _PART // in_slice))
    first = (n - keep) // 2
    grid = volume.grid
    place = grid.lps_from_ijk.copy()
    place[:3, 3] = grid.lps_from_indices((0, 0, first))
    rows = slice(first, first + keep)
    return replace(
        volume, grid=replace(grid, shape_kji=(keep, *grid.shape_kji[1:]), lps_from_ijk=place),
        values=volume.values[rows],
    )  # fmt: skip


def _coarse(volume: Volume) -> IsoVolume:
    low, high = volume.grid.bounds_lps_mm
    return resampled(volume, low, high, COARSE_MM)
