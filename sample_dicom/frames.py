"""Each vertebra's own frame, stacked from the sacrum upwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.labels import SACRUM
from sample_dicom.parameters import LevelShape, PhantomParameters

Array = NDArray[np.float64]

L3 = 22
L3_CENTRE_LPS_MM = np.array([6.0, -32.0, -648.0])
"""Off zero on purpose: what mixes up a voxel index, a local and a patient coordinate shall show."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Origin (3,) in LPS mm and axes (3, 3), rows left, posterior, superior; local mm are (u, v, w)."""

    origin_lps_mm: Array
    axes_lps: Array

    def lps(self, local_mm: ArrayLike) -> Array:
        """(..., 3) local mm to LPS mm."""
        return np.asarray(np.asarray(local_mm, float) @ self.axes_lps + self.origin_lps_mm)

    def direction_lps(self, local: ArrayLike) -> Array:
        """(..., 3) local direction to LPS."""
        return np.asarray(np.asarray(local, float) @ self.axes_lps)

    def local(self, points_lps_mm: ArrayLike) -> Array:
        """(..., 3) LPS mm to local mm."""
        return np.asarray((np.asarray(points_lps_mm, float) - self.origin_lps_mm) @ self.axes_lps.T)

    def moved(self, offset_lps_mm: ArrayLike) -> Frame:
        """The frame shifted in LPS mm."""
        return Frame(self.origin_lps_mm + np.asarray(offset_lps_mm, float), self.axes_lps)


def axes_from_angles(pitch_deg: float, roll_deg: float = 0.0, axial_deg: float = 0.0) -> Array:
    """(3, 3) rows left, posterior, superior.

    Pitch leans the superior axis to anterior, roll leans it to the patient's left, axial turns the posterior
    axis to the patient's left.
    """
    p, r, a = np.deg2rad([pitch_deg, roll_deg, axial_deg])
    pitch = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    roll = np.array([[np.cos(r), 0, -np.sin(r)], [0, 1, 0], [np.sin(r), 0, np.cos(r)]])
    axial = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    return np.asarray(axial @ pitch @ roll)


def rim_height_mm(shape: LevelShape) -> float:
    """Height between the endplates' rims at mid depth."""
    return (shape.anterior_height_mm + shape.posterior_height_mm) / 2


def stack_frames(shapes: dict[int, LevelShape], parameters: PhantomParameters) -> dict[int, Frame]:
    """Frame of each body's centre by VerSe number; L3's centre lies at L3_CENTRE_LPS_MM."""
    order = sorted(shapes, reverse=True)
    lumbar = {verse: (verse - 21.5) / 2.5 for verse in order}
    frames: dict[int, Frame] = {}
    below: Frame | None = None
    top_below = np.zeros(3)
    for verse in order:
        shape = shapes[verse]
        if verse == SACRUM:
            roll = axial = 0.0
        else:
            # A smooth single curve: tangent angles +-half the Cobb angle at its ends, rotation at the apex.
            roll = 0.5 * parameters.scoliosis_deg * float(np.clip(lumbar[verse], -1, 1))
            axial = -0.5 * parameters.scoliosis_deg * float(np.exp(-(lumbar[verse] ** 2)))
            axial += parameters.axial_rotation_deg * float(np.exp(-(((verse - L3) / 1.2) ** 2)))
        axes = axes_from_angles(shape.pitch_deg, roll, axial)
        half = rim_height_mm(shape) / 2
        if below is None:
            origin = np.zeros(3)
        else:
            mean = below.axes_lps[2] + axes[2]
            origin = top_below + shape.disc_below_mm * mean / np.linalg.norm(mean) + half * axes[2]
        below = Frame(origin, axes)
        frames[verse] = below
        top_below = origin + half * axes[2]
    shift = L3_CENTRE_LPS_MM - frames[L3].origin_lps_mm
    return {verse: frame.moved(shift) for verse, frame in frames.items()}
