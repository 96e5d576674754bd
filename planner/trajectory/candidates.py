"""Candidate cannulas: lines through the isthmus and the bends that lead from them to the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import PedicleGeometry
from imaging.labels import Side
from planner.domain.device import DeviceProfile
from planner.trajectory.fields import VertebraFields
from planner.trajectory.path import arc_offsets

Array = NDArray[np.float64]
KEEP_LINES = 420
KEEP_CURVES = 1200


@dataclass(frozen=True, eq=False)
class Candidates:
    """N cannulas: a point on the line (N, 3), direction and bend unit vectors (N, 3), where along the line
    from that point the bend begins (N,) mm, turn (N,) rad and straight tip (N,) mm."""

    point: Array
    direction: Array
    bend: Array
    bend_at: Array
    turn: Array
    tip: Array

    def __len__(self) -> int:
        return len(self.bend_at)

    def take(self, index: NDArray[np.int_]) -> Candidates:
        """Some of them."""
        parts = (self.point, self.direction, self.bend, self.bend_at, self.turn, self.tip)
        return Candidates(*(part[index] for part in parts))

    @classmethod
    def join(cls, pools: list[Self]) -> Candidates | None:
        """All in one; None of nothing."""
        if not pools:
            return None
        names = ("point", "direction", "bend", "bend_at", "turn", "tip")
        return Candidates(*(np.concatenate([getattr(p, name) for p in pools]) for name in names))

    def perturbed(
        self, rng: np.random.Generator, scale: float, count: int, device: DeviceProfile
    ) -> Candidates:
        """``count`` small random changes of the first candidate."""
        one = np.zeros(count, int)
        base = self.take(one)
        side = np.cross(base.direction, base.bend)
        move = rng.normal(0, 0.9 * scale, (count, 2))
        tilt = rng.normal(0, np.deg2rad(3.0) * scale, (count, 2))
        direction = base.direction + tilt[:, :1] * base.bend + tilt[:, 1:] * side
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        roll = rng.normal(0, np.deg2rad(5.0) * scale, count)[:, None]
        bend = np.cos(roll) * base.bend + np.sin(roll) * side
        bend = bend - direction * (bend * direction).sum(1, keepdims=True)
        bend /= np.linalg.norm(bend, axis=1, keepdims=True)
        turn = base.turn
        if device.bend_radius_mm is not None:
            changed = base.turn + rng.normal(0, np.deg2rad(5.0) * scale, count)
            turn = np.where(base.turn > 0, np.clip(changed, 0.05, np.deg2rad(device.max_turn_deg)), 0.0)
        tip = np.clip(base.tip + rng.normal(0, 1.0 * scale, count), 0.0, device.max_straight_tip_mm)
        point = base.point + move[:, :1] * base.bend + move[:, 1:] * side
        bend_at = base.bend_at + rng.normal(0, 1.0 * scale, count)
        return Candidates(point, direction, bend, bend_at, turn, tip)


def curve_table(device: DeviceProfile) -> tuple[Array, Array, Array, Array]:
    """(turn rad, tip mm, forward mm, sideways mm) of the electrode's middle relative to the bend's start."""
    radius = device.bend_radius_mm or 1.0
    turns = np.deg2rad(np.arange(20.0, device.max_turn_deg + 0.1, 5.0))
    tips = np.arange(0.0, device.max_straight_tip_mm + 0.1, 1.0)
    turn, tip = (a.ravel() for a in np.meshgrid(turns, tips, indexing="ij"))
    middle = radius * turn + tip - device.electrode_to_tip_mm - device.electrode_length_mm / 2
    keep = middle > 1.0
    forward = np.empty_like(turn)
    sideways = np.empty_like(turn)
    for index in range(len(turn)):
        f, w = arc_offsets(middle[index : index + 1], radius, float(turn[index]))
        forward[index], sideways[index] = f[0], w[0]
    return turn[keep], tip[keep], forward[keep], sideways[keep]


def waypoints(
    pedicle: PedicleGeometry, fields: VertebraFields, clear_mm: float, count: tuple[int, int]
) -> Array:
    """(N, 3) points of the isthmus section that leave ``clear_mm`` to its edge."""
    across = np.cross(pedicle.axis_lps, fields.axes_lps[2])
    across /= np.linalg.norm(across)
    up = np.cross(across, pedicle.axis_lps)
    a = np.linspace(-1, 1, count[0]) * max(0.4, min(7.0, pedicle.width_mm / 2 - clear_mm))
    b = np.linspace(-1, 1, count[1]) * max(0.4, min(7.0, pedicle.height_mm / 2 - clear_mm))
    grid = np.stack(np.meshgrid(a, b, indexing="ij"), -1).reshape(-1, 2)
    points = pedicle.isthmus_centre_lps_mm + grid[:, :1] * across + grid[:, 1:] * up
    return np.asarray(points[fields.bone(points) > clear_mm * 0.6])


def directions(fields: VertebraFields, side: Side) -> Array:
    """(N, 3) unit vectors to anterior: convergence 0..45 deg to the midline, tilt -30..20 deg."""
    a, b = np.deg2rad(np.meshgrid(np.arange(0.0, 46.0, 5.0), np.arange(-30.0, 21.0, 5.0), indexing="ij"))
    left, posterior, superior = fields.axes_lps
    medial = -left if side == "left" else left
    a, b = a.ravel()[:, None], b.ravel()[:, None]
    return np.asarray(
        -np.cos(a) * np.cos(b) * posterior + np.sin(a) * np.cos(b) * medial + np.sin(b) * superior
    )


def best_lines(
    fields: VertebraFields, points: Array, vectors: Array, radius: float
) -> tuple[Array, Array, Array]:
    """The lines with most clearance in the pedicle: points, directions and where (mm) they enter the body."""
    t = np.arange(-10.0, 10.1, 1.0)
    q = np.repeat(points, len(vectors), axis=0)
    d = np.tile(vectors, (len(points), 1))
    near = fields.bone(q[:, None] + t[None, :, None] * d[:, None])
    # Only the few millimetres round the isthmus must be clear here; entry and body are judged later.
    clear = near[:, (t >= -4) & (t <= 4)].min(1) - radius
    order = np.argsort(-clear, kind="stable")
    order = order[clear[order] > -0.5][:KEEP_LINES]
    q, d = q[order], d[order]
    ahead = np.arange(-6.0, 22.1, 0.7)
    inside = fields.body(q[:, None] + ahead[None, :, None] * d[:, None]) > 0.3
    entered = np.where(inside.any(1), ahead[np.argmax(inside, axis=1)], np.nan)
    known = np.isfinite(entered)
    return q[known], d[known], entered[known]


def curved_candidates(
    fields: VertebraFields,
    pedicle: PedicleGeometry,
    side: Side,
    device: DeviceProfile,
    aim: Array,
    table: tuple[Array, Array, Array, Array],
    past_wall_mm: float = 1.0,
) -> Candidates | None:
    """Curves that bring the electrode's middle to within about 0.7 mm of the aim."""
    radius = device.outer_diameter_mm / 2
    points = waypoints(pedicle, fields, radius, (5, 7))
    if not len(points):
        return None
    q, d, entered = best_lines(fields, points, directions(fields, side), radius)
    if not len(q):
        return None
    turn, tip, forward, sideways = table
    to_aim = aim - q
    along = (to_aim * d).sum(1)
    across = to_aim - along[:, None] * d
    off = np.linalg.norm(across, axis=1)
    bend_at = along[:, None] - forward[None]
    match = (np.abs(sideways[None] - off[:, None]) < 0.7) & (bend_at >= entered[:, None] + past_wall_mm)
    line, entry = np.nonzero(match)
    if not len(line):
        return None
    stride = max(1, len(line) // KEEP_CURVES)
    line, entry = line[::stride], entry[::stride]
    bend = across[line] / np.maximum(off[line], 1e-6)[:, None]
    return Candidates(q[line], d[line], bend, bend_at[line, entry], turn[entry], tip[entry])


def straight_candidates(
    fields: VertebraFields, pedicle: PedicleGeometry, side: Side, device: DeviceProfile, aim: Array
) -> Candidates | None:
    """Straight lines through the isthmus to the aim, the introducer ending where the tip's length begins."""
    radius = device.outer_diameter_mm / 2
    points = waypoints(pedicle, fields, radius, (9, 9))
    if not len(points):
        return None
    to_aim = aim - points
    length = np.linalg.norm(to_aim, axis=1)
    d = to_aim / length[:, None]
    tip = np.full(len(points), straight_tip_mm(device))
    bend_at = length + device.electrode_length_mm / 2 + device.electrode_to_tip_mm - tip
    return Candidates(points, d, medial_bend(fields, side, d), bend_at, np.zeros(len(points)), tip)


def straight_tip_mm(device: DeviceProfile) -> float:
    """How far stylet and probe of an unbent tool stand out of the introducer."""
    return min(device.max_straight_tip_mm, device.electrode_length_mm + device.electrode_to_tip_mm + 2.0)


def medial_bend(fields: VertebraFields, side: Side, directions: Array) -> Array:
    """(N, 3) unit vectors at right angles to directions (N, 3) that point most to the midline."""
    left = fields.axes_lps[0]
    bend = np.broadcast_to(-left if side == "left" else left, directions.shape)
    bend = bend - directions * (bend * directions).sum(1, keepdims=True)
    return np.asarray(bend / np.maximum(np.linalg.norm(bend, axis=1, keepdims=True), 1e-9))
