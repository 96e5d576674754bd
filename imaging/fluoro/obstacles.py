"""What stands in the beam besides the spine: the iliac crest, and the table's rails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.geometry.carm import Projection
from imaging.geometry.grid import VolumeGrid
from imaging.labels import SACRUM
from imaging.volume import LabelVolume, Volume

_BONE_HU = 220
_SAMPLE_MM = 0.7
_NEAR_SPINE_MM = 12.0


@dataclass(frozen=True)
class Table:
    """An operating table under a prone patient.

    Attributes:
        below_mm: from the isocentre down (towards the patient's front) to the table top.
        half_width_mm: from its middle, taken to lie under the isocentre, to its edge.
        rail_mm: width of the metal rail at each edge.
    """

    below_mm: float = 120.0
    half_width_mm: float = 260.0
    rail_mm: float = 45.0


def crest_mm(
    volume: Volume, vertebrae: LabelVolume, projection: Projection, points_lps_mm: ArrayLike
) -> float:
    """Median length in mm of bone outside the spine that the beam crosses on its way to ``points_lps_mm``.

    Bone is above 220 HU and more than 12 mm along the beam from any labelled vertebra or the sacrum: at the
    lumbosacral junction that is the ilium.
    """
    points = np.asarray(points_lps_mm, float).reshape(-1, 3)
    lengths = []
    for point in points:
        ray = point - projection.source_lps_mm
        far = float(np.linalg.norm(ray))
        ray = ray / far
        along = np.arange(max(far - 350, 0), far + 350, _SAMPLE_MM)
        line = projection.source_lps_mm + along[:, None] * ray
        bone = _nearest(volume.values, volume.grid, line) > _BONE_HU
        spine = _nearest(vertebrae.labels, vertebrae.grid, line) > 0
        if spine.any():
            nearest = np.abs(along[:, None] - along[spine][None, ::4]).min(1)
            bone &= nearest > _NEAR_SPINE_MM
        lengths.append(float(bone.sum()) * _SAMPLE_MM)
    return float(np.median(lengths)) if lengths else 0.0


def _nearest(array_kji: NDArray[Any], grid: VolumeGrid, points_lps_mm: NDArray[np.float64]) -> NDArray[Any]:
    """(N,) values of the nearest voxels; 0 outside the grid."""
    at = np.rint(grid.indices_from_lps(points_lps_mm)).astype(int)
    inside = ((at >= 0) & (at < np.array(grid.shape_kji[::-1]))).all(1)
    values = np.zeros(len(at), array_kji.dtype)
    i, j, k = at[inside].T
    values[inside] = array_kji[k, j, i]
    return values


def table_in_the_way(projection: Projection, table: Table | None = None, field_mm: float = 40.0) -> bool:
    """Whether a rail of the table crosses the middle ``field_mm`` of the beam below a prone patient."""
    table = table or Table()
    d = projection.d_lps
    # The beam comes from the source: going from the isocentre to it, the patient's front (-y) is down.
    down = d[1]
    if down <= 1e-3:
        return False
    across = abs(-d[0] / down * table.below_mm)
    half = field_mm / 2
    return bool(table.half_width_mm - table.rail_mm - half < across < table.half_width_mm + half)


def crest_matters(verse: int) -> bool:
    """Whether the iliac crest can lie over a level: L4 and below."""
    return 23 <= verse <= SACRUM
