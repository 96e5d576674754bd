"""Body, pedicles, posterior elements and canal from whole-vertebra labels alone."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.geometry.grid import VolumeGrid
from imaging.labels import NAME_FROM_VERSE, SACRUM, Structure
from imaging.segmentation.anatomy_frame import axes_from, plane_fit, unit
from imaging.segmentation.anatomy_local import Box, axis_mm, box_grid, frame_grid, level_set, widen
from imaging.sitk_bridge import image_from_array
from imaging.volume import LabelVolume, Volume

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Parts = NDArray[np.uint8]
STEP_MM = 0.8
BALL_MM = 8.0


def structures_from_vertebrae(vertebrae: LabelVolume, volume: Volume | None = None) -> LabelVolume:
    """Structure numbers (imaging.labels.Structure) derived from whole-vertebra labels.

    The body is what a ball of 8 mm radius fits in (less if small); the canal is the hole that body and
    arch enclose, extended over the body's height; pedicles bridge the two beside the canal. Of the sacrum,
    S1's body is the block under the plane that faces the vertebra above.

    Args:
        vertebrae: VerSe numbers.
        volume: unused by this geometric rule; kept so that callers need not know.
    """
    del volume
    grid = vertebrae.grid
    boxes: dict[int, Box] = {
        number: widen(box, vertebrae.labels.shape, 3)
        for number, box in enumerate(ndi.find_objects(vertebrae.labels), start=1)
        if box is not None and number in NAME_FROM_VERSE
    }
    frames = {}
    for number, box in boxes.items():
        if number != SACRUM:
            found = _body_centre(vertebrae.labels[box] == number, box_grid(grid, box))
            if found is not None:
                frames[number] = found
    order = sorted(frames, key=lambda v: -float(frames[v][0][2]))
    result = np.zeros(grid.shape_kji, np.uint8)
    lowest: tuple[Array, Array, Array] | None = None
    for index, number in enumerate(order):
        centre, arch, radius = frames[number]
        above = frames[order[index - 1]][0] if index else centre
        below = frames[order[index + 1]][0] if index + 1 < len(order) else centre
        along = above - below
        superior = unit(along) if np.linalg.norm(along) > 5 else np.array([0.0, 0.0, 1.0])
        axes = axes_from(superior, arch - centre)
        target = frame_grid(centre, axes, (-48, -34, -42), (48, 62, 42), STEP_MM)
        box = boxes[number]
        level = level_set(vertebrae.labels[box] == number, box_grid(grid, box), target)
        parts, body = _split_one(level, target, centre, radius)
        _write(result, vertebrae, number, parts, target)
        lowest = (centre, axes, np.array([np.ptp(axis_mm(target, centre)[0][body.any((0, 1))])]))
    if SACRUM in boxes:
        box = boxes[SACRUM]
        mask = vertebrae.labels[box] == SACRUM
        region = result[box]
        region[mask] = Structure.SACRUM_REST
        if lowest is not None:
            _split_sacrum(result, vertebrae, mask, box_grid(grid, box), lowest)
    return LabelVolume(grid, result)


def _open_by_ball(inside: Mask, step_mm: float, radius_mm: float) -> Mask:
    """The largest part that a ball fits in, with 1.5 mm slack."""
    deep = ndi.distance_transform_edt(inside) * step_mm > radius_mm
    labels, count = ndi.label(deep)
    if not count:
        return np.zeros_like(inside)
    deep = labels == 1 + int(np.argmax(ndi.sum(deep, labels, range(1, count + 1))))
    return np.asarray(inside & (ndi.distance_transform_edt(~deep) * step_mm <= radius_mm + 1.5))


def _body_centre(mask: Mask, grid: VolumeGrid) -> tuple[Array, Array, float] | None:
    """Centre of the body, centre of the arch, and the ball's radius; None for a scrap."""
    low, high = grid.bounds_lps_mm
    coarse = frame_grid(low, np.eye(3), (0, 0, 0), high - low, 1.0)
    inside = level_set(mask, grid, coarse) > 0
    if inside.sum() < 3000:
        return None
    deepest = float(ndi.distance_transform_edt(inside).max())
    radius = min(BALL_MM, 0.72 * deepest)
    body = _open_by_ball(inside, 1.0, radius)
    arch = inside & ~body
    if body.sum() < 2000 or arch.sum() < 300:
        return None
    centres = [coarse.lps_from_indices(np.argwhere(part)[:, ::-1].mean(0)) for part in (body, arch)]
    return centres[0], centres[1], radius


def _split_one(
    level: NDArray[np.float32], grid: VolumeGrid, centre: Array, radius: float
) -> tuple[Parts, Mask]:
    """Structure numbers of one vertebra on its own frame grid, and its body."""
    bone = level > 0
    body = _open_by_ball(bone, STEP_MM, radius)
    lefts, posteriors, superiors = axis_mm(grid, centre)
    parts = np.where(bone, int(Structure.POSTERIOR_ELEMENTS), 0).astype(np.uint8)
    parts[body] = Structure.BODY
    mid = body[:, :, np.abs(lefts) < 4]
    if not mid.any():
        return parts, body
    wall = float(np.percentile(posteriors[np.argwhere(mid)[:, 1]], 97))
    heights = superiors[np.argwhere(mid)[:, 0]]
    low, high = np.percentile(heights, [3, 97])
    hole = _canal_outline(bone, lefts, posteriors, superiors, wall, float(low), float(high))
    canal = np.zeros_like(bone)
    for k in np.flatnonzero((superiors > low - 7) & (superiors < high + 7)):
        own = ndi.binary_fill_holes(np.asarray(bone[k])) & ~bone[k]
        labels, count = ndi.label(own)
        ring = np.zeros_like(own)
        for part in range(1, count + 1):
            piece = labels == part
            if (piece & hole).any() and 40 < piece.sum() * STEP_MM**2 < 900:
                ring |= piece
        canal[k] = (hole | ring) & ~bone[k]
    parts[canal & ~bone] = Structure.CANAL
    back = float(posteriors[np.argwhere(hole)[:, 0]].max()) if hole.any() else wall + 15
    end = wall + max(8.0, 0.6 * (back - wall))
    zone = bone & ~body & (posteriors < end)[None, :, None] & (posteriors > wall - 12)[None, :, None]
    zone &= ((superiors > low + 0.2 * (high - low)) & (superiors < high + 3))[:, None, None]
    parts[zone & (lefts > 4)[None, None, :]] = Structure.LEFT_PEDICLE
    parts[zone & (lefts < -4)[None, None, :]] = Structure.RIGHT_PEDICLE
    return parts, body


def _canal_outline(
    bone: Mask, lefts: Array, posteriors: Array, superiors: Array, wall: float, low: float, high: float
) -> Mask:
    """[j, i] outline of the canal: the hole in the vertebra seen along its own axis."""
    near = (np.abs(lefts)[None] < 20) & (posteriors > wall - 2)[:, None] & (posteriors < wall + 30)[:, None]
    for bottom in (0.35, 0.1, -0.3):
        band = (superiors > low + bottom * (high - low)) & (superiors < high)
        seen = bone[band].any(0)
        open_ = ndi.binary_fill_holes(np.asarray(seen)) & ~seen & near
        labels, count = ndi.label(open_)
        if not count:
            continue
        sizes = ndi.sum(open_, labels, range(1, count + 1)) * STEP_MM**2
        best = int(np.argmax(sizes))
        if sizes[best] > 90:
            return np.asarray(labels == best + 1)
    oval = (lefts[None] / 11.0) ** 2 + ((posteriors[:, None] - wall - 8.5) / 8.0) ** 2 < 1
    return np.asarray(oval)


def _split_sacrum(
    result: Parts,
    vertebrae: LabelVolume,
    mask: Mask,
    grid: VolumeGrid,
    above: tuple[Array, Array, Array],
) -> None:
    """Mark S1's body and the sacral canal behind it."""
    centre5, axes5, width = above
    points = grid.lps_from_indices(np.argwhere(mask)[:, ::-1])
    local = (points - centre5) @ axes5.T
    half = float(width[0]) / 2
    under = (np.abs(local[:, 0]) < 0.6 * half) & (np.abs(local[:, 1]) < 0.45 * half + 6) & (local[:, 2] < 0)
    if under.sum() < 300:
        return
    cells = np.round(local[under][:, :2] / 2).astype(int)
    _, which = np.unique(cells, axis=0, return_inverse=True)
    top = np.full(int(which.max()) + 1, -np.inf)
    np.maximum.at(top, which.ravel(), local[under][:, 2])
    flat = np.array([local[under][which.ravel() == n][:, :2].mean(0) for n in range(len(top))])
    good = top > np.percentile(top, 30)
    a, b, c = plane_fit(flat[good, 0], flat[good, 1], top[good], trim_mm=2.5)
    normal = unit(np.array([-a, -b, 1.0]) @ axes5)
    origin = centre5 + c * axes5[2]
    axes = axes_from(normal, axes5[1])
    target = frame_grid(origin, axes, (-48, -34, -48), (48, 50, 10), STEP_MM)
    bone = level_set(mask, grid, target) > 0
    lefts, posteriors, superiors = axis_mm(target, origin)
    middle = bone[:, :, np.abs(lefts) < 4]
    column = middle[(superiors < -5) & (superiors > -18)].mean((0, 2)) > 0.5
    start = int(np.argmax(column))
    run = np.flatnonzero(~column[start:])
    if not column.any() or not len(run):
        return
    front, back = posteriors[start], posteriors[min(start + int(run[0]), len(posteriors) - 1)]
    body = bone & (np.abs(lefts) < 0.95 * half)[None, None, :]
    body &= ((posteriors >= front - 4) & (posteriors <= back + 1))[None, :, None]
    body &= ((superiors > -27) & (superiors < 5))[:, None, None]
    parts = np.where(bone, int(Structure.SACRUM_REST), 0).astype(np.uint8)
    parts[body] = Structure.BODY
    hole = (lefts[None, :] / 13.0) ** 2 + ((posteriors[:, None] - back - 7.0) / 7.0) ** 2 < 1
    canal = np.broadcast_to(hole[None], bone.shape) & ~bone & (superiors > -30)[:, None, None]
    parts[canal] = Structure.CANAL
    _write(result, vertebrae, SACRUM, parts, target)


def _write(result: Parts, vertebrae: LabelVolume, number: int, parts: Parts, target: VolumeGrid) -> None:
    """Carry a vertebra's parts onto the source grid: bone within its own label, canal where no bone is."""
    grid = vertebrae.grid
    corners = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)]) * (
        np.array(target.shape_kji[::-1]) - 1
    )
    ijk = grid.indices_from_lps(target.lps_from_indices(corners))
    low = np.maximum(np.floor(ijk.min(0)).astype(int), 0)
    high = np.minimum(np.ceil(ijk.max(0)).astype(int) + 1, grid.shape_kji[::-1])
    box: Box = (slice(low[2], high[2]), slice(low[1], high[1]), slice(low[0], high[0]))
    near = box_grid(grid, box)
    image = sitk.Resample(
        image_from_array(parts, target),
        list(reversed(near.shape_kji)),
        sitk.Transform(),
        sitk.sitkNearestNeighbor,
        near.origin_lps_mm.tolist(),
        near.spacing_ijk_mm.tolist(),
        near.direction_lps.ravel().tolist(),
        0,
        sitk.sitkUInt8,
    )
    got = sitk.GetArrayFromImage(image)
    own = vertebrae.labels[box] == number
    region = result[box]
    rest = Structure.SACRUM_REST if number == SACRUM else Structure.POSTERIOR_ELEMENTS
    bone = np.where((got == 0) | (got == Structure.CANAL), int(rest), got)
    region[own] = bone[own]
    free = (got == Structure.CANAL) & (vertebrae.labels[box] == 0)
    region[free] = Structure.CANAL
