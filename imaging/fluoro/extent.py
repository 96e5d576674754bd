"""Which rays a CT holds all of: they do not miss it, nor leave the body through its first or last slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.fluoro.projector import RayFan
from imaging.fluoro.rows import CoarseMask
from imaging.geometry.carm import Projection
from imaging.volume import Volume

Mask = NDArray[np.bool_]
_BODY_HU = -300
# A ray that loses no more than the body's rim is shown all the same.
_RIM_MM = 12.0
_LEAST_SHARE = 0.12


class Extent:
    """The ends of a volume, as a picture meets them.

    Args:
        volume: CT.
        keep: what counts of it, see rows.patient_mask.
        cropped: whether the volume ends within the body at its sides too (see Projector.is_cropped); rays
            that cross too little of such a volume are not known.
    """

    def __init__(self, volume: Volume, keep: CoarseMask | None, cropped: bool) -> None:
        self.grid, self.cropped = volume.grid, cropped
        upright = np.abs(volume.grid.direction_lps[2])
        self.axis = int(np.argmax(upright))  # of i, j, k
        size, spacing = volume.values.shape[::-1], volume.grid.spacing_ijk_mm
        self.others = [n for n in range(3) if n != self.axis]
        self.ends: list[Mask] = []
        for place in (0, size[self.axis] - 1):
            face = np.asarray(volume.values.take(place, axis=2 - self.axis).T > _BODY_HU)
            if keep is not None:
                kept = keep.mask.take(place // keep.step, axis=2 - self.axis).T
                kept = np.repeat(np.repeat(kept, keep.step, 0), keep.step, 1)
                face &= kept[: face.shape[0], : face.shape[1]]
            filled = ndimage.binary_fill_holes(face)
            depth = ndimage.distance_transform_edt(
                np.pad(filled, 1), sampling=[spacing[n] for n in self.others]
            )
            self.ends.append(np.asarray(depth[1:-1, 1:-1] > _RIM_MM))

    def known(self, projection: Projection, rows: int, columns: int, step: int) -> Mask:
        """(rows, columns) bool at the centres of blocks of ``step`` pixels."""
        middle = (step - 1) / 2
        fan = RayFan.of(projection, self.grid, (middle, middle), step)
        v, u = np.ogrid[:rows, :columns]
        size = self.grid.shape_kji[::-1]
        enter, leave = np.full((rows, columns), -np.inf), np.full((rows, columns), np.inf)
        rays, near, far = [], [], []
        for n in range(3):
            ray = fan.corner[n] - fan.source[n] + u * fan.column[n] + v * fan.row[n]
            ray = np.where(np.abs(ray) < 1e-9, 1e-9, ray)
            one, two = (-0.5 - fan.source[n]) / ray, (size[n] - 0.5 - fan.source[n]) / ray
            rays.append(ray)
            near.append(np.minimum(one, two))
            far.append(np.maximum(one, two))
            np.maximum(enter, near[n], out=enter)
            np.minimum(leave, far[n], out=leave)
        known = leave > np.maximum(enter, 0)
        upward = rays[self.axis] > 0
        for place, at_axis, first in ((leave, far, upward), (enter, near, ~upward)):
            # Through the last slice where it leaves going up or enters going down, else the first.
            here = known & (at_axis[self.axis] == place)
            if not here.any():
                continue
            t = place[here]
            a, b = (
                np.clip(np.rint(fan.source[n] + t * rays[n][here]).astype(int), 0, size[n] - 1)
                for n in self.others
            )
            cut = np.where(first[here], self.ends[1][a, b], self.ends[0][a, b])
            known[here] = ~cut
        if self.cropped:
            length = leave - np.maximum(enter, 0)
            known &= length > _LEAST_SHARE * np.percentile(np.maximum(length, 0), 98)
        return known
