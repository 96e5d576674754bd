"""A phantom's bone at any fineness, without its image: for checks against exact truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage as ndi

from imaging.geometry.grid import VolumeGrid
from imaging.labels import SACRUM
from imaging.segmentation.anatomy_local import signed_distance
from imaging.volume import LabelVolume
from sample_dicom.body import BodyShape, canal
from sample_dicom.canvas import F32, FAR_MM, Canvas
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import _Build
from sample_dicom.truth import PhantomLevelTruth, level_truth

Array = NDArray[np.float64]
FINE_MM = 0.6


class _Shapes(_Build):
    """Builds labels and distances alone."""

    def __init__(self, parameters: PhantomParameters) -> None:
        super().__init__(parameters)
        self.last: tuple[Canvas, list[F32]] | None = None

    def use_grid(self, grid: VolumeGrid) -> None:
        """Paint on another grid from here on."""
        self.grid = grid
        self.voxel = float(np.cbrt(np.prod(grid.spacing_ijk_mm)))
        self.occupied = np.full(grid.shape_kji, FAR_MM, np.float32)
        self.vertebrae = np.zeros(grid.shape_kji, np.uint8)
        self.structures = np.zeros(grid.shape_kji, np.uint8)
        self.discs = np.zeros(grid.shape_kji, np.uint8)
        self.hu = np.zeros(grid.shape_kji, np.float32)

    def _bone_hu(self, canvas: Canvas, verse: int, of_body: F32, of_tubes: F32) -> None:
        pass

    def _label(self, canvas: Canvas, verse: int, of_body: F32, of_tubes: list[F32], b: BodyShape) -> None:
        super()._label(canvas, verse, of_body, of_tubes, b)
        self.last = canvas, of_tubes


@dataclass(frozen=True, eq=False)
class PhantomLabels:
    """Label maps and exact geometry of a phantom, as ``Phantom`` holds them."""

    vertebrae: LabelVolume
    structures: LabelVolume
    truth: dict[int, PhantomLevelTruth]


def phantom_labels(parameters: PhantomParameters) -> PhantomLabels:
    """The label maps of ``build_phantom`` without the CT: about a tenth of the time."""
    build = _Shapes(parameters)
    build.discs_and_canal()
    levels = sorted(parameters.built_levels)
    for verse in levels:
        build.vertebra(verse)
    truth = {v: level_truth(build.shapes[v], build.frames[v]) for v in levels}
    return PhantomLabels(
        LabelVolume(build.grid, build.vertebrae), LabelVolume(build.grid, build.structures), truth
    )


@dataclass(frozen=True, eq=False)
class ExactBone:
    """Signed distances (mm) of one vertebra from its analytic shape: to bone positive inside, to the canal
    positive outside."""

    grid: VolumeGrid
    bone_mm: F32
    canal_mm: F32
    truth: PhantomLevelTruth

    def bone(self, points_lps_mm: ArrayLike) -> Array:
        """Distance to the bone's surface at (..., 3)."""
        return _sample(self.bone_mm, self.grid, points_lps_mm, -FAR_MM)

    def canal(self, points_lps_mm: ArrayLike) -> Array:
        """Distance to the canal at (..., 3)."""
        return _sample(self.canal_mm, self.grid, points_lps_mm, FAR_MM)


def exact_bone(parameters: PhantomParameters, verse: int, step_mm: float = FINE_MM) -> ExactBone:
    """One vertebra of a phantom on a fine grid of its own; its neighbours above shape its facets."""
    build = _Shapes(parameters)
    frame, b, shape = build.frames[verse], build.bodies[verse], build.shapes[verse]
    high = b.rim_mm / 2
    wide, behind = (48.0, 44.0) if verse == SACRUM else (38.0, 32.0)
    box = np.array([[-wide, -b.depth_mm / 2 - 3, -high - 6], [wide, b.depth_mm / 2 + behind, high + 9]])
    corners = frame.lps([[box[a, 0], box[c, 1], box[d, 2]] for a in (0, 1) for c in (0, 1) for d in (0, 1)])
    low, top = corners.min(0), corners.max(0)
    size = np.ceil((top - low) / step_mm).astype(int) + 1
    build.use_grid(VolumeGrid.from_parts((int(size[2]), int(size[1]), int(size[0])), low, [step_mm] * 3))
    for above in sorted(v for v in parameters.built_levels if v < verse)[-1:]:
        build.vertebra(above)
    build.vertebra(verse)
    assert build.last is not None
    canvas = build.last[0]
    sdf = np.full(build.grid.shape_kji, FAR_MM, np.float32)
    sdf[canvas.slices] = canvas.sdf
    tube = Canvas(build.grid, frame, box[0], box[1])
    of_canal = canal(shape, b, -b.rim_mm, b.rim_mm) if verse == SACRUM else canal(shape, b, -40, 40)
    opening = np.full(build.grid.shape_kji, FAR_MM, np.float32)
    opening[tube.slices] = tube.evaluate(of_canal, 40.0)
    return ExactBone(
        build.grid,
        signed_distance(-sdf, step_mm),
        -signed_distance(-opening, step_mm),
        level_truth(shape, frame),
    )


def _sample(field: F32, grid: VolumeGrid, points_lps_mm: ArrayLike, outside: float) -> Array:
    points = np.asarray(points_lps_mm, float)
    ijk = grid.indices_from_lps(points.reshape(-1, 3))
    values = ndi.map_coordinates(field, ijk[:, ::-1].T, order=1, mode="constant", cval=outside)
    return np.asarray(values, float).reshape(points.shape[:-1])
