"""Planes of the slice views in patient LPS millimetres, always seen from behind or from the feet.

A plane's ``right`` and ``down`` are the directions of the screen. Left is left: axial has posterior up and
the patient's left on the left, which is the usual picture turned by 180 degrees and never mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.anatomy import VertebraAnatomy
from planner.domain.plan import Trajectory
from planner.domain.tool_plane import axial_normal, cross, plane_words

Array = NDArray[np.float64]
LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))


@dataclass(frozen=True, eq=False)
class Plane:
    """A point of the plane, and unit vectors of screen right and screen down. ``normal`` = right x down."""

    origin: Array
    right: Array
    down: Array

    @cached_property
    def normal(self) -> Array:
        """(3,) unit vector into the screen or out of it: superior in axial, right in sagittal."""
        return cross(self.right, self.down)

    def through(self, point_lps_mm: ArrayLike) -> Plane:
        """The parallel plane through a point; the origin moves only along the normal."""
        shift = float(np.dot(np.asarray(point_lps_mm, float) - self.origin, self.normal))
        return Plane(self.origin + shift * self.normal, self.right, self.down)

    def to_plane(self, points_lps_mm: ArrayLike) -> Array:
        """(..., 3) LPS mm to (..., 3) right, down, normal mm."""
        basis = np.stack([self.right, self.down, self.normal])
        return (np.asarray(points_lps_mm, float) - self.origin) @ basis.T

    def to_lps(self, right_mm: float, down_mm: float, normal_mm: float = 0.0) -> Array:
        """(3,) LPS mm of a point of the plane."""
        return self.origin + right_mm * self.right + down_mm * self.down + normal_mm * self.normal


def _unit(vector: Array) -> Array:
    return vector / np.linalg.norm(vector)


def _axes(anatomy: VertebraAnatomy | None) -> tuple[Array, Array, Array]:
    if anatomy is None:
        return np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), np.array([0, 0, 1.0])
    return anatomy.body.left, anatomy.body.posterior, anatomy.body.superior


_radiological = False


def set_radiological(on: bool) -> None:
    """Turn axial and coronal slices to the radiological convention (patient's right on the left), or back."""
    global _radiological
    _radiological = on


def _from_normal(origin: Array, normal: Array, left: Array) -> Plane:
    normal = _unit(normal)
    right = -_unit(left - np.dot(left, normal) * normal)
    if _radiological:  # turned by half a turn in its own plane, never mirrored
        right = -right
    return Plane(np.asarray(origin, float), right, cross(normal, right))


def axial(origin: ArrayLike, anatomy: VertebraAnatomy | None, trajectory: Trajectory | None = None) -> Plane:
    """Axial plane of a vertebra; with a trajectory, the tool's (see ``planner.domain.tool_plane``)."""
    left, _, superior = _axes(anatomy)
    normal = superior if trajectory is None else axial_normal(trajectory, superior)
    return _from_normal(np.asarray(origin, float), normal, left)


def axial_words(trajectory: Trajectory, anatomy: VertebraAnatomy | None) -> str:
    """What the axial plane of a tool holds."""
    return plane_words(trajectory, _axes(anatomy)[2])


def sagittal(origin: ArrayLike, anatomy: VertebraAnatomy | None) -> Plane:
    """Sagittal plane, anterior on the left."""
    _, posterior, superior = _axes(anatomy)
    return Plane(np.asarray(origin, float), posterior, -superior)


def coronal(origin: ArrayLike, anatomy: VertebraAnatomy | None) -> Plane:
    """Coronal plane seen from behind, the patient's left on the left (radiological: from in front)."""
    left, _, superior = _axes(anatomy)
    return Plane(np.asarray(origin, float), left if _radiological else -left, -superior)


def down_the_tool(point: ArrayLike, tangent: ArrayLike, anatomy: VertebraAnatomy | None) -> Plane:
    """Plane across the tool at a point, seen along the tool from behind."""
    left, _, superior = _axes(anatomy)
    t = _unit(np.asarray(tangent, float))
    right = -(left - np.dot(left, t) * t)
    if np.linalg.norm(right) < 0.1:
        right = cross(superior, t)
    right = _unit(right)
    return Plane(np.asarray(point, float), right, cross(t, right))


def letter(direction_lps: ArrayLike) -> str:
    """The patient direction that a screen direction means most."""
    d = np.asarray(direction_lps, float)
    axis = int(np.argmax(np.abs(d)))
    return LETTERS[axis][0 if d[axis] > 0 else 1]


def letters(plane: Plane) -> tuple[str, str, str, str]:
    """Letters at the left, right, top and bottom edge."""
    return letter(-plane.right), letter(plane.right), letter(-plane.down), letter(plane.down)


def ellipse_in_plane(
    plane: Plane, centre: ArrayLike, axis: ArrayLike, semi_across: float, semi_along: float
) -> tuple[Array, Array, Array] | None:
    """Cut of an ellipsoid of revolution: centre (2,), semi axes (2,), directions (2, 2) as columns, mm."""
    a = _unit(np.asarray(axis, float))
    quadric = np.eye(3) / semi_across**2 + np.outer(a, a) * (1 / semi_along**2 - 1 / semi_across**2)
    basis = np.stack([plane.right, plane.down], axis=1)
    offset = plane.origin - np.asarray(centre, float)
    q = basis.T @ quadric @ basis
    b = basis.T @ quadric @ offset
    level = float(b @ np.linalg.solve(q, b) - (offset @ quadric @ offset - 1))
    if level <= 0:
        return None
    values, vectors = np.linalg.eigh(q)
    return -np.linalg.solve(q, b), np.sqrt(level / values), vectors
