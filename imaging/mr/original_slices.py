"""Slices that were put between thicker ones by interpolation: which are original.

Between two original slices brightness runs in straight lines, so that second differences from slice to
slice vanish but at the originals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.volume import Volume

Array = NDArray[np.float64]

LEAST_MM, MOST_MM = 2.5, 8.0
# Second differences at the originals over those between, and how well they follow the pattern.
_LEAST_RATIO, _LEAST_LIKENESS, _LEAST_ORIGINALS = 2.0, 0.85, 5
_STEP = 0.04
# An index this near an original slice is that slice.
_SAME = 0.12


@dataclass(frozen=True)
class OriginalSlices:
    """Originals lie at index ``first`` and every ``each`` further, along an array's ``axis`` (0 to 2)."""

    axis: int
    first: float
    each: float
    apart_mm: float


def original_slices(volume: Volume) -> OriginalSlices | None:
    """The original slices of an MR across the body, None where the slices are as they were taken."""
    grid = volume.grid
    across = int(np.abs(grid.direction_lps[0]).argmax())
    spacing = float(grid.spacing_ijk_mm[across])
    axis = 2 - across
    values = np.moveaxis(volume.values, axis, 0)[:, ::2, ::2].astype(np.float32)
    count = len(values)
    if count < 3 or 2.2 * spacing > MOST_MM:
        return None
    bend = np.abs(values[:-2] - 2 * values[1:-1] + values[2:]).mean((1, 2)).astype(float)
    bend /= np.maximum(np.abs(values[1:-1]).mean((1, 2)), 1.0)
    bend = np.minimum(bend, 1.5 * np.percentile(bend, 90))
    if float(np.ptp(bend)) < 1e-6:
        return None
    coarse = np.arange(max(LEAST_MM / spacing, 2.2), min(MOST_MM / spacing, count / _LEAST_ORIGINALS), _STEP)
    found = _best(bend, coarse, np.arange(0.0, MOST_MM / spacing, 0.1))
    if found is None:
        return None
    fine = np.arange(-_STEP, _STEP, _STEP / 8)
    found = _best(bend, found[0] + fine, found[1] + 5 * fine) or found
    return OriginalSlices(axis, found[1], found[0], found[0] * spacing)


def _best(bend: Array, distances: Array, firsts: Array) -> tuple[float, float] | None:
    """(distance, first) whose pattern the second differences follow best, None where none does well."""
    place = np.arange(1, len(bend) + 1)
    best, found = _LEAST_LIKENESS, None
    b = bend - bend.mean()
    for each in distances:
        first = firsts[firsts < each]
        off = np.abs((place - first[:, None] + each / 2) % each - each / 2)
        pattern = np.maximum(1.0 - off, 0.0)
        a = pattern - pattern.mean(1, keepdims=True)
        cross, power = a @ b, np.maximum((a**2).sum(1), 1e-9)
        like = cross / np.sqrt(power * (b**2).sum())
        n = int(like.argmax())
        slope = cross[n] / power[n]
        level = float(bend.mean() - slope * pattern[n].mean())
        if like[n] > best and slope > _LEAST_RATIO * max(level, 1e-6):
            best, found = float(like[n]), (float(each), float(first[n]))
    return found


def beside(index: NDArray[np.intp], slices: OriginalSlices) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Numbers of the original slices before and after each index; the same one twice where it is original."""
    number = (index - slices.first) / slices.each
    near = _SAME / slices.each
    return np.floor(number + near).astype(np.intp), np.ceil(number - near).astype(np.intp)
