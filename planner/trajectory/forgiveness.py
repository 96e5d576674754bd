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
    # Docking counts from where each insertion itself enters bone for good.
    first_half = along < 0.5 * parameters.straight_mm
    last_out = np.where((bone <= 0) & first_half, np.arange(len(along)), -1).max(1)
    begin = along[np.minimum(last_out + 1, len(along) - 1)]
    judged = along[None] >= begin[:, None] + limits.docking_mm
    clear = np.where(judged, bone - radii, np.inf)
    breach = clear.min(1) < 0
    axes = word_axes(fields, side)
    medial = inferior = np.zeros(0, bool)
    if breach.any():
        bad = clear[breach] < 0
        towards = np.full(bad.shape, -1)
        towards[bad] = np.argmax(fields.outward(places[breach][bad]) @ axes.T, axis=1)
        medial, inferior = (towards == MEDIAL).any(1), (towards == INFERIOR).any(1)
    canal = np.where(judged, fields.canal(places) - radii, np.inf).min(1) < 0
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


@dataclass(frozen=True, eq=False)
class EntryMap:
    """Margin left for every entry round the planned one, the introducer still aimed at its far end.

    Attributes:
        margin_mm: (N, N) least clearance to cortex measured on the straight part past docking; rows run from
            superior to inferior, columns from the patient's left to the right, as seen from behind. nan
            where there is no bone to enter.
        centre_lps_mm, right_lps, down_lps: (3,) middle of the map and its unit axes along columns and rows.
        step_mm: distance of neighbouring places.
    """

    margin_mm: Array
    centre_lps_mm: Array
    right_lps: Array
    down_lps: Array
    step_mm: float


def entry_map(
    fields: VertebraFields,
    device: DeviceProfile,
    parameters: TrajectoryParameters,
    limits: Limits,
    half_mm: float = 12.0,
    step_mm: float = 0.5,
) -> EntryMap:
    """Margins over the plane at right angles to the introducer through its bone entry."""
    direction, _ = bend_frame(parameters)
    left, _, superior = fields.axes_lps
    right = -left - direction * (-left @ direction)
    right /= np.linalg.norm(right)
    down = np.cross(direction, right)
    down *= -np.sign(down @ superior) or 1.0
    entry = np.asarray(parameters.entry_lps_mm)
    far = entry + parameters.straight_mm * direction
    offsets = np.arange(-half_mm, half_mm + 1e-6, step_mm)
    plane = entry + offsets[None, :, None] * right + offsets[:, None, None] * down
    ways = far - plane
    length = np.linalg.norm(ways, axis=-1, keepdims=True)
    # The entry is where this line's last stretch of bone begins, at most 10 mm off the plane.
    t = np.arange(-10.0, parameters.straight_mm + 0.01, 0.75)
    places = plane[:, :, None] + t[None, None, :, None] * (ways / length)[:, :, None]
    bone = fields.bone(places)
    solid = np.cumprod((bone > 0)[..., ::-1], axis=-1).sum(-1)
    start = len(t) - solid
    index = np.arange(len(t))
    judged = (index >= start[..., None] + int(np.ceil(limits.docking_mm / 0.75))) & (t <= length - 0.1)
    clear = np.where(judged, bone - device.outer_diameter_mm / 2, np.inf)
    margin = clear.min(-1)
    bad = ~np.isfinite(margin) | (start == 0)
    return EntryMap(np.where(bad, np.nan, margin), entry, right, down, step_mm)
