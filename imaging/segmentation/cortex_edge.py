"""How far a vertebra's outline lies outside its cortex, read from the CT's own profile across it.

Blur moves the apparent edge of a thin bright shell outwards, the more, the thicker the slices are along the
surface's normal. A profile is therefore compared with what a shell of known brightness gives after that
blur: soft tissue, cortex, marrow (Treece, Gee, Mayhew and Poole 2010, Med Image Anal 14:276).
"""

from __future__ import annotations

from functools import lru_cache

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.special import ndtr

from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.anatomy_local import Field
from imaging.volume import Volume

Array = NDArray[np.float64]

CORTEX_HU = 1000.0
"""Of compact bone without blur; the method needs it given, because in a thin shell brightness and thickness
cannot be told apart."""
SCANNER_SIGMA_MM = 0.6
PROFILE_MM = np.arange(-4.5, 3.01, 0.5)
EDGE_MM = np.arange(-2.5, 1.01, 0.25)
THICK_MM = np.array([0.4, 0.7, 1.0, 1.4, 1.9, 2.5, 3.2])
BLURS_MM = np.arange(0.6, 2.41, 0.2)
SOFT_HU, MARROW_HU = (-120.0, 120.0), (-80.0, 450.0)
SMOOTH_MM = 1.5
NEIGHBOUR_MM = 3.5


def outside_mm(bone_mm: Field, grid: VolumeGrid, volume: Volume, other_mm: Field | None) -> Field:
    """How far (mm, at least 0) the surface ``bone_mm`` = 0 lies outside the cortex, at every voxel of a grid.

    Args:
        bone_mm: signed distance on the isotropic ``grid``, positive inside.
        volume: CT, any grid.
        other_mm: distance to other vertebrae, positive inside; places near them are not judged.
    """
    step = float(grid.spacing_ijk_mm[0])
    rim = (bone_mm > -0.5 * step) & (bone_mm <= 0.5 * step)
    if other_mm is not None:
        rim &= other_mm < -NEIGHBOUR_MM
    rim[:2], rim[-2:], rim[:, :2], rim[:, -2:], rim[..., :2], rim[..., -2:] = (False,) * 6
    at = np.argwhere(rim)
    if len(at) < 100:
        return np.zeros_like(bone_mm)
    smooth = ndi.gaussian_filter(bone_mm, 1.0 / step)
    steps = [np.eye(3, dtype=int)[a] for a in range(3)]
    slope = np.stack([smooth[tuple((at - d).T)] - smooth[tuple((at + d).T)] for d in steps[::-1]], -1)
    slope /= np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-6)
    outward_lps = slope @ grid.direction_lps.T
    points = grid.lps_from_indices(at[:, ::-1]) + bone_mm[rim][:, None] * outward_lps
    off, weight = _misfit(points, outward_lps, volume)
    held = np.zeros(bone_mm.shape, np.float32)
    total = np.zeros(bone_mm.shape, np.float32)
    held[rim], total[rim] = weight, weight * off
    sigma = SMOOTH_MM / step
    low = ndi.gaussian_filter(held, sigma, truncate=2.5)
    mean = ndi.gaussian_filter(total, sigma, truncate=2.5) / np.maximum(low, 1e-6)
    known = rim & (low > 1e-4)
    nearest = ndi.distance_transform_edt(~known, return_distances=False, return_indices=True)
    return np.asarray(np.maximum(mean[tuple(nearest)], 0), np.float32)


def _misfit(points: Array, outward_lps: Array, volume: Volume) -> tuple[Array, Array]:
    """(mm by which each point lies outside the edge that fits best, weight 0..1)."""
    spacing = volume.grid.spacing_ijk_mm
    across = (outward_lps @ volume.grid.direction_lps) ** 2
    # The scanner's blur in the plane of the slices, each voxel's average and the interpolation between them.
    inplane = np.array([SCANNER_SIGMA_MM**2] * 3)
    blur = np.sqrt(across @ (inplane + spacing**2 / 12 + spacing**2 / 6))
    places = points[:, None] + PROFILE_MM[:, None] * outward_lps[:, None]
    kji = np.moveaxis(volume.grid.indices_from_lps(places)[..., ::-1], -1, 0)
    hu = ndi.map_coordinates(volume.values, kji, np.float32, order=1, mode="nearest")
    # Past a joint's gap lies another bone, which must not pass for soft tissue.
    past = PROFILE_MM > 0
    hu[:, past] = np.minimum.accumulate(hu[:, past], axis=1)
    which = np.clip(np.round((blur - BLURS_MM[0]) / 0.2).astype(int), 0, len(BLURS_MM) - 1)
    off, weight = np.zeros(len(points)), np.zeros(len(points))
    for n in np.unique(which):
        mine = which == n
        off[mine], weight[mine] = _fit(np.asarray(hu[mine], float), int(n))
    return off, weight


@lru_cache(maxsize=16)
def _shapes(n: int) -> tuple[Array, Array, Array]:
    """Over edges and thicknesses: share (S, C) of soft tissue, cortex and marrow at each place."""
    edge, thick = (a.ravel() for a in np.meshgrid(EDGE_MM, THICK_MM, indexing="ij"))
    soft = ndtr((PROFILE_MM[:, None] - edge) / BLURS_MM[n])
    marrow = ndtr((edge - thick - PROFILE_MM[:, None]) / BLURS_MM[n])
    return soft, 1 - soft - marrow, marrow


def _fit(hu: Array, n: int) -> tuple[Array, Array]:
    found, best = _closest(np.minimum(hu, CORTEX_HU), *_shapes(n))
    off = -np.repeat(EDGE_MM, len(THICK_MM))[found]
    return off, 1 / (1 + best / 60.0**2)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _closest(
    aim: Array, soft: Array, cortex: Array, marrow: Array
) -> tuple[NDArray[np.int64], Array]:  # pragma: no cover
    """Which of C shapes fits each profile of ``aim`` (N, S) best with its own HU of soft tissue and marrow,
    and the mean square left; the shares are (S, C)."""
    places, shapes = soft.shape
    bright = CORTEX_HU * cortex
    ss, sm, mm = (soft * soft).sum(0), (soft * marrow).sum(0), (marrow * marrow).sum(0)
    cs, cm, cc = (bright * soft).sum(0), (bright * marrow).sum(0), (bright * bright).sum(0)
    found, best = np.zeros(len(aim), np.int64), np.full(len(aim), np.inf)
    u, v, w = np.empty(shapes), np.empty(shapes), np.empty(shapes)
    for n in range(len(aim)):
        for c in range(shapes):
            u[c], v[c], w[c] = -cs[c], -cm[c], cc[c]
        for p in range(places):
            hu = aim[n, p]
            for c in range(shapes):
                u[c] += hu * soft[p, c]
                v[c] += hu * marrow[p, c]
                w[c] += hu * (hu - 2 * bright[p, c])
        for c in range(shapes):
            low = ss[c] * mm[c] - sm[c] * sm[c] + 1e-9
            outer = min(max((u[c] * mm[c] - v[c] * sm[c]) / low, SOFT_HU[0]), SOFT_HU[1])
            inner = min(max((v[c] - outer * sm[c]) / (mm[c] + 1e-9), MARROW_HU[0]), MARROW_HU[1])
            left = w[c] - 2 * (outer * u[c] + inner * v[c])
            left += outer * (outer * ss[c] + 2 * inner * sm[c]) + inner * inner * mm[c]
            if left < best[n]:
                best[n], found[n] = left, c
    return found, best / places
