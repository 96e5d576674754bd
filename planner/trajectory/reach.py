"""Where a profile can get to from one entry, and how far short a straight tool stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import PedicleGeometry
from imaging.labels import Side
from planner.domain.device import DeviceProfile
from planner.domain.plan import Target, TrajectoryParameters
from planner.trajectory.candidates import best_lines, waypoints
from planner.trajectory.fields import VertebraFields
from planner.trajectory.path import arc_offsets, bend_frame

Array = NDArray[np.float64]
ROLLS = 36
TURN_STEP_DEG = 5.0
SAMPLE_MM = 0.75
ENTRY_BEHIND_MM = 8.0


@dataclass(frozen=True, eq=False)
class ReachSurface:
    """Surface of the farthest tips that the tool reaches inside bone, its introducer as planned.

    ``vertices_lps_mm`` (N, 3) and ``triangles`` (M, 3) of an open cup round the introducer's end;
    ``margin_mm`` is by how much the target's centre lies inside (positive) or beyond it.
    """

    vertices_lps_mm: Array
    triangles: NDArray[np.int64]
    margin_mm: float


def reach_surface(
    fields: VertebraFields, device: DeviceProfile, parameters: TrajectoryParameters, target: Target
) -> ReachSurface:
    """Every turn and every plane of the arc, each as far as the straight tip goes and bone surrounds it."""
    direction, bend = bend_frame(parameters)
    third = np.cross(direction, bend)
    start = np.asarray(parameters.entry_lps_mm) + parameters.straight_mm * direction
    radius = device.bend_radius_mm or 1.0
    turns = np.deg2rad(np.arange(0.0, device.max_turn_deg + 0.1, TURN_STEP_DEG))
    rolls = 2 * np.pi * np.arange(ROLLS) / ROLLS
    sideways = np.cos(rolls)[:, None] * bend + np.sin(rolls)[:, None] * third
    rows = []
    for turn in turns:
        length = radius * turn + device.max_straight_tip_mm
        s = np.linspace(0.0, length, max(2, int(np.ceil(length / SAMPLE_MM)) + 1))
        forward, side = arc_offsets(s, radius, float(turn))
        points = start + forward[None, :, None] * direction + side[None, :, None] * sideways[:, None]
        free = fields.bone(points) - device.channel_diameter_mm / 2 > 0
        last = np.cumprod(free, axis=1).sum(1) - 1
        rows.append(points[np.arange(ROLLS), np.maximum(last, 0)])
    grid = np.stack(rows)
    count = len(turns)
    a, r = (x.ravel() for x in np.meshgrid(np.arange(count - 1), np.arange(ROLLS), indexing="ij"))
    n = (r + 1) % ROLLS
    corner = [a * ROLLS + r, a * ROLLS + n, (a + 1) * ROLLS + n, (a + 1) * ROLLS + r]
    triangles = np.concatenate([np.stack(corner[:3], 1), np.stack([corner[0], corner[2], corner[3]], 1)])
    return ReachSurface(grid.reshape(-1, 3), triangles.astype(np.int64), _margin(start, grid, target))


def _margin(start: Array, grid: Array, target: Target) -> float:
    """How much farther than the target the surface lies, seen from the introducer's end."""
    aim = np.asarray(target.centre_lps_mm) - start
    far = grid.reshape(-1, 3) - start
    length = np.linalg.norm(far, axis=1)
    cosine = (far @ aim) / np.maximum(length * np.linalg.norm(aim), 1e-9)
    ahead = cosine > np.cos(np.deg2rad(6.0))
    if not ahead.any():
        off = np.linalg.norm(grid.reshape(-1, 3) - np.asarray(target.centre_lps_mm), axis=1)
        return -float(off.min())
    return float(length[ahead].max() - np.linalg.norm(aim))


def straight_short_mm(
    fields: VertebraFields,
    pedicle: PedicleGeometry,
    side: Side,
    device: DeviceProfile,
    target: Target,
    margin_mm: float,
) -> float | None:
    """How near (mm) a straight tool in the pedicle, with a margin to cortex, comes to the target.

    None where no straight line keeps that margin in the pedicle at all.
    """
    radius = device.outer_diameter_mm / 2 + margin_mm
    points = waypoints(pedicle, fields, radius, (7, 7))
    if not len(points):
        return None
    left, posterior, superior = fields.axes_lps
    medial = -left if side == "left" else left
    a, b = np.deg2rad(np.meshgrid(np.arange(0.0, 46.0, 3.0), np.arange(-24.0, 25.0, 6.0), indexing="ij"))
    a, b = a.ravel()[:, None], b.ravel()[:, None]
    vectors = -np.cos(a) * np.cos(b) * posterior + np.sin(a) * np.cos(b) * medial + np.sin(b) * superior
    q, d, _ = best_lines(fields, points, np.asarray(vectors), radius)
    if not len(q):
        return None
    aim = np.asarray(target.centre_lps_mm)
    along = ((aim - q) * d).sum(1)
    t = np.linspace(0, 1, 24)[None] * (along[:, None] + 6.0) - 6.0
    clear = fields.bone(q[:, None] + t[..., None] * d[:, None]).min(1) - radius
    miss = np.linalg.norm(aim - q - along[:, None] * d, axis=1)
    # Through the pedicle, not into it from beside: the entry lies behind the isthmus.
    slant = np.maximum(-(d @ posterior), 0.3)
    behind = np.stack([-0.5 * ENTRY_BEHIND_MM / slant, -ENTRY_BEHIND_MM / slant], 1)
    entered = fields.bone(q[:, None] + behind[..., None] * d[:, None]).min(1) > 0
    inside = (clear >= 0) & entered
    return float(miss[inside].min()) if inside.any() else None
