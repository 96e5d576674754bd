"""Whether a graphics card could take the projector's place: `python -m benchmarks.gpu [VOXELS A SIDE]`.

Line integrals by VTK's additive ray casting into a float framebuffer, beside ours: how far they differ, and
how long each takes on what draws OpenGL here (Mesa's llvmpipe, on the processor, where there is no card). See
docs/adr/0010.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import VTK_FLOAT, vtkFloatArray
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPiecewiseFunction
from vtkmodules.vtkRenderingCore import (
    vtkColorTransferFunction,
    vtkRenderer,
    vtkRenderWindow,
    vtkVolume,
    vtkVolumeProperty,
)
from vtkmodules.vtkRenderingOpenGL2 import (
    vtkCameraPass,
    vtkFramebufferPass,
    vtkRenderPassCollection,
    vtkSequencePass,
    vtkTextureObject,
    vtkVolumetricPass,
)
from vtkmodules.vtkRenderingVolumeOpenGL2 import vtkOpenGLGPUVolumeRayCastMapper

from benchmarks.fluoro import CARM, POSES, best, synthetic_volume
from imaging.fluoro.attenuation import mu_from_hu
from imaging.fluoro.projector import Projector
from imaging.geometry.carm import CArmPose, Projection
from imaging.volume import Volume

# The shader clamps the sum at 1, so each sample adds its share of the largest attenuation times this.
_SHARE = 5e-4
_STEPS_A_VOXEL = 2.0


class Card:
    """Line integrals of one upright volume through OpenGL."""

    def __init__(self, volume: Volume) -> None:
        mu, grid = mu_from_hu(volume.values).astype(np.float32), volume.grid
        image = vtkImageData()
        image.SetDimensions(*volume.values.shape[::-1])
        image.SetSpacing(*(float(s) for s in grid.spacing_ijk_mm))
        image.SetOrigin(*(float(x) for x in grid.origin_lps_mm))
        image.GetPointData().SetScalars(numpy_to_vtk(mu.ravel(), deep=1))
        step_mm = float(min(grid.spacing_ijk_mm)) / _STEPS_A_VOXEL
        mapper = vtkOpenGLGPUVolumeRayCastMapper()
        mapper.SetInputData(image)
        mapper.SetBlendModeToAdditive()
        mapper.AutoAdjustSampleDistancesOff()
        mapper.SetSampleDistance(step_mm)
        colour, opacity, look = vtkColorTransferFunction(), vtkPiecewiseFunction(), vtkVolumeProperty()
        for value in (0.0, float(mu.max())):
            colour.AddRGBPoint(value, 1, 1, 1)
            opacity.AddPoint(value, _SHARE)
        look.SetColor(colour)
        look.SetScalarOpacity(opacity)
        look.SetScalarOpacityUnitDistance(step_mm)
        look.SetInterpolationTypeToLinear()
        actor = vtkVolume()
        actor.SetMapper(mapper)
        actor.SetProperty(look)
        self.unit = step_mm * float(mu.max() - mu.min()) / _SHARE
        self.renderer, self.window = vtkRenderer(), vtkRenderWindow()
        self.renderer.AddVolume(actor)
        passes, sequence, camera = vtkRenderPassCollection(), vtkSequencePass(), vtkCameraPass()
        passes.AddItem(vtkVolumetricPass())
        sequence.SetPasses(passes)
        camera.SetDelegatePass(sequence)
        self.target = vtkFramebufferPass()
        self.target.SetDelegatePass(camera)
        self.target.SetColorFormat(vtkTextureObject.Float32)
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)
        self.window.AddRenderer(self.renderer)
        self.window.SetSize(CARM.columns, CARM.rows)
        self.window.Render()  # the card's functions are loaded by a picture without the pass
        self.renderer.SetPass(self.target)

    def line_integrals(self, projection: Projection) -> NDArray[np.float32]:
        """(rows, columns) float32."""
        carm, source = projection.carm, projection.source_lps_mm
        camera: Any = self.renderer.GetActiveCamera()
        camera.SetPosition(*source)
        camera.SetFocalPoint(*(source + projection.d_lps * carm.sod_mm))
        camera.SetViewUp(*(-projection.v_lps))
        camera.SetViewAngle(2 * np.degrees(np.arctan(carm.rows * carm.pixel_mm / 2 / carm.sid_mm)))
        self.renderer.ResetCameraClippingRange()
        self.window.Render()
        texture = self.target.GetColorTexture()
        size = [texture.GetWidth(), texture.GetHeight()]
        pixels = vtkFloatArray()
        pixels.SetNumberOfComponents(4)
        pixels.SetNumberOfTuples(size[0] * size[1])
        texture.Download().Download2D(VTK_FLOAT, pixels.GetVoidPointer(0), size, 4, [0, 0])
        sums = vtk_to_numpy(pixels).reshape(size[1], size[0], 4)[::-1, ::-1, 0]
        return np.ascontiguousarray(sums * np.float32(self.unit))


def main(side: int) -> None:
    """Print both times and the difference at every pose."""
    volume = synthetic_volume((side, side, side))
    card, projector = Card(volume), Projector(volume)
    told = card.window.ReportCapabilities().splitlines()
    print(next((line for line in told if line.startswith("OpenGL renderer")), "unknown renderer"))
    for name, (primary, secondary) in POSES.items():
        projection = Projection.of(CARM, CArmPose(primary, secondary, volume.grid.centre_lps_mm))
        drawn, ours = card.line_integrals(projection), projector.line_integrals(projection)
        off = 100 * np.percentile(np.abs(drawn - ours), 99.9) / ours.max()
        theirs, _ = best(lambda p=projection: card.line_integrals(p), 2)  # type: ignore[misc]
        wall, _ = best(lambda p=projection: projector.line_integrals(p), 8)  # type: ignore[misc]
        print(f"  {name:14} OpenGL {theirs:7.1f} ms, ours {wall:5.1f} ms, p99.9 {off:.3f} % of the maximum")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 128)
