"""What is measured on a vertebra of an MR: its body as drawn, pedicles as seen or as fitted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import BodyGeometry, PedicleGeometry, VertebraAnatomy
from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE, Side
from imaging.mr.model_arch import PedicleModel
from imaging.mr.surface import BodySurface, reframed

Array = NDArray[np.float64]

_CORE = 0.6


def body_geometry(body: BodySurface) -> BodyGeometry:
    """A drawn body's frame and size, axes and middle after its own walls and endplates."""
    frame = reframed(body)
    points = (body.to_lps(body.points_local_mm()) - frame.centre_lps_mm) @ frame.axes_lps.T
    half = frame.size_mm / 2
    back, front = (_wall(points, half, sign) for sign in (1.0, -1.0))
    return BodyGeometry(
        centre_lps_mm=frame.centre_lps_mm,
        axes_lps=frame.axes_lps,
        width_mm=float(frame.size_mm[0]),
        depth_mm=back - front,
        height_mm=float(frame.size_mm[2]),
        posterior_wall_lps_mm=frame.to_lps([0.0, back, 0.0]),
        anterior_wall_lps_mm=frame.to_lps([0.0, front, 0.0]),
        superior_endplate=_endplate(frame, points, half, 1.0),
        inferior_endplate=_endplate(frame, points, half, -1.0),
    )


def _wall(points: Array, half: Array, sign: float) -> float:
    """Where the wall crosses the midline at mid height, mm behind the middle."""
    near = (np.abs(points[..., 0]) < 0.3 * half[0]) & (np.abs(points[..., 2]) < 0.4 * half[2])
    there = points[..., 1][near & (sign * points[..., 1] > 0)]
    return float(np.median(there)) if there.size else sign * float(half[1])


def _endplate(frame: BodySurface, points: Array, half: Array, sign: float) -> Array:
    """(2, 3) point and outward unit normal of the plane through an endplate's core."""
    core = (np.abs(points[..., :2]) < _CORE * half[:2]).all(-1) & (sign * points[..., 2] > 0.4 * half[2])
    p = points[core]
    if len(p) < 8:
        return np.stack([frame.to_lps([0.0, 0.0, sign * half[2]]), sign * frame.axes_lps[2]])
    plane = np.linalg.lstsq(np.column_stack([p[:, :2], np.ones(len(p))]), p[:, 2], rcond=None)[0]
    normal = sign * np.array([-plane[0], -plane[1], 1.0])
    return np.stack([frame.to_lps([0.0, 0.0, plane[2]]), normal / np.linalg.norm(normal) @ frame.axes_lps])


def mr_vertebra(
    body: BodySurface, verse: int, confidence: float, arch: tuple[PedicleModel, PedicleModel]
) -> VertebraAnatomy:
    """A named body with its pedicles.

    Each pedicle that was seen is told in a finding (``pedicle_seen_left``); so is a body that was not
    (``quality_body_unseen``), which must be looked at.
    """
    pedicles: dict[Side, PedicleGeometry] = {
        m.side: PedicleGeometry(
            m.isthmus_lps_mm,
            m.axis_lps,
            2 * m.half_width_mm,
            2 * m.half_height_mm,
            float(np.pi * m.half_width_mm * m.half_height_mm),
        )
        for m in arch
    }
    findings = tuple(
        Finding(
            "info",
            seen_code(m.side),
            f"The {m.side} pedicle was seen on this MR: its place, width and height are measured, "
            "its direction is the model's.",
        )
        for m in arch
        if m.seen
    )
    if not body.seen:
        text = (
            f"{NAME_FROM_VERSE[verse]} was not seen as a body of its own: it was placed between its "
            "neighbours. Check that it is one vertebra, and its outline."
        )
        findings = (Finding("caution", "quality_body_unseen", text), *findings)
    return VertebraAnatomy(verse, confidence, body_geometry(body), pedicles, findings=findings)


def seen_code(side: Side) -> str:
    """Code of the finding that tells that a pedicle was seen on MR."""
    return f"pedicle_seen_{side}"
