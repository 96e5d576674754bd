"""An isotropic, axis-aligned working copy of a CT and sampling in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage as ndi

from imaging.sitk_bridge import image_from_volume
from imaging.volume import Volume

OUTSIDE_HU = -1000.0
NO_IMAGE_HU = -900.0
"""A darker sample lies outside the image, where OUTSIDE_HU is filled in, or in air."""
Array = NDArray[np.float64]
Image = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class IsoVolume:
    """HU on a grid whose axes are patient x, y, z.

    Attributes:
        values: float32 [k, j, i], HU clipped to -1000..2000.
        origin_lps_mm: (3,) centre of voxel (0, 0, 0).
        spacing_mm: (3,) step along x, y, z.
    """

    values: Image
    origin_lps_mm: Array
    spacing_mm: Array

    def index_kji(self, points_lps_mm: ArrayLike) -> Array:
        """(..., 3) LPS mm to float (k, j, i)."""
        ijk = (np.asarray(points_lps_mm, float) - self.origin_lps_mm) / self.spacing_mm
        return np.asarray(ijk[..., ::-1])

    def sample(self, points_lps_mm: ArrayLike) -> Image:
        """(...,) HU at (..., 3) LPS mm; -1000 outside the volume."""
        index = np.moveaxis(self.index_kji(points_lps_mm), -1, 0)
        out = ndi.map_coordinates(self.values, index, order=1, mode="constant", cval=OUTSIDE_HU)
        return np.asarray(out, dtype=np.float32)

    @property
    def bounds_lps_mm(self) -> Array:
        """(2, 3) first and last voxel centre."""
        size = np.array(self.values.shape[::-1]) - 1
        return np.stack([self.origin_lps_mm, self.origin_lps_mm + size * self.spacing_mm])


def resampled(
    volume: Volume, low_lps_mm: ArrayLike, high_lps_mm: ArrayLike, spacing_mm: ArrayLike
) -> IsoVolume:
    """The part of ``volume`` between two corners (LPS mm) on an axis-aligned grid of the given spacing."""
    low = np.maximum(np.asarray(low_lps_mm, float), volume.grid.bounds_lps_mm[0])
    high = np.minimum(np.asarray(high_lps_mm, float), volume.grid.bounds_lps_mm[1])
    spacing = np.broadcast_to(np.asarray(spacing_mm, float), (3,)).copy()
    size = np.maximum(1, np.floor((high - low) / spacing + 1e-6).astype(int) + 1)
    image = sitk.Resample(
        image_from_volume(volume),
        [int(n) for n in size],
        sitk.Transform(),
        sitk.sitkLinear,
        low.tolist(),
        spacing.tolist(),
        [1.0, 0, 0, 0, 1, 0, 0, 0, 1],
        OUTSIDE_HU,
        sitk.sitkFloat32,
    )
    values = np.clip(sitk.GetArrayFromImage(image), OUTSIDE_HU, 2000).astype(np.float32)
    return IsoVolume(values, low, spacing)
