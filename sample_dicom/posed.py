"""The phantom's spine lying otherwise: every vertebra moved rigidly, what lies between them following."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from sample_dicom.phantom import Phantom

Array = NDArray[np.float64]
_COARSE = 2


@dataclass(frozen=True, eq=False)
class SpinePose:
    """(4, 4) rigid motion of each vertebra by VerSe number, from the phantom to where it lies now, LPS mm."""

    motion: dict[int, Array]

    def place(self, verse: int, points_lps_mm: ArrayLike) -> Array:
        """(..., 3) points of a vertebra where they lie now."""
        m = self.motion[verse]
        return np.asarray(np.asarray(points_lps_mm, float) @ m[:3, :3].T + m[:3, 3])


def random_pose(
    phantom: Phantom,
    random: np.random.Generator,
    shift_mm: float = 20.0,
    turn_deg: float = 15.0,
    bend_deg: float = 4.0,
) -> SpinePose:
    """The whole moved and turned, and every joint bent about its disc's middle, by up to these amounts."""
    order = sorted(phantom.truth)
    middle = order[len(order) // 2]
    motion = {middle: np.eye(4)}
    for upward in (True, False):
        at = order.index(middle)
        while 0 <= (step := at - 1 if upward else at + 1) < len(order):
            here, there = order[at], order[step]
            upper, lower = sorted((here, there))
            disc = (
                phantom.truth[upper].body.inferior_endplate[0]
                + phantom.truth[lower].body.superior_endplate[0]
            ) / 2
            motion[there] = motion[here] @ _turn(random, bend_deg, disc)
            at = step
    whole = _turn(random, turn_deg, phantom.truth[middle].body.centre_lps_mm)
    away = random.standard_normal(3)
    whole[:3, 3] += away / np.linalg.norm(away) * random.uniform(0, shift_mm)
    return SpinePose({verse: whole @ m for verse, m in motion.items()})


def _turn(random: np.random.Generator, most_deg: float, about: Array) -> Array:
    axis = random.standard_normal(3)
    axis *= np.deg2rad(random.uniform(0, most_deg)) / np.linalg.norm(axis)
    out = np.eye(4)
    out[:3, :3] = Rotation.from_rotvec(axis).as_matrix()
    out[:3, 3] = about - out[:3, :3] @ about
    return out


class Unposed:
    """Where in the phantom a place of the posed patient comes from.

    Rigid within every vertebra; elsewhere the vertebrae's motions are mixed by how near each is.
    """

    def __init__(self, phantom: Phantom, pose: SpinePose) -> None:
        self._grid = phantom.volume.grid
        spacing = self._grid.spacing_ijk_mm[::-1] * _COARSE
        labels = phantom.vertebrae.labels[::_COARSE, ::_COARSE, ::_COARSE]
        self._parts = [
            (np.linalg.inv(m), ndimage.distance_transform_edt(labels != verse, spacing).astype(np.float32))
            for verse, m in pose.motion.items()
        ]

    def __call__(self, points_lps_mm: ArrayLike) -> Array:
        """(..., 3) places in the phantom, LPS mm."""
        points = np.asarray(points_lps_mm, float)
        total, weight = np.zeros(points.shape), np.zeros(points.shape[:-1])
        for back, distance in self._parts:
            there = points @ back[:3, :3].T + back[:3, 3]
            index = self._grid.indices_from_lps(there)[..., ::-1] / _COARSE
            far = ndimage.map_coordinates(distance, np.moveaxis(index, -1, 0), order=1, mode="nearest")
            w = 1 / (far + 0.3) ** 4
            total += w[..., None] * there
            weight += w
        return np.asarray(total / weight[..., None])
