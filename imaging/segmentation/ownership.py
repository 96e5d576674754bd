"""Who owns the bone where two neighbours' arches meet: the cheapest cut through dark gaps.

The joints' sheets are only as long and as curved as their prior. Near the border they leave, the border is
laid anew as a minimum cut through both neighbours' bone: cutting costs little where a dark sheet lies between
bright plates and much through solid bone, and changing a voxel's owner costs a little.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.progress import Tick, nothing
from imaging.segmentation.bodies import BodyModel
from imaging.segmentation.distance import steps_to
from imaging.segmentation.facets import FacetJoint
from imaging.segmentation.iso import IsoVolume
from imaging.segmentation.minimum_cut import minimum_cut

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Owners = NDArray[np.uint8]
Box = tuple[slice, slice, slice]

FREE_MM, GUESSED_FREE_MM = 6.0, 10.0
"""Bone farther than this from the other's keeps its owner; the second beside a guessed neighbour."""
NEVER_ALL = 0.7
BEHIND_WALL_MM = 4.0
SHEET_SIGMA_MM = 0.7
SHEET_HU = 60.0
"""How strong a dark sheet makes the cut e times cheaper."""
FAINT_OVER_HU, FAINT_SPAN_HU, FAINTEST = 150.0, 200.0, 1.5
LEAST, KEEP, KEEP_UNSEEN, HOLD = 0.02, 0.15, 0.8, 40.0
"""Least cost of a link; of changing a voxel that may change; beside a joint of two that were found but
show no gap; of one that may not."""
BESIDE_MM = 5.0
FEWEST = 30


def settled(
    iso: IsoVolume,
    column: Sequence[BodyModel],
    guessed: Sequence[bool],
    bone_hu: Sequence[float],
    joints: Sequence[Sequence[FacetJoint]],
    owner: Owners,
    tick: Tick = nothing,
) -> Owners:
    """The owners with the border between each vertebra's arch and the next one's laid through the gaps.

    Args:
        iso: the CT.
        column: bodies from foot to head.
        guessed: whether each was not seen but guessed from its neighbour.
        bone_hu: over which tissue is bone, of each.
        joints: of each with the next above it.
        owner: [k, j, i], 1 for the first of ``column``, 0 for nobody.
    """
    out = owner.copy()
    for n in range(1, len(column)):
        tick()
        free_mm = GUESSED_FREE_MM if guessed[n - 1] or guessed[n] else FREE_MM
        box = _common(out, n, int(np.ceil(free_mm / float(iso.spacing_mm[0]))) + 2)
        if box is None:
            continue
        lower, upper = out[box] == n, out[box] == n + 1
        near = _near(lower, upper, free_mm / float(iso.spacing_mm[0]))
        tick()
        near |= _near(upper, lower, free_mm / float(iso.spacing_mm[0]))
        tick()
        points = _points(iso, box)
        free = near & _behind(column[n - 1], points) & _behind(column[n], points)
        if free.sum() < FEWEST:
            continue
        tick()
        nodes = ndi.binary_dilation(free) & (lower | upper)
        ease = _ease(iso.values[box], nodes, bone_hu[n - 1])
        tick()
        keep = _keep(column[n - 1], points, [] if guessed[n - 1] or guessed[n] else joints[n - 1])
        bound = np.where(free, keep, HOLD)
        stay, change = np.where(lower, bound, 0.0), np.where(lower, 0.0, bound)
        side = minimum_cut(nodes, ease, np.minimum, stay, change, tick)
        out[box][free] = np.where(side[free], n, n + 1)
    return out


def _near(one: Mask, other: Mask, reach: float) -> Mask:
    """What of one lies within reach of the other, but never all of it."""
    away = np.where(one, steps_to(other), 0.0)
    return np.asarray(one & (away < min(reach, NEVER_ALL * away.max())))


def _common(owner: Owners, n: int, pad: int) -> Box | None:
    """The box where both the n-th and the next may lie within reach of one another."""
    places = ndi.find_objects(owner, max_label=n + 1)
    one, two = places[n - 1], places[n]
    if one is None or two is None:
        return None
    box = tuple(
        slice(max(0, max(a.start, b.start) - pad), min(size, min(a.stop, b.stop) + pad))
        for a, b, size in zip(one, two, owner.shape, strict=True)
    )
    return None if any(s.start >= s.stop for s in box) else (box[0], box[1], box[2])


def _points(iso: IsoVolume, box: Box) -> Array:
    k, j, i = np.mgrid[box]
    return np.asarray(iso.origin_lps_mm + np.stack([i, j, k], -1) * iso.spacing_mm)


def _behind(body: BodyModel, points: Array) -> Mask:
    return np.asarray((points - body.frame.origin_lps_mm) @ body.frame.axes_lps[1] > BEHIND_WALL_MM)


def _keep(lower: BodyModel, points: Array, joints: Sequence[FacetJoint]) -> Array:
    """Cost of another owner: greater beside a joint without a gap, where its prior counts more."""
    lateral = (points - lower.frame.origin_lps_mm) @ lower.frame.axes_lps[0]
    out = np.full(lateral.shape, KEEP)
    for joint in joints:
        if joint.contrast_hu <= 0:
            out[lateral * joint.side > BESIDE_MM] = KEEP_UNSEEN
    return out


def _ease(hu: NDArray[np.float32], nodes: Mask, bone_hu: float) -> Array:
    """(k, j, i) how solid bone is (``LEAST`` .. 1), at the nodes."""
    sheet = np.zeros(hu.shape)
    sheet[nodes] = dark_sheet(np.minimum(hu, 900.0), nodes, SHEET_SIGMA_MM)
    calm = ndi.gaussian_filter(hu, 0.6)
    faint = np.clip((bone_hu + FAINT_OVER_HU - calm) / FAINT_SPAN_HU, 0, FAINTEST)
    return np.asarray(np.exp(-sheet / SHEET_HU - faint) + LEAST)


def dark_sheet(hu: NDArray[np.floating], at: Mask, sigma: float) -> Array:
    """(n,) how much each place looks like a thin dark sheet: greatest curvature less half the others'."""
    curve = np.empty((int(at.sum()), 3, 3))
    for a in range(3):
        for b in range(a, 3):
            order = [int(a == c) + int(b == c) for c in range(3)]
            curve[:, a, b] = curve[:, b, a] = ndi.gaussian_filter(hu, sigma, order=order)[at] * sigma**2
    low, middle, high = np.linalg.eigvalsh(curve).T
    return np.asarray(np.clip(high - 0.5 * np.maximum(np.abs(low), np.abs(middle)), 0, None))
