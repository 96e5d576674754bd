"""Outlines of the plan and the anatomy in picture pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from imaging.anatomy import PedicleGeometry, VertebraAnatomy
from imaging.geometry.carm import Projection
from imaging.labels import Side, Structure
from imaging.volume import LabelVolume

Array = NDArray[np.float64]
OutlineKind = Literal[
    "pedicle", "endplate", "posterior_wall", "midline", "canal", "trap", "target", "lesion", "tool_axis"
]
_TURN = np.linspace(0, 2 * np.pi, 65)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], 1)
_CANAL_STEPS = 28


@dataclass(frozen=True, eq=False)
class Outline:
    """One polyline in the picture.

    Attributes:
        kind: what it outlines.
        points_px: (N, 2) pixels (u, v); a closed line repeats its first point.
        side: of a pedicle or tool.
        dashed: the farther of a pair, or a line that is not an edge.
    """

    kind: OutlineKind
    points_px: Array
    side: Side | None = None
    dashed: bool = False


@dataclass(frozen=True, eq=False)
class Line:
    """What an outline is in the patient: (N, 3) points."""

    kind: OutlineKind
    points_lps_mm: Array
    side: Side | None = None
    dashed: bool = False


def projected(lines: Sequence[Line], projection: Projection) -> list[Outline]:
    """Every line in the picture's pixels."""
    if not lines:
        return []
    uv = projection.project(np.concatenate([line.points_lps_mm for line in lines]))
    ends = np.cumsum([len(line.points_lps_mm) for line in lines])[:-1]
    parts = np.split(uv, ends)
    return [Outline(n.kind, part, n.side, n.dashed) for n, part in zip(lines, parts, strict=True)]


def anatomy_outlines(
    anatomy: VertebraAnatomy, projection: Projection, side: Side | None = None
) -> tuple[Outline, ...]:
    """Pedicle rings, both endplates, the true posterior wall and the midline.

    With ``side`` given, the other side's ring is dashed.
    """
    return tuple(projected(anatomy_lines(anatomy, side), projection))


def anatomy_lines(anatomy: VertebraAnatomy, side: Side | None = None) -> list[Line]:
    """The same in the patient."""
    body = anatomy.body
    up = body.superior
    out = [
        Line("pedicle", pedicle_ring_lps_mm(p, up), s, side not in (None, s))
        for s, p in anatomy.pedicles.items()
    ]
    for plate in (body.superior_endplate, body.inferior_endplate):
        ring = _ellipse(plate[0], plate[1], body.left, body.width_mm / 2, body.depth_mm / 2)
        out.append(Line("endplate", ring))
    half = up * body.height_mm / 2
    wall = np.stack([body.posterior_wall_lps_mm + half, body.posterior_wall_lps_mm - half])
    out.append(Line("posterior_wall", wall))
    line = np.stack([body.centre_lps_mm + 1.6 * half, body.centre_lps_mm - 1.6 * half])
    out.append(Line("midline", line, None, True))
    return out


def canal_points_lps_mm(structures: LabelVolume, anatomy: VertebraAnatomy, beyond_mm: float = 4.0) -> Array:
    """(N, 3) centres of the canal's outermost voxels at one vertebra's height, for ``canal_outline``."""
    body, grid = anatomy.body, structures.grid
    reach = 0.5 * body.height_mm + 40
    corner = grid.indices_from_lps(
        body.centre_lps_mm + np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * reach
    )
    last = np.array(grid.shape_kji[::-1]) - 1
    low = np.clip(np.floor(corner.min(0)), 0, last).astype(int)
    high = np.clip(np.ceil(corner.max(0)), 0, last).astype(int) + 1
    part = structures.labels[low[2] : high[2], low[1] : high[1], low[0] : high[0]] == Structure.CANAL
    edge = part & ~ndimage.binary_erosion(part)
    points = grid.lps_from_indices(np.argwhere(edge)[:, ::-1] + low)
    height = (points - body.centre_lps_mm) @ body.superior
    return np.asarray(points[np.abs(height) <= body.height_mm / 2 + beyond_mm])


def canal_outline(projection: Projection, points_lps_mm: Array, up_lps: ArrayLike) -> Outline | None:
    """Both edges of the canal's shadow as one closed line; None where there is no canal."""
    if len(points_lps_mm) < 20:
        return None
    uv = projection.project(points_lps_mm)
    up = np.asarray(up_lps, float)
    along = np.array([up @ projection.u_lps, up @ projection.v_lps])
    along = along / max(float(np.linalg.norm(along)), 1e-9)
    across = np.array([-along[1], along[0]])
    s, t = uv @ along, uv @ across
    low, high = float(s.min()), float(s.max())
    part = np.minimum((s - low) / max(high - low, 1e-9) * _CANAL_STEPS, _CANAL_STEPS - 1).astype(int)
    one, other = np.full(_CANAL_STEPS, np.inf), np.full(_CANAL_STEPS, -np.inf)
    np.minimum.at(one, part, t)
    np.maximum.at(other, part, t)
    there = np.flatnonzero(np.isfinite(one))
    if len(there) < 2:
        return None
    place = low + (there + 0.5) / _CANAL_STEPS * (high - low)
    place[0], place[-1] = low, high
    # Voxels make steps; half the picture of a canal's edge is a curve.
    edges = [place[:, None] * along + _smooth(e[there])[:, None] * across for e in (one, other)]
    return Outline("canal", np.concatenate([edges[0], edges[1][::-1], edges[0][:1]]))


def _smooth(values: Array) -> Array:
    """Gaussian over neighbours; ends keep their slope."""
    reach = 4
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / 1.6) ** 2)
    before = 2 * values[0] - values[min(reach, len(values) - 1) : 0 : -1]
    after = 2 * values[-1] - values[-2 : -min(reach, len(values) - 1) - 2 : -1]
    padded = np.concatenate([before, values, after])
    if len(before) < reach:
        return values
    return np.convolve(padded, weights / weights.sum(), "valid")


def trap_line(anatomy: VertebraAnatomy, tip_lps_mm: ArrayLike, trap_mm: float) -> Line:
    """The true wall at the tool's own place, ``trap_mm`` in front of a lateral view's silhouette."""
    body = anatomy.body
    silhouette = float((body.posterior_wall_lps_mm - body.centre_lps_mm) @ body.posterior)
    at = np.asarray(tip_lps_mm, float)
    beside = float((at - body.centre_lps_mm) @ body.left)
    point = body.centre_lps_mm + beside * body.left + (silhouette - trap_mm) * body.posterior
    half = body.superior * body.height_mm / 2
    return Line("trap", np.stack([point + half, point - half]), None, True)


def pedicle_ring_lps_mm(pedicle: PedicleGeometry, superior_lps: ArrayLike) -> Array:
    """(65, 3) closed ellipse of the isthmus, square to the pedicle's axis."""
    axis = pedicle.axis_lps / np.linalg.norm(pedicle.axis_lps)
    across = np.cross(np.asarray(superior_lps, float), axis)
    return _ellipse(pedicle.isthmus_centre_lps_mm, axis, across, pedicle.width_mm / 2, pedicle.height_mm / 2)


def ellipsoid_outline_px(
    projection: Projection, centre_lps_mm: ArrayLike, axis_lps: ArrayLike, semi_axes_mm: ArrayLike
) -> Array:
    """(65, 2) exact silhouette of an ellipsoid of revolution, semi axes (across, across, along the axis).

    Silhouette of a quadric as a dual conic: Hartley and Zisserman, Multiple View Geometry, result 8.9.
    """
    across, _, along = (float(x) for x in np.asarray(semi_axes_mm, float))
    axis = np.asarray(axis_lps, float) / np.linalg.norm(axis_lps)
    # Dual quadric of an ellipsoid of revolution about ``axis`` at ``centre``.
    centre3 = np.asarray(centre_lps_mm, float)
    dual = np.empty((4, 4))
    dual[:3, :3] = across**2 * np.eye(3) + (along**2 - across**2) * np.outer(axis, axis)
    dual[:3, :3] -= np.outer(centre3, centre3)
    dual[:3, 3] = dual[3, :3] = -centre3
    dual[3, 3] = -1.0
    conic = projection.uv_from_lps @ dual @ projection.uv_from_lps.T
    conic = conic / conic[2, 2]
    centre = conic[:2, 2]
    shape = np.outer(centre, centre) - conic[:2, :2]
    values, vectors = np.linalg.eigh(shape)
    radii = np.sqrt(np.maximum(values, 0))
    return np.asarray(centre + (_CIRCLE * radii) @ vectors.T)


def target_outline(projection: Projection, centre_lps_mm: ArrayLike, radius_mm: float) -> Outline:
    """Ring of the target's sphere."""
    ring = ellipsoid_outline_px(projection, centre_lps_mm, (0.0, 0.0, 1.0), (radius_mm,) * 3)
    return Outline("target", ring)


def lesion_outline(
    projection: Projection, centre_lps_mm: ArrayLike, axis_lps: ArrayLike, semi_axes_mm: ArrayLike
) -> Outline:
    """Silhouette of the lesion's ellipsoid."""
    points = ellipsoid_outline_px(projection, centre_lps_mm, axis_lps, semi_axes_mm)
    return Outline("lesion", points, None, True)


def tool_outline(projection: Projection, path_lps_mm: ArrayLike, side: Side) -> Outline:
    """The planned axis."""
    return Outline("tool_axis", projection.project(np.asarray(path_lps_mm, float)), side)


def _ellipse(centre: ArrayLike, normal: ArrayLike, first: ArrayLike, radius: float, other: float) -> Array:
    """(65, 3) closed ellipse; ``first`` gives the direction of ``radius`` after projection on its plane."""
    n = np.asarray(normal, float) / np.linalg.norm(normal)
    a = np.asarray(first, float) - (np.asarray(first, float) @ n) * n
    a = a / np.linalg.norm(a)
    b = np.cross(n, a)
    return np.asarray(
        np.asarray(centre, float) + radius * np.cos(_TURN)[:, None] * a + other * np.sin(_TURN)[:, None] * b
    )
