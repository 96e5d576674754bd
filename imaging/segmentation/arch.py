"""Vertebral arches: bone grown from each body by geodesic distance, split at the facet joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.progress import TaskCancelledError, Tick, nothing
from imaging.segmentation.bodies import BodyModel
from imaging.segmentation.facets import FacetJoint
from imaging.segmentation.iso import IsoVolume

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

REACH_MM = 85.0
BONE_HU = 170.0
FIRM_HU = 100.0
LATERAL_MM = 57.0
RIB_MM = 22.0
SPINOUS_TOP_MM, SPINOUS_FALL = 9.0, 0.2
THIN_MM = 20.0
# Up to the articular processes only pedicles leave the body, and they stay between the endplates.
PEDICLE_MM, LIP_MM = 6.0, 1.0
THIN_HU, FAINT_HU, STEP_HU = 100.0, 60.0, 30.0


@dataclass(frozen=True, eq=False)
class Block:
    """A box of the working volume round one vertebra, with its local coordinates.

    Attributes:
        where: slices of the working volume.
        local: (k, j, i, 3) local (l, p, s) mm.
        hu: (k, j, i).
        depth: body depth, negative inside the body.
    """

    where: tuple[slice, slice, slice]
    local: Array
    hu: NDArray[np.float32]
    depth: Array


def block_of(iso: IsoVolume, body: BodyModel, sacral: bool = False) -> Block:
    """The box that can hold the whole vertebra, or the sacrum from S1 down."""
    ends = ((-56, 56), (-46, 48), (-105, 36)) if sacral else ((-58, 58), (-42, 67), (-49, 30))
    corners = np.array([[a, b, c] for a in ends[0] for b in ends[1] for c in ends[2]], float)
    index = iso.index_kji(body.frame.to_lps(corners))
    low = np.maximum(0, np.floor(index.min(0)).astype(int))
    high = np.minimum(iso.values.shape, np.ceil(index.max(0)).astype(int) + 1)
    where = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    k, j, i = np.ogrid[where]
    x = iso.origin_lps_mm[0] + i * iso.spacing_mm[0] - body.frame.origin_lps_mm[0]
    y = iso.origin_lps_mm[1] + j * iso.spacing_mm[1] - body.frame.origin_lps_mm[1]
    z = iso.origin_lps_mm[2] + k * iso.spacing_mm[2] - body.frame.origin_lps_mm[2]
    local = np.stack([a[0] * x + a[1] * y + a[2] * z for a in body.frame.axes_lps], -1)
    return Block(where, local, iso.values[where], body.depth(local))


def bone_threshold(body: BodyModel) -> float:
    """HU over which tissue behind this body is bone."""
    return float(np.clip(0.6 * body.cancellous_hu + 75.0, 130.0, BONE_HU))


def arrival(
    block: Block,
    body: BodyModel,
    own: tuple[FacetJoint, FacetJoint] | None,
    lower: tuple[BodyModel, tuple[FacetJoint, FacetJoint]] | None,
    other_bodies: Mask,
    thoracic: bool = False,
    forward_mm: float = 3.0,
    known: bool = True,
    entering: Mask | None = None,
    tick: Tick = nothing,
) -> Array:
    """Geodesic distance (mm) through bone from the back of the body; infinite where the vertebra cannot be.

    Args:
        own: joints with the vertebra above, whose inferior processes lie behind them.
        lower: the vertebra below and the joints with it, whose superior processes lie before them.
        other_bodies: voxels of other vertebrae's bodies.
        thoracic: ribs are cut off beside the transverse processes.
        forward_mm: how far before the posterior wall a converging pedicle and its transverse process arise.
        known: the body was seen, not guessed from its neighbour, so that its spinous process ends where its
            lamina does.
        entering: the image's last slice, through which the arch of a body beyond it may come in.
    """
    tick()
    lat, p, s = np.moveaxis(block.local, -1, 0)
    inside = block.depth <= 0
    threshold = bone_threshold(body)
    calm = ndi.gaussian_filter(block.hu, 0.6)
    thin = _thin_cortex(block.hu) & (np.abs(lat) > THIN_MM) & (p > -forward_mm - 6.0) & (p < 40)
    speed = np.where(calm >= threshold, 1.0, np.where(thin, 0.4, np.where(calm >= threshold - 40, 0.15, 0.0)))
    tick()
    # Dark gaps between bony neighbours are where one bone ends.
    ridge = ndi.gaussian_laplace(block.hu, 1.2)
    speed *= np.where(ridge > 25, 0.3, 1.0)
    root = (np.abs(lat) > 13) & (s > -9) & (block.depth < 12) & (p > -forward_mm)
    speed[(p < -3.0) & ~inside & ~root] = 0.0
    speed[
        (np.abs(lat) > (RIB_MM + 0.25 * p if thoracic else LATERAL_MM)) | (s < -48) | (s > 28) | (p > 66)
    ] = 0.0
    speed[(np.abs(lat) < 5.0) & (p < 8.0) & ~inside] = 0.0
    speed[other_bodies & ~inside] = 0.0
    for upper in (True, False):
        a, b, c = body.frame.disc_plane(upper)
        beyond = (s - a - b * lat - c * p) * (1 if upper else -1) > LIP_MM
        speed[beyond & (p < PEDICLE_MM) & ~inside] = 0.0
    over = s > 8 + 0.1 * np.abs(p)
    if known:
        over |= s > SPINOUS_TOP_MM - SPINOUS_FALL * np.maximum(p - 14, 0)
    speed[over & (np.abs(lat) < 7) & ~inside] = 0.0
    tick()
    if own is not None:
        for plane in own:
            d, near = plane.ahead(block.local)
            speed[near & (d < 0) & ~inside] = 0.0
    if lower is not None:
        below, planes = lower
        there = below.frame.to_local(body.frame.to_lps(block.local))
        for plane in planes:
            tick()
            d, near = plane.ahead(there)
            speed[near & (d >= 0) & ~inside] = 0.0
    speed[inside] = 1.0
    tick()
    seeds = inside & (p > -6) & (p < -3) & (np.abs(lat) < 14)
    start = np.zeros(speed.shape)
    if entering is not None:
        through = entering & (calm >= threshold) & (speed > 0) & (p > 6) & ~seeds
        start[through] = np.linalg.norm(block.local[through], axis=-1)
        seeds = seeds | through
    out = march(speed, seeds, start=start, tick=tick)
    out[(calm < threshold) & ~inside & ~thin] = np.inf
    return out


def _thin_cortex(hu: NDArray[np.float32]) -> Mask:
    """The cortex of transverse processes, thinner than pixels: faint, yet brighter than its surroundings."""
    calm, nearby = ndi.gaussian_filter(hu, 1.0), ndi.gaussian_filter(hu, 3.0)
    return np.asarray((calm >= THIN_HU) | ((calm >= FAINT_HU) & (calm - nearby >= STEP_HU)))


def march(
    speed: Array,
    seeds: Mask,
    reach_mm: float = REACH_MM,
    start: Array | None = None,
    tick: Tick = nothing,
) -> Array:
    """Time of arrival from the seeds at the given speed (1 = 1 mm per unit), infinite past ``reach_mm``.

    ``start`` is the time at which each seed starts, 0 if not given; ``tick`` is called on the way, to stop.
    """
    image = sitk.GetImageFromArray(speed.astype(np.float32))
    fast = sitk.FastMarchingImageFilter()
    at = np.argwhere(seeds)[::5]
    fast.SetTrialPoints([tuple(int(v) for v in seed[::-1]) for seed in at])
    if start is not None:
        fast.SetInitialTrialValues(start[tuple(at.T)].tolist())
    fast.SetStoppingValue(reach_mm)
    stopped: list[TaskCancelledError] = []

    def listen() -> None:
        try:
            tick()
        except TaskCancelledError as error:
            stopped.append(error)
            fast.Abort()

    fast.AddCommand(sitk.sitkProgressEvent, listen)
    try:
        reached = fast.Execute(image)
    except RuntimeError:
        if stopped:
            raise stopped[0] from None
        raise
    if stopped:
        raise stopped[0]
    out = sitk.GetArrayFromImage(reached).astype(np.float64)
    out[(speed <= 0) | (out >= reach_mm)] = np.inf
    return out


def tidied(mask: Mask, hu: NDArray[np.float32], largest_hole: int = 60, tick: Tick = nothing) -> Mask:
    """Closed where tissue is not soft, holes filled, lightly smoothed, one piece."""
    padded = np.pad(mask, 3)
    ball = ndi.iterate_structure(ndi.generate_binary_structure(3, 1), 2)
    firm = np.pad(ndi.gaussian_filter(hu, 0.6) > FIRM_HU, 3)
    closed = padded | (ndi.binary_closing(padded, ball) & firm)
    for axis in range(3):
        tick()
        for n in range(closed.shape[axis]):
            at = tuple(slice(None) if a != axis else n for a in range(3))
            if closed[at].any():
                closed[at] |= _small_holes(closed[at], largest_hole)
    tick()
    smooth = ndi.gaussian_filter(closed.astype(np.float32), 0.6) > 0.5
    parts, n = ndi.label(smooth)
    if n > 1:
        smooth = parts == 1 + int(np.argmax(ndi.sum(smooth, parts, range(1, n + 1))))
    return np.asarray(smooth[3:-3, 3:-3, 3:-3])


def _small_holes(sheet: Mask, largest: int) -> Mask:
    holes, n = ndi.label(~sheet)
    if n < 2:
        return np.zeros_like(sheet)
    sizes = np.bincount(holes.ravel())
    small = sizes <= largest
    small[0] = False
    return np.asarray(small[holes])
