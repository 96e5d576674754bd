"""What the 3D view shows: bone, tools, target and lesion, all in patient LPS mm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor
from scipy.ndimage import gaussian_filter
from vtkmodules.vtkCommonDataModel import vtkPlane, vtkPolyData
from vtkmodules.vtkFiltersSources import vtkSphereSource
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkLight,
    vtkPolyDataMapper,
    vtkRenderer,
    vtkVolume,
)

from imaging.volume import Volume
from planner.domain.plan import Target, Trajectory
from ui.theme import LESION, TARGET, side_colour
from ui.views.planes import Plane
from ui.vtk.cut_face import face_actor
from ui.vtk.mesh import ellipsoid, triangle_mesh, tube
from ui.vtk.sampler import PlaneSampler

BONE = (0.86, 0.80, 0.69)
BONE_FAR = (0.58, 0.55, 0.50)


def _rgb(colour: QColor) -> tuple[float, float, float]:
    return colour.redF(), colour.greenF(), colour.blueF()


def _below(cut: Plane) -> vtkPlane:
    plane = vtkPlane()
    plane.SetOrigin(*cut.origin)
    plane.SetNormal(*cut.normal)
    return plane


@dataclass(eq=False)
class CutFace:
    """The image on the cut: a plane of LPS mm with the CT inside the bone."""

    plane: Plane
    centre_lps_mm: NDArray[np.float64]
    half_mm: float = 62.0
    pixels: int = 420


class SpineScene:
    """Builds and keeps the actors of one case in a renderer."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self._renderer = renderer
        self._bones: dict[int, vtkActor] = {}
        self._things: list[vtkActor] = []
        self._cap: vtkActor | None = None
        self.glass = False
        self.volume: vtkVolume | None = None
        self._add_lights()
        renderer.GetActiveCamera().SetViewAngle(24)

    def _add_lights(self) -> None:
        self._renderer.AutomaticLightCreationOff()
        for position, strength in (
            ((-0.6, 0.9, 1.0), 0.85),
            ((0.9, -0.1, 0.9), 0.33),
            ((0.0, -1.0, 0.3), 0.22),
        ):
            light = vtkLight()
            light.SetLightTypeToCameraLight()
            light.SetPosition(*position)
            light.SetFocalPoint(0, 0, 0)
            light.SetIntensity(strength)
            self._renderer.AddLight(light)

    def set_bones(self, surfaces: dict[int, vtkPolyData]) -> None:
        """Replace the bone."""
        for actor in self._bones.values():
            self._renderer.RemoveActor(actor)
        self._bones = {}
        for number, surface in surfaces.items():
            mapper = vtkPolyDataMapper()
            mapper.SetInputData(surface)
            mapper.ScalarVisibilityOff()
            actor = vtkActor()
            actor.SetMapper(mapper)
            look = actor.GetProperty()
            look.SetAmbient(0.16)
            look.SetDiffuse(0.95)
            look.SetSpecular(0.12)
            look.SetSpecularPower(18)
            self._renderer.AddActor(actor)
            self._bones[number] = actor

    def set_volume(self, volume: vtkVolume | None) -> None:
        """Show the images themselves in place of the bone's surface; None shows the surface again."""
        if self.volume is not None:
            self._renderer.RemoveVolume(self.volume)
        self.volume = volume
        if volume is not None:
            self._renderer.AddVolume(volume)

    def show_level(self, verse: int | None, cut: Plane | None) -> None:
        """Show the whole spine with one level bright, or only that level cut open at a plane."""
        for number, actor in self._bones.items():
            actor.GetMapper().RemoveAllClippingPlanes()
            chosen = number == verse or verse is None
            actor.GetProperty().SetColor(*(BONE if chosen else BONE_FAR))
            actor.SetVisibility(self.volume is None and (cut is None or chosen))
            actor.GetProperty().SetOpacity(0.3 if self.glass else 1.0)
            if cut is not None and chosen:
                actor.GetMapper().AddClippingPlane(_below(cut))

        if self.volume is not None:
            self.volume.GetMapper().RemoveAllClippingPlanes()
            if cut is not None:
                self.volume.GetMapper().AddClippingPlane(_below(cut))

    def show_cap(
        self, face: CutFace | None, volume: Volume | None, mask: PlaneSampler | None, ct: PlaneSampler | None
    ) -> None:
        """Put the CT on the cut, inside the bone only."""
        if self._cap is not None:
            self._renderer.RemoveActor(self._cap)
            self._cap = None
        if face is None or mask is None or ct is None or volume is None:
            return
        centre = face.plane.to_plane(face.centre_lps_mm)
        step = 2 * face.half_mm / face.pixels
        left, top = centre[0] - face.half_mm + step / 2, centre[1] - face.half_mm + step / 2
        hu = ct.sample(face.plane, left, top, step, face.pixels, face.pixels).astype(np.float32)
        inside = gaussian_filter(
            mask.sample(face.plane, left, top, step, face.pixels, face.pixels).astype(np.float32), 0.7 / step
        )
        low, high = (-200.0, 900.0) if volume.modality == "CT" else tuple(np.percentile(hu, [2, 99.5]))
        grey = np.clip((hu - low) / (high - low), 0, 1) ** 0.9
        rgba = np.zeros((face.pixels, face.pixels, 4), np.uint8)
        for channel, tint in enumerate((1.0, 0.96, 0.88)):
            rgba[..., channel] = np.clip((58 + 197 * grey) * tint, 0, 255)
        rgba[..., 3] = np.clip((inside - 0.4) / 0.2, 0, 1) * 255
        actor = face_actor(rgba, face.plane, centre, face.half_mm)
        self._renderer.AddActor(actor)
        self._cap = actor

    def show_tools(
        self, trajectories: list[Trajectory], chosen: Trajectory | None, target: Target | None
    ) -> None:
        """Draw the cannulas, the lesion of the chosen one and the target."""
        for actor in self._things:
            self._renderer.RemoveActor(actor)
        self._things = []
        for trajectory in trajectories:
            strong = chosen is None or trajectory is chosen
            self._add(tube(trajectory), side_colour(trajectory.side), 1.0 if strong else 0.42)
        if chosen is not None:
            self._add(ellipsoid(chosen), LESION, 0.28)
        if target is not None:
            sphere = vtkSphereSource()
            sphere.SetCenter(*target.centre_lps_mm)
            sphere.SetRadius(1.6)
            sphere.SetThetaResolution(24)
            sphere.SetPhiResolution(24)
            sphere.Update()
            self._add(sphere.GetOutput(), TARGET, 1.0)

    def add_reach(
        self, vertices_lps_mm: NDArray[np.float64], triangles: NDArray[np.int64], colour: QColor
    ) -> None:
        """Draw the surface that a tool reaches, translucent; it goes with the tools."""
        self._add(triangle_mesh(vertices_lps_mm, triangles), colour, 0.22)

    def _add(self, shape: vtkPolyData, colour: QColor, opacity: float) -> None:
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(shape)
        mapper.ScalarVisibilityOff()
        actor = vtkActor()
        actor.SetMapper(mapper)
        look = actor.GetProperty()
        look.SetColor(*_rgb(colour))
        look.SetOpacity(opacity)
        look.SetAmbient(0.18)
        look.SetDiffuse(0.8)
        look.SetSpecular(0.45)
        look.SetSpecularPower(30)
        self._renderer.AddActor(actor)
        self._things.append(actor)

    def aim(
        self,
        centre: NDArray[np.float64],
        direction: NDArray[np.float64],
        up: NDArray[np.float64],
        size_mm: float,
    ) -> None:
        """Look at ``centre`` along ``direction`` so that ``size_mm`` fits the height."""
        camera = self._renderer.GetActiveCamera()
        camera.SetViewAngle(24)
        distance = size_mm / 2 / np.tan(np.deg2rad(12))
        camera.SetFocalPoint(*centre)
        camera.SetPosition(*(centre - direction / np.linalg.norm(direction) * distance))
        camera.SetViewUp(*up)
        camera.OrthogonalizeViewUp()
        self._renderer.ResetCameraClippingRange()
