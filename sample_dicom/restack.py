"""Thick, sagittal and oblique stacks, averaged from a fine axial scan as a scanner's reformat is."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.geometry.grid import VolumeGrid
from imaging.volume import LabelVolume, Volume
from sample_dicom.parameters import PhantomParameters

THICK_MM = 2.0
AIR_HU = -1024.0
_OBLIQUE_DEG = (18.0, 6.0)


def needs_restacking(parameters: PhantomParameters) -> bool:
    """Whether the slices cannot be painted one by one."""
    return parameters.stack != "axial" or parameters.slice_mm > THICK_MM


def finer(parameters: PhantomParameters) -> PhantomParameters:
    """The axial scan that the stack is averaged from."""
    return replace(parameters, stack="axial", slice_mm=min(parameters.slice_mm, 1.0))


def _directions(parameters: PhantomParameters) -> NDArray[np.float64]:
    """(3, 3) unit vectors of i, j, k as columns."""
    if parameters.stack == "sagittal":
        return np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]], float)
    if parameters.stack == "axial":
        return np.eye(3)
    a, b = np.deg2rad(_OBLIQUE_DEG)
    tilt = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    lean = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    return np.asarray(lean @ tilt)


def stack_grid(fine: VolumeGrid, parameters: PhantomParameters, frame_uid: str) -> VolumeGrid:
    """Grid of the stack that covers a fine grid."""
    columns = _directions(parameters)
    low, high = fine.bounds_lps_mm
    corners = np.array(list(product(*zip(low, high, strict=True))))
    along = corners @ columns
    spacing = np.array([parameters.spacing_mm, parameters.spacing_mm, parameters.slice_mm])
    count = np.maximum(1, np.floor(np.ptp(along, axis=0) / spacing).astype(int))
    origin = np.round(columns @ (along.min(0) + spacing / 2), 3)
    return VolumeGrid.from_parts(tuple(int(n) for n in count[::-1]), origin, spacing, columns, frame_uid)


def _matrix(source: VolumeGrid, target: VolumeGrid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrix and offset that take target (k, j, i) to source (k, j, i)."""
    whole = source.ijk_from_lps @ target.lps_from_ijk
    return whole[:3, :3][::-1, ::-1], whole[:3, 3][::-1]


def averaged(fine: Volume, grid: VolumeGrid) -> NDArray[np.int16]:
    """HU on ``grid``, averaged through each slice's thickness."""
    matrix, offset = _matrix(fine.grid, grid)
    steps = max(1, round(float(grid.spacing_ijk_mm[2] / fine.grid.spacing_ijk_mm.min())))
    total = np.zeros(grid.shape_kji, np.float32)
    for shift in (np.arange(steps) + 0.5) / steps - 0.5:
        total += ndimage.affine_transform(
            fine.values,
            matrix,
            offset + matrix[:, 0] * shift,
            grid.shape_kji,
            np.float32,
            order=1,
            cval=AIR_HU,
        )
    return np.rint(total / steps).astype(np.int16)


def picked(fine: LabelVolume, grid: VolumeGrid) -> NDArray[np.uint8]:
    """Labels at the middle of each voxel of ``grid``."""
    matrix, offset = _matrix(fine.grid, grid)
    return np.asarray(ndimage.affine_transform(fine.labels, matrix, offset, grid.shape_kji, order=0))
