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
WINDOW_MM = 18.0
CLIP = 1.1
SIGMA = 2.0


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
    reach = 38.0 if wide else max(20.0, 0.55 * body.width_mm)
    allowed = ((superiors > -0.6 * half) & (superiors < half + 4))[:, None] & (
        (outward > 4) & (outward < reach)
    )[None]
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
    bone: Field,
    grid: VolumeGrid,
    body: BodyGeometry,
    side: Side,
    wide: bool = False,
    seed_lps_mm: Array | None = None,
) -> PedicleGeometry | None:
    """Isthmus of one pedicle: the plane, over place and tilt, that cuts the least area; else None.

    Args:
        bone: level set of the whole vertebra (S1: of body and pedicles) on ``grid``, positive inside.
        grid: fine grid along the body's axes.
        body: the body's frame.
        side: patient's side.
        wide: for S1, whose pedicle is wide, converges more and is tilted more.
        seed_lps_mm: (3,) middle of the labelled pedicle, where there is one.
    """
    sign = 1 if side == "left" else -1
    centre = seed_lps_mm if wide and seed_lps_mm is not None else _coronal_start(bone, grid, body, sign, wide)
    if centre is None:
        return None
    if wide:
        return _measure_wide(bone, grid, body, sign, centre)
    outer, steepest = 40.0, 16.0
    converge, tilt = 15.0, 0.0
    wall = float((body.posterior_wall_lps_mm - body.centre_lps_mm) @ body.posterior)
    for angle_step, reach, along_mm, step in ((10.0, 2, 4.0, 0.9), (4.0, 2, 1.6, 0.7)):
        trials = []
        for a in np.arange(-reach, reach + 1) * angle_step + converge:
            for b in np.arange(-reach, reach + 1) * min(angle_step, 5.0) + tilt:
                if not (0 <= a <= 45 and abs(b) <= steepest):
                    continue
                axis = _axis(body, sign, float(a), float(b))
                for along in np.arange(-along_mm, along_mm + 1e-6, along_mm / 4):
                    at = centre + along * axis
                    behind = float((at - body.centre_lps_mm) @ body.posterior) - wall
                    if -4.0 <= behind <= 11.0:
                        trials.append((at, axis, float(a), float(b)))
        found = [s for s in _sections(bone, grid, body, trials, sign, outer, step) if s is not None]
        if not found:
            return None
        # Lumbar pedicles run nearly along the endplates (Zindrick 1987: within 3 degrees), so a tilt pays.
        costs = [s.area * (1 + (s.tilt / 30) ** 2) for s in found]
        least = min(costs)
        # Among planes that cut nearly the least area the mean is steadier than the least itself.
        alike = [s for s, cost in zip(found, costs, strict=True) if cost <= 1.02 * least]
        converge = float(np.mean([s.converge for s in alike]))
        tilt = float(np.mean([s.tilt for s in alike]))
        centre = np.mean([s.centre for s in alike], axis=0)
    axis = _axis(body, sign, converge, tilt)
    area = 0.0
    for round_ in range(3):
        refined = _along(bone, grid, body, centre, axis, sign, outer, straighten=round_ < 2)
        if refined is None:
            return None
        centre, axis, area = refined
    across, up = _section_axes(axis, body)
    width, height = _chord(bone, grid, centre, across), _chord(bone, grid, centre, up)
    return PedicleGeometry(centre, axis, width, height, area) if min(width, height) > 0 else None


def _measure_wide(
    bone: Field, grid: VolumeGrid, body: BodyGeometry, sign: int, start: Array
) -> PedicleGeometry | None:
    """S1: a short wide tube. The axis is sought within 16 degrees of the published mean (41 and -19 degrees,
    Okutan et al. 2003) as the one whose sections are least in the mean. The tube hardly narrows and opens
    into the ala, so its section is taken where the axis lies 1 mm behind the posterior wall's plane."""
    converge, tilt, centre = 41.0, -19.0, start
    area = 0.0
    for angle_step, reach in ((5.3, 3), (2.0, 2)):
        offsets = np.arange(-reach, reach + 1) * angle_step
        angles = [(converge + a, tilt + b) for a in offsets for b in offsets]
        centre = _behind_wall(body, centre, _axis(body, sign, converge, tilt))
        trials = []
        for a, b in angles:
            axis = _axis(body, sign, a, b)
            trials += [(centre + t * axis, axis, a, b) for t in (-1.5, 0.0, 1.5)]
        found = _sections(bone, grid, body, trials, sign, 48.0, 1.0)
        costs = []
        for index, (a, b) in enumerate(angles):
            three = found[3 * index : 3 * index + 3]
            if all(s is not None and s.area > 60 for s in three):
                costs.append((float(np.mean([s.area for s in three if s is not None])), a, b, three[1]))
        if not costs:
            return None
        least = min(c[0] for c in costs)
        alike = [c for c in costs if c[0] <= 1.01 * least]
        converge, tilt = float(np.mean([c[1] for c in alike])), float(np.mean([c[2] for c in alike]))
        centre = np.mean([c[3].centre for c in alike if c[3] is not None], axis=0)
    axis = _axis(body, sign, converge, tilt)
    for _ in range(2):
        centre = _behind_wall(body, centre, axis)
        section = _sections(bone, grid, body, [(centre, axis, converge, tilt)], sign, 48.0, 0.5)[0]
        if section is None:
            return None
        centre, area = section.centre, section.area
    across, up = _section_axes(axis, body)
    width, height = _chord(bone, grid, centre, across), _chord(bone, grid, centre, up)
    return PedicleGeometry(centre, axis, width, height, area) if min(width, height) > 0 else None


def _behind_wall(body: BodyGeometry, point: Array, axis: Array) -> Array:
    """Where the axis through a point lies 1 mm behind the posterior wall's plane."""
    ahead = 1.0 - float((point - body.posterior_wall_lps_mm) @ body.posterior)
    return np.asarray(point + axis * (ahead / float(axis @ body.posterior)))


def _along(
    bone: Field, grid: VolumeGrid, body: BodyGeometry, centre: Array, axis: Array, sign: int, outer_mm: float,
    straighten: bool,
) -> tuple[Array, Array, float] | None:  # fmt: skip
    """Isthmus along a given axis, and the axis through the middles of the sections that are nearly as small.

    The smallest section is often one of many alike: their mean, weighted by how nearly least each is.
    """
    t = np.arange(-5.0, 5.01, 0.5)
    sections = _sections(
        bone, grid, body, [(centre + x * axis, axis, 0.0, 0.0) for x in t], sign, outer_mm, 0.5
    )
    area = np.array([s.area if s is not None else np.inf for s in sections])
    if not np.isfinite(area).any():
        return None
    middle = int(np.argmin(np.where(np.abs(t) <= 3.5, area, np.inf)))
    if not np.isfinite(area[middle]):
        return None
    first = last = middle
    while first > 0 and area[first - 1] <= 1.15 * area[middle]:
        first -= 1
    while last < len(t) - 1 and area[last + 1] <= 1.15 * area[middle]:
        last += 1
    used = [s for s in sections[first : last + 1] if s is not None]
    places = np.array([s.centre for s in used])
    # Smoothed over a millimetre, so that a nick in one section does not decide.
    calm = ndi.gaussian_filter1d(np.minimum(area, CLIP * area[middle]), SIGMA, mode="nearest")[
        first : last + 1
    ]
    weight = np.exp(-(calm / calm.min() - 1) / 0.015)
    isthmus = (weight[:, None] * places).sum(0) / weight.sum()
    if straighten and t[last] - t[first] >= 3.0:
        slope = unit(np.polyfit(t[first : last + 1], places, 1)[0])
        if slope @ axis > np.cos(np.deg2rad(14.0)):
            axis = slope
    return isthmus, axis, float(area[middle])


@dataclass(frozen=True, eq=False)
class _Section:
    area: float
    centre: Array
    converge: float
    tilt: float


def _axis(body: BodyGeometry, sign: int, converge_deg: float, tilt_deg: float) -> Array:
    """Unit vector to anterior, turned to the midline and upwards."""
    a, b = np.deg2rad([converge_deg, tilt_deg])
    return np.asarray(
        np.array([-sign * np.sin(a) * np.cos(b), -np.cos(a) * np.cos(b), np.sin(b)]) @ body.axes_lps
    )


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
        weight = np.where(
            ndi.binary_dilation(part) & (outward < outer_mm), np.clip(values / step + 0.5, 0, 1), 0.0
        )
        area = float(weight.sum()) * step**2
        if area < 10 or part[0].any() or part[-1].any():
            result.append(None)
            continue
        centre = (weight[..., None] * points).sum((0, 1)) / weight.sum()
        result.append(_Section(area, centre, converge, tilt))
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
