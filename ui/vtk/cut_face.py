"""A picture laid on a cutting plane, lit by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkFiltersSources import vtkPlaneSource
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkTexture

from ui.views.planes import Plane


def face_actor(
    rgba: NDArray[np.uint8], plane: Plane, centre: NDArray[np.float64], half_mm: float
) -> vtkActor:
    """(n, n, 4) pixels as a square of half side ``half_mm`` round ``centre`` (plane coordinates, mm)."""
    image = vtkImageData()
    image.SetDimensions(rgba.shape[1], rgba.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(rgba.reshape(-1, 4), deep=1))
    texture = vtkTexture()
    texture.SetInputData(image)
    texture.InterpolateOn()
    source = vtkPlaneSource()
    corner = plane.to_lps(centre[0] - half_mm, centre[1] - half_mm, -0.05)
    source.SetOrigin(*corner)
    source.SetPoint1(*(corner + 2 * half_mm * plane.right))
    source.SetPoint2(*(corner + 2 * half_mm * plane.down))
    mapper = vtkPolyDataMapper()
    mapper.SetInputConnection(source.GetOutputPort())
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.SetTexture(texture)
    actor.ForceTranslucentOn()
    actor.GetProperty().LightingOff()
    return actor
