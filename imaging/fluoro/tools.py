"""The shadow of metal tools: exact chords through cylinders cut by planes.

A tool is a handful of solids, each a cylinder between cutting planes: neighbouring pieces of a curved tube
share the plane that halves their angle, so that metal counts once; a slanted plane at the end is a bevel,
four of them a diamond point; a bore is a solid of negative attenuation. Nothing is sampled but the rays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.fluoro import plain
from imaging.fluoro.attenuation import NITINOL_MU_PER_MM, STEEL_MU_PER_MM
from imaging.fluoro.kernel import kernel
from imaging.geometry.carm import Projection

Array = NDArray[np.float64]
Tip = Literal["flat", "bevel", "diamond"]
HUB_DIAMETER_MM = 12.0
HUB_LENGTH_MM = 25.0
_STRAIGHT_MM = 0.03
_MOST_PLANES = 6
_FAR = 1e9


@dataclass(frozen=True, eq=False)
class Tool:
    """A rod or tube swept along a path.

    Attributes:
        path_lps_mm: (N, 3) axis from hub to tip, N at least 2.
        outer_diameter_mm: (N,) at those points.
        bore_diameter_mm: of a tube's inside; 0 is solid.
        tip: "flat", "bevel" (one slanted face) or "diamond" (four).
        bevel_deg: between the tip's face and the axis.
        bevel_lps: (3,) direction, roughly across the axis, to which a bevel's face looks; any where None.
        mu_per_mm: attenuation at 60 keV.
    """

    path_lps_mm: Array
    outer_diameter_mm: Array
    bore_diameter_mm: float = 0.0
    tip: Tip = "flat"
    bevel_deg: float = 30.0
    bevel_lps: Array | None = None
    mu_per_mm: float = STEEL_MU_PER_MM

    def __post_init__(self) -> None:
        path = np.asarray(self.path_lps_mm, float).reshape(-1, 3)
        diameters = np.broadcast_to(np.asarray(self.outer_diameter_mm, float), (len(path),))
        object.__setattr__(self, "path_lps_mm", path)
        object.__setattr__(self, "outer_diameter_mm", diameters)


def nitinol(path_lps_mm: ArrayLike, diameter_mm: float) -> Tool:
    """A curved nitinol stylet or probe."""
    path = np.asarray(path_lps_mm, float).reshape(-1, 3)
    return Tool(path, np.full(len(path), diameter_mm), mu_per_mm=NITINOL_MU_PER_MM)


def tools_line_integral(projection: Projection, tools: Sequence[Tool]) -> NDArray[np.float32]:
    """(rows, columns) float32 line integrals through all tools; they add up where they cross.

    Four rays a pixel smooth the edges; only pixels near a tool's shadow are visited.
    """
    carm = projection.carm
    out = np.zeros((carm.rows, carm.columns), np.float32)
    solids = [solid for tool in tools for solid in _solids(tool)]
    if not solids:
        return out
    ends = np.array([[s.start, s.end] for s in solids])
    radii = np.array([s.radius for s in solids])
    nearest = ((ends - projection.source_lps_mm) @ projection.d_lps).min(1)
    seen = nearest > radii + 1
    reach = radii * carm.sid_mm / np.where(seen, nearest - radii, 1) / carm.pixel_mm * 1.1 + 1.5
    frame = np.stack(
        [
            projection.source_lps_mm,
            projection.detector_points(np.zeros(2)),
            projection.u_lps * carm.pixel_mm,
            projection.v_lps * carm.pixel_mm,
        ]
    )
    _chords(
        out, seen, projection.project(ends), reach, frame, ends, np.array([s.axis for s in solids]), radii,
        np.array([s.planes for s in solids]), np.array([s.mu for s in solids]),
    )  # fmt: skip
    return np.maximum(out, 0)


def tool_line_integral(
    projection: Projection,
    path_lps_mm: ArrayLike,
    outer_diameter_mm: ArrayLike,
    mu: float = STEEL_MU_PER_MM,
) -> NDArray[np.float32]:
    """(rows, columns) float32 integral of ``mu`` (mm^-1) through one solid tool with a flat tip.

    Args:
        projection: of the picture.
        path_lps_mm: (N, 3) axis of the tool.
        outer_diameter_mm: (N,) at those points.
        mu: attenuation of the metal; steel at 60 keV unless told.
    """
    path = np.asarray(path_lps_mm, float).reshape(-1, 3)
    return tools_line_integral(projection, [Tool(path, np.asarray(outer_diameter_mm, float), mu_per_mm=mu)])


def with_handle(
    path_lps_mm: ArrayLike,
    outer_diameter_mm: ArrayLike,
    introducer_length_mm: float,
    skin_entry_lps_mm: ArrayLike | None = None,
    beyond_skin_mm: float = 20.0,
) -> tuple[Array, Array]:
    """The tool with its straight part continued outwards to the hub.

    Args:
        path_lps_mm: (N, 3) axis from bone entry to tip.
        outer_diameter_mm: (N,).
        introducer_length_mm: from hub to tip, along the axis.
        skin_entry_lps_mm: where known, the hub stays at least ``beyond_skin_mm`` outside the skin.

    Returns:
        (M, 3) path and (M,) diameters from the hub's end to the tip.
    """
    path = np.asarray(path_lps_mm, float).reshape(-1, 3)
    diameters = np.asarray(outer_diameter_mm, float)
    outwards = path[0] - path[1]
    outwards = outwards / np.linalg.norm(outwards)
    inside = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    outside = max(introducer_length_mm - inside, 0.0)
    if skin_entry_lps_mm is not None:
        to_skin = float((np.asarray(skin_entry_lps_mm, float) - path[0]) @ outwards)
        outside = max(outside, to_skin + beyond_skin_mm)
    hub = path[0] + outside * outwards
    head = np.stack([hub + HUB_LENGTH_MM * outwards, hub, hub - 0.1 * outwards])
    return np.concatenate([head, path]), np.concatenate(
        [[HUB_DIAMETER_MM, HUB_DIAMETER_MM, diameters[0]], diameters]
    )


@dataclass(frozen=True, eq=False)
class _Solid:
    """A cylinder about start + t*axis within half-spaces n.x <= d: ``planes`` (6, 4) rows (n, d)."""

    start: Array
    end: Array
    axis: Array
    radius: float
    planes: Array
    mu: float


def _solids(tool: Tool) -> list[_Solid]:
    path, diameters = _pieces(tool.path_lps_mm, tool.outer_diameter_mm)
    if len(path) < 2:
        return []
    axes = np.diff(path, axis=0)
    axes = axes / np.linalg.norm(axes, axis=1, keepdims=True)
    solids: list[_Solid] = []
    for n, axis in enumerate(axes):
        start, end = path[n], path[n + 1]
        ahead = _between(axis, axes[n + 1]) if n + 1 < len(axes) else axis
        behind = _between(axes[n - 1], axis) if n else axis
        planes = [(*-behind, float(-behind @ start))]
        planes += _tip_planes(tool, end, axis, diameters[n + 1]) if n + 1 == len(axes) else []
        planes.append((*ahead, float(ahead @ end)))
        planes += [(0.0, 0.0, 0.0, _FAR)] * (_MOST_PLANES - len(planes))
        radius = float(diameters[n] + diameters[n + 1]) / 4
        # A mitred end reaches beyond the axis' end by at most the radius.
        long = start - radius * axis, end + radius * axis
        solids.append(_Solid(*long, axis, radius, np.array(planes), tool.mu_per_mm))
        if tool.bore_diameter_mm > 0 and tool.bore_diameter_mm < 2 * radius:
            solids.append(_Solid(*long, axis, tool.bore_diameter_mm / 2, np.array(planes), -tool.mu_per_mm))
    return solids


def _between(one: Array, other: Array) -> Array:
    """Unit normal of the plane that halves two pieces' angle; square to the first where they turn back."""
    both = one + other
    length = float(np.linalg.norm(both))
    return np.asarray(both / length if length > 0.2 else one)


def _tip_planes(tool: Tool, tip: Array, axis: Array, diameter: float) -> list[tuple[float, ...]]:
    if tool.tip == "flat":
        return []
    wanted = np.eye(3)[np.argmin(abs(axis))] if tool.bevel_lps is None else np.asarray(tool.bevel_lps, float)
    across = wanted - (wanted @ axis) * axis
    across = across / np.linalg.norm(across)
    other = np.cross(axis, across)
    slant = np.deg2rad(tool.bevel_deg)
    if tool.tip == "bevel":
        normal = np.sin(slant) * axis + np.cos(slant) * across
        point = tip - across * diameter / 2  # the long lip
        return [(*normal, float(normal @ point))]
    normals = [np.sin(slant) * axis + np.cos(slant) * side for side in (across, -across, other, -other)]
    return [(*normal, float(normal @ tip)) for normal in normals]


def _pieces(path: Array, diameters: Array) -> tuple[Array, Array]:
    """The path and its diameters with straight stretches of one diameter joined."""
    kept = _corners(np.ascontiguousarray(path), np.ascontiguousarray(diameters), _STRAIGHT_MM)
    return path[kept], diameters[kept]


@kernel(plain.corners)
def _corners(path, diameters, tolerance):  # type: ignore[no-untyped-def]
    """Which points a chain of straight pieces within ``tolerance`` mm of the path needs, (N,) bool."""
    count = len(path)
    kept = np.zeros(count, np.bool_)
    kept[0], last = True, 0
    for n in range(1, count):
        end = min(n + 1, count - 1)
        x, y, z = path[last, 0], path[last, 1], path[last, 2]
        cx, cy, cz = path[end, 0] - x, path[end, 1] - y, path[end, 2] - z
        square = cx * cx + cy * cy + cz * cz
        if n == count - 1:
            kept[n] = square > 1e-12
            break
        joined = square > 1e-12
        for m in range(last + 1, n + 1):
            bx, by, bz = path[m, 0] - x, path[m, 1] - y, path[m, 2] - z
            along = bx * cx + by * cy + bz * cz
            off = bx * bx + by * by + bz * bz - along * along / max(square, 1e-12)
            joined = joined and along >= 0 and along < square and off <= tolerance * tolerance
            joined = joined and abs(diameters[m] - diameters[last]) < 1e-6
        if not joined or abs(diameters[n + 1] - diameters[last]) > 1e-6:
            kept[n], last = True, n
    return kept


@kernel(plain.chords, fastmath=True, error_model="numpy")
def _chords(out, seen, uvs, reaches, frame, ends, axes, radii, planes, mus):  # type: ignore[no-untyped-def]
    """Adds, for every solid n, mus[n] times the chord of every ray near its segment uvs[n] (2, 2)."""
    source, corner, column, row = frame[0], frame[1], frame[2], frame[3]
    for n in range(len(seen)):
        if not seen[n]:
            continue
        uv, reach, axis, radius = uvs[n], reaches[n], axes[n], radii[n]
        count = 0
        while count < _MOST_PLANES and planes[n, count, 3] < _FAR:
            count += 1
        edge_mm = radius * max(reach - 3.0, 0.0) / reach
        du, dv = uv[1, 0] - uv[0, 0], uv[1, 1] - uv[0, 1]
        length = max(math.hypot(du, dv), 1e-9)
        v0 = max(0, int(min(uv[0, 1], uv[1, 1]) - reach))
        v1 = min(out.shape[0], int(max(uv[0, 1], uv[1, 1]) + reach) + 2)
        ox, oy, oz = source[0] - ends[n, 0, 0], source[1] - ends[n, 0, 1], source[2] - ends[n, 0, 2]
        oa = ox * axis[0] + oy * axis[1] + oz * axis[2]
        oo = ox * ox + oy * oy + oz * oz - oa * oa - radius * radius
        for v in range(v0, v1):
            u0 = min(uv[0, 0], uv[1, 0]) - reach
            u1 = max(uv[0, 0], uv[1, 0]) + reach
            if abs(dv) > 1e-6:
                # The strip of half width ``reach`` about the line crosses this row here.
                middle = uv[0, 0] + (v - uv[0, 1]) * du / dv
                half = reach * length / abs(dv)
                u0, u1 = max(u0, middle - half), min(u1, middle + half)
            for u in range(max(0, int(u0)), min(out.shape[1], int(max(u1, -2.0)) + 2)):
                total = 0.0
                # One ray well inside the tool; four where an edge is near.
                for sub in range(-1, 4):
                    su, sv = np.float64(u), np.float64(v)
                    if sub >= 0:
                        su += 0.25 if sub & 1 else -0.25
                        sv += 0.25 if sub & 2 else -0.25
                    rx = corner[0] + su * column[0] + sv * row[0] - source[0]
                    ry = corner[1] + su * column[1] + sv * row[1] - source[1]
                    rz = corner[2] + su * column[2] + sv * row[2] - source[2]
                    ra = rx * axis[0] + ry * axis[1] + rz * axis[2]
                    rr = rx * rx + ry * ry + rz * rz
                    qa = rr - ra * ra
                    qb = ox * rx + oy * ry + oz * rz - oa * ra
                    near, far = -_FAR, _FAR
                    inside = False
                    if qa > 1e-9 * rr:
                        disc = qb * qb - qa * oo
                        if disc <= 0:
                            continue
                        inside = radius * radius - disc / qa < edge_mm * edge_mm
                        root = math.sqrt(disc)
                        near, far = (-qb - root) / qa, (-qb + root) / qa
                    elif oo > 0:
                        continue
                    side_near, side_far = near, far
                    for m in range(count):
                        px, py, pz = planes[n, m, 0], planes[n, m, 1], planes[n, m, 2]
                        along = px * rx + py * ry + pz * rz
                        room = planes[n, m, 3] - px * source[0] - py * source[1] - pz * source[2]
                        if along > 1e-12:
                            far = min(far, room / along)
                        elif along < -1e-12:
                            near = max(near, room / along)
                        elif room < 0:
                            far = near
                    chord = max(far - near, 0.0) * math.sqrt(rr)
                    if sub < 0:
                        if inside and near == side_near and far == side_far:
                            total = 4 * chord
                            break
                    else:
                        total += chord
                out[v, u] += total * 0.25 * mus[n]
