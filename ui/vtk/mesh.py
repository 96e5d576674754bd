"""Surfaces in patient LPS mm: bone, tools, lesions. Knows VTK and no Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, gaussian_filter
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkImageData, vtkPolyData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkCommonTransforms import vtkTransform
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D, vtkTubeFilter
from vtkmodules.vtkFiltersGeneral import vtkTransformFilter
from vtkmodules.vtkFiltersSources import vtkSphereSource

from imaging.geometry.grid import VolumeGrid
from imaging.progress import NULL_PROGRESS, Progress
from imaging.volume import LabelVolume
from planner.domain.plan import Trajectory


def tool_path_lps(trajectory: Trajectory, outside_mm: float = 70.0) -> NDArray[np.float64]:
    """(n, 3) axis of the tool, from the skin (at most ``outside_mm`` out of the bone) to the tip."""
    path = np.array(trajectory.path_lps_mm, float)
    direction = np.array(trajectory.parameters.direction_lps, float)
    length = outside_mm
    if trajectory.skin_entry_lps_mm is not None:
        length = min(length, float(np.linalg.norm(path[0] - np.array(trajectory.skin_entry_lps_mm))) + 15)
    return np.vstack([path[0] - direction / np.linalg.norm(direction) * length, path])


def bone_surfaces(vertebrae: LabelVolume, progress: Progress = NULL_PROGRESS) -> dict[int, vtkPolyData]:
    """Smooth surface of every label, LPS mm. Can run on any thread."""
    surfaces: dict[int, vtkPolyData] = {}
    boxes = find_objects(vertebrae.labels)
    present = [n for n, box in enumerate(boxes, 1) if box is not None]
    for count, number in enumerate(present):
        progress.step(count / max(1, len(present)), "Drawing the bone")
        surfaces[number] = surface_of(vertebrae, number, boxes[number - 1])
    return surfaces


def surface_of(vertebrae: LabelVolume, number: int, box: tuple[slice, slice, slice]) -> vtkPolyData:
    """Smooth surface of one label inside a box of voxels, LPS mm."""
    grid = vertebrae.grid
    low = [max(0, s.start - 3) for s in box]
    high = [min(n, s.stop + 3) for s, n in zip(box, grid.shape_kji, strict=True)]
    part = vertebrae.labels[low[0] : high[0], low[1] : high[1], low[2] : high[2]] == number
    part = np.pad(part, 1)
    sigma = [min(1.4, 0.75 / s) for s in grid.spacing_ijk_mm[::-1]]
    field = np.ascontiguousarray(gaussian_filter(part.astype(np.float32), sigma))
    image = vtkImageData()
    image.SetDimensions(*field.shape[::-1])
    image.SetOrigin(low[2] - 1, low[1] - 1, low[0] - 1)
    image.GetPointData().SetScalars(numpy_to_vtk(field.reshape(-1), deep=1))
    edges = vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, 0.5)
    edges.ComputeNormalsOn()
    edges.ComputeScalarsOff()
    move = vtkTransformFilter()
    move.SetTransform(_transform(grid))
    move.SetInputConnection(edges.GetOutputPort())
    move.Update()
    return move.GetOutput()


def _transform(grid: VolumeGrid) -> vtkTransform:
    matrix = vtkMatrix4x4()
    for row in range(4):
        for column in range(4):
            matrix.SetElement(row, column, float(grid.lps_from_ijk[row, column]))
    transform = vtkTransform()
    transform.SetMatrix(matrix)
    return transform


def tube(trajectory: Trajectory) -> vtkPolyData:
    """The tool with its true widths."""
    line = tool_path_lps(trajectory)
    widths = np.array([trajectory.outer_diameter_mm[0], *trajectory.outer_diameter_mm], float)
    points = vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(line), deep=1))
    cells = vtkCellArray()
    cells.InsertNextCell(len(line))
    for index in range(len(line)):
        cells.InsertCellPoint(index)
    poly = vtkPolyData()
    poly.SetPoints(points)
    poly.SetLines(cells)
    radius = numpy_to_vtk(np.ascontiguousarray(widths / 2), deep=1)
    radius.SetName("radius")
    poly.GetPointData().SetScalars(radius)
    tube = vtkTubeFilter()
    tube.SetInputData(poly)
    tube.SetNumberOfSides(28)
    tube.SetVaryRadiusToVaryRadiusByAbsoluteScalar()
    tube.CappingOn()
    tube.Update()
    return tube.GetOutput()


def ellipsoid(trajectory: Trajectory) -> vtkPolyData:
    """The lesion."""
    lesion = trajectory.lesion
    axis = np.array(lesion.axis_lps, float)
    axis /= np.linalg.norm(axis)
    helper = np.array([1.0, 0, 0]) if abs(axis[0]) < 0.9 else np.array([0, 1.0, 0])
    a = np.cross(axis, helper)
    a /= np.linalg.norm(a)
    b = np.cross(axis, a)
    matrix = vtkMatrix4x4()
    for column, (vector, size) in enumerate(zip((a, b, axis), lesion.semi_axes_mm, strict=True)):
        for row in range(3):
            matrix.SetElement(row, column, float(vector[row] * size))
    for row in range(3):
        matrix.SetElement(row, 3, float(lesion.centre_lps_mm[row]))
    sphere = vtkSphereSource()
    sphere.SetRadius(1)
    sphere.SetThetaResolution(40)
    sphere.SetPhiResolution(40)
    transform = vtkTransform()
    transform.SetMatrix(matrix)
    move = vtkTransformFilter()
    move.SetTransform(transform)
    move.SetInputConnection(sphere.GetOutputPort())
    move.Update()
    return move.GetOutput()


def triangle_mesh(vertices_lps_mm: NDArray[np.float64], triangles: NDArray[np.int64]) -> vtkPolyData:
    """A surface from (N, 3) LPS mm vertices and (M, 3) vertex numbers."""
    points, cells = vtkPoints(), vtkCellArray()
    for vertex in vertices_lps_mm:
        points.InsertNextPoint(*vertex)
    for triangle in triangles:
        cells.InsertNextCell(3)
        for index in triangle:
            cells.InsertCellPoint(int(index))
    shape = vtkPolyData()
    shape.SetPoints(points)
    shape.SetPolys(cells)
    return shape
