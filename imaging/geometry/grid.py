"""Regular voxel grids in patient space."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def _frozen(values: ArrayLike) -> Array:
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class VolumeGrid:
    """Where voxels lie in patient LPS millimetres; an index is a voxel's centre.

    Attributes:
        shape_kji: number of voxels, numpy order (slice, row, column).
        lps_from_ijk: (4, 4) affine, maps (i, j, k, 1) with i fastest to LPS mm.
        frame_of_reference_uid: DICOM Frame of Reference UID, empty when unknown.
    """

    shape_kji: tuple[int, int, int]
    lps_from_ijk: Array
    frame_of_reference_uid: str = field(default="")

    def __post_init__(self) -> None:
        matrix = _frozen(self.lps_from_ijk)
        if matrix.shape != (4, 4) or abs(np.linalg.det(matrix[:3, :3])) < 1e-12:
            raise ValueError("lps_from_ijk must be an invertible (4, 4) matrix")
        object.__setattr__(self, "lps_from_ijk", matrix)
        object.__setattr__(self, "shape_kji", tuple(int(n) for n in self.shape_kji))

    @classmethod
    def from_parts(
        cls,
        shape_kji: tuple[int, int, int],
        origin_lps_mm: ArrayLike,
        spacing_ijk_mm: ArrayLike,
        direction_lps: ArrayLike | None = None,
        frame_of_reference_uid: str = "",
    ) -> VolumeGrid:
        """Grid from voxel (0,0,0)'s centre, spacing along i, j, k and (3, 3) direction columns i, j, k."""
        direction = np.eye(3) if direction_lps is None else np.asarray(direction_lps, float).reshape(3, 3)
        matrix = np.eye(4)
        matrix[:3, :3] = direction * np.asarray(spacing_ijk_mm, float)
        matrix[:3, 3] = np.asarray(origin_lps_mm, float)
        return cls(shape_kji, matrix, frame_of_reference_uid)

    @cached_property
    def ijk_from_lps(self) -> Array:
        """(4, 4) inverse of ``lps_from_ijk``."""
        return _frozen(np.linalg.inv(self.lps_from_ijk))

    @cached_property
    def spacing_ijk_mm(self) -> Array:
        """(3,) distance between neighbouring voxel centres along i, j, k in mm."""
        return _frozen(np.linalg.norm(self.lps_from_ijk[:3, :3], axis=0))

    @cached_property
    def direction_lps(self) -> Array:
        """(3, 3) unit vectors of i, j, k as columns."""
        return _frozen(self.lps_from_ijk[:3, :3] / self.spacing_ijk_mm)

    @property
    def origin_lps_mm(self) -> Array:
        """(3,) centre of voxel (0, 0, 0)."""
        return self.lps_from_ijk[:3, 3]

    def lps_from_indices(self, ijk: ArrayLike) -> Array:
        """(..., 3) float indices (i, j, k) to LPS mm."""
        return np.asarray(ijk, float) @ self.lps_from_ijk[:3, :3].T + self.lps_from_ijk[:3, 3]

    def indices_from_lps(self, points_lps_mm: ArrayLike) -> Array:
        """(..., 3) LPS mm to float indices (i, j, k)."""
        return np.asarray(points_lps_mm, float) @ self.ijk_from_lps[:3, :3].T + self.ijk_from_lps[:3, 3]

    def contains(self, points_lps_mm: ArrayLike) -> NDArray[np.bool_]:
        """(...,) whether points lie within the outermost voxel centres, half a voxel added."""
        ijk = self.indices_from_lps(points_lps_mm)
        size = np.array(self.shape_kji[::-1])
        return np.asarray(((ijk >= -0.5) & (ijk <= size - 0.5)).all(-1))

    @cached_property
    def bounds_lps_mm(self) -> Array:
        """(2, 3) least and greatest LPS coordinate of any voxel centre."""
        size = np.array(self.shape_kji[::-1]) - 1
        corners = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)]) * size
        points = self.lps_from_indices(corners)
        return _frozen([points.min(0), points.max(0)])

    @property
    def centre_lps_mm(self) -> Array:
        """(3,) centre of the grid."""
        return self.lps_from_indices((np.array(self.shape_kji[::-1]) - 1) / 2)

    def same_as(self, other: VolumeGrid, tolerance_mm: float = 1e-3) -> bool:
        """Whether both have the same shape, frame of reference and voxel places."""
        frames = {self.frame_of_reference_uid, other.frame_of_reference_uid} - {""}
        return (
            self.shape_kji == other.shape_kji
            and len(frames) <= 1
            and bool(np.allclose(self.lps_from_ijk, other.lps_from_ijk, atol=tolerance_mm))
        )
