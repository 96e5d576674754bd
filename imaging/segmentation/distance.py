"""Euclidean distance in voxels, on all processors."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray


def steps_to(there: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Voxels from each place to the nearest one that is so: 0 or less there, infinite if none is."""
    if not there.any():
        return np.full(there.shape, np.inf, np.float32)
    image = sitk.GetImageFromArray(there.astype(np.uint8))
    away = sitk.SignedMaurerDistanceMap(image, insideIsPositive=False, squaredDistance=False)
    return np.asarray(sitk.GetArrayFromImage(away), np.float32)
