"""Slices of any direction out of a volume, sampled by VTK into numpy arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkImagingCore import vtkImageReslice

from imaging.geometry.grid import VolumeGrid
from ui.views.planes import Plane


class PlaneSampler:
    """Samples one [k, j, i] array. The array is kept alive and not copied."""

    def __init__(self, array_kji: NDArray, grid: VolumeGrid, background: float, smooth: bool = True) -> None:
        self._array = np.ascontiguousarray(array_kji)
        self._scalars = numpy_to_vtk(self._array.reshape(-1), deep=0)
        self._grid = grid
        image = vtkImageData()
        image.SetDimensions(*grid.shape_kji[::-1])
        image.GetPointData().SetScalars(self._scalars)
        self._image = image
        self._reslice = vtkImageReslice()
        self._reslice.SetInputData(image)
        self._reslice.SetOutputDimensionality(2)
        self._reslice.SetBackgroundLevel(background)
        if smooth:
            self._reslice.SetInterpolationModeToLinear()
        else:
            self._reslice.SetInterpolationModeToNearestNeighbor()

    def brightest(
        self,
        plane: Plane,
        left_mm: float,
        top_mm: float,
        mm_per_px: float,
        width: int,
        height: int,
        slab_mm: float,
    ) -> NDArray:
        """Like ``sample``; the greatest value within a slab about the plane, sampled at most 1 mm apart."""
        count = 1 + 2 * int(np.ceil(slab_mm / 2)) if slab_mm > 0 else 1
        result: NDArray | None = None
        for offset in np.linspace(-slab_mm / 2, slab_mm / 2, count) if count > 1 else (0.0,):
            moved = Plane(plane.origin + offset * plane.normal, plane.right, plane.down)
            part = self.sample(moved, left_mm, top_mm, mm_per_px, width, height)
            result = part if result is None else np.maximum(result, part)
        assert result is not None
        return result

    def sample(
        self, plane: Plane, left_mm: float, top_mm: float, mm_per_px: float, width: int, height: int
    ) -> NDArray:
        """(height, width) values; pixel (0, 0) has its centre at ``left_mm``, ``top_mm`` of the plane."""
        to_ijk = self._grid.ijk_from_lps
        matrix = vtkMatrix4x4()
        for column, vector in enumerate((plane.right, plane.down, plane.normal)):
            for row, value in enumerate(to_ijk[:3, :3] @ vector):
                matrix.SetElement(row, column, float(value))
        for row, value in enumerate(self._grid.indices_from_lps(plane.origin)):
            matrix.SetElement(row, 3, float(value))
        self._reslice.SetResliceAxes(matrix)
        self._reslice.SetOutputSpacing(mm_per_px, mm_per_px, 1.0)
        self._reslice.SetOutputOrigin(left_mm, top_mm, 0.0)
        self._reslice.SetOutputExtent(0, width - 1, 0, height - 1, 0, 0)
        self._reslice.Update()
        values = vtk_to_numpy(self._reslice.GetOutput().GetPointData().GetScalars())
        return values.reshape(height, width).copy()
