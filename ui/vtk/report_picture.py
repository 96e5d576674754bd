"""The report's 3D picture: one vertebra cut open along the tool, on white. Knows VTK and no Qt."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import find_objects
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkPlane, vtkPolyData
from vtkmodules.vtkFiltersSources import vtkSphereSource
from vtkmodules.vtkRenderingCore import vtkActor, vtkLight, vtkPolyDataMapper, vtkRenderer

from imaging.anatomy import VertebraAnatomy
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.domain.plan import LevelPlan, Trajectory
from ui.views import planes
from ui.vtk.cut_face import face_actor
from ui.vtk.mesh import ellipsoid, surface_of, tube
from ui.vtk.offscreen import make_render_window
from ui.vtk.sampler import PlaneSampler

SIZE = (720, 600)
BONE, TOOL, LESION, TARGET = (0.86, 0.80, 0.69), (0.25, 0.45, 0.55), (0.75, 0.6, 0.4), (0.95, 0.85, 0.1)


def render(
    volume: Volume, found: SpineSegmentation, level: LevelPlan, trajectory: Trajectory, cut: bool = True
) -> bytes | None:
    """PNG bytes of the vertebra with the tool: cut open and seen from the feet, or whole from behind.

    None where the vertebra was not measured. May run on any thread, one at a time.
    """
    anatomy = found.level(level.verse)
    boxes = find_objects(found.vertebrae.labels)
    if anatomy is None or level.verse > len(boxes) or boxes[level.verse - 1] is None:
        return None
    renderer = vtkRenderer()
    renderer.SetBackground(1, 1, 1)
    _light(renderer)
    plane = planes.axial(np.array(trajectory.parameters.entry_lps_mm, float), anatomy, trajectory)
    bone = _actor(surface_of(found.vertebrae, level.verse, boxes[level.verse - 1]), BONE)
    renderer.AddActor(bone)
    if cut:
        clip = vtkPlane()
        clip.SetOrigin(*plane.origin)
        clip.SetNormal(*plane.normal)
        bone.GetMapper().AddClippingPlane(clip)
        renderer.AddActor(_cap(volume, found, level.verse, plane, anatomy))
        lesion = _actor(ellipsoid(trajectory), LESION)
        lesion.GetProperty().SetOpacity(0.35)
        renderer.AddActor(lesion)
    renderer.AddActor(_actor(tube(trajectory), TOOL))
    if level.target is not None:
        ball = vtkSphereSource()
        ball.SetCenter(*level.target.centre_lps_mm)
        ball.SetRadius(1.8)
        ball.Update()
        renderer.AddActor(_actor(ball.GetOutput(), TARGET))
    _aim(renderer, anatomy, cut)
    return _png(renderer)


def _light(renderer: vtkRenderer) -> None:
    renderer.AutomaticLightCreationOff()
    for position, strength in (((-0.6, 0.9, 1.0), 0.8), ((0.9, -0.1, 0.9), 0.35), ((0.0, -1.0, 0.3), 0.2)):
        light = vtkLight()
        light.SetLightTypeToCameraLight()
        light.SetPosition(*position)
        light.SetIntensity(strength)
        renderer.AddLight(light)


def _actor(shape: vtkPolyData, colour: tuple[float, float, float]) -> vtkActor:
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(shape)
    mapper.ScalarVisibilityOff()
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(*colour)
    actor.GetProperty().SetAmbient(0.18)
    return actor


def _cap(
    volume: Volume, found: SpineSegmentation, verse: int, plane: planes.Plane, anatomy: VertebraAnatomy
) -> vtkActor:
    """The image on the cut, inside the bone only."""
    half, pixels = 62.0, 420
    step = 2 * half / pixels
    centre = plane.to_plane(anatomy.body.centre_lps_mm + 16 * anatomy.body.posterior)
    left, top = centre[0] - half + step / 2, centre[1] - half + step / 2
    mask = PlaneSampler(
        (found.vertebrae.labels == verse).astype(np.uint8) * np.uint8(100), found.vertebrae.grid, 0
    ).sample(plane, left, top, step, pixels, pixels)
    values = PlaneSampler(volume.values, volume.grid, -1024 if volume.modality == "CT" else 0).sample(
        plane, left, top, step, pixels, pixels
    )
    low, high = (-200.0, 900.0) if volume.modality == "CT" else tuple(np.percentile(values, [2, 99.5]))
    grey = 58 + 197 * np.clip((values.astype(np.float32) - low) / max(1.0, high - low), 0, 1)
    rgba: NDArray[np.uint8] = np.zeros((pixels, pixels, 4), np.uint8)
    rgba[..., :3] = grey[..., None]
    rgba[..., 3] = np.clip((mask.astype(np.float32) / 100 - 0.4) / 0.2, 0, 1) * 255
    return face_actor(rgba, plane, centre, half)


def _aim(renderer: vtkRenderer, anatomy: VertebraAnatomy, cut: bool) -> None:
    body = anatomy.body
    if cut:
        direction, up = 0.92 * body.superior + 0.42 * body.posterior, body.posterior
        centre, size = body.centre_lps_mm + 17 * body.posterior, 96.0
    else:
        direction, up = -body.posterior + 0.25 * body.left - 0.3 * body.superior, body.superior
        centre, size = body.centre_lps_mm + 12 * body.posterior, 105.0
    camera = renderer.GetActiveCamera()
    camera.SetViewAngle(24)
    distance = size / 2 / np.tan(np.deg2rad(12))
    camera.SetFocalPoint(*centre)
    camera.SetPosition(*(centre - direction / np.linalg.norm(direction) * distance))
    camera.SetViewUp(*up)
    camera.OrthogonalizeViewUp()
    renderer.ResetCameraClippingRange()


def _png(renderer: vtkRenderer) -> bytes:
    window = make_render_window()
    window.AddRenderer(renderer)
    window.SetSize(*SIZE)
    window.Render()
    data = vtkUnsignedCharArray()
    window.GetRGBACharPixelData(0, 0, SIZE[0] - 1, SIZE[1] - 1, 0, data)
    pixels = vtk_to_numpy(data).reshape(SIZE[1], SIZE[0], 4)[::-1, :, :3].copy()
    renderer.RemoveAllViewProps()
    window.RemoveRenderer(renderer)
    window.Finalize()
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
