"""Independent checks of a plan: simulated insertions with full kinematics, and a coarse exhaustive search.

Neither uses the planner's search or its small-angle errors; both look at any bone with ``bone`` and
``canal``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from imaging.anatomy import BodyGeometry, VertebraAnatomy
from imaging.labels import Side
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits
from planner.domain.plan import Target, TrajectoryParameters
from planner.trajectory.forgiveness import on_target
from planner.trajectory.path import arc_offsets, bend_frame, build_path

Array = NDArray[np.float64]
BEFORE_MM = 8.0


def simulate_insertions(
    exact: Any,
    body: BodyGeometry,
    device: DeviceProfile,
    parameters: TrajectoryParameters,
    limits: Limits,
    count: int,
    seed: int = 5,
) -> float:
    """Share of insertions that leave the bone past docking; every error is done exactly.

    Docking counts from where each insertion itself enters bone for good.
    """
    rng = np.random.default_rng(seed)
    direction, bend = bend_frame(parameters)
    third = np.cross(direction, bend)
    entry = np.asarray(parameters.entry_lps_mm)
    out = 0
    for part in np.array_split(np.arange(count), max(1, count // 1000)):
        n = len(part)
        tilt = rng.normal(0, np.deg2rad(limits.direction_sd_deg), (n, 2))
        shift = rng.normal(0, limits.entry_sd_mm, (n, 2))
        depth = rng.normal(0, limits.depth_sd_mm, n)
        roll = rng.normal(0, np.deg2rad(limits.roll_sd_deg), n)
        cortex = rng.normal(0, limits.cortex_sd_mm, n)
        # The introducer's line, straight on before the planned entry, the bend as far along as depth says.
        longer = replace(parameters, straight_mm=parameters.straight_mm + BEFORE_MM)
        points, diameters, _ = build_path(longer, device)
        points = points - BEFORE_MM * direction
        keep = np.unique(np.r_[np.arange(0, len(points), 2), len(points) - 1])
        points, diameters = points[keep], diameters[keep]
        turn = Rotation.from_rotvec(tilt[:, :1] * third - tilt[:, 1:] * bend)
        places = np.stack([turn.apply(p - entry) for p in points], 1) + entry
        own = turn.apply(direction)
        places += (shift[:, :1] * bend + shift[:, 1:] * third + depth[:, None] * own)[:, None]
        about = Rotation.from_rotvec(roll[:, None] * body.superior)
        flat = np.stack([about.apply(places[:, k] - body.centre_lps_mm) for k in range(len(points))], 1)
        bone = exact.bone(flat + body.centre_lps_mm) + cortex[:, None]
        along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
        clear = bone - diameters / 2
        half = along < BEFORE_MM + 0.5 * parameters.straight_mm
        for own_bone, own_clear in zip(bone, clear, strict=True):
            # The last outside place before the isthmus' run of bone is its lasting entry in the first half.
            outside = np.flatnonzero((own_bone <= 0) & half)
            enters = 0.0
            if len(outside) and outside[-1] + 1 < len(along):
                a, b = outside[-1], outside[-1] + 1
                enters = float(np.interp(0.0, own_bone[[a, b]], along[[a, b]]))
            # Sliding along a process is no breach: until as far as the plan docks it must first be held.
            start = enters + limits.docking_mm
            while start < BEFORE_MM + limits.docking_mm and not _held(own_clear, along, enters, start):
                start += 0.1
            judged = np.r_[np.interp(start, along, own_clear), own_clear[along >= start]]
            out += bool(judged.min() < 0)
    return out / count


def _held(clear: Array, along: Array, low_mm: float, high_mm: float) -> bool:
    """Whether the tool's whole girth lies in bone somewhere between two places along it."""
    inner = (along > low_mm) & (along < high_mm)
    return bool(max(np.interp([low_mm, high_mm], along, clear).max(), clear[inner].max(initial=-9.0)) >= 0)


def exhaustive(
    exact: Any, anatomy: VertebraAnatomy, target: Target, side: Side, device: DeviceProfile
) -> float | None:
    """Best least clearance (mm) past docking over a coarse grid of all tools; None where none fits at all.

    Entries on the isthmus 1.5 mm apart, directions 5° apart, bends from 1 to 9 mm past the wall, turns 15°
    and tips 4 mm apart, three planes of the arc. A tool counts whose tip lies in the target's window and
    whose electrode keeps 10 mm from the canal.
    """
    pedicle, body = anatomy.pedicles[side], anatomy.body
    across = np.cross(pedicle.axis_lps, body.superior)
    across /= np.linalg.norm(across)
    up = np.cross(across, pedicle.axis_lps)
    half_w, half_h = pedicle.width_mm / 2, pedicle.height_mm / 2
    u, v = np.meshgrid(np.arange(-half_w, half_w + 0.1, 1.5), np.arange(-half_h, half_h + 0.1, 1.5))
    q = pedicle.isthmus_centre_lps_mm + u.ravel()[:, None] * across + v.ravel()[:, None] * up
    medial = -body.left if side == "left" else body.left
    a, b = np.deg2rad(np.meshgrid(np.arange(0, 61, 5.0), np.arange(-30, 26, 5.0), indexing="ij"))
    a, b = a.ravel()[:, None], b.ravel()[:, None]
    d = -np.cos(a) * np.cos(b) * body.posterior + np.sin(a) * np.cos(b) * medial + np.sin(b) * body.superior
    q, d = np.repeat(q, len(d), 0), np.tile(d, (len(q), 1))
    radius, channel = device.outer_diameter_mm / 2, device.channel_diameter_mm / 2
    t = np.arange(-4.0, 4.1, 1.0)
    straight = exact.bone(q[:, None] + t[None, :, None] * d[:, None]).min(1) - radius
    keep = straight >= 0
    q, d = q[keep], d[keep]
    if not len(q):
        return None
    best = -np.inf
    wall = ((q - body.posterior_wall_lps_mm) @ body.posterior) / -(d @ body.posterior)
    turns = np.deg2rad(np.arange(0.0, device.max_turn_deg + 0.1, 15.0)) if device.bend_radius_mm else [0.0]
    bend0 = medial - d * (d @ medial)[:, None]
    bend0 /= np.linalg.norm(bend0, axis=1, keepdims=True)
    for past in np.arange(1.0, 10.0, 2.0):
        at = wall + past
        start = q + at[:, None] * d
        back = np.linspace(0, 1, 16)
        # From 6 mm past where the line enters bone; the entry lies at most 24 mm behind the isthmus.
        behind = np.arange(-24.0, 0.1, 1.0)
        solid = np.cumprod((exact.bone(q[:, None] + behind[None, :, None] * d[:, None]) > 0)[:, ::-1], 1).sum(
            1
        )
        first = -(solid - 1.0) + 6.0
        s = first[:, None] + back[None] * np.maximum(at - first, 0.1)[:, None]
        shaft = exact.bone(q[:, None] + s[..., None] * d[:, None]).min(1) - radius
        for roll in np.deg2rad([-30.0, 0.0, 30.0]):
            bend = np.cos(roll) * bend0 + np.sin(roll) * np.cross(d, bend0)
            for turn in turns:
                for tip in np.arange(2.0, device.max_straight_tip_mm + 0.1, 4.0):
                    length = (device.bend_radius_mm or 1.0) * turn + tip
                    f, w = arc_offsets(np.linspace(0, length, 16), device.bend_radius_mm or 1.0, float(turn))
                    curve = start[:, None] + f[None, :, None] * d[:, None] + w[None, :, None] * bend[:, None]
                    ends = curve[:, -1]
                    good = on_target(body, target, ends)
                    good &= shaft >= max(0.0, best)
                    if not good.any():
                        continue
                    curve = curve[good]
                    clear = np.minimum(shaft[good], exact.bone(curve).min(1) - channel)
                    electrode = curve[:, np.linspace(0, length, 16) >= length - device.electrode_length_mm]
                    clear[exact.canal(electrode).min(1) - channel < 10.0] = -np.inf
                    best = max(best, float(clear.max()))
    return best if np.isfinite(best) else None
