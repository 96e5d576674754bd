"""The phantom: a lumbar spine whose every surface is known exactly, scanned into CT numbers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from imaging.geometry.grid import VolumeGrid
from imaging.labels import SACRUM, SIDES, Structure
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.volume import LabelVolume, Volume
from sample_dicom.arch import ARCH_BEGINS_MM, paint_arch, pedicle, pedicle_shape
from sample_dicom.body import BodyShape, body, body_shape, canal, disc, foramen
from sample_dicom.canvas import F32, FAR_MM, Canvas, Primitive, smooth_max
from sample_dicom.disease import osteophytes, screw, streaks, vacuum
from sample_dicom.facets import FACET_GAP_MM, JointShape, joint_shape
from sample_dicom.frames import Frame, stack_frames
from sample_dicom.parameters import T12, LevelShape, PhantomParameters, level_shapes
from sample_dicom.restack import averaged, finer, needs_restacking, picked, stack_grid
from sample_dicom.ribs_pelvis import LONG, PASSING, TWELFTH, iliac_wing, paint_ribs, shortened
from sample_dicom.sacrum import paint_sacrum, remnant_disc, sacral_canals, segment_frames
from sample_dicom.scanner import coverage, paint_bone, scan, trabecular_hu
from sample_dicom.soft_tissue import (
    BACK_SKIN_BEHIND_L3_MM,
    paint_soft_tissue,
    skin_point_lps_mm,
    trunk_centre_lps_mm,
)
from sample_dicom.truth import PhantomLevelTruth, level_truth

MARKER_HU = 1500.0
SCREW_HU = 8000.0
TRUNK_FIELD_MM = (366.0, 262.0)


@dataclass(frozen=True, eq=False)
class Phantom:
    """A CT study with its truth.

    Attributes:
        parameters: what it was built from.
        volume: CT, HU.
        vertebrae: VerSe numbers on the volume's grid; the sacrum is 26.
        structures: imaging.labels.Structure on the same grid; S1's body and pedicles as a vertebra's.
        discs: each disc by the VerSe number of the vertebra above it.
        truth: exact geometry by VerSe number, T12..S1 as built.
        marker_lps_mm: (3,) centre of the metal sphere on the skin of the patient's left.
    """

    parameters: PhantomParameters
    volume: Volume
    vertebrae: LabelVolume
    structures: LabelVolume
    discs: LabelVolume
    truth: dict[int, PhantomLevelTruth]
    marker_lps_mm: NDArray[np.float64]


def phantom_uid(parameters: PhantomParameters, what: str) -> str:
    """DICOM UID under 2.25 that depends only on the parameters and ``what``."""
    digest = hashlib.sha256(f"{parameters!r}|{what}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:15], 'big')}"


def _grid(
    parameters: PhantomParameters, frames: dict[int, Frame], shapes: dict[int, LevelShape]
) -> VolumeGrid:
    built = parameters.built_levels
    top_frame = frames[built[0]]
    top = top_frame.lps([0, 0, shapes[built[0]].anterior_height_mm / 2])[2] + 12.0
    if built[-1] == SACRUM:
        s3 = segment_frames(body_shape(shapes[SACRUM]))[1].lps([0.0, 0.0, -9.0])
        bottom = frames[SACRUM].lps(s3)[2] - 3.0
    else:
        bottom = frames[built[-1]].lps([0, 10, -30])[2]
    if parameters.field_mm is None:
        width, depth = TRUNK_FIELD_MM
        cx, cy = trunk_centre_lps_mm()
        low = np.array([cx - width / 2, cy + 115.0 + 20.0 - depth])
    else:
        width, depth = parameters.field_mm
        middle = (frames[built[0]].origin_lps_mm[0] + frames[built[-1]].origin_lps_mm[0]) / 2
        if parameters.with_skin:
            back = frames[22].origin_lps_mm[1] + BACK_SKIN_BEHIND_L3_MM + 12.0
        else:
            back = float(max(frames[v].origin_lps_mm[1] for v in built)) + 58.0
        low = np.array([middle - width / 2, back - depth])
    s, t = parameters.spacing_mm, parameters.slice_mm
    shape = (int(np.ceil((top - bottom) / t)), round(depth / s), round(width / s))
    # DICOM decimal strings hold what is rounded to a micrometre exactly.
    origin = np.round([low[0], low[1], bottom], 3)
    return VolumeGrid.from_parts(
        shape, origin, (s, s, t), frame_of_reference_uid=phantom_uid(parameters, "frame")
    )


class _Build:
    """Arrays under construction."""

    def __init__(self, parameters: PhantomParameters) -> None:
        self.parameters = parameters
        self.shapes = level_shapes(parameters)
        self.frames = stack_frames(self.shapes, parameters)
        self.bodies = {verse: body_shape(shape) for verse, shape in self.shapes.items()}
        self.grid = _grid(parameters, self.frames, self.shapes)
        self.voxel = float(np.cbrt(np.prod(self.grid.spacing_ijk_mm)))
        self.hu = np.empty(self.grid.shape_kji, np.float32)
        self.occupied = np.full(self.grid.shape_kji, FAR_MM, np.float32)
        self.vertebrae = np.zeros(self.grid.shape_kji, np.uint8)
        self.structures = np.zeros(self.grid.shape_kji, np.uint8)
        self.discs = np.zeros(self.grid.shape_kji, np.uint8)
        self.thin = 1 - 0.35 * parameters.osteoporosis
        self.dark = 1 - 0.6 * parameters.osteoporosis

    def discs_and_canal(self) -> None:
        """Between and behind the bodies, before any bone is painted over them."""
        order = sorted(self.parameters.built_levels)
        for upper, lower in pairwise(sorted(self.shapes)):
            if lower not in order or (upper < T12 and upper not in order):
                continue
            under, over = self.frames[lower], self.frames[upper]
            bottom = over.lps([0, 0, -self.bodies[upper].rim_mm / 2])
            top = under.lps([0, 0, self.bodies[lower].rim_mm / 2])
            mean = under.axes_lps + over.axes_lps
            frame = Frame((bottom + top) / 2, mean / np.linalg.norm(mean, axis=1, keepdims=True))
            part = disc(self.bodies[lower], self.bodies[upper], self.shapes[upper].disc_below_mm)
            self._fill(frame, part, 82.0, upper, self.discs)
            if upper in self.parameters.vacuum_discs:
                self._fill(frame, vacuum(self.bodies[upper], self.shapes[upper]), -700.0)
        for verse in order:
            shape, b = self.shapes[verse], self.bodies[verse]
            frame = self.frames[verse]
            if verse == SACRUM:
                for part in sacral_canals(shape, b, 8.0):
                    self._fill(frame, part, -55.0, Structure.CANAL)
                self._fill(frame, canal(shape, b, -b.rim_mm, b.rim_mm / 2 + 7, 4.0), 22.0)
                continue
            seen = verse > T12 or verse - 1 in order
            above = (self.shapes.get(verse - 1, shape) if seen else shape).disc_below_mm
            low, high = -b.rim_mm / 2 - shape.disc_below_mm / 2 - 2, b.rim_mm / 2 + above / 2 + 2
            self._fill(frame, canal(shape, b, low, high), -60.0, Structure.CANAL)
        for verse in order:
            if verse != SACRUM:
                shape, b = self.shapes[verse], self.bodies[verse]
                self._fill(
                    self.frames[verse], canal(shape, b, -b.rim_mm / 2 - 9, b.rim_mm / 2 + 9, 2.4), 24.0
                )

    def _fill(
        self, frame: Frame, part: Primitive, hu: float, label: int = 0, into: NDArray[np.uint8] | None = None
    ) -> None:
        canvas = Canvas(self.grid, frame, part.low - 2, part.high + 2)
        d = canvas.evaluate(part)
        inside = coverage(d, self.voxel)
        view = self.hu[canvas.slices]
        view += inside * (hu - view)
        if label:
            labels = self.structures if into is None else into
            labels[canvas.slices][d < 0] = label

    def vertebra(self, verse: int) -> None:
        """Distances, labels and HU of one vertebra; those above it must be there already."""
        shape, b, frame = self.shapes[verse], self.bodies[verse], self.frames[verse]
        left, right = (pedicle_shape(shape, b, side) for side in ("left", "right"))
        sacral = verse == SACRUM
        box = ((-64, -30, -78), (64, 62, 30)) if sacral else ((-56, -26, -36), (56, 74, 30))
        if self.parameters.osteophyte_mm:
            box = ((box[0][0], -34, box[0][2]), box[1])
        canvas = Canvas(self.grid, frame, *box)
        whole, tubes = body(b), (pedicle(right), pedicle(left))
        if sacral:
            paint_sacrum(canvas, shape, b, left, right, joint_shape(shape, b))
        else:
            paint_arch(canvas, shape, b, left, joint_shape(shape, b), self._joint_below(verse))
            for side, p in ((1, left), (-1, right)):  # keeps the processes off the isthmus
                along = (canvas.u - p.centre[0]) * p.axis[0] + (canvas.v - p.centre[1]) * p.axis[1]
                along += (canvas.w - p.centre[2]) * p.axis[2] + ARCH_BEGINS_MM
                canvas.sdf = np.where(canvas.u * side > 0, np.maximum(canvas.sdf, along), canvas.sdf).astype(
                    np.float32
                )
            for tube in tubes:
                canvas.add(tube, 3.0)
            canvas.carve(canal(shape, b, -40, 40), 0.5)
            canvas.add(whole, 4.0)
        spurs = osteophytes(shape, b, self.parameters)
        for spur in spurs:
            canvas.add(spur, 1.5)
        # The rounded inferior processes above shape the hollow superior ones below.
        gap = self._gap(canvas, verse)
        canvas.sdf = np.maximum(canvas.sdf, gap - self.occupied[canvas.slices]).astype(np.float32)
        self.occupied[canvas.slices] = np.minimum(self.occupied[canvas.slices], canvas.sdf)
        of_body = canvas.evaluate(whole)
        of_tubes = [canvas.evaluate(tube) for tube in tubes]
        of_spurs = of_body
        for spur in spurs:
            of_spurs = np.minimum(of_spurs, canvas.evaluate(spur))
        self._label(canvas, verse, of_spurs, of_tubes, b)
        self._bone_hu(canvas, verse, of_body, np.minimum(*of_tubes))
        if sacral:
            self._fill(frame, remnant_disc(b), 75.0)
        self._cleft(frame, shape, b)

    def _joint_below(self, verse: int) -> tuple[JointShape, Frame]:
        """The left joint with the next vertebra below, in that one's frame, and that frame in this one's."""
        lower = min(v for v in self.shapes if v > verse)
        own, other = self.frames[verse], self.frames[lower]
        inner = Frame(own.local(other.origin_lps_mm), other.axes_lps @ own.axes_lps.T)
        return joint_shape(self.shapes[lower], self.bodies[lower]), inner

    def _gap(self, canvas: Canvas, verse: int) -> F32 | float:
        """Least distance (mm) to the bones above: none where a process is fused to the sacrum."""
        above = self.shapes.get(self.parameters.lowest_lumbar)
        if verse != SACRUM or above is None or not any(above.blend_with_sacrum):
            return FACET_GAP_MM
        left, right = above.blend_with_sacrum
        beside = ((canvas.u > 26) & left) | ((canvas.u < -26) & right)
        front = canvas.v < self.bodies[SACRUM].depth_mm / 2 + 10
        return np.where(beside & front, 0.0, FACET_GAP_MM).astype(np.float32)

    def _label(self, canvas: Canvas, verse: int, of_body: F32, of_tubes: list[F32], b: BodyShape) -> None:
        bone = canvas.sdf < 0
        self.vertebrae[canvas.slices][bone] = verse
        self.discs[canvas.slices][bone] = 0
        view = self.structures[canvas.slices]
        view[bone] = Structure.SACRUM_REST if verse == SACRUM else Structure.POSTERIOR_ELEMENTS
        # In the sacrum bone goes on beside the tube, elsewhere only its fillets do.
        reach = 0.0 if verse == SACRUM else 0.8
        for distance, value in zip(of_tubes, (Structure.RIGHT_PEDICLE, Structure.LEFT_PEDICLE), strict=True):
            view[bone & (distance < reach)] = value
        at_body = of_body < 0
        if verse != SACRUM:  # fillets on the body's side belong to it
            at_body |= (of_body < 2.0) & (canvas.v < b.depth_mm / 2)
        view[bone & at_body] = Structure.BODY

    def _bone_hu(self, canvas: Canvas, verse: int, of_body: F32, of_tubes: F32) -> None:
        in_body = np.clip(0.5 - of_body / 4.0, 0, 1)
        sacral = verse == SACRUM
        spongy, hard = (165.0, 105.0 if sacral else 230.0)
        texture = trabecular_hu(canvas.sdf.shape, self.grid, 1.0, (self.parameters.seed, 4, verse))
        cancellous = texture * (in_body * spongy + (1 - in_body) * hard) * self.dark
        # Bone is denser below the endplates.
        cancellous += in_body * 60 * np.exp(-np.abs(np.minimum(canvas.sdf, 0)) / 2.5)
        arch = 1.2 if sacral else 1.55
        cortex = (in_body * 1.05 + (1 - in_body) * arch) * self.thin
        cortex = np.where(of_tubes < 1.0, np.maximum(cortex, 1.5 * self.thin), cortex).astype(np.float32)
        cortical = (in_body * 850 + (1 - in_body) * 980).astype(np.float32) * (0.75 + 0.25 * self.dark)
        paint_bone(self.hu[canvas.slices], canvas.sdf, cortex, cortical, cancellous, self.voxel)

    def _cleft(self, frame: Frame, shape: LevelShape, b: BodyShape) -> None:
        part = foramen(shape, b)
        canvas = Canvas(self.grid, frame, part.low - 2, part.high + 2)
        d = smooth_max(canvas.evaluate(part), canvas.evaluate(body(b)) - 0.8, 0.0)
        view = self.hu[canvas.slices]
        view += coverage(d, self.voxel) * (12.0 - view)

    def beside(self) -> None:
        """Ribs and pelvis."""
        parts: list[tuple[tuple[slice, ...], F32]] = []
        built = self.parameters.built_levels
        for verse in (v for v in built if v <= T12):
            chains = (LONG,) if verse < T12 else (shortened(TWELFTH, self.parameters.last_rib),)
            if verse == T12 and T12 - 1 not in built:
                chains += (PASSING,)
            parts += [(c.slices, c.sdf) for c in paint_ribs(self.grid, self.frames[verse], chains)]
        for side in (1, -1):
            wing = iliac_wing(self.grid, self.frames[SACRUM], side, self.parameters.crest_above_s1_mm)
            if wing is not None and self.parameters.with_sacrum:
                parts.append(wing)
        for n, (slices, distance) in enumerate(parts):
            if not distance.size:
                continue
            apart = np.maximum(distance, 2.2 - self.occupied[slices])
            marrow = trabecular_hu(apart.shape, self.grid, 120.0 * self.dark, (self.parameters.seed, 5, n))
            paint_bone(self.hu[slices], apart, 1.7 * self.thin, 900.0, marrow, self.voxel)

    def hardware(self) -> None:
        """Pedicle screws; the blur of the scan comes after, the streaks with it."""
        places = []
        for verse in self.parameters.screws:
            if verse not in self.parameters.built_levels:
                continue
            shape, b, frame = self.shapes[verse], self.bodies[verse], self.frames[verse]
            for side in SIDES:
                part = screw(pedicle_shape(shape, b, side))
                self._fill(frame, part, SCREW_HU)
                places.append((frame, part))
        streaks(self.hu, self.grid, places)

    def marker(self) -> NDArray[np.float64]:
        """The sphere, touching the skin from outside."""
        l3 = self.frames[22].origin_lps_mm
        radius = self.parameters.marker_radius_mm
        if self.parameters.marker == "flank":
            skin, normal = skin_point_lps_mm(None, float(l3[1]) + 10.0, float(l3[2]))
        else:
            skin, normal = skin_point_lps_mm(float(l3[0]) + 45.0, None, float(l3[2]))
        centre = skin + normal * radius
        canvas = Canvas(self.grid, Frame(centre, np.eye(3)), [-6] * 3, [6] * 3)
        if canvas.sdf.size:
            d = np.sqrt(canvas.u**2 + canvas.v**2 + canvas.w**2) - np.float32(radius)
            view = self.hu[canvas.slices]
            view += coverage(d, self.voxel) * (MARKER_HU - view)
        return np.asarray(centre)


def _restacked(fine: Phantom, parameters: PhantomParameters) -> Phantom:
    grid = stack_grid(fine.volume.grid, parameters, phantom_uid(parameters, "frame"))
    return replace(
        fine,
        parameters=parameters,
        volume=Volume(grid, averaged(fine.volume, grid)),
        vertebrae=LabelVolume(grid, picked(fine.vertebrae, grid)),
        structures=LabelVolume(grid, picked(fine.structures, grid)),
        discs=LabelVolume(grid, picked(fine.discs, grid)),
    )


def build_phantom(parameters: PhantomParameters | None = None, progress: Progress = NULL_PROGRESS) -> Phantom:
    """Build a phantom; equal parameters give equal voxels.

    Args:
        parameters: default is the whole trunk at 1 mm; ``PhantomParameters.small()`` is quick.
        progress: told of every step; may raise TaskCancelledError.
    """
    parameters = parameters or PhantomParameters()
    if needs_restacking(parameters):
        return _restacked(build_phantom(finer(parameters), SubProgress(progress, 0.0, 0.9)), parameters)
    build = _Build(parameters)
    seen = {v: f for v, f in build.frames.items() if v >= min(T12, parameters.built_levels[0])}
    paint_soft_tissue(
        build.hu, build.grid, seen, parameters.seed, parameters.contrast_hu, SubProgress(progress, 0.0, 0.4)
    )
    progress.step(0.4, "Discs and canal")
    build.discs_and_canal()
    levels = sorted(parameters.built_levels)
    for n, verse in enumerate(levels):
        progress.step(0.45 + 0.3 * n / len(levels), "Vertebrae")
        build.vertebra(verse)
    progress.step(0.75, "Ribs and pelvis")
    build.beside()
    build.hardware()
    marker = build.marker()
    scan(build.hu, build.grid, parameters.psf_sigma_mm, parameters.noise_hu, parameters.seed,
         SubProgress(progress, 0.8, 0.99))  # fmt: skip
    np.clip(build.hu, -1024, 3071, out=build.hu)
    np.rint(build.hu, out=build.hu)
    progress.step(1.0, "Phantom ready")
    return Phantom(
        parameters=parameters,
        volume=Volume(build.grid, build.hu.astype(np.int16)),
        vertebrae=LabelVolume(build.grid, build.vertebrae),
        structures=LabelVolume(build.grid, build.structures),
        discs=LabelVolume(build.grid, build.discs),
        truth={verse: level_truth(build.shapes[verse], build.frames[verse]) for verse in levels},
        marker_lps_mm=marker,
    )
