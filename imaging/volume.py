"""Images and label maps on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.geometry.grid import VolumeGrid


@dataclass(frozen=True, eq=False)
class Volume:
    """A CT (HU) or MR (arbitrary units) volume.

    Attributes:
        grid: place of the voxels in patient LPS mm.
        values: read-only int16 array indexed [k, j, i]; HU when ``modality`` is "CT".
        modality: DICOM modality, "CT" or "MR".
        made_from: modality of the images that HU were made up from, empty where they were measured.
    """

    grid: VolumeGrid
    values: NDArray[np.int16]
    modality: str = "CT"
    made_from: str = ""

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.values, dtype=np.int16)
        if values.shape != self.grid.shape_kji:
            raise ValueError(f"values {values.shape} do not fit the grid {self.grid.shape_kji}")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, eq=False)
class LabelVolume:
    """Labels on a grid: read-only uint8 array indexed [k, j, i], 0 is nothing."""

    grid: VolumeGrid
    labels: NDArray[np.uint8]

    def __post_init__(self) -> None:
        labels = np.ascontiguousarray(self.labels, dtype=np.uint8)
        if labels.shape != self.grid.shape_kji:
            raise ValueError(f"labels {labels.shape} do not fit the grid {self.grid.shape_kji}")
        labels.setflags(write=False)
        object.__setattr__(self, "labels", labels)
