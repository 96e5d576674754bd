"""The shadow of a metal tool: exact chords through a chain of capsules."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.fluoro.attenuation import STEEL_MU_PER_MM
from imaging.fluoro.projector import KERNEL_LOCK
from imaging.geometry.carm import Projection

Array = NDArray[np.float64]
HUB_DIAMETER_MM = 12.0
HUB_LENGTH_MM = 25.0
_STRAIGHT_MM = 0.01
_MOST_HITS = 64


def tool_line_integral(
    projection: Projection,
    path_lps_mm: ArrayLike,
    outer_diameter_mm: ArrayLike,
    mu: float = STEEL_MU_PER_MM,
) -> NDArray[np.float32]:
    """(rows, columns) float32 integral of ``mu`` (mm^-1) through a solid tool swept along a path.

    Each piece of the path is a capsule with the mean diameter of its two ends; where capsules overlap the
    metal counts once. Four rays a pixel smooth the edges; only pixels near the tool's shadow are visited.

    Args:
        projection: of the picture.
        path_lps_mm: (N, 3) axis of the tool, N at least 2.
        outer_diameter_mm: (N,) at those points.
        mu: attenuation of the metal; steel at 60 keV unless told.
    """
    carm = projection.carm
    out = np.zeros((carm.rows, carm.columns), np.float32)
    path = np.asarray(path_lps_mm, float).reshape(-1, 3)
    if len(path) < 2:
        return out
    starts, ends, radii = _pieces(path, np.asarray(outer_diameter_mm, float))
    to_source = np.stack([starts, ends], 1) - projection.source_lps_mm
    depth = to_source @ projection.d_lps
    keep = depth.min(1) > radii + 1
    if not keep.any():
        return out
    starts, ends, radii, depth = starts[keep], ends[keep], radii[keep], depth[keep]
    uv = projection.project(np.stack([starts, ends], 1))
    reach = radii * carm.sid_mm / (depth.min(1) - radii) / carm.pixel_mm * 1.1 + 1.5
    low = np.floor((uv.min(1) - reach[:, None]).min(0)).astype(int)
    high = np.ceil((uv.max(1) + reach[:, None]).max(0)).astype(int) + 1
    u0, v0 = np.clip(low, 0, [carm.columns, carm.rows])
    u1, v1 = np.clip(high, 0, [carm.columns, carm.rows])
    if u1 <= u0 or v1 <= v0:
        return out
    corner = projection.detector_points(np.zeros(2))
    with KERNEL_LOCK:
        _chords(
            out, u0, u1, v0, v1, projection.source_lps_mm, corner, projection.u_lps * carm.pixel_mm,
            projection.v_lps * carm.pixel_mm, starts, ends, radii, uv, reach, mu,
        )  # fmt: skip
    return out


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
    # The hub is a wider capsule over the shaft's end; its rounded front reaches 1 mm ahead of a sharp step.
    head = np.stack([hub + HUB_LENGTH_MM * outwards, hub, hub - 0.1 * outwards])
    return np.concatenate([head, path]), np.concatenate(
        [[HUB_DIAMETER_MM, HUB_DIAMETER_MM, diameters[0]], diameters]
    )


def _pieces(path: Array, diameters: Array) -> tuple[Array, Array, Array]:
    """Starts, ends (M, 3) and radii (M,) with straight stretches of one diameter joined."""
    kept = [0]
    for n in range(1, len(path) - 1):
        first = path[kept[-1]]
        chord = path[n + 1] - first
        length = float(np.linalg.norm(chord))
        between = path[kept[-1] + 1 : n + 1] - first
        forth = between @ chord
        off = np.linalg.norm(np.cross(between, chord / max(length, 1e-9)), axis=1)
        same = np.ptp(diameters[[kept[-1], n, n + 1]]) < 1e-6
        if off.max() > _STRAIGHT_MM or forth.min() < 0 or forth.max() >= length**2 or not same:
            kept.append(n)
    kept.append(len(path) - 1)
    points, widths = path[kept], diameters[kept]
    return points[:-1].copy(), points[1:].copy(), (widths[:-1] + widths[1:]) / 4


@nb.njit(cache=True, fastmath=True, inline="never")
def _capsule(source, ray, start, end, radius):  # type: ignore[no-untyped-def]
    """Entry and exit of a ray (unit vector) through a capsule; entry > exit where it misses."""
    near = 1e30
    far = -1e30
    ax, ay, az = end[0] - start[0], end[1] - start[1], end[2] - start[2]
    ox, oy, oz = source[0] - start[0], source[1] - start[1], source[2] - start[2]
    aa = ax * ax + ay * ay + az * az
    ao = ax * ox + ay * oy + az * oz
    ar = ax * ray[0] + ay * ray[1] + az * ray[2]
    orr = ox * ray[0] + oy * ray[1] + oz * ray[2]
    oo = ox * ox + oy * oy + oz * oz
    # The side: points whose distance from the axis is the radius and whose foot lies between the ends.
    if aa > 1e-12:
        qa = 1 - ar * ar / aa
        qb = orr - ar * ao / aa
        qc = oo - ao * ao / aa - radius * radius
        disc = qb * qb - qa * qc
        if disc > 0 and qa > 1e-9:
            root = math.sqrt(disc)
            for t in ((-qb - root) / qa, (-qb + root) / qa):
                foot = ao + t * ar
                if 0 <= foot <= aa:
                    near = min(near, t)
                    far = max(far, t)
    for shift in range(2):
        cx, cy, cz = ox - shift * ax, oy - shift * ay, oz - shift * az
        cr = cx * ray[0] + cy * ray[1] + cz * ray[2]
        disc = cr * cr - (cx * cx + cy * cy + cz * cz - radius * radius)
        if disc > 0:
            root = math.sqrt(disc)
            near = min(near, -cr - root)
            far = max(far, -cr + root)
    return near, far


@nb.njit(parallel=True, fastmath=True, cache=True, nogil=True, error_model="numpy")
def _chords(  # type: ignore[no-untyped-def]
    out, u0, u1, v0, v1, source, corner, column, row, starts, ends, radii, uv, reach, mu
):
    pieces = len(radii)
    for v in nb.prange(v0, v1):
        near = np.empty(_MOST_HITS)
        far = np.empty(_MOST_HITS)
        close = np.empty(pieces, np.int64)
        ray = np.empty(3)
        for u in range(u0, u1):
            count = 0
            for n in range(pieces):
                du = uv[n, 1, 0] - uv[n, 0, 0]
                dv = uv[n, 1, 1] - uv[n, 0, 1]
                pu = u - uv[n, 0, 0]
                pv = v - uv[n, 0, 1]
                t = (pu * du + pv * dv) / max(du * du + dv * dv, 1e-9)
                t = min(max(t, 0.0), 1.0)
                if (pu - t * du) ** 2 + (pv - t * dv) ** 2 <= reach[n] ** 2:
                    close[count] = n
                    count += 1
            if count == 0:
                continue
            total = 0.0
            for sub in range(4):
                su = u + (0.25 if sub & 1 else -0.25)
                sv = v + (0.25 if sub & 2 else -0.25)
                norm = 0.0
                for c in range(3):
                    ray[c] = corner[c] + su * column[c] + sv * row[c] - source[c]
                    norm += ray[c] * ray[c]
                norm = math.sqrt(norm)
                for c in range(3):
                    ray[c] /= norm
                hits = 0
                for m in range(count):
                    n = close[m]
                    enter, leave = _capsule(source, ray, starts[n], ends[n], radii[n])
                    if leave > enter and hits < _MOST_HITS:
                        at = hits
                        while at > 0 and near[at - 1] > enter:
                            near[at] = near[at - 1]
                            far[at] = far[at - 1]
                            at -= 1
                        near[at] = enter
                        far[at] = leave
                        hits += 1
                reached = -1e30
                for m in range(hits):
                    if far[m] > reached:
                        total += far[m] - max(near[m], reached)
                        reached = far[m]
            out[v, u] = total * 0.25 * mu
