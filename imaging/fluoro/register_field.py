"""What 2D/3D registration compares: one vertebra's shadow with a part of an X-ray picture, by their edges.

Gradient correlation (G. Penney and others, IEEE TMI 17(4), 1998) does not care about scatter, noise or the
monitor's grey curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from imaging.errors import PlannerError
from imaging.fluoro.edges import gradient_correlation
from imaging.fluoro.projector import Projector, RayFan
from imaging.geometry.carm import Projection
from imaging.geometry.grid import VolumeGrid
from imaging.volume import LabelVolume, Volume

Array = NDArray[np.float64]

_SOFT_HU = 60
_RIM_MM = 2.0
_AROUND_MM = 22.0


@dataclass(frozen=True, eq=False)
class XrayView:
    """A picture with its geometry.

    Attributes:
        picture: (rows, columns) grey values of any scale.
        projection: of the C-arm as its DICOM header or the user gives it.
        bone_dark: whether bone is darker than soft tissue.
    """

    picture: NDArray[np.generic]
    projection: Projection
    bone_dark: bool = True


class VertebraTemplate:
    """One vertebra cut out of the CT.

    Args:
        volume: CT.
        vertebrae: labels on the CT's grid.
        verse: the vertebra's number.

    Raises:
        PlannerError: not_found, the label is not in the map.
    """

    def __init__(self, volume: Volume, vertebrae: LabelVolume, verse: int) -> None:
        mine = vertebrae.labels == verse
        found = ndimage.find_objects(mine.astype(np.uint8))
        if not found or found[0] is None:
            raise PlannerError("not_found", "This vertebra is not in the labels of the CT.")
        margin = [int(np.ceil(_RIM_MM / s)) + 1 for s in volume.grid.spacing_ijk_mm[::-1]]
        box = tuple(
            slice(max(0, s.start - m), min(n, s.stop + m))
            for s, m, n in zip(found[0], margin, mine.shape, strict=True)
        )
        mask = mine[box]
        away = ndimage.distance_transform_edt(~mask, sampling=volume.grid.spacing_ijk_mm[::-1])
        # Other vertebrae's bone within the rim would pull the fit to the neighbour.
        others = (vertebrae.labels[box] > 0) & ~mask
        hu = np.where((away <= _RIM_MM) & ~others, volume.values[box].astype(np.int32) - _SOFT_HU, 0)
        matrix = np.array(volume.grid.lps_from_ijk)
        matrix[:3, 3] = volume.grid.lps_from_indices([s.start for s in box[::-1]])
        self.grid = VolumeGrid(mask.shape, matrix)
        self.projector = Projector(Volume(self.grid, np.clip(hu, 0, 3000).astype(np.int16)), part="bone")
        self.centre_lps_mm = self.grid.lps_from_indices(np.argwhere(mask).mean(0)[::-1])
        corners = np.array(list(product((0, 1), repeat=3))) * (np.array(mask.shape[::-1]) - 1)
        self.corners_lps_mm = self.grid.lps_from_indices(corners)

    def matrix(self, parameters: Array) -> Array:
        """(4, 4) of (rotation vector in degrees, shift in mm) about the vertebra's centre."""
        out = np.eye(4)
        out[:3, :3] = Rotation.from_rotvec(parameters[:3], degrees=True).as_matrix()
        out[:3, 3] = self.centre_lps_mm + parameters[3:] - out[:3, :3] @ self.centre_lps_mm
        return out


class Field:
    """The part of one picture in which the vertebra may lie, at one resolution.

    Raises:
        PlannerError: not_in_picture.
    """

    def __init__(self, template: VertebraTemplate, view: XrayView, start: Array, pixel_iso_mm: float) -> None:
        self.view = view
        p = view.projection
        self.magnification = p.carm.sid_mm / p.carm.sod_mm
        self.step = max(1.0, pixel_iso_mm * self.magnification / p.carm.pixel_mm)
        self.mm = self.step * p.carm.pixel_mm / self.magnification
        corners = template.corners_lps_mm @ start[:3, :3].T + start[:3, 3]
        uv = p.project(corners)
        margin = _AROUND_MM * self.magnification / p.carm.pixel_mm
        low = np.maximum(uv.min(0) - margin, 0)
        high = np.minimum(uv.max(0) + margin, [p.carm.columns - 1, p.carm.rows - 1])
        if (high - low < 20 * self.step).any():
            raise PlannerError("not_in_picture", "The vertebra does not lie within the X-ray picture.")
        self.first = (float(low[0]), float(low[1]))
        self.columns, self.rows = (int(n) + 1 for n in (high - low) // self.step)
        grey = np.asarray(view.picture, np.float32)
        smooth = ndimage.gaussian_filter(grey, 0.5 * self.step)
        v, u = np.mgrid[: self.rows, : self.columns] * self.step
        fixed = ndimage.map_coordinates(smooth, [v + low[1], u + low[0]], order=1, mode="nearest")
        self.gradients = _gradients(-fixed if view.bone_dark else fixed)
        # A bright spot, such as metal or the field's edge, must not outweigh bone.
        limit = 3 * np.percentile(np.abs(self.gradients), 80)
        self.gradients = np.ascontiguousarray(np.clip(self.gradients, -limit, limit), np.float32)

    def shadow(self, template: VertebraTemplate, matrix: Array) -> NDArray[np.float32]:
        """(rows, columns) line integrals of the moved vertebra; 0 where it cannot be projected."""
        grid = VolumeGrid(template.grid.shape_kji, matrix @ template.grid.lps_from_ijk)
        fan = RayFan.of(self.view.projection, grid, self.first, self.step)
        shadow = template.projector.fan_integrals(fan, self.rows, self.columns, grid)
        return np.zeros((self.rows, self.columns), np.float32) if shadow is None else shadow

    def score(self, template: VertebraTemplate, matrix: Array) -> float:
        """Mean correlation of both gradient components where the vertebra's shadow has edges."""
        return float(gradient_correlation(self.gradients, self.shadow(template, matrix)))

    def shift_mm(self, template: VertebraTemplate, matrix: Array, reach_mm: float) -> Array:
        """(right, down) in mm at the isocentre by which the shadow matches best."""
        moving = _gradients(self.shadow(template, matrix))
        power = [1 << int(np.ceil(np.log2(2 * n))) for n in (self.rows, self.columns)]
        total: NDArray[np.complex128] = sum(
            np.fft.rfft2(f, power) * np.conj(np.fft.rfft2(m, power))
            for f, m in zip(self.gradients, moving, strict=True)
        )  # type: ignore[assignment]
        found = np.fft.irfft2(total, power)
        reach = max(2, int(reach_mm / self.mm))
        window = np.roll(found, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]
        v, u = divmod(int(window.argmax()), window.shape[1])
        place = np.array([u - reach, v - reach], float)
        for axis, (low, mid, high) in enumerate(
            (
                (window[v, max(u - 1, 0)], window[v, u], window[v, min(u + 1, 2 * reach)]),
                (window[max(v - 1, 0), u], window[v, u], window[min(v + 1, 2 * reach), u]),
            )
        ):
            bend = low - 2 * mid + high
            if bend < 0:
                place[axis] += float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5))
        return place * self.mm


def _gradients(picture: NDArray[np.floating]) -> NDArray[np.float32]:
    """(2, rows, columns) change along columns and rows, smoothed across."""
    return np.stack(
        [
            ndimage.sobel(np.asarray(picture, np.float32), axis=1),
            ndimage.sobel(np.asarray(picture, np.float32), axis=0),
        ]
    )
