"""The stations of an insertion: how deep the tool is, and what of it is in the patient then."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imaging.anatomy import VertebraAnatomy
from planner.domain.plan import Trajectory
from planner.report.words import depth_of, tool_length_mm, wall_depth_mm


@dataclass(frozen=True)
class Checkpoint:
    """A station: its name and the length of tool past bone entry."""

    name: str
    depth_mm: float


def checkpoints(t: Trajectory, a: VertebraAnatomy) -> tuple[Checkpoint, ...]:
    """Docking, mid-pedicle, posterior wall, start of the bend and target, as far as the tool has them."""
    stations = [Checkpoint("Docking", 0.0)]
    pedicle = a.pedicles.get(t.side)
    if pedicle is not None:
        stations.append(Checkpoint("Mid-pedicle", depth_of(t, pedicle.isthmus_centre_lps_mm)))
    wall = wall_depth_mm(t, a)
    if wall is not None:
        stations.append(Checkpoint("Posterior wall", wall))
    if t.parameters.turn_deg > 0.5:
        stations.append(Checkpoint("Bend", t.parameters.straight_mm))
    stations.append(Checkpoint("Target", tool_length_mm(t)))
    return tuple(sorted(stations, key=lambda s: s.depth_mm))


def advanced_to(t: Trajectory, depth_mm: float) -> Trajectory:
    """The same tool with its tip only ``depth_mm`` past bone entry (at least half a millimetre)."""
    path = np.array(t.path_lps_mm)
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    count = max(2, int(np.searchsorted(along, depth_mm, side="right")))
    points, tip = t.path_lps_mm[:count], t.path_lps_mm[count - 1]
    return replace(t, path_lps_mm=points, outer_diameter_mm=t.outer_diameter_mm[:count], tip_lps_mm=tip)
