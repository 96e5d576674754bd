"""Where the lesion shall be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.anatomy import BodyGeometry, VertebraAnatomy
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.plan import Point, Target

Array = NDArray[np.float64]
DEPTH_FRACTION = 0.40
HEIGHT_FRACTION = 0.50
RADIUS_MM = 5.0
FORAMEN_SLACK = 0.07
HEIGHT_TOLERANCE = 0.15
INSIDE_MM = 3.0


def as_point(vector: ArrayLike) -> Point:
    """Three floats of an array."""
    x, y, z = np.asarray(vector, float)
    return float(x), float(y), float(z)


def endplate_heights(body: BodyGeometry, point_lps_mm: ArrayLike) -> tuple[float, float]:
    """Distance (mm, along superior) from a point down to the lower and up to the upper endplate plane."""
    point = np.asarray(point_lps_mm, float)
    result = []
    for plate in (body.inferior_endplate, body.superior_endplate):
        result.append(float((plate[0] - point) @ plate[1] / (body.superior @ plate[1])))
    return -result[0], result[1]


def endplate_heights_many(body: BodyGeometry, points_lps_mm: Array) -> tuple[Array, Array]:
    """``endplate_heights`` of (N, 3) points, (N,) each."""
    result = []
    for plate in (body.inferior_endplate, body.superior_endplate):
        result.append((plate[0] - points_lps_mm) @ plate[1] / (body.superior @ plate[1]))
    return np.asarray(-result[0]), np.asarray(result[1])


def place_in_body(body: BodyGeometry, point_lps_mm: ArrayLike) -> tuple[float, float, float]:
    """Depth fraction from the posterior wall, height fraction from the lower endplate, mm to the left."""
    point = np.asarray(point_lps_mm, float)
    depth = float((body.posterior_wall_lps_mm - point) @ body.posterior) / body.depth_mm
    down, up = endplate_heights(body, point)
    lateral = float((point - body.posterior_wall_lps_mm) @ body.left)
    return depth, down / max(1e-6, down + up), lateral


def point_in_body(
    body: BodyGeometry, depth_fraction: float, height_fraction: float, lateral_mm: float
) -> Array:
    """LPS mm of a place given as ``place_in_body`` gives it."""
    point = (
        body.posterior_wall_lps_mm - depth_fraction * body.depth_mm * body.posterior + lateral_mm * body.left
    )
    down, up = endplate_heights(body, point)
    return np.asarray(point + (height_fraction * (down + up) - down) * body.superior)


def default_target(
    anatomy: VertebraAnatomy,
    depth_fraction: float = DEPTH_FRACTION,
    radius_mm: float = RADIUS_MM,
    limits: Limits = DEFAULT_LIMITS,
) -> Target:
    """Midline, 40 % of the body's depth in front of its true midline posterior wall, at mid height.

    A foramen seen within 7 % of the body's height of the middle lies inside the lesion and changes nothing;
    one further off moves the target by the rest, to at most 42..60 %.
    """
    body = anatomy.body
    height, evidence = HEIGHT_FRACTION, "40 % depth and mid height are a proposal [P]"
    if anatomy.foramen is not None:
        seen = place_in_body(body, anatomy.foramen.mouth_lps_mm)[1]
        rest = seen - float(np.clip(seen, HEIGHT_FRACTION - FORAMEN_SLACK, HEIGHT_FRACTION + FORAMEN_SLACK))
        height = float(np.clip(HEIGHT_FRACTION + rest, 0.42, 0.60))
        evidence = f"40 % depth [P], height with regard to the foramen, measured at {100 * seen:.0f} %"
    point = point_in_body(body, depth_fraction, height, 0.0)
    seen_at = None
    if anatomy.foramen is not None:
        seen_at = float(place_in_body(body, anatomy.foramen.mouth_lps_mm)[1])
    return Target(
        as_point(point), depth_fraction, height, 0.0, radius_mm, evidence,
        limits.depth_low, limits.depth_high, HEIGHT_TOLERANCE, limits.lateral_accept_mm, seen_at,
    )  # fmt: skip


def target_at(anatomy: VertebraAnatomy, point_lps_mm: ArrayLike, old: Target) -> Target:
    """A target whose nominal point a user has moved; its volume and tolerances stay, never outside bone."""
    wished = np.asarray(point_lps_mm, float)
    point = kept_in_body(anatomy.body, wished)
    evidence = "placed by the user"
    back = float(np.linalg.norm(point - wished))
    if back > 0.05:
        evidence += f", brought {back:.1f} mm back into the body"
    return put_at(old, anatomy.body, point, evidence)


def put_at(old: Target, body: BodyGeometry, point_lps_mm: ArrayLike, evidence: str) -> Target:
    """``old`` with its nominal point here; its volume and tolerances stay."""
    depth, height, lateral = place_in_body(body, point_lps_mm)
    return replace(
        old,
        centre_lps_mm=as_point(point_lps_mm),
        depth_fraction=depth,
        height_fraction=height,
        lateral_mm=lateral,
        evidence=evidence,
    )


def kept_in_body(body: BodyGeometry, point_lps_mm: ArrayLike) -> Array:
    """The nearest place (along the body's axes) at least 3 mm inside its walls and endplates.

    Across, the body is taken for an ellipse, so that corners of its box are not taken for bone.
    """
    depth, height, lateral = place_in_body(body, point_lps_mm)
    edge = INSIDE_MM / body.depth_mm
    depth = float(np.clip(depth, edge, 1 - edge))
    across = np.sqrt(max(0.0, 1 - (2 * depth - 1) ** 2)) * body.width_mm / 2
    room = max(0.0, float(across) - INSIDE_MM)
    lateral = float(np.clip(lateral, -room, room))
    down, up = endplate_heights(body, point_in_body(body, depth, 0.5, lateral))
    edge = min(0.45, INSIDE_MM / max(1e-6, down + up))
    return point_in_body(body, depth, float(np.clip(height, edge, 1 - edge)), lateral)
