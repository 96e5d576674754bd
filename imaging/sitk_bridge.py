"""The one place where volumes become SimpleITK images and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from imaging.geometry.grid import VolumeGrid
from imaging.volume import LabelVolume, Volume


def image_from_array(array_kji: Any, grid: VolumeGrid) -> sitk.Image:
    """SimpleITK image of a [k, j, i] array placed by ``grid``."""
    array = np.asarray(array_kji)
    image = sitk.GetImageFromArray(array.astype(np.uint8) if array.dtype == bool else array)
    image.SetOrigin(grid.origin_lps_mm.tolist())
    image.SetSpacing(grid.spacing_ijk_mm.tolist())
    image.SetDirection(grid.direction_lps.ravel().tolist())
    return image


def grid_from_image(image: sitk.Image, frame_of_reference_uid: str = "") -> VolumeGrid:
    """Grid of a 3D SimpleITK image."""
    return VolumeGrid.from_parts(
        tuple(reversed(image.GetSize())),
        image.GetOrigin(),
        image.GetSpacing(),
        image.GetDirection(),
        frame_of_reference_uid,
    )


def image_from_volume(volume: Volume) -> sitk.Image:
    """Int16 SimpleITK image of a volume."""
    return image_from_array(volume.values, volume.grid)


def image_from_labels(labels: LabelVolume) -> sitk.Image:
    """Uint8 SimpleITK image of a label map."""
    return image_from_array(labels.labels, labels.grid)


def labels_from_image(image: sitk.Image, frame_of_reference_uid: str = "") -> LabelVolume:
    """Label map of a SimpleITK image with values 0..255."""
    return LabelVolume(grid_from_image(image, frame_of_reference_uid), sitk.GetArrayFromImage(image))


def write_labels(labels: LabelVolume, path: Path) -> None:
    """Write a NIfTI (or other) file of a label map."""
    sitk.WriteImage(image_from_labels(labels), str(path), True)
