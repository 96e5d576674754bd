"""How much room every bone entry round the planned one leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits
from planner.domain.plan import TrajectoryParameters
from planner.trajectory.fields import VertebraFields
from planner.trajectory.path import bend_frame

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EntryMap:
    """Margin left for every entry round the planned one, the introducer still aimed at its far end.

    Attributes:
        margin_mm: (N, N) least clearance to cortex measured on the straight part past docking; rows run from
            superior to inferior, columns from the patient's left to the right, as seen from behind. nan
            where there is no bone to enter.
        centre_lps_mm, right_lps, down_lps: (3,) middle of the map and its unit axes along columns and rows.
        step_mm: distance of neighbouring places.
    """

    margin_mm: Array
    centre_lps_mm: Array
    right_lps: Array
    down_lps: Array
    step_mm: float


def entry_map(
    fields: VertebraFields,
    device: DeviceProfile,
    parameters: TrajectoryParameters,
    limits: Limits,
    half_mm: float = 12.0,
    step_mm: float = 0.5,
) -> EntryMap:
    """Margins over the plane at right angles to the introducer through its bone entry."""
    direction, _ = bend_frame(parameters)
    left, _, superior = fields.axes_lps
    right = -left - direction * (-left @ direction)
    right /= np.linalg.norm(right)
    down = np.cross(direction, right)
    down *= -np.sign(down @ superior) or 1.0
    entry = np.asarray(parameters.entry_lps_mm)
    far = entry + parameters.straight_mm * direction
    offsets = np.arange(-half_mm, half_mm + 1e-6, step_mm)
    plane = entry + offsets[None, :, None] * right + offsets[:, None, None] * down
    ways = far - plane
    length = np.linalg.norm(ways, axis=-1, keepdims=True)
    # The entry is where this line's last stretch of bone begins, at most 10 mm off the plane.
    t = np.arange(-10.0, parameters.straight_mm + 0.01, 0.75)
    places = plane[:, :, None] + t[None, None, :, None] * (ways / length)[:, :, None]
    bone = fields.bone(places)
    solid = np.cumprod((bone > 0)[..., ::-1], axis=-1).sum(-1)
    start = len(t) - solid
    index = np.arange(len(t))
    judged = (index >= start[..., None] + int(np.ceil(limits.docking_mm / 0.75))) & (t <= length - 0.1)
    clear = np.where(judged, bone - device.outer_diameter_mm / 2, np.inf)
    margin = clear.min(-1)
    bad = ~np.isfinite(margin) | (start == 0)
    return EntryMap(np.where(bad, np.nan, margin), entry, right, down, step_mm)
