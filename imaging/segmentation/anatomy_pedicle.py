"""The isthmus of each pedicle: its smallest cross-section between posterior wall and lamina."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import BodyGeometry, PedicleGeometry
from imaging.geometry.grid import VolumeGrid
from imaging.labels import Side
from imaging.segmentation.anatomy_frame import unit
from imaging.segmentation.anatomy_local import Field, axis_mm, sample

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
WINDOW_MM = 17.0
LATERAL_END_S1_MM = 26.0


def _section_axes(axis: Array, body: BodyGeometry) -> tuple[Array, Array]:
    """Unit vectors of a section's plane: nearest to left, and to superior."""
    across = unit(np.cross(axis, body.superior))
    across = across if across @ body.left > 0 else -across
    up = np.cross(across, axis)
    return across, up if up @ body.superior > 0 else -up


def _component(mask: Mask, step: float) -> Mask:
    """The component at (or within 3 mm of) the middle of a section."""
    labels, count = ndi.label(mask)
    if not count:
        return np.zeros_like(mask)
    middle = np.array(mask.shape) // 2
    at = np.argwhere(mask)
    nearest = at[np.argmin(((at - middle) ** 2).sum(1))]
    if np.abs(nearest - middle).max() * step > 3.0:
        return np.zeros_like(mask)
    return np.asarray(labels == labels[tuple(nearest)])


def _coronal_start(bone: Field, grid: VolumeGrid, body: BodyGeometry, sign: int, wide: bool) -> Array | None:
    """First guess: the middle of the smallest coronal section just behind the posterior wall, LPS mm."""
    lefts, posteriors, superiors = axis_mm(grid, body.centre_lps_mm)
    wall = float((body.posterior_wall_lps_mm - body.centre_lps_mm) @ body.posterior)
    half = body.height_mm / 2
    outward = lefts * sign
    reach = LATERAL_END_S1_MM if wide else max(20.0, 0.55 * body.width_mm)
    allowed = ((superiors > -0.6 * half) & (superiors < half + 4))[:, None] & ((outward > 4) & (outward < reach))[None]
    rows = []
    for j in np.flatnonzero((posteriors > wall) & (posteriors < wall + 8)):
        section = (bone[:, j] > 0) & allowed
        labels, count = ndi.label(section)
        if not count:
            continue
        sizes = ndi.sum(section, labels, range(1, count + 1))
        part = np.argwhere(labels == 1 + int(np.argmax(sizes)))
        area = len(part) * float(grid.spacing_ijk_mm[0]) ** 2
        if area > 15:
            rows.append((posteriors[j], area, lefts[part[:, 1]].mean(), superiors[part[:, 0]].mean()))
    if len(rows) < 3:
        return None
    p, area, across, up = np.array(rows).T
    best = int(np.argmin(ndi.gaussian_filter1d(area, 1.0, mode="nearest")))
    return np.asarray(body.centre_lps_mm + np.array([across[best], p[best], up[best]]) @ body.axes_lps)


def measure_pedicle(
    bone: Field, grid: VolumeGrid, body: BodyGeometry, side: Side, wide: bool = False
) -> PedicleGeometry | None:
    """Isthmus of one pedicle: the plane, over place and tilt, that cuts the least area; None where there is none.

    Args:
        bone: level set of the whole vertebra on ``grid``, positive inside.
        grid: fine grid along the body's axes.
        body: the body's frame.
        side: patient's side.
        wide: for S1, whose pedicle passes into the ala: the lateral end is cut at 26 mm from the midline.
    """
    sign = 1 if side == "left" else -1
    centre = _coronal_start(bone, grid, body, sign, wide)
    if centre is None:
        return None
    outer = LATERAL_END_S1_MM if wide else 40.0
    converge, tilt = (25.0, 0.0) if wide else (15.0, 0.0)
    wall = float((body.posterior_wall_lps_mm - body.centre_lps_mm) @ body.posterior)
    best: _Section | None = None
    for angle_step, reach, along_mm, step in ((10.0, 2, 4.0, 0.8), (4.0, 2, 2.0, 0.6), (1.5, 2, 1.0, 0.5)):
        trials = []
        for a in np.arange(-reach, reach + 1) * angle_step + converge:
            for b in np.arange(-reach, reach + 1) * min(angle_step, 5.0) + tilt:
                if not (0 <= a <= 45 and abs(b) <= 16):
                    continue
                axis = _axis(body, sign, float(a), float(b))
                for along in np.arange(-along_mm, along_mm + 1e-6, max(0.5, along_mm / 4)):
                    at = centre + along * axis
                    behind = float((at - body.centre_lps_mm) @ body.posterior) - wall
                    if -3.0 <= behind <= 11.0:
                        trials.append((at, axis, float(a), float(b)))
        found = [s for s in _sections(bone, grid, body, trials, sign, outer, step) if s is not None]
        if not found:
            return None
        least = min(s.area for s in found)
        # Among planes that cut nearly the least area the mean is steadier than the least itself.
        alike = [s for s in found if s.area <= 1.02 * least]
        converge = float(np.mean([s.converge for s in alike]))
        tilt = float(np.mean([s.tilt for s in alike]))
        centre = np.mean([s.centre for s in alike], axis=0)
        best = min(alike, key=lambda s: s.area)
    if best is None:
        return None
    axis = _axis(body, sign, converge, tilt)
    across, up = _section_axes(axis, body)
    width, height = _chord(bone, grid, centre, across), _chord(bone, grid, centre, up)
    if wide:
        width = best.width
    return PedicleGeometry(centre, axis, width, height, best.area) if min(width, height) > 0 else None


@dataclass(frozen=True, eq=False)
class _Section:
    area: float
    centre: Array
    width: float
    converge: float
    tilt: float


def _axis(body: BodyGeometry, sign: int, converge_deg: float, tilt_deg: float) -> Array:
    """Unit vector to anterior, turned to the midline and upwards."""
    a, b = np.deg2rad([converge_deg, tilt_deg])
    return np.asarray(np.array([-sign * np.sin(a) * np.cos(b), -np.cos(a) * np.cos(b), np.sin(b)]) @ body.axes_lps)


def _sections(
    bone: Field,
    grid: VolumeGrid,
    body: BodyGeometry,
    trials: list[tuple[Array, Array, float, float]],
    sign: int,
    outer_mm: float,
    step: float,
) -> list[_Section | None]:
    """Area and middle of the bone cut by each plane, between the canal and ``outer_mm`` from the midline."""
    ticks = np.arange(-WINDOW_MM, WINDOW_MM + 1e-6, step)
    result: list[_Section | None] = []
    for at, axis, converge, tilt in trials:
        across, up = _section_axes(axis, body)
        points = at + ticks[None, :, None] * across + ticks[:, None, None] * up
        values = sample(bone, grid, points)
        outward = (points - body.centre_lps_mm) @ body.left * sign
        part = _component((values > 0) & (outward > 2.0) & (outward < outer_mm), step)
        # A voxel at the edge counts by how far the surface lies from its middle.
        weight = np.where(ndi.binary_dilation(part) & (outward < outer_mm), np.clip(values / step + 0.5, 0, 1), 0.0)
        area = float(weight.sum()) * step**2
        if area < 10 or part[0].any() or part[-1].any():
            result.append(None)
            continue
        centre = (weight[..., None] * points).sum((0, 1)) / weight.sum()
        width = float(np.ptp(np.flatnonzero(part.any(0))) + 1) * step
        result.append(_Section(area, centre, width, converge, tilt))
    return result


def _chord(bone: Field, grid: VolumeGrid, centre: Array, direction: Array) -> float:
    """Length of bone through the centre along a direction, sub-voxel."""
    ticks = np.arange(0.0, WINDOW_MM, 0.1)
    total = 0.0
    for sign in (1.0, -1.0):
        values = sample(bone, grid, centre + sign * ticks[:, None] * direction)
        out = values <= 0
        total += float(ticks[int(np.argmax(out))]) if out.any() else WINDOW_MM
    return total
