"""The way from the skin to the bone: other bone on it, and whether a C-arm can look down it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.geometry.carm import angles_from_direction
from planner.domain.limits import Limits
from planner.domain.plan import Access
from planner.trajectory.fields import VertebraFields

Array = NDArray[np.float64]
BONE_HU = 250.0
WAY_MM = np.arange(3.0, 100.0, 1.5)
OWN_FROM_MM = 4.0


def way_bone(fields: VertebraFields, entries: Array, directions: Array, access: Access) -> NDArray[np.bool_]:
    """(N, M) whether each place behind the entry lies in other bone: vertebrae, iliac crest, ribs.

    Bone without a label is taken from the CT (above 250 HU). Beside the pedicle the own processes count too.
    """
    ways = entries[:, None] - WAY_MM[None, :, None] * directions[:, None]
    hit = fields.other_bone(ways)
    volume = fields.volume
    if volume is not None:
        ijk = volume.grid.indices_from_lps(ways.reshape(-1, 3))
        hu = ndi.map_coordinates(
            volume.values, ijk[:, ::-1].T, order=1, mode="constant", cval=-1000, output=np.float32
        ).reshape(ways.shape[:-1])
        own = fields.bone(ways) > -OWN_FROM_MM
        hit |= (hu > BONE_HU) & ~own
    if access == "extrapedicular":
        hit |= fields.bone(ways) > -1.0
    return np.asarray(hit)


def blocked_samples(
    fields: VertebraFields, entries: Array, directions: Array, access: Access
) -> NDArray[np.int_]:
    """(N,) number of places (1.5 mm apart) of the ways that lie in other bone."""
    return np.asarray(way_bone(fields, entries, directions, access).sum(1))


def carm_excess_deg(directions: Array, limits: Limits) -> Array:
    """(N,) by how many degrees looking down the tool is beyond the C-arm's oblique and tilt."""
    d = -directions
    oblique = 180.0 - np.abs(np.rad2deg(np.arctan2(d[:, 0], -d[:, 1])))
    tilt = np.abs(np.rad2deg(np.arcsin(np.clip(d[:, 2], -1, 1))))
    return np.asarray(
        np.maximum(oblique - limits.carm_oblique_deg, 0.0) + np.maximum(tilt - limits.carm_tilt_deg, 0.0)
    )


def en_face_words(direction_lps: Array) -> tuple[float, float]:
    """(oblique, tilt) in degrees without sign that a C-arm needs to look down the tool, prone patient."""
    primary, secondary = angles_from_direction(-np.asarray(direction_lps, float))
    return 180.0 - abs(primary), abs(secondary)
