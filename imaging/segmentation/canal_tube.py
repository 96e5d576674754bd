"""The spinal canal as a volume: a smooth tube inside the ring of bone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.segmentation.bodies import BodyModel
from imaging.segmentation.iso import IsoVolume
from imaging.segmentation.straighten import Straightened

Array = NDArray[np.float64]

ANGLES = 36
AXIS_BEHIND_MM = 8.5
BONE_HU = 170.0


def _radii(iso: IsoVolume, body: BodyModel, s: Array) -> Array:
    """(s, angles) distance of the first bone from the canal's axis in the vertebra's frame."""
    theta = np.arange(ANGLES) / ANGLES * 2 * np.pi
    r = np.arange(2.0, 15.1, 0.5)
    lat = np.sin(theta)[:, None] * r
    p = AXIS_BEHIND_MM + np.cos(theta)[:, None] * r
    local = np.stack(np.broadcast_arrays(lat, p, s[:, None, None]), -1)
    bone = iso.sample(body.frame.to_lps(local)) > BONE_HU
    bone |= p < 0.3
    first = np.where(bone.any(-1), r[bone.argmax(-1)], 15.0)
    limit = np.where(np.cos(theta) > 0, 12.0, 15.0)
    first = np.minimum(first, limit)
    # Foramina and the gaps between laminae are open: neighbours with bone tell how wide the canal is there.
    first = ndi.median_filter(np.pad(first, ((0, 0), (1, 1)), mode="wrap"), (9, 3), mode="nearest")[:, 1:-1]
    return np.asarray(ndi.gaussian_filter(first, (2, 0.8), mode=("nearest", "wrap")))


def canal_mask(iso: IsoVolume, spine: Straightened, column: list[BodyModel]) -> NDArray[np.bool_]:
    """Voxels of the canal between the lowest and the highest body."""
    del spine
    out = np.zeros(iso.values.shape, bool)
    for body in column:
        low, high = body.frame.disc_plane(False), body.frame.disc_plane(True)
        s = np.arange(low[0] - 12, high[0] + 12.01, 1.0)
        radii = _radii(iso, body, s)
        corners = np.array([[a, b, c] for a in (-16, 16) for b in (-2, 24) for c in (s[0], s[-1])])
        index = iso.index_kji(body.frame.to_lps(corners))
        lo = np.maximum(0, np.floor(index.min(0)).astype(int))
        hi = np.minimum(iso.values.shape, np.ceil(index.max(0)).astype(int) + 1)
        where = tuple(slice(a, b) for a, b in zip(lo, hi, strict=True))
        kji = np.stack(
            np.meshgrid(*[np.arange(a, b) for a, b in zip(lo, hi, strict=True)], indexing="ij"), -1
        )
        local = body.frame.to_local(iso.origin_lps_mm + kji[..., ::-1] * iso.spacing_mm)
        lat, p, h = np.moveaxis(local, -1, 0)
        angle = np.mod(np.arctan2(lat, p - AXIS_BEHIND_MM) / (2 * np.pi) * ANGLES, ANGLES)
        wrapped = np.concatenate([radii, radii[:, :1]], 1)
        limit = ndi.map_coordinates(wrapped, np.stack([h - s[0], angle]), order=1, mode="nearest")
        up = high[0] + high[1] * lat + high[2] * p + body.frame.above.height_mm / 2 + 0.7
        down = low[0] + low[1] * lat + low[2] * p - body.frame.below.height_mm / 2 - 0.7
        out[where] |= (np.hypot(lat, p - AXIS_BEHIND_MM) < limit) & (h < up) & (h > down)
    return out
