"""The stations of an insertion: how deep the tool is, and what of it is in the patient then."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.geometry.carm import Projection
from planner.domain.plan import Trajectory
from planner.report.words import depth_of, tool_length_mm, wall_depth_mm


@dataclass(frozen=True)
class Checkpoint:
    """A station: its name, the length of tool past bone entry, what each view must show, and within how much.

    The tolerances are decisions of this project, not published limits.
    """

    name: str
    depth_mm: float
    ap: str = ""
    lateral: str = ""
    within_mm: float = 2.0


def checkpoints(t: Trajectory, a: VertebraAnatomy) -> tuple[Checkpoint, ...]:
    """Docking, mid-pedicle, posterior wall, start of the bend and target, as far as the tool has them."""
    stations = [Checkpoint("Docking", 0.0, _docking(t, a), "Tip on the back of the pedicle.", 2.0)]
    pedicle = a.pedicles.get(t.side)
    wall = wall_depth_mm(t, a)
    if pedicle is not None:
        depth = depth_of(t, pedicle.isthmus_centre_lps_mm)
        ap = f"Tip in the {_third(t, a, depth)} third of the pedicle ring."
        stations.append(Checkpoint("Mid-pedicle", depth, ap, "Tip halfway through the pedicle.", 2.0))
    if wall is not None:
        stations.append(Checkpoint("Posterior wall", wall, _at_wall(t, a, wall), _lateral_wall(t), 1.5))
    if t.parameters.turn_deg > 0.5:
        past = "" if wall is None else _past_wall(t.parameters.straight_mm - wall)
        stations.append(
            Checkpoint(
                "Bend",
                t.parameters.straight_mm,
                "Turn the stylet in towards the midline.",
                f"Tip{past} before the turn.",
                2.0,
            )
        )
    stations.append(Checkpoint("Target", tool_length_mm(t), *_target(t, a), 3.0))
    return tuple(sorted(stations, key=lambda s: s.depth_mm))


def _across(t: Trajectory, a: VertebraAnatomy, depth_mm: float) -> tuple[float, float]:
    """How far the axis at a depth lies outward and up from the middle of the pedicle, in mm."""
    path = np.array(t.path_lps_mm)
    s = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    point = np.array([np.interp(depth_mm, s, path[:, k]) for k in range(3)])
    off = point - a.pedicles[t.side].isthmus_centre_lps_mm
    outward = a.body.left if t.side == "left" else -a.body.left
    return float(off @ outward), float(off @ a.body.superior)


def _docking(t: Trajectory, a: VertebraAnatomy) -> str:
    if t.side not in a.pedicles:
        return "Tip on the planned entry."
    out, up = _across(t, a, 0.0)
    screen = -out if t.side == "left" else out
    clock = round(np.degrees(np.arctan2(screen, up)) / 30) % 12 or 12
    half = "" if clock in (12, 6) else "outer " if out >= 0 else "inner "
    part = "middle" if clock in (3, 9) else "lower" if 3 < clock < 9 else "upper"
    return f"Tip on the {half}{part} rim of the {t.side} pedicle, {clock} o'clock."


def _third(t: Trajectory, a: VertebraAnatomy, depth_mm: float) -> str:
    out, _ = _across(t, a, depth_mm)
    share = out / max(a.pedicles[t.side].width_mm, 1.0)
    return "outer" if share > 1 / 6 else "inner" if share < -1 / 6 else "middle"


def _at_wall(t: Trajectory, a: VertebraAnatomy, depth_mm: float) -> str:
    if t.side not in a.pedicles:
        return "Tip lateral of the canal."
    out, _ = _across(t, a, depth_mm)
    inside = a.pedicles[t.side].width_mm / 2 + out - t.outer_diameter_mm[0] / 2
    if inside >= 0:
        return "Tip still outside the inner rim of the ring."
    past = f"{-inside:.0f} mm past" if inside < -0.5 else "at"
    return f"Tip {past} the inner rim: not before the lateral shows the wall."


def _past_wall(past_mm: float) -> str:
    if abs(past_mm) < 0.5:
        return " at the true wall"
    return f" {abs(past_mm):.0f} mm {'past' if past_mm > 0 else 'short of'} the true wall"


def _lateral_wall(t: Trajectory) -> str:
    trap = t.lateral_view
    if trap is None or abs(trap.distance_mm) < 0.5:
        return "Tip at the wall line."
    side = "in front of" if trap.distance_mm > 0 else "behind"
    return f"Tip {abs(trap.distance_mm):.1f} mm {side} the wall line: the true wall is there."


def _target(t: Trajectory, a: VertebraAnatomy) -> tuple[str, str]:
    tip = np.array(t.tip_lps_mm)
    off = float((tip - a.body.centre_lps_mm) @ a.body.left)
    depth = float((a.body.posterior_wall_lps_mm - tip) @ a.body.posterior) / max(a.body.depth_mm, 1.0)
    side = "left" if off > 0 else "right"
    ap = "Tip on the midline." if abs(off) < 1 else f"Tip {abs(off):.0f} mm {side} of the midline."
    return ap, f"Tip at {100 * depth:.0f} % of the depth, from the true wall."


def rim_words(station: Checkpoint, t: Trajectory, a: VertebraAnatomy, ap: Projection) -> str:
    """At the posterior wall: from the tool's surface to the ring's inner rim in the AP picture, in mm at the
    isocentre, and what to do where it is nearer; empty at other stations."""
    pedicle = a.pedicles.get(t.side)
    if station.name != "Posterior wall" or pedicle is None:
        return ""
    mm = ap.carm.pixel_mm * ap.carm.sod_mm / ap.carm.sid_mm
    inward = -a.body.left if t.side == "left" else a.body.left
    rim = pedicle.isthmus_centre_lps_mm + inward * pedicle.width_mm / 2
    across = np.array([inward @ ap.u_lps, inward @ ap.v_lps])
    tip = np.array(advanced_to(t, station.depth_mm).tip_lps_mm)
    to_go = float((ap.project(rim) - ap.project(tip)) @ across / np.linalg.norm(across)) * mm
    to_go -= t.outer_diameter_mm[0] / 2
    if to_go < 0:
        return "If the lateral does not show the wall here: stop, withdraw, redirect."
    return f"{to_go:.1f} mm to go to the rim in this plan. If the tip is past it: stop, withdraw, redirect."


def advanced_to(t: Trajectory, depth_mm: float) -> Trajectory:
    """The same tool with its tip only ``depth_mm`` past bone entry (at least half a millimetre)."""
    path = np.array(t.path_lps_mm)
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    count = max(2, int(np.searchsorted(along, depth_mm, side="right")))
    points, tip = t.path_lps_mm[:count], t.path_lps_mm[count - 1]
    return replace(t, path_lps_mm=points, outer_diameter_mm=t.outer_diameter_mm[:count], tip_lps_mm=tip)
