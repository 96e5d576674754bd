"""Candidates that enter the body beside the pedicle: more convergence, no medial pedicle wall, own rules.

The rules: the entry lies on the body's back corner lateral to the pedicle's middle and not below the pedicle,
because the exiting root leaves under it; the way from the skin passes no bone; the canal keeps its margin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import PedicleGeometry
from imaging.labels import Side
from planner.domain.device import DeviceProfile
from planner.trajectory.candidates import Candidates, curve_table, medial_bend, straight_tip_mm
from planner.trajectory.fields import VertebraFields

Array = NDArray[np.float64]
KEEP = 1200
BESIDE_WALL_MM = 0.0
BELOW_PEDICLE_MM = 0.0


def extrapedicular_candidates(
    fields: VertebraFields, side: Side, device: DeviceProfile, aim: Array
) -> Candidates | None:
    """Straight and curved tools that bring the electrode's middle to the aim from the side, 24 to 66°."""
    left, posterior, superior = fields.axes_lps
    medial = -left if side == "left" else left
    a, b = np.deg2rad(np.meshgrid(np.arange(24.0, 67.0, 3.0), np.arange(-25.0, 26.0, 5.0), indexing="ij"))
    a, b = a.ravel()[:, None], b.ravel()[:, None]
    d = np.asarray(-np.cos(a) * np.cos(b) * posterior + np.sin(a) * np.cos(b) * medial + np.sin(b) * superior)
    bend = medial_bend(fields, side, d)
    tip = straight_tip_mm(device)
    half = device.electrode_length_mm / 2 + device.electrode_to_tip_mm
    count = len(d)
    pools = [
        Candidates(aim + (half - tip) * d, d, bend, np.zeros(count), np.zeros(count), np.full(count, tip))
    ]
    if device.bend_radius_mm is not None:
        turn, tips, forward, sideways = curve_table(device)
        line, entry = (x.ravel() for x in np.meshgrid(np.arange(count), np.arange(len(turn)), indexing="ij"))
        stride = max(1, len(line) // KEEP)
        line, entry = line[::stride], entry[::stride]
        start = aim - forward[entry, None] * d[line] - sideways[entry, None] * bend[line]
        pools.append(Candidates(start, d[line], bend[line], np.zeros(len(line)), turn[entry], tips[entry]))
    pool = Candidates.join(pools)
    if pool is None:
        return None
    inside = fields.bone(pool.point) > device.outer_diameter_mm / 2
    return pool.take(np.flatnonzero(inside)) if inside.any() else None


def beside_mm(fields: VertebraFields, pedicle: PedicleGeometry, side: Side, entries: Array) -> Array:
    """(N,) mm that entries lie lateral to the pedicle's axis at their own depth."""
    local = (entries - pedicle.isthmus_centre_lps_mm) @ fields.axes_lps.T
    axis = pedicle.axis_lps @ fields.axes_lps.T
    along = local[:, 1] / min(axis[1], -0.3)
    off = local[:, 0] - along * axis[0]
    return np.asarray(off if side == "left" else -off)


def entry_cost(fields: VertebraFields, pedicle: PedicleGeometry, side: Side, entries: Array) -> Array:
    """(N,) mm by which entries break the rules of place: lateral to the pedicle, not below it."""
    local = (entries - pedicle.isthmus_centre_lps_mm) @ fields.axes_lps.T
    lateral = beside_mm(fields, pedicle, side, entries)
    off_pedicle = pedicle.width_mm / 2 + BESIDE_WALL_MM
    low = -pedicle.height_mm / 2 + BELOW_PEDICLE_MM
    return np.asarray(
        np.maximum(off_pedicle - lateral, 0.0)
        + np.maximum(low - local[:, 2], 0.0)
        + np.maximum(local[:, 1] - 4.0, 0.0)
    )
