"""The basivertebral foramen on MR: the bright wedge in the middle of the posterior wall on T2 and STIR."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import BodyGeometry, ForamenGeometry
from imaging.volume import Volume

Array = NDArray[np.float64]

# The veins are bright on T2 and STIR [K+, clinical.md 1]; on T1 fat and vein cannot be told apart.
FLUID_BRIGHT = ("T2", "STIR", "T2 fat-saturated")
_LEAST_CONTRAST = 0.25
_DEPTH_MM, _STEP_MM = (1.5, 11.0), 0.5
_HALF_WIDE_MM = 2.0
_FIND_MM, _LEAST_MM2 = 3.0, 6.0


def foramen_on_mr(volume: Volume, body: BodyGeometry, sequence: str) -> ForamenGeometry | None:
    """Mouth and depth of a body's foramen; None where the sequence does not show it or none stands out.

    Sought in the middle of the body, 25 to 75 % of its height, within 11 mm of the posterior wall, as the
    largest spot that is at least a quarter brighter than the marrow before it and reaches to the wall.
    """
    if sequence not in FLUID_BRIGHT:
        return None
    deep = np.arange(*_DEPTH_MM, _STEP_MM)
    up = np.arange(-0.25, 0.2501, _STEP_MM / body.height_mm) * body.height_mm
    beside = np.linspace(-_HALF_WIDE_MM, _HALF_WIDE_MM, 5)
    d, u, b = np.meshgrid(deep, up, beside, indexing="ij")
    picture = _values(volume, _places(body, d, u, b)).mean(-1)
    ahead = np.arange(0.35 * body.depth_mm, 0.7 * body.depth_mm, 1.0)
    d, u, b = np.meshgrid(ahead, up, beside, indexing="ij")
    marrow = float(np.median(_values(volume, _places(body, d, u, b))))
    if marrow <= 0:
        return None
    bright = ndi.gaussian_filter(picture, 1.0) / marrow - 1 >= _LEAST_CONTRAST
    spots, count = ndi.label(bright)
    best, size = 0, 0.0
    for n in range(1, count + 1):
        own = spots == n
        at_wall = bool(own[deep <= _FIND_MM].any())
        if at_wall and own.sum() * _STEP_MM**2 > max(size, _LEAST_MM2):
            best, size = n, float(own.sum() * _STEP_MM**2)
    if not best:
        return None
    own = spots == best
    rows = np.nonzero(own)
    if own[:, [0, -1]].any():  # it goes on along the wall: a vessel or the canal, no foramen
        return None
    height = float(up[rows[1]].mean())
    mouth = body.posterior_wall_lps_mm + height * body.superior
    return ForamenGeometry(mouth, float(deep[rows[0]].max()))


def _places(body: BodyGeometry, deep: Array, up: Array, beside: Array) -> Array:
    return np.asarray(
        body.posterior_wall_lps_mm
        - deep[..., None] * body.posterior
        + up[..., None] * body.superior
        + beside[..., None] * body.left
    )


def _values(volume: Volume, points: Array) -> Array:
    index = np.moveaxis(volume.grid.indices_from_lps(points)[..., ::-1], -1, 0)
    return np.asarray(ndi.map_coordinates(volume.values, index, np.float32, order=1, mode="nearest"))
