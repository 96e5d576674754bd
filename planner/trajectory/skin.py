"""Where the straight part, prolonged backwards, meets the skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage as ndi

from imaging.volume import Volume
from planner.domain.plan import Point
from planner.trajectory.target import as_point

AIR_HU = -400
AIR_RUN_MM = 5.0
STEP_MM = 0.5
REACH_MM = 320.0


def skin_entry(volume: Volume | None, entry_lps_mm: ArrayLike, direction_lps: ArrayLike) -> Point | None:
    """LPS mm of the skin behind a bone entry: the start of 5 mm of air; None where it is not in the image.

    Args:
        volume: CT; an MR or None gives None.
        entry_lps_mm: (3,) bone entry.
        direction_lps: (3,) from skin to bone.
    """
    if volume is None or volume.modality != "CT":
        return None
    entry, direction = np.asarray(entry_lps_mm, float), np.asarray(direction_lps, float)
    direction = direction / np.linalg.norm(direction)
    points = entry - np.arange(0.0, REACH_MM, STEP_MM)[:, None] * direction
    within = volume.grid.contains(points)
    last = len(points) if within.all() else int(np.argmin(within))
    if last < 2:
        return None
    ijk = volume.grid.indices_from_lps(points[:last])
    hu = ndi.map_coordinates(volume.values, ijk[:, ::-1].T, order=1, mode="nearest", output=np.float32)
    air = hu < AIR_HU
    run = int(AIR_RUN_MM / STEP_MM)
    if last <= run:
        return None
    count = np.convolve(air, np.ones(run, int), "valid")
    hits = np.flatnonzero(count == run)
    return as_point(points[hits[0]]) if len(hits) else None
