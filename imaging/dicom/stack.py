"""Geometry of a pile of parallel slices, from positions and orientation only.

DICOM PS3.3 C.7.6.2.1.1: a pixel's place is its slice's position plus index times spacing along row and
column. The order of slices is that of their projections on the normal, row x column, never that of file
names or instance numbers; so a grid built on it is always right-handed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

SAME_PLACE_MM = 0.02
UNEVEN_FRACTION = 0.1
DRIFT_LIMIT_MM = 0.5


@dataclass(frozen=True, slots=True)
class Gap:
    """Slices that are not there, between two coordinates along the patient axis nearest to the normal."""

    missing: int
    low_mm: float
    high_mm: float


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices sorted along the normal.

    Attributes:
        order: indices of the given slices, by ascending projection on the normal.
        axes_lps: (3, 3) rows are unit vectors along a row, down a column, and their cross product.
        offsets_mm: (n, 3) sorted positions in these axes, first slice at 0.
        origin_lps_mm: (3,) position of the first slice.
        spacing_mm: between neighbouring slices along the normal (0 for one place).
        same_place: groups of places in ``order`` that share one position.
        gaps: where slices are missing.
        uneven_mm: greatest distance of a slice from its place in an even pile.
        step_mm: (2,) mean shift along row and column from one slice to the next.
        wander_mm: greatest in-plane distance of a slice from the line through all.
    """

    order: tuple[int, ...]
    axes_lps: Array
    offsets_mm: Array
    origin_lps_mm: Array
    spacing_mm: float
    same_place: tuple[tuple[int, ...], ...]
    gaps: tuple[Gap, ...]
    uneven_mm: float
    step_mm: Array
    wander_mm: float

    @property
    def uneven(self) -> bool:
        """Whether the distances differ by more than a tenth."""
        return self.uneven_mm > max(0.05, UNEVEN_FRACTION * self.spacing_mm)

    @property
    def regular(self) -> bool:
        """Whether nothing is missing, doubled or uneven."""
        return not (self.same_place or self.gaps or self.uneven)

    @property
    def sheared(self) -> bool:
        """Whether slices are shifted sideways against each other, as by a tilted gantry."""
        return bool(np.ptp(self.offsets_mm[:, :2], axis=0).max() > DRIFT_LIMIT_MM)

    @property
    def tilt_deg(self) -> float:
        """Angle between the pile's direction and the slices' normal."""
        return float(np.rad2deg(np.arctan2(np.linalg.norm(self.step_mm), max(self.spacing_mm, 1e-9))))

    @property
    def orientation(self) -> str:
        """axial, sagittal, coronal, or oblique when the normal is over 25 degrees from every axis."""
        normal = np.abs(self.axes_lps[2])
        axis = int(normal.argmax())
        return ("sagittal", "coronal", "axial")[axis] if normal[axis] > 0.906 else "oblique"


def axes_from_orientation(orientation_lps: ArrayLike) -> Array | None:
    """(3, 3) orthonormal rows row, column, normal of six direction cosines; None if they are not such."""
    six = np.asarray(orientation_lps, float)
    row, column = six[:3], six[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if abs(lengths[0] - 1) > 0.02 or abs(lengths[1] - 1) > 0.02 or abs(row @ column) > 0.01:
        return None
    row = row / lengths[0]
    column = column - (column @ row) * row
    column /= np.linalg.norm(column)
    return np.stack([row, column, np.cross(row, column)])


def build_stack(positions_lps_mm: Sequence[ArrayLike], axes_lps: Array) -> Stack:
    """Sort (n, 3) slice positions along the normal and check every distance."""
    positions = np.asarray(positions_lps_mm, float).reshape(-1, 3)
    order = np.argsort(positions @ axes_lps[2], kind="stable")
    ordered = positions[order]
    offsets = (ordered - ordered[0]) @ axes_lps.T
    depth = offsets[:, 2]
    new_place = np.r_[True, np.diff(depth) > SAME_PLACE_MM]
    place = np.cumsum(new_place) - 1
    same = tuple(
        tuple(np.flatnonzero(place == p).tolist()) for p in np.flatnonzero(np.bincount(place) > 1).tolist()
    )
    distinct = np.flatnonzero(new_place)
    spacing, uneven, gaps = 0.0, 0.0, []
    step, wander = np.zeros(2), 0.0
    if len(distinct) > 1:
        levels = depth[distinct]
        steps = np.diff(levels)
        typical = float(np.median(steps))
        counts = np.maximum(1, np.rint(steps / typical)).astype(int)
        index = np.r_[0, np.cumsum(counts)].astype(float)
        centred = index - index.mean()
        weight = float(centred @ centred)
        spacing = float(centred @ levels / weight)
        uneven = float(np.abs(levels - levels.mean() - centred * spacing).max())
        sideways = offsets[distinct, :2]
        step = centred @ sideways / weight
        residual = sideways - sideways.mean(0) - centred[:, None] * step
        wander = float(np.linalg.norm(residual, axis=1).max())
        axis = int(np.abs(axes_lps[2]).argmax())
        for n in np.flatnonzero(counts > 1).tolist():
            ends = sorted(float(ordered[distinct[m], axis]) for m in (n, n + 1))
            gaps.append(Gap(int(counts[n]) - 1, ends[0], ends[1]))
    return Stack(
        tuple(order.tolist()), axes_lps, offsets, ordered[0], spacing, same, tuple(gaps), uneven, step, wander
    )
