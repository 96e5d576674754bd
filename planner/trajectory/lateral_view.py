"""The lateral-view trap: the wall that a true lateral shows against the wall the tool meets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.domain.plan import LateralView
from planner.trajectory.fields import VertebraFields
from planner.trajectory.target import as_point

Array = NDArray[np.float64]


def wall_crossing(fields: VertebraFields, points: Array) -> int | None:
    """Index of the first point of the axis inside the vertebral body, None where it never enters."""
    inside = fields.body(points) > 0.3
    return int(np.argmax(inside)) if inside.any() else None


def lateral_view(fields: VertebraFields, points: Array, crossing: int | None) -> LateralView | None:
    """Where the posterior wall's silhouette lies at the height at which the tool's axis enters the body.

    The true lateral looks along the body's own left axis; its line is the hindmost edge of the body there.
    """
    if crossing is None:
        return None
    _, posterior, superior = fields.local(points[crossing])
    k = round(float((superior + fields.centre_offset_mm) / fields.step_mm))
    seen = float(fields.silhouette_mm[int(np.clip(k, 0, len(fields.silhouette_mm) - 1))])
    distance = seen - float(posterior)
    line = points[crossing] + distance * fields.axes_lps[1]
    return LateralView(distance, as_point(points[crossing]), as_point(line))
