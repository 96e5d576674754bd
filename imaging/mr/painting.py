"""Named bodies, pedicles, discs and canal of an MR as label maps on its own grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from imaging.labels import PEDICLE_OF_SIDE, SACRUM, Structure
from imaging.mr.discs import in_disc
from imaging.mr.model_arch import PedicleModel, in_canal, in_pedicle, wall_mm
from imaging.mr.original_slices import OriginalSlices, beside, original_slices
from imaging.mr.surface import BodySurface
from imaging.volume import LabelVolume, Volume

Array = NDArray[np.float64]
Arch = tuple[PedicleModel, PedicleModel]

PEDICLE_BEHIND_MM = 12.0
_REACH_MM = 52.0
_BEHIND_WALL_MM = 3.0
_OUT = 1e3


@dataclass(frozen=True, eq=False)
class NamedBody:
    """A body with its VerSe number."""

    verse: int
    body: BodySurface


def painted(
    volume: Volume, named: Sequence[NamedBody], arches: dict[int, Arch]
) -> tuple[LabelVolume, LabelVolume]:
    """(vertebrae by VerSe number, structures) on the volume's grid."""
    grid = volume.grid
    vertebrae = np.zeros(grid.shape_kji, np.uint8)
    structures = np.zeros(grid.shape_kji, np.uint8)
    depth = np.full(grid.shape_kji, 0.0, np.float32)
    size = np.array(grid.shape_kji[::-1])
    originals = original_slices(volume)
    boxes = []
    for item in named:
        corners = item.body.centre_lps_mm + _REACH_MM * (np.indices((2, 2, 2)).reshape(3, -1).T * 2 - 1)
        ijk = grid.indices_from_lps(corners)
        first = np.clip(np.floor(ijk.min(0)).astype(int), 0, size)
        last = np.clip(np.ceil(ijk.max(0)).astype(int) + 1, first, size)
        where = tuple(slice(int(a), int(b)) for a, b in zip(first[::-1], last[::-1], strict=True))
        ranges = [np.arange(w.start, w.stop, dtype=float) for w in where]
        points = grid.lps_from_indices(_indices(ranges))
        boxes.append((item, where, points))
        if originals is None or not points.size:
            beyond = _beyond_mm(item.body, points)
        else:
            beyond = _beyond_on_originals_mm(volume, item.body, ranges, originals)
        mine = (beyond <= 0) & (beyond < depth[where])
        vertebrae[where][mine] = item.verse
        structures[where][mine] = int(Structure.BODY)
        depth[where][mine] = beyond[mine]
    for (lower, where, points), (upper, _, _) in pairwise(boxes):
        disc = in_disc(lower.body, upper.body, points) & (vertebrae[where] == 0)
        structures[where][disc] = int(Structure.DISC)
    for item, where, points in boxes:
        behind = item.body.to_local(points)[..., 1] - wall_mm(item.body)
        canal = in_canal(item.body, item.verse, points) & (vertebrae[where] == 0) & (behind > 0)
        canal &= structures[where] != int(Structure.DISC)
        structures[where][canal] = int(Structure.CANAL)
        for model in arches[item.verse]:
            bone = in_pedicle(item.body, model, points) & (vertebrae[where] == 0) & (behind > -9)
            bone &= structures[where] != int(Structure.CANAL)
            vertebrae[where][bone] = item.verse
            near = bone & (behind <= PEDICLE_BEHIND_MM)
            rest = Structure.SACRUM_REST if item.verse == SACRUM else Structure.POSTERIOR_ELEMENTS
            structures[where][bone] = int(rest)
            structures[where][near] = int(PEDICLE_OF_SIDE[model.side])
    return LabelVolume(grid, vertebrae), LabelVolume(grid, structures)


def _indices(ranges: Sequence[Array]) -> Array:
    """(k, j, i, 3) indices i, j, k of a box of a grid."""
    return np.stack(np.meshgrid(*ranges, indexing="ij"), -1)[..., ::-1]


def _beyond_mm(body: BodySurface, points: Array, wider_mm: float = 0.0) -> Array:
    """(...) how far beyond the surface, and not behind the wall; ``wider_mm`` further out at each side."""
    local = body.to_local(points)
    half = float(body.size_mm[0]) / 2
    shape = local * np.array([half / (half + wider_mm), 1.0, 1.0])
    near = (shape**2).sum(-1) <= float(body.radius_mm.max()) ** 2
    near &= local[..., 1] <= wall_mm(body) + _BEHIND_WALL_MM
    out = np.full(near.shape, _OUT)
    out[near] = body.depth_mm(shape[near])
    return out


def _beyond_on_originals_mm(
    volume: Volume, body: BodySurface, ranges: Sequence[Array], originals: OriginalSlices
) -> Array:
    """As ``_beyond_mm``, seen in the original slices alone: between two of them, what both show.

    A body reaches up to half a slice's distance beyond the last slice that shows it; so much wider it is
    laid into the slices, and on average it ends where its surface does.
    """
    axis = originals.axis
    before, after = beside(ranges[axis].astype(np.intp), originals)
    number = np.arange(before.min(), after.max() + 1)
    coarse = list(ranges)
    coarse[axis] = originals.first + originals.each * number
    points = volume.grid.lps_from_indices(_indices(coarse))
    beyond = _beyond_mm(body, points, originals.apart_mm / 2)
    return np.maximum(np.take(beyond, before - number[0], axis), np.take(beyond, after - number[0], axis))
