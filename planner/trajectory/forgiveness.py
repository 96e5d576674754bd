"""What becomes of an insertion when the hand, the patient's roll or the segmentation is off."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from imaging.anatomy import BodyGeometry
from imaging.labels import Side
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits
from planner.domain.plan import Forgiveness, Target, TrajectoryParameters
from planner.trajectory.clearance import word_axes
from planner.trajectory.fields import VertebraFields
from planner.trajectory.path import bend_frame, build_path
from planner.trajectory.target import endplate_heights_many

Array = NDArray[np.float64]
SEED = 20240917
CONE_AZIMUTHS = 16
CONE_STEP_DEG = 0.5
CONE_MAX_DEG = 15.0
MEDIAL, INFERIOR = 0, 3
TOUCH_MM = 1e-6


@dataclass(frozen=True, eq=False)
class Errors:
    """Drawn errors of N insertions.

    ``entry_mm`` (N, 2) along the bend's direction and across it, ``tilt_rad`` (N, 2) towards the same,
    ``depth_mm`` (N,) along the tool, ``roll_rad`` (N,) of the patient about the body's superior axis,
    ``cortex_mm`` (N,) that the true bone is larger than the segmented one.
    """

    entry_mm: Array
    tilt_rad: Array
    depth_mm: Array
    roll_rad: Array
    cortex_mm: Array


@lru_cache(maxsize=4)
def _normals(count: int, seed: int) -> Array:
    """(count, 7) standard normal deviates from a scrambled Sobol sequence (Owen 1998).

    A share near a third has a chance error (standard deviation) of 0.7 points at 2048 draws, 0.25 at 8192:
    about half of what independent draws leave.
    """
    # Half a second to import, and needed only where insertions are simulated.
    from scipy.stats import qmc

    points = qmc.Sobol(7, scramble=True, seed=seed).random_base2(max(1, (count - 1).bit_length()))
    normals: Array = ndtri(np.clip(points[:count], 1e-12, 1 - 1e-12))
    normals.setflags(write=False)
    return normals


def draw_errors(limits: Limits, count: int, seed: int = SEED) -> Errors:
    """Independent normal errors with the limits' standard deviations, spread evenly."""
    z = _normals(count, seed)
    return Errors(
        z[:, 0:2] * limits.entry_sd_mm,
        z[:, 2:4] * np.deg2rad(limits.direction_sd_deg),
        z[:, 4] * limits.depth_sd_mm,
        z[:, 5] * np.deg2rad(limits.roll_sd_deg),
        z[:, 6] * limits.cortex_sd_mm,
    )


def moved_points(
    points: Array,
    entry: Array,
    parameters: TrajectoryParameters,
    centre_lps_mm: Array,
    superior: Array,
    errors: Errors,
) -> Array:
    """(N, M, 3) places of the tool's points (M, 3) under each error.

    Small angles: the tool turns about its bone ``entry`` (3,), shifts, goes deeper, and the patient's roll
    turns it about the body's superior axis.
    """
    direction, bend = bend_frame(parameters)
    third = np.cross(direction, bend)
    spin = errors.tilt_rad[:, :1] * third - errors.tilt_rad[:, 1:] * bend
    shift = errors.entry_mm[:, :1] * bend + errors.entry_mm[:, 1:] * third
    shift = shift + errors.depth_mm[:, None] * direction
    rel = points - entry
    moved = points + shift[:, None] + np.cross(spin[:, None], rel[None])
    roll = errors.roll_rad[:, None, None] * np.cross(superior, moved - centre_lps_mm)
    return np.asarray(moved + roll)


def simulate(
    fields: VertebraFields,
    body: BodyGeometry,
    target: Target,
    side: Side,
    device: DeviceProfile,
    parameters: TrajectoryParameters,
    limits: Limits,
) -> Forgiveness:
    """Shares of simulated insertions (fixed seed) that breach or miss, and the safe cone."""
    points, diameters, electrode = build_path(parameters, device)
    step = float(np.linalg.norm(points[1] - points[0]))
    keep = np.unique(np.r_[np.arange(0, len(points), 2), len(points) - 1])
    before = -np.arange(8.0, 0.5, -1.0)
    direction = np.asarray(parameters.direction_lps)
    along = np.r_[before, keep * step]
    radii = np.r_[np.full(len(before), diameters[0]), diameters[keep]] / 2
    errors = draw_errors(limits, limits.draws)
    middle = electrode[len(electrode) // 2]
    ways = np.concatenate([points[0] + before[:, None] * direction, points[keep], middle[None]])
    everywhere = moved_points(ways, points[0], parameters, body.centre_lps_mm, body.superior, errors)
    places, middles = everywhere[:, :-1], everywhere[:, -1]
    bone = fields.bone(places) + errors.cortex_mm[:, None]
    clear = bone - radii
    begin = docked_from(bone, clear, along, 0.5 * parameters.straight_mm, limits.docking_mm)
    breach = least_past(clear, along, begin) < -TOUCH_MM
    axes = word_axes(fields, side)
    medial = inferior = np.zeros(0, bool)
    if breach.any():
        # The place before the first judged one stands for what lies between them.
        last = np.searchsorted(along, begin[breach], side="right")[:, None] - 1
        bad = (clear[breach] < 0) & (np.arange(len(along)) >= last)
        towards = np.full(bad.shape, -1)
        towards[bad] = np.argmax(fields.outward(places[breach][bad]) @ axes.T, axis=1)
        medial, inferior = (towards == MEDIAL).any(1), (towards == INFERIOR).any(1)
    canal = least_past(fields.canal(places) - radii, along, begin) < 0
    n = float(limits.draws)
    return Forgiveness(
        draws=limits.draws,
        breach=float(breach.mean()),
        medial=float(medial.sum() / n),
        inferior=float(inferior.sum() / n),
        canal=float(canal.mean()) if fields.canal_mm is not None else 0.0,
        missed_target=float((~on_target(body, target, middles)).mean()),
        safe_cone_deg=safe_cone_deg(fields, points, diameters / 2, parameters, limits),
    )


def docked_from(bone: Array, clear: Array, along: Array, half_mm: float, docking_mm: float) -> Array:
    """(N,) from where on each insertion is judged, mm along the tool from the planned entry.

    That is ``docking_mm`` past where it enters bone for good. A tool that slides along a process before it
    enters does so early: short of ``docking_mm`` it is judged only once its whole girth has been in bone.

    Args:
        bone, clear: (N, M) distance to bone's surface, positive inside, and the same less the tool's radius.
        along: (M,) mm.
        half_mm: leaving bone farther along is a breach and no late entry.
    """
    out = (bone <= 0) & (along < half_mm)
    last = np.where(out, np.arange(len(along)), -1).max(1)
    enters = np.where(last < 0, along[0], _where_zero(bone, along, np.minimum(last + 1, len(along) - 1)))
    whole = (clear >= 0) & (along >= enters[:, None])
    held = np.where(whole.any(1), _where_zero(clear, along, whole.argmax(1)), np.inf)
    return np.asarray(np.maximum(enters + docking_mm, np.minimum(held, docking_mm)))


def _where_zero(values: Array, along: Array, after: NDArray[np.intp]) -> Array:
    """(N,) where ``values`` (N, M) last were zero before the places ``after`` (N,), or the place itself."""
    rows, before = np.arange(len(values)), np.maximum(after - 1, 0)
    low, high = values[rows, before], values[rows, after]
    part = np.where(low <= 0, np.clip(high / np.maximum(high - low, 1e-9), 0, 1), 0.0)
    return np.asarray(along[after] - part * (along[after] - along[before]))


def least_past(clear: Array, along: Array, begin: Array) -> Array:
    """(N,) least of the clearances (N, M) at ``along`` (M,), straight between, from ``begin`` (N,) on."""
    after = np.clip(np.searchsorted(along, begin, side="right"), 1, len(along) - 1)
    rows = np.arange(len(clear))
    part = np.clip((begin - along[after - 1]) / (along[after] - along[after - 1]), 0, 1)
    first = (1 - part) * clear[rows, after - 1] + part * clear[rows, after]
    return np.asarray(np.minimum(first, np.where(along >= begin[:, None], clear, np.inf).min(1)))


def on_target(body: BodyGeometry, target: Target, points_lps_mm: Array) -> NDArray[np.bool_]:
    """(N,) whether points (the electrode's middle) lie in the target's window of depth, height and side."""
    depth = ((body.posterior_wall_lps_mm - points_lps_mm) @ body.posterior) / body.depth_mm
    lateral = (points_lps_mm - body.posterior_wall_lps_mm) @ body.left
    down, up = endplate_heights_many(body, points_lps_mm)
    height = down / np.maximum(down + up, 1e-6)
    return np.asarray(
        (depth >= target.depth_low)
        & (depth <= target.depth_high)
        & (np.abs(height - target.height_fraction) <= target.height_tolerance)
        & (np.abs(lateral - target.lateral_mm) <= target.lateral_tolerance_mm)
    )


def safe_cone_deg(
    fields: VertebraFields, points: Array, radii: Array, parameters: TrajectoryParameters, limits: Limits
) -> float:
    """Greatest tilt about the bone entry (first point) that keeps the tool in bone in every direction.

    Looked at past docking only, the reserve for the segmented edge kept; whole half degrees.
    """
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    use = np.flatnonzero(along >= min(limits.docking_mm, along[-1] - 1e-6))
    keep = np.unique(np.r_[0, use[::2], use[-1]])
    points, radii = points[keep], radii[keep]
    direction, bend = bend_frame(parameters)
    third = np.cross(direction, bend)
    turn = 2 * np.pi * np.arange(CONE_AZIMUTHS) / CONE_AZIMUTHS
    axis = np.cos(turn)[:, None] * third - np.sin(turn)[:, None] * bend
    tilt = np.deg2rad(np.arange(0.0, CONE_MAX_DEG + 0.1, CONE_STEP_DEG))
    rel = points[1:] - points[0]
    spin = np.cross(axis[:, None], rel[None])
    square = rel[None] - (axis @ rel.T)[..., None] * axis[:, None]
    places = (
        points[1:]
        + np.sin(tilt)[:, None, None, None] * spin
        - (1 - np.cos(tilt))[:, None, None, None] * square
    )
    clear = (fields.bone(places) - radii[1:]).min(-1).min(1)
    bad = clear < limits.needed_mm(0.0)
    first = int(np.argmax(bad)) if bad.any() else len(tilt)
    return float(max(0, first - 1) * CONE_STEP_DEG)
