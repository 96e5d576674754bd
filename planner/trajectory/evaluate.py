"""Everything that is said about one trajectory, fast enough to follow a drag."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import VertebraAnatomy
from imaging.labels import Side
from planner.domain.bands import gertzbein_robbins
from planner.domain.device import DeviceProfile
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.plan import (
    Access,
    Clearances,
    Lesion,
    Point,
    ProfilePoint,
    Target,
    Trajectory,
    TrajectoryParameters,
    ViewName,
)
from planner.trajectory.checks import find_all
from planner.trajectory.clearance import ToolClearance, along_tool, cone_distance, least_walls, walls_along
from planner.trajectory.fields import VertebraFields
from planner.trajectory.forgiveness import simulate
from planner.trajectory.lateral_view import lateral_view, wall_crossing
from planner.trajectory.lesion import lesion_surface, make_lesion
from planner.trajectory.measured import Measured
from planner.trajectory.path import build_path
from planner.trajectory.target import as_point, place_in_body
from planner.trajectory.way import WAY_MM, en_face_words, way_bone

Array = NDArray[np.float64]
ViewAngles = Sequence[tuple[ViewName, float, float]]


def _least(*values: float | None) -> float | None:
    known = [v for v in values if v is not None]
    return min(known) if known else None


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
    access: Access = "transpedicular",
    lesion: Lesion | None = None,
    straight_short_mm: float | None = None,
) -> Trajectory:
    """Evaluate a cannula.

    Every distance is reported as measured, from the tool's surface to the segmented cortex or canal; what it
    is compared to holds the limits' reserve for the segmented edge. So does the grade: a tool nearer to the
    cortex than the reserve counts as a breach.

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
        access: through the pedicle, beside it, or one of a pair.
        lesion: of a pair; the tool's own ellipsoid where None.
        straight_short_mm: how far short a straight tool stays, where it was measured.
    """
    points, diameters, electrode = build_path(parameters, device)
    tool, along = along_tool(fields, side, points, diameters, limits.docking_mm)
    crossing = wall_crossing(fields, points)
    entered = along[crossing] if crossing is not None else along[-1]
    index = np.arange(len(along))
    shown = (index % 2 == 0) | (index == tool.least_index)
    at = np.flatnonzero((along >= limits.docking_mm) | shown)
    walls = walls_along(fields, side, points, diameters, at)
    tool = tool.named_by(walls, at)
    zone = (along[at] >= limits.docking_mm) & (along[at] <= entered + 1e-6)
    if access == "extrapedicular":
        zone[:] = False
    wall = least_walls(walls[zone])
    lesion = lesion or make_lesion(electrode, device, target)
    surface = lesion_surface(lesion)
    anterior, endplates = _body_distances(fields, anatomy, points, diameters, along, crossing, limits)
    canal_known = fields.canal_mm is not None
    used = along >= limits.docking_mm
    to_canal = fields.canal(points) - diameters / 2
    canal = float(to_canal[used].min()) if canal_known and used.any() else None
    electrode_canal = lesion_canal = None
    if canal_known:
        electrode_canal = float(fields.canal(electrode).min()) - device.channel_diameter_mm / 2
        lesion_canal = float(fields.canal(surface).min())
    direction = np.asarray(parameters.direction_lps, float)
    way = points[0] - WAY_MM[WAY_MM < 40][:, None] * direction
    passing = np.concatenate([fields.neighbour(points), fields.neighbour(way)])
    neighbour = None
    if fields.other_mm is not None:
        neighbour = float(passing.min()) - device.outer_diameter_mm / 2
    clearances = Clearances(
        wall["medial"],
        wall["lateral"],
        wall["superior"],
        wall["inferior"],
        canal,
        electrode_canal,
        lesion_canal,
        anterior,
        endplates,
        neighbour,
    )
    least = float(tool.clearance_mm[tool.least_index])
    forgiveness = None
    if draws:
        forgiveness = simulate(fields, anatomy.body, target, side, device, parameters, limits)
    depth, height, lateral = place_in_body(anatomy.body, points[-1])
    seen = lateral_view(fields, points, crossing)
    oblique, tilt = en_face_words(direction)
    in_way = way_bone(fields, points[:1], direction[None], access)[0]
    measured = Measured(
        name=anatomy.name,
        side=side,
        access=access,
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
        target=target,
        trap_mm=None if seen is None else seen.distance_mm,
        forgiveness=forgiveness,
        skin_to_bone_mm=None
        if skin_entry_lps_mm is None
        else float(np.linalg.norm(points[0] - np.asarray(skin_entry_lps_mm))),
        straight_mm=parameters.straight_mm,
        entry_side_mm=float(fields.local(points[0])[0]),
        body_depth_mm=anatomy.body.depth_mm,
        oblique_deg=oblique,
        tilt_deg=tilt,
        bone_in_way_mm=float(in_way.sum() * (WAY_MM[1] - WAY_MM[0])),
        straight_short_mm=straight_short_mm,
        pedicle_room_mm=_room(anatomy, side),
    )
    return Trajectory(
        side=side,
        access=access,
        device=device.id,
        parameters=parameters,
        skin_entry_lps_mm=skin_entry_lps_mm,
        bone_entry_lps_mm=as_point(points[0]),
        tip_lps_mm=as_point(points[-1]),
        path_lps_mm=tuple((float(x), float(y), float(z)) for x, y, z in points),
        outer_diameter_mm=tuple(float(d) for d in diameters),
        lesion=lesion,
        clearance_mm=clearances,
        profile=_profile(tool, walls, at, np.flatnonzero(shown), to_canal if canal_known else None),
        least_clearance_lps_mm=as_point(points[tool.least_index]),
        gertzbein_robbins=gertzbein_robbins(max(0.0, limits.cortex_reserve_mm - least)),
        breach_probability=forgiveness.breach if forgiveness else float("nan"),
        findings=find_all(measured, device, limits),
        carm=tuple(carm),
        forgiveness=forgiveness,
        lateral_view=seen,
        straight_short_mm=straight_short_mm,
    )


def _room(anatomy: VertebraAnatomy, side: Side) -> tuple[float, str] | None:
    pedicle = anatomy.pedicles.get(side)
    if pedicle is None:
        return None
    narrow = pedicle.width_mm <= pedicle.height_mm
    return (pedicle.width_mm, "wide") if narrow else (pedicle.height_mm, "high")


def _body_distances(
    fields: VertebraFields,
    anatomy: VertebraAnatomy,
    points: Array,
    diameters: Array,
    along: Array,
    crossing: int | None,
    limits: Limits,
) -> tuple[float | None, float | None]:
    """Distance of the tip to the anterior wall and of the tool in the body to the nearer endplate."""
    if crossing is None:
        return None, None
    # Endplates are meant, not the notches beside the pedicle's root: well in front of the posterior wall.
    ahead = (anatomy.body.posterior_wall_lps_mm - points) @ anatomy.body.posterior
    deep = (along >= along[crossing]) & (along >= limits.docking_mm) & (ahead > 0.08 * anatomy.body.depth_mm)
    part = np.flatnonzero(deep)[::2]
    if not len(part):
        return None, None
    _, posterior, up = fields.axes_lps
    anterior = cone_distance(fields, points[-1:], diameters[-1:] / 2, -posterior, 40.0)
    radii = diameters[part] / 2
    superior = cone_distance(fields, points[part], radii, up, 25.0)
    inferior = cone_distance(fields, points[part], radii, -up, 25.0)
    return anterior, _least(superior, inferior)


def _profile(
    tool: ToolClearance, walls: Array, at: NDArray[np.intp], shown: NDArray[np.intp], canal: Array | None
) -> tuple[ProfilePoint, ...]:
    row = {int(index): n for n, index in enumerate(at)}

    def known(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

    return tuple(
        ProfilePoint(
            float(tool.along_mm[i]),
            float(tool.clearance_mm[i]),
            tool.toward[i],
            known(walls[row[i], 0]),
            known(walls[row[i], 1]),
            known(walls[row[i], 2]),
            known(walls[row[i], 3]),
            None if canal is None else float(canal[i]),
        )
        for i in shown
    )
