"""A CT so noisy, or of so sharp a kernel, that bone is torn and soft tissue overshoots, is smoothed first."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.findings import Finding
from imaging.segmentation.iso import NO_IMAGE_HU, IsoVolume, resampled
from imaging.volume import Volume

COARSE_MM = (1.5, 1.5, 3.0)
SOFT_HU = (-60.0, 120.0)
TOO_NOISY_HU = 90.0
SIGMAS_MM = (0.7, 1.0)
# The median absolute deviation of a normal distribution (Hampel 1974); a value less the mean of four others.
_SD_OF_MAD, _OF_DIFFERENCE = 1.4826, np.sqrt(1.25)


def noise_hu(coarse: IsoVolume) -> float:
    """Standard deviation of soft tissue from voxel to voxel within slices, by its median; HU."""
    hu = coarse.values
    mean = ndi.uniform_filter(hu, (1, 5, 5))
    soft = (mean > SOFT_HU[0]) & (mean < SOFT_HU[1]) & (hu > NO_IMAGE_HU)
    near = (hu[:, :-2, 1:-1] + hu[:, 2:, 1:-1] + hu[:, 1:-1, :-2] + hu[:, 1:-1, 2:]) / 4
    off = np.abs(hu[:, 1:-1, 1:-1] - near)[soft[:, 1:-1, 1:-1]]
    return float(np.median(off)) * _SD_OF_MAD / _OF_DIFFERENCE if off.size else 0.0


def smoothed(volume: Volume, sigma_mm: float) -> Volume:
    """The CT under a Gaussian of ``sigma_mm``, along axes whose steps are less than twice that."""
    sigma = [sigma_mm / step if step < 2 * sigma_mm else 0.0 for step in volume.grid.spacing_ijk_mm[::-1]]
    values: NDArray[np.float32] = ndi.gaussian_filter(volume.values.astype(np.float32), sigma)
    return replace(volume, values=np.rint(values).astype(volume.values.dtype))


@dataclass(frozen=True, eq=False)
class CalmVolume:
    """A CT calm enough to follow bone in.

    Attributes:
        volume: the CT, smoothed where it had to be.
        coarse: its coarse copy.
        noise_hu: of the CT as it was.
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
        text = (
            f"This CT is very noisy: soft tissue varies by {self.noise_hu:.0f} HU from voxel to voxel. Bone "
            "was sought in a smoothed copy, so its edges are less sure than usual."
        )
        return (Finding("caution", "noisy_image", text, self.noise_hu, TOO_NOISY_HU, "HU"),)


def calmed(volume: Volume) -> CalmVolume:
    """The CT, smoothed no more than it must be."""
    low, high = volume.grid.bounds_lps_mm
    coarse = resampled(volume, low, high, COARSE_MM)
    noise = noise_hu(coarse)
    calm, used_mm = volume, 0.0
    for sigma_mm in SIGMAS_MM:
        if noise_hu(coarse) <= TOO_NOISY_HU:
            break
        calm, used_mm = smoothed(volume, sigma_mm), sigma_mm
        coarse = resampled(calm, low, high, COARSE_MM)
    return CalmVolume(calm, coarse, noise, used_mm)
