"""Everything that is said about one trajectory, fast enough to follow a drag."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import VertebraAnatomy
from imaging.labels import SACRUM, Side
from planner.domain.device import DeviceProfile
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.plan import (
    Clearances,
    Point,
    ProfilePoint,
    Target,
    Trajectory,
    TrajectoryParameters,
    ViewName,
)
from planner.trajectory.checks import Measured, find_all
from planner.trajectory.clearance import along_tool, cone_distance, wall_clearances
from planner.trajectory.fields import VertebraFields
from planner.trajectory.lesion import lesion_surface, make_lesion
from planner.trajectory.path import bend_frame, build_path
from planner.trajectory.target import as_point, place_in_body

Array = NDArray[np.float64]
ViewAngles = Sequence[tuple[ViewName, float, float]]


def gertzbein_robbins(breach_mm: float) -> str:
    """A 0, B < 2, C < 4, D < 6, E >= 6 mm outside bone (Gertzbein and Robbins, modern use)."""
    if breach_mm <= 0:
        return "A"
    return "B" if breach_mm < 2 else "C" if breach_mm < 4 else "D" if breach_mm < 6 else "E"


def breach_probability(
    fields: VertebraFields, parameters: TrajectoryParameters, points: Array, diameters: Array, limits: Limits
) -> float:
    """Share of draws (fixed seed) with entry and direction errors in which the tool leaves the bone."""
    direction, bend = bend_frame(parameters)
    third = np.cross(direction, bend)
    rng = np.random.default_rng(20240917)
    shift = rng.normal(0, limits.entry_sd_mm, (limits.draws, 2))
    turn = rng.normal(0, np.deg2rad(limits.direction_sd_deg), (limits.draws, 2))
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    use = np.flatnonzero(along >= min(limits.docking_mm, along[-1] - 1e-6))
    keep = np.unique(np.r_[use[::3], use[-1]])
    rel = points[keep] - points[0]
    moved = shift[:, :1] * bend + shift[:, 1:] * third
    spin = turn[:, :1] * bend + turn[:, 1:] * third
    places = points[keep] + moved[:, None] + np.cross(spin[:, None], rel[None])
    clear = fields.bone(places) - diameters[keep] / 2
    return float((clear.min(1) < 0).mean())


def _least(*values: float | None) -> float | None:
    known = [v for v in values if v is not None]
    return min(known) if known else None


def wall_crossing(fields: VertebraFields, points: Array) -> int | None:
    """Index of the first point of the axis inside the vertebral body, None where it never enters."""
    inside = fields.body(points) > 0.3
    return int(np.argmax(inside)) if inside.any() else None


def evaluate(
    fields: VertebraFields,
    anatomy: VertebraAnatomy,
    target: Target,
    side: Side,
    device: DeviceProfile,
    parameters: TrajectoryParameters,
    limits: Limits = DEFAULT_LIMITS,
    skin_entry_lps_mm: Point | None = None,
    carm: ViewAngles = (),
    draws: bool = True,
) -> Trajectory:
    """Evaluate a cannula.

    Args:
        fields, anatomy: of the vertebra.
        target: where the lesion shall be.
        side: the side the tool enters.
        device: the instrument.
        parameters: what the user edits.
        limits: margins; the stops among them lift for nobody.
        skin_entry_lps_mm: where known.
        carm: (view, primary, secondary) in DICOM degrees.
        draws: False leaves the Monte Carlo out (breach_probability becomes nan), for the quickest drag.
    """
    points, diameters, electrode = build_path(parameters, device)
    tool, along = along_tool(fields, side, points, diameters, limits.docking_mm)
    crossing = wall_crossing(fields, points)
    entered = along[crossing] if crossing is not None else along[-1]
    zone = (along >= limits.docking_mm) & (along <= entered + 1e-6)
    walls = wall_clearances(fields, side, points, diameters, zone)
    lesion = make_lesion(electrode, device, target)
    surface = lesion_surface(lesion)
    # Endplates are meant, not the notches beside the pedicle's root: well in front of the posterior wall.
    ahead = (anatomy.body.posterior_wall_lps_mm - points) @ anatomy.body.posterior
    deep = (along >= entered) & (along >= limits.docking_mm) & (ahead > 0.08 * anatomy.body.depth_mm)
    body_part = np.flatnonzero(deep)[::2] if crossing is not None else np.array([], int)
    anterior = superior = inferior = None
    _, posterior, up = fields.axes_lps
    if len(body_part):
        radii = diameters[body_part] / 2
        anterior = cone_distance(fields, points[-1:], diameters[-1:] / 2, -posterior, 40.0)
        superior = cone_distance(fields, points[body_part], radii, up, 25.0)
        inferior = cone_distance(fields, points[body_part], radii, -up, 25.0)
    canal_known = fields.canal_mm is not None
    used = along >= limits.docking_mm
    canal = float((fields.canal(points) - diameters / 2)[used].min()) if canal_known and used.any() else None
    electrode_canal = (
        float(fields.canal(electrode).min()) - device.stylet_diameter_mm / 2 if canal_known else None
    )
    clearances = Clearances(
        walls["medial"],
        walls["lateral"],
        walls["superior"],
        walls["inferior"],
        canal,
        electrode_canal,
        float(fields.canal(surface).min()) if canal_known else None,
        anterior,
        _least(superior, inferior),
    )
    least = float(tool.clearance_mm[tool.least_index])
    probability = breach_probability(fields, parameters, points, diameters, limits) if draws else float("nan")
    depth, height, lateral = place_in_body(anatomy.body, points[-1])
    trap = None
    if crossing is not None and fields.verse != SACRUM:
        p, s = fields.local(points[crossing])[1:]
        k = int(
            np.clip(round((s + fields.centre_offset_mm) / fields.step_mm), 0, len(fields.silhouette_mm) - 1)
        )
        trap = float(fields.silhouette_mm[k] - p)
    measured = Measured(
        name=anatomy.name,
        side=side,
        clearances=clearances,
        least_mm=least,
        least_toward=tool.toward[tool.least_index],
        least_along_mm=float(along[tool.least_index]),
        lesion_coverage=lesion.target_coverage,
        lesion_to_endplate_mm=float(fields.bone(surface).min()),
        bend_past_wall_mm=None if crossing is None else float(parameters.straight_mm - entered),
        turn_deg=parameters.turn_deg,
        tip_depth=depth,
        tip_height=height,
        tip_lateral_mm=lateral,
        trap_mm=trap,
        breach_probability=probability,
        skin_known=skin_entry_lps_mm is not None,
        entry_side_mm=float(fields.local(points[0])[0]),
        target_depth=target.depth_fraction,
        body_depth_mm=anatomy.body.depth_mm,
    )
    profile = tuple(
        ProfilePoint(float(a), float(c), t)
        for a, c, t in zip(tool.along_mm[::2], tool.clearance_mm[::2], tool.toward[::2], strict=True)
    )
    return Trajectory(
        side=side,
        access="transpedicular",
        device=device.id,
        parameters=parameters,
        skin_entry_lps_mm=skin_entry_lps_mm,
        bone_entry_lps_mm=as_point(points[0]),
        tip_lps_mm=as_point(points[-1]),
        path_lps_mm=tuple((float(x), float(y), float(z)) for x, y, z in points),
        outer_diameter_mm=tuple(float(d) for d in diameters),
        lesion=lesion,
        clearance_mm=clearances,
        profile=profile,
        least_clearance_lps_mm=as_point(points[tool.least_index]),
        gertzbein_robbins=gertzbein_robbins(max(0.0, -least)),
        breach_probability=probability,
        findings=find_all(measured, device, limits),
        carm=tuple(carm),
    )
