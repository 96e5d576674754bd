"""What must be seen at each station of an insertion, in AP and lateral, and within how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.geometry.carm import Projection
from planner.domain.plan import Trajectory
from planner.report.checkpoints import Checkpoint


@dataclass(frozen=True)
class StationWords:
    """Sentences for one station; ``detail`` says what to do when it is not so."""

    ap: str
    lateral: str
    within_mm: float
    detail: str = ""


def station_words(station: Checkpoint, t: Trajectory, a: VertebraAnatomy, ap: Projection) -> StationWords:
    """What the two pictures show with the tip at ``station`` (clinical.md 2.2)."""
    clock = "10 o'clock" if t.side == "left" else "2 o'clock"
    if station.name == "Docking":
        return StationWords(
            f"Tip on the outer upper rim of the pedicle, {clock}",
            "Tip at the back of the pedicle, on the facet line",
            2.0,
        )
    if station.name == "Mid-pedicle":
        return StationWords("Tip in the middle third of the ring", "Tip halfway through the pedicle", 2.0)
    if station.name == "Posterior wall":
        rim = rim_distance_mm(t, a, station.depth_mm, ap)
        detail = "" if rim is None else f"{max(rim, 0):.1f} mm to go to the rim in this plan. "
        return StationWords(
            "Tip still outside the inner rim of the ring",
            "Tip at the wall line",
            1.5,
            detail + "If the tip is at or past the rim: stop, withdraw, redirect.",
        )
    if station.name == "Bend":
        past = wall_gap_mm(t, a, station.depth_mm)
        place = f"{abs(past):.0f} mm {'in front of' if past >= 0 else 'behind'} the wall line"
        return StationWords("Stylet leaves the cannula and turns inward", f"Bend {place}", 2.0)
    depth = (a.body.posterior_wall_lps_mm - np.array(t.tip_lps_mm)) @ a.body.posterior / a.body.depth_mm
    beside = float((np.array(t.tip_lps_mm) - a.body.centre_lps_mm) @ a.body.left)
    where = (
        "on the midline"
        if abs(beside) < 1.5
        else f"{abs(beside):.0f} mm {'left' if beside > 0 else 'right'} of the midline"
    )
    return StationWords(f"Tip {where}", f"Tip in the band, {100 * depth:.0f} % of the depth", 3.0)


def point_at(t: Trajectory, depth_mm: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(3,) point of the tool's axis ``depth_mm`` past bone entry."""
    path = np.array(t.path_lps_mm)
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    return np.array([np.interp(depth_mm, along, path[:, c]) for c in range(3)])


def wall_gap_mm(t: Trajectory, a: VertebraAnatomy, depth_mm: float) -> float:
    """How far in front of the midline posterior wall the tip is; negative is behind it."""
    return float((a.body.posterior_wall_lps_mm - point_at(t, depth_mm)) @ a.body.posterior)


def rim_distance_mm(t: Trajectory, a: VertebraAnatomy, depth_mm: float, ap: Projection) -> float | None:
    """From the tip to the medial rim of its pedicle's ring in the AP picture, mm at the isocentre."""
    pedicle = a.pedicles.get(t.side)
    if pedicle is None:
        return None
    mm = ap.carm.pixel_mm * ap.carm.sod_mm / ap.carm.sid_mm
    inward = -a.body.left if t.side == "left" else a.body.left
    rim = pedicle.isthmus_centre_lps_mm + inward * pedicle.width_mm / 2
    across = np.array([inward @ ap.u_lps, inward @ ap.v_lps])
    shift = ap.project(rim) - ap.project(point_at(t, depth_mm))
    return float(shift @ across / np.linalg.norm(across)) * mm
