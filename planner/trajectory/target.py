"""Where the lesion shall be."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.anatomy import BodyGeometry, VertebraAnatomy
from planner.domain.plan import Point, Target

Array = NDArray[np.float64]
DEPTH_FRACTION = 0.40
HEIGHT_FRACTION = 0.50
RADIUS_MM = 5.0
FORAMEN_SLACK = 0.07


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
    anatomy: VertebraAnatomy, depth_fraction: float = DEPTH_FRACTION, radius_mm: float = RADIUS_MM
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
    return Target(as_point(point), depth_fraction, height, 0.0, radius_mm, evidence)


def target_at(anatomy: VertebraAnatomy, point_lps_mm: ArrayLike, radius_mm: float = RADIUS_MM) -> Target:
    """A target that a user has placed."""
    depth, height, lateral = place_in_body(anatomy.body, point_lps_mm)
    return Target(as_point(point_lps_mm), depth, height, lateral, radius_mm, "placed by the user")
