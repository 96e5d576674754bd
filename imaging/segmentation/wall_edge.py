"""The walls round the pedicles to a few hundredths of a millimetre, from the CT's voxels and labels together.

A label says of a voxel's middle only that it lies inside or outside, so that a surface laid through labels
errs by 0.1 mm in patches of a few millimetres. The CT says more: each of its voxels near a wall is compared
with what a shell of cortex between soft tissue and marrow gives after the scanner's blur, all voxels within a
millimetre of a place together, since their middles lie at different depths (as with a slanted edge: ISO
12233). How bright compact bone is and how much the scanner blurs is found from the same vertebra. Where the
CT's edge lies on the whole is left to the labels: the wall keeps the CT's form and lies where the labels
agree with it best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.spatial import cKDTree

from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.anatomy_local import Box, Field, Mask, box_grid, signed_distance
from imaging.segmentation.shell_fit import fit_labels, fit_shells
from imaging.volume import Volume

Array = NDArray[np.float64]
Index = NDArray[np.int64]

ROUND_MM, TAPER_MM = 13.0, 3.0
"""So far from a pedicle's middle walls are judged; over the last 3 mm less and less of it is believed."""
PLACE_MM, LABELS_MM = 0.8, 3.0
"""Standard deviation of what counts for one place, of the CT's voxels and of the labels."""
EXPECTED = np.array([0.0, 1.2, 30.0, 230.0, 1000.0])
BLURS_MM = np.arange(0.4, 1.51, 0.1)
OUT_MM, DEEP_MM, OTHER_MM, NEAR_MM = 2.8, 4.0, 1.0, 6.0
FIT_MM, MOST_MM = 1.5, 0.2
"""Farthest from an outline that the CT's edge is looked for; most that a wall moves in the end, twice what
voxels' steps err by (standard deviation)."""
MISFIT_HU = 80.0
LEAST_TRUST = 30.0
"""Per square mm: a place whose edge is no surer than 0.2 mm moves by half or less."""
UNKNOWN_MM = (2.0, 3.0)
"""So far from every place that is judged (metal, a neighbour) walls move less, and not at all."""
PASSES = 2
DIFFER_MM = 0.02
"""Least standard deviation by which the CT's edge and the labels are taken to differ from place to place."""


@dataclass(frozen=True, eq=False)
class _Voxels:
    """CT voxels near a surface: foot on it and outward normal there (N, 3), depth below it, HU (N,), and the
    normal's squared components along the slices' plane and through it (N, 2)."""

    foot: Array
    outward: Array
    depth: Array
    hu: Array
    across: Array


def sharpened(
    bone_mm: Field,
    grid: VolumeGrid,
    volume: Volume,
    other_mm: Field | None,
    own: Mask,
    own_grid: VolumeGrid,
    moved_mm: Field,
    centres_lps_mm: Sequence[Array],
) -> Field:
    """A level set, positive inside, with the walls round ``centres_lps_mm`` laid anew.

    Args:
        bone_mm: signed distance on the isotropic ``grid``, positive inside; right within 6 mm of zero.
        volume: CT, any grid.
        other_mm: distance to other vertebrae, positive inside.
        own, own_grid: the vertebra's label.
        moved_mm: by how much ``bone_mm``'s surface was moved inwards from the label's, on ``grid``.
        centres_lps_mm: the middles of the pedicles.
    """
    step = float(grid.spacing_ijk_mm[0])
    box = _box(grid, centres_lps_mm, ROUND_MM + 3.0)
    near = box_grid(grid, box)
    other = None if other_mm is None else other_mm[box]
    before = np.ascontiguousarray(bone_mm[box])
    belief = _belief(near, centres_lps_mm)
    now = before
    blur, expected = None, EXPECTED
    for _ in range(PASSES):
        at, points, outward = _places(now, near, belief, other, 3)
        voxels = _voxels(now, near, volume, other, centres_lps_mm)
        if len(points) < 100 or len(voxels.hu) < 1000:
            return bone_mm
        close = _close(points, outward, voxels.foot, voxels.outward, PLACE_MM)
        if blur is None:
            blur = _blur(close, voxels, np.abs(outward @ volume.grid.direction_lps[:, 2]))
            some = _some(close, np.linspace(0, len(points) - 1, 400).astype(int))
            found = fit_shells(*some, voxels.depth, _sd(voxels, blur), voxels.hu, EXPECTED, False, 6)
            expected = np.r_[0.0, np.median(found[:, 1:5], axis=0)]
            expected[2] = EXPECTED[2]
        found = fit_shells(*close, voxels.depth, _sd(voxels, blur), voxels.hu, expected, True, 6)
        # Blur moves a curved wall towards its hollow side by its variance times the mean curvature.
        across = (outward @ volume.grid.direction_lps) ** 2 @ np.array([blur[0], blur[0], blur[1]]) ** 2
        curved = -ndi.gaussian_laplace(now, 1.2 / step)[tuple(at.T)] / step**2
        edge = found[:, 0] - across * np.clip(curved, -0.5, 0.5) / 2
        trust = 1 / (found[:, 5] ** 2 + 0.02**2) / (1 + (found[:, 6] / MISFIT_HU) ** 4)
        # What fits no shell says nothing.
        edge *= trust / (trust + LEAST_TRUST)
        move = _between(at, edge, trust, now.shape, 0.6 / step, step)
        now = signed_distance(now - np.clip(move, -FIT_MM, FIT_MM) * belief, step, NEAR_MM)
    at, points, _ = _places(now, near, belief, other, 7)
    deeper = _by_labels(points, now + moved_mm[box], near, own, own_grid, centres_lps_mm)
    now = now - _between(at, deeper, np.ones(len(at)), now.shape, 1.5 / step, step) * belief
    level = bone_mm.copy()
    level[box] = before + np.clip(now - before, -MOST_MM, MOST_MM)
    return level


def _box(grid: VolumeGrid, centres: Sequence[Array], reach_mm: float) -> Box:
    ijk = grid.indices_from_lps(np.asarray(centres))
    reach = reach_mm / grid.spacing_ijk_mm
    low = np.clip(np.floor(ijk.min(0) - reach).astype(int), 0, None)
    high = np.minimum(np.ceil(ijk.max(0) + reach).astype(int) + 1, grid.shape_kji[::-1])
    return slice(low[2], high[2]), slice(low[1], high[1]), slice(low[0], high[0])


def _from_centres(points: Array, centres: Sequence[Array]) -> Array:
    return np.asarray(np.sqrt(np.min([((points - c) ** 2).sum(-1) for c in centres], axis=0)))


def _belief(grid: VolumeGrid, centres: Sequence[Array]) -> Field:
    """1 round the pedicles, falling to 0."""
    k, j, i = np.indices(grid.shape_kji)
    away = _from_centres(grid.lps_from_indices(np.stack([i, j, k], -1)), centres)
    return np.asarray(np.clip((ROUND_MM - away) / TAPER_MM, 0, 1), np.float32)


def _slopes(bone: Field, kji: Array, step: float) -> tuple[Array, Array]:
    """(N, 3) unit gradients in i, j, k and the length that was theirs."""
    smooth = ndi.gaussian_filter(bone, 0.8 / step)
    slope = np.stack([ndi.map_coordinates(g, kji.T, order=1) for g in np.gradient(smooth)[::-1]], -1)
    length = np.linalg.norm(slope, axis=1)
    return slope / np.maximum(length, 1e-6)[:, None], length / step


def _places(
    bone: Field, grid: VolumeGrid, belief: Field, other: Field | None, every: int
) -> tuple[Index, Array, Array]:
    """Voxels beside the surface (N, 3) k, j, i, their points on it and the outward normals (LPS)."""
    step = float(grid.spacing_ijk_mm[0])
    rim = (np.abs(bone) <= 0.5 * step) & (belief > 0)
    if other is not None:
        rim &= other < -OTHER_MM
    at = np.argwhere(rim)
    at = at[at.sum(1) % every == 0]
    slope, _ = _slopes(bone, at, step)
    outward = -slope @ grid.direction_lps.T
    points = grid.lps_from_indices(at[:, ::-1]) + bone[tuple(at.T)][:, None] * outward
    return at, points, outward


def _voxels(
    bone: Field, grid: VolumeGrid, volume: Volume, other: Field | None, centres: Sequence[Array]
) -> _Voxels:
    source = volume.grid
    box = _box(source, centres, ROUND_MM + 3.0)
    kji = np.stack(np.meshgrid(*[np.arange(s.start, s.stop) for s in box], indexing="ij"), -1).reshape(-1, 3)
    points = source.lps_from_indices(kji[:, ::-1])
    at = grid.indices_from_lps(points)[:, ::-1]
    use = ((at >= 0) & (at <= np.array(grid.shape_kji) - 1)).all(1)
    use &= _from_centres(points, centres) < ROUND_MM + 2.0
    kji, points, at = kji[use], points[use], at[use]
    depth = ndi.map_coordinates(bone, at.T, order=1)
    slope, length = _slopes(bone, at, float(grid.spacing_ijk_mm[0]))
    # Halfway between two walls a voxel belongs to neither.
    use = (depth > -OUT_MM) & (depth < DEEP_MM) & (length > 0.7)
    if other is not None:
        # Past a joint's gap lies another bone.
        use &= ndi.map_coordinates(other, at.T, order=1) < -OTHER_MM
    kji, points, depth, slope = kji[use], points[use], np.asarray(depth[use], float), slope[use]
    outward = -slope @ grid.direction_lps.T
    part = (outward @ source.direction_lps) ** 2
    return _Voxels(
        points + depth[:, None] * outward,
        outward,
        np.asarray(depth, float),
        np.asarray(volume.values[tuple(kji.T)], float),
        np.stack([part[:, 0] + part[:, 1], part[:, 2]], -1),
    )


def _close(
    points: Array, outward: Array, feet: Array, normals: Array, sd_mm: float
) -> tuple[Index, Index, Array]:
    """Feet near each point and on the same wall: first (N + 1,), indices, weights."""
    pairs = cKDTree(points).sparse_distance_matrix(cKDTree(feet), 2.2 * sd_mm, output_type="ndarray")
    # The order in which a place's voxels are added up must not depend on how the tree was walked.
    pairs = pairs[np.lexsort((pairs["j"], pairs["i"]))]
    place, index = pairs["i"], pairs["j"]
    same = np.clip(((normals[index] * outward[place]).sum(1) - 0.6) / 0.3, 0, 1)
    first = np.searchsorted(place, np.arange(len(points) + 1))
    return first, index, np.exp(-0.5 * (pairs["v"] / sd_mm) ** 2) * same


def _some(close: tuple[Index, Index, Array], places: Index) -> tuple[Index, Index, Array]:
    first, index, weight = close
    parts = [np.arange(first[n], first[n + 1]) for n in places]
    use = np.concatenate(parts)
    return np.r_[0, np.cumsum([len(p) for p in parts])], index[use], weight[use]


def _sd(voxels: _Voxels, blur: tuple[float, float]) -> Array:
    return np.asarray(np.sqrt(voxels.across @ np.square(blur)))


def _blur(close: tuple[Index, Index, Array], voxels: _Voxels, through: Array) -> tuple[float, float]:
    """Standard deviations (mm) of the blur in the slices' plane and through it that leave least unexplained.

    The first from walls that stand across the slices, the second from those that lie along them.
    """
    found: list[float] = []
    for wall in (through < 0.4, through > 0.75):
        places = np.flatnonzero(wall)
        if len(places) < 30:
            return (found[0] if found else 0.7,) * 2
        some = _some(close, places[np.linspace(0, len(places) - 1, min(150, len(places))).astype(int)])
        left = np.array(
            [
                np.median(fit_shells(
                    *some, voxels.depth, _sd(voxels, ((*found, b)[0], b)), voxels.hu, EXPECTED, False, 5
                )[:, 6])
                for b in BLURS_MM
            ]
        )  # fmt: skip
        n = int(np.clip(np.argmin(left), 1, len(left) - 2))
        bend, tilt, _ = np.polyfit(BLURS_MM[n - 1 : n + 2], left[n - 1 : n + 2], 2)
        least = -tilt / (2 * bend) if bend > 0 else BLURS_MM[np.argmin(left)]
        found.append(float(np.clip(least, BLURS_MM[0], BLURS_MM[-1])))
    return found[0], found[1]


def _between(
    at: Index, values: Array, weight: Array, shape: tuple[int, ...], sigma: float, step_mm: float
) -> Field:
    """Weighted means of what is known at the voxels ``at``, of the nearest one elsewhere; 0 far from all."""
    held, total = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    held[tuple(at.T)], total[tuple(at.T)] = weight, weight * values
    low = ndi.gaussian_filter(held, sigma, truncate=3.0)
    mean = ndi.gaussian_filter(total, sigma, truncate=3.0) / np.maximum(low, 1e-9)
    known = np.zeros(shape, bool)
    known[tuple(at.T)] = True
    away, nearest = ndi.distance_transform_edt(~known, sampling=step_mm, return_indices=True)
    fade = np.clip((UNKNOWN_MM[1] - away) / (UNKNOWN_MM[1] - UNKNOWN_MM[0]), 0, 1)
    return np.asarray(mean[tuple(nearest)] * fade, np.float32)


def _by_labels(
    points: Array,
    bone: Field,
    grid: VolumeGrid,
    own: Mask,
    own_grid: VolumeGrid,
    centres: Sequence[Array],
) -> Array:
    """(N,) by how much deeper the labels have the surface round each point.

    Drawn towards the mean of all as far as they differ by chance (empirical Bayes; Efron and Morris 1973).
    """
    box = _box(own_grid, centres, ROUND_MM)
    kji = np.stack(np.meshgrid(*[np.arange(s.start, s.stop) for s in box], indexing="ij"), -1).reshape(-1, 3)
    places = own_grid.lps_from_indices(kji[:, ::-1])
    at = grid.indices_from_lps(places)[:, ::-1]
    depth = ndi.map_coordinates(bone, at.T, order=1, cval=-9.0).astype(float)
    use = np.abs(depth) < 0.7
    kji, places, depth = kji[use], places[use], depth[use]
    flat = np.zeros_like(places)
    flat[:, 0] = 1.0
    first, index, weight = _close(points, np.tile([1.0, 0, 0], (len(points), 1)), places, flat, LABELS_MM)
    deeper, unsure = fit_labels(first, index, weight, depth, own[tuple(kji.T)], 8).T
    mean = np.average(deeper, weights=1 / unsure)
    differ = max(float(np.average((deeper - mean) ** 2 - unsure, weights=1 / unsure)), DIFFER_MM**2)
    return np.asarray(mean + (deeper - mean) * differ / (differ + unsure))
