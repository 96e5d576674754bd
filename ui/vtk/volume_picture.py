"""The images themselves in 3D: ray casting, on the processor where there is no graphics card. No Qt."""

from __future__ import annotations

import numpy as np
import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401  registers the ray caster's image helper
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPiecewiseFunction
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkRenderingCore import (
    vtkColorTransferFunction,
    vtkRenderWindow,
    vtkVolume,
    vtkVolumeProperty,
)
from vtkmodules.vtkRenderingVolumeOpenGL2 import vtkSmartVolumeMapper

from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume

LARGEST = 12_000_000
"""Voxels that are drawn at most; a larger image is thinned along its finer axes first."""
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software")
# HU and how much of the light stops there: spongy bone is a veil, cortex is solid.
_BONE = ((130.0, 0.0), (230.0, 0.10), (450.0, 0.45), (900.0, 0.92), (2500.0, 1.0))
_TINT = ((130.0, 0.42, 0.30, 0.24), (350.0, 0.78, 0.66, 0.52), (900.0, 0.95, 0.91, 0.83))


def thinned(volume: Volume, largest: int = LARGEST) -> tuple[np.ndarray, VolumeGrid]:
    """Every n-th voxel along each axis so that at most ``largest`` remain, and their grid."""
    steps = np.array([1, 1, 1])
    shape, spacing = np.array(volume.grid.shape_kji[::-1]), volume.grid.spacing_ijk_mm
    while np.prod(np.ceil(shape / steps)) > largest:
        steps[int(np.argmin(spacing * steps))] += 1
    i, j, k = (int(s) for s in steps)
    values = np.ascontiguousarray(volume.values[::k, ::j, ::i])
    matrix = volume.grid.lps_from_ijk @ np.diag([i, j, k, 1.0])
    return values, VolumeGrid(values.shape, matrix, volume.grid.frame_of_reference_uid)


def make_volume(volume: Volume) -> vtkVolume:
    """The image as a thing of the scene, in LPS mm. Can run on any thread.

    CT shows bone by its HU; of other images the bright part is shown.
    """
    values, grid = thinned(volume)
    image = vtkImageData()
    image.SetDimensions(*grid.shape_kji[::-1])
    image.SetSpacing(*grid.spacing_ijk_mm)
    image.GetPointData().SetScalars(numpy_to_vtk(values.reshape(-1), deep=1))
    low, span = 0.0, 1.0
    if volume.modality != "CT":
        low, high = (float(v) for v in np.percentile(values[::2, ::4, ::4], [60, 99.5]))
        low, span = low - 130.0 * (high - low) / 900, (high - low) / 900
    opacity, colour = vtkPiecewiseFunction(), vtkColorTransferFunction()
    for hu, alpha in _BONE:
        opacity.AddPoint(low + span * hu, alpha)
    for hu, *rgb in _TINT:
        colour.AddRGBPoint(low + span * hu, *rgb)
    look = vtkVolumeProperty()
    look.SetScalarOpacity(opacity)
    look.SetColor(colour)
    look.SetInterpolationTypeToLinear()
    look.ShadeOn()
    look.SetAmbient(0.4)
    look.SetDiffuse(0.9)
    look.SetSpecular(0.12)
    mapper = vtkSmartVolumeMapper()
    mapper.SetInputData(image)
    mapper.SetAutoAdjustSampleDistances(True)
    made = vtkVolume()
    made.SetMapper(mapper)
    made.SetProperty(look)
    matrix = vtkMatrix4x4()
    for row in range(3):
        for column in range(3):
            matrix.SetElement(row, column, float(grid.direction_lps[row, column]))
        matrix.SetElement(row, 3, float(grid.origin_lps_mm[row]))
    made.SetUserMatrix(matrix)
    return made


def fit_to(window: vtkRenderWindow, made: vtkVolume) -> None:
    """Cast rays on the processor where OpenGL is software too: it is several times quicker there."""
    words = (window.ReportCapabilities() or "").lower()
    mapper = made.GetMapper()
    if any(name in words for name in _SOFTWARE):
        mapper.SetRequestedRenderModeToRayCast()
    else:
        mapper.SetRequestedRenderModeToDefault()
