"""Signed distances from the tool's surface, by direction."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imaging.geometry.trilinear import march
from imaging.labels import Side
from imaging.segmentation.anatomy_local import FAR_MM
from planner.trajectory.fields import VertebraFields

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]
WORDS = ("medial", "lateral", "superior", "inferior", "anterior", "posterior")
RAYS = 48
REACH_MM = 20.0
VAGUE = 0.7
SAME_MM = 0.4
"""A wall that a ray meets no further off than this is the nearest one."""


def word_axes(fields: VertebraFields, side: Side) -> Array:
    """(6, 3) unit vectors in LPS of ``WORDS`` for a side."""
    left, posterior, superior = fields.axes_lps
    medial = -left if side == "left" else left
    return np.stack([medial, -medial, superior, -superior, -posterior, posterior])


def tangents(points: Array) -> Array:
    """(N, 3) unit tangents of a polyline."""
    steps = np.gradient(points, axis=0)
    return np.asarray(steps / np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-9))


def ray_lengths(fields: VertebraFields, starts: Array, directions: Array) -> Array:
    """(...) way in mm from starts inside bone to its surface (sphere tracing), at most ``REACH_MM``."""
    starts, directions = np.broadcast_arrays(starts, directions)
    lengths = march(
        fields.bone_mm,
        fields.grid.ijk_from_lps,
        np.ascontiguousarray(starts.reshape(-1, 3)),
        np.ascontiguousarray(directions.reshape(-1, 3)),
        11,
        0.03,
        REACH_MM,
        -FAR_MM,
    )
    return np.asarray(lengths.reshape(starts.shape[:-1]))


@dataclass(frozen=True, eq=False)
class ToolClearance:
    """Along the tool: distance from bone entry, surface clearance and the word of the nearest wall.

    ``vague``: midway between two walls, as in the middle of a pedicle, where the distance falls to both
    sides alike and its fall points anywhere. The word is then better taken from ``walls_along``.
    """

    along_mm: Array
    clearance_mm: Array
    toward: tuple[str, ...]
    vague: Mask
    least_index: int

    def named_by(self, walls: Array, at: Index) -> ToolClearance:
        """The same with the words of the walls (M, 4) that rays from the places ``at`` (M,) met."""
        words = list(self.toward)
        for gaps, index in zip(walls, at, strict=True):
            near = np.isfinite(gaps) & (gaps < self.clearance_mm[index] + SAME_MM)
            if self.vague[index] and near.any():
                words[index] = WORDS[int(np.argmin(np.where(near, gaps, np.inf)))]
        return replace(self, toward=tuple(words))


def along_tool(
    fields: VertebraFields, side: Side, points: Array, diameters: Array, docking_mm: float
) -> tuple[ToolClearance, Array]:
    """Surface clearance at each point of the axis, and the distances (N,) from the entry.

    The least is sought past the docking length, where the tool's whole rim should be in bone.
    """
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    clear = fields.bone(points) - diameters / 2
    fall = fields.fall(points)
    words = np.argmax(fall @ word_axes(fields, side).T, axis=1)
    vague = np.linalg.norm(fall, axis=1) < VAGUE
    use = along >= min(docking_mm, along[-1] - 1e-6)
    least = int(np.flatnonzero(use)[np.argmin(clear[use])])
    return ToolClearance(along, clear, tuple(WORDS[w] for w in words), vague, least), along


def walls_along(fields: VertebraFields, side: Side, points: Array, diameters: Array, at: Index) -> Array:
    """(M, 4) clearance at the points ``at`` (M,) towards the medial, lateral, superior and inferior wall.

    Rays leave the axis at right angles; each counts for the word it points to most. nan where no ray within
    20 mm meets a wall. Outside bone the nearest wall's direction takes the (negative) distance.
    """
    result = np.full((len(at), 4), np.nan)
    if not len(at):
        return result
    tangent = tangents(points)[at]
    axes = word_axes(fields, side)
    across = axes[0] - tangent * (tangent @ axes[0])[:, None]
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    up = np.cross(across, tangent)
    up = np.where((up @ axes[2])[:, None] > 0, up, -up)
    angle = 2 * np.pi * (np.arange(RAYS) + 0.5) / RAYS
    rays = np.cos(angle)[None, :, None] * across[:, None] + np.sin(angle)[None, :, None] * up[:, None]
    inside = fields.bone(points[at])
    length = ray_lengths(fields, points[at][:, None], rays)
    gap = length - diameters[at][:, None] / 2
    word = np.argmax(np.abs(np.stack([np.cos(angle), np.sin(angle)])) + 1e-9, axis=0)
    sector = np.where(word == 0, np.where(np.cos(angle) > 0, 0, 1), np.where(np.sin(angle) > 0, 2, 3))
    good = (length < REACH_MM - 0.1) & (inside > 0)[:, None]
    for index in range(4):
        least = np.where(good[:, sector == index], gap[:, sector == index], np.inf).min(1)
        result[:, index] = np.where(np.isfinite(least), least, np.nan)
    outside = np.flatnonzero(inside <= 0)
    if len(outside):
        words = np.argmax(fields.outward(points[at][outside]) @ axes[:4].T, axis=1)
        result[outside, words] = inside[outside] - diameters[at][outside] / 2
    return result


def wall_clearances(
    fields: VertebraFields, side: Side, points: Array, diameters: Array, zone: Mask
) -> dict[str, float | None]:
    """Least of ``walls_along`` within a zone of the tool, by word; None where nothing is measurable."""
    walls = walls_along(fields, side, points, diameters, np.flatnonzero(zone))
    return least_walls(walls)


def least_walls(walls: Array) -> dict[str, float | None]:
    """Least of each column of ``walls_along``, None where all are nan."""
    result: dict[str, float | None] = dict.fromkeys(WORDS[:4])
    for index, name in enumerate(WORDS[:4]):
        values = walls[:, index][np.isfinite(walls[:, index])]
        if len(values):
            result[name] = float(values.min())
    return result


def cone_distance(
    fields: VertebraFields, points: Array, radii: Array, direction: Array, spread_deg: float
) -> float | None:
    """Least way from the tool's to the bone's surface within a cone round a direction; None beyond reach."""
    helper = np.eye(3)[int(np.argmin(np.abs(direction)))]
    a = np.cross(direction, helper)
    a /= np.linalg.norm(a)
    b = np.cross(direction, a)
    rays = [direction]
    for tilt in (0.5, 1.0):
        for turn in np.arange(6) * np.pi / 3:
            t = np.deg2rad(spread_deg * tilt)
            rays.append(np.cos(t) * direction + np.sin(t) * (np.cos(turn) * a + np.sin(turn) * b))
    inside = fields.bone(points)
    length = ray_lengths(fields, points[:, None], np.stack(rays)[None])
    length = np.where((inside > 0)[:, None], length, inside[:, None])
    gap = length - radii[:, None]
    near = length < REACH_MM - 0.1
    return float(gap[near].min()) if near.any() else None
