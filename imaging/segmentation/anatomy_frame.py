"""The vertebral body's frame, walls and endplates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage as ndi

from imaging.anatomy import BodyGeometry
from imaging.geometry.grid import VolumeGrid
from imaging.labels import SACRUM
from imaging.segmentation.anatomy_local import (
    Field,
    Mask,
    axis_mm,
    distance_image,
    exits_mm,
    frame_grid,
    level_set_of,
    sample,
)

Array = NDArray[np.float64]
COARSE_MM = 1.0
FINE_MM = 0.6


@dataclass(frozen=True, eq=False)
class Masks:
    """A vertebra cut out of its label maps: bone, body, canal and pedicles, [k, j, i] on a cropped grid."""

    verse: int
    grid: VolumeGrid
    bone: Mask
    body: Mask
    canal: Mask
    pedicle: Mask

    @cached_property
    def bone_distance(self) -> sitk.Image:
        """Distance map of the whole bone."""
        return distance_image(self.bone, self.grid)

    @cached_property
    def passage_distance(self) -> sitk.Image:
        """Distance map of pedicles and body alone: S1's pedicle is a part of the ala, not a closed tube."""
        return distance_image(self.body | self.pedicle, self.grid)

    @cached_property
    def body_distance(self) -> sitk.Image:
        """Distance map of the body."""
        return distance_image(self.body, self.grid)


def unit(vector: ArrayLike) -> Array:
    """A vector's direction."""
    v = np.asarray(vector, float)
    return np.asarray(v / np.linalg.norm(v))


def axes_from(superior: ArrayLike, posterior: ArrayLike) -> Array:
    """(3, 3) rows left, posterior, superior; posterior is made perpendicular to superior."""
    s = unit(superior)
    p = np.asarray(posterior, float)
    p = unit(p - s * (p @ s))
    return np.stack([np.cross(p, s), p, s])


def axes_keeping_posterior(superior: ArrayLike, posterior: ArrayLike) -> Array:
    """(3, 3) rows left, posterior, superior; superior is made perpendicular to posterior."""
    p = unit(posterior)
    s = np.asarray(superior, float)
    s = unit(s - p * (p @ s))
    return np.stack([np.cross(p, s), p, s])


def plane_fit(u: Array, v: Array, w: Array, trim_mm: float = 1.5, one_sided: bool = False) -> Array:
    """(3,) a, b, c of w = a u + b v + c by least squares, dropping residuals beyond ``trim_mm`` in rounds.

    With ``one_sided`` only points that lie below the plane (holes) are dropped.
    """
    design = np.c_[u, v, np.ones_like(u)]
    keep = np.ones(len(u), bool)
    solution = np.zeros(3)
    for _ in range(5):
        solution = np.linalg.lstsq(design[keep], w[keep], rcond=None)[0]
        residual = w - design @ solution
        keep = residual > -trim_mm if one_sided else np.abs(residual) < trim_mm
        if keep.sum() < 10:
            break
    return np.asarray(solution)


def wall_fit(u: Array, v: Array, w: Array) -> tuple[Array, Mask]:
    """(6,) quadratic surface w(u, v) through a wall with holes: points well inside are dropped."""
    design = np.c_[np.ones_like(u), u, v, u * u, u * v, v * v]
    keep = np.ones(len(u), bool)
    solution = np.zeros(6)
    for round_ in range(6):
        solution = np.linalg.lstsq(design[keep], w[keep], rcond=None)[0]
        residual = w - design @ solution
        keep = (residual > -max(0.5, 2.0 - 0.5 * round_)) & (residual < 2.5)
        if keep.sum() < 20:
            break
    return np.asarray(solution), keep


def columns(level: Field, grid: VolumeGrid, centre: Array, axis: int, sign: int) -> Array:
    """Place (mm from the centre along ``axis``: 0 left, 1 posterior, 2 superior) where columns exit."""
    coordinates = axis_mm(grid, centre)[axis]
    start = int(np.argmin(np.abs(coordinates)))
    array = np.moveaxis(level, 2 - axis, 0)
    outward = array[start:] if sign > 0 else array[start::-1]
    return np.asarray(coordinates[start] + sign * exits_mm(outward, float(grid.spacing_ijk_mm[0])))


def endplate_planes(level: Field, grid: VolumeGrid, centre: Array) -> tuple[Array, Array]:
    """(3,) a, b, c of the upper and lower endplate: s = a l + b p + c in mm from the centre."""
    lefts, posteriors, _ = axis_mm(grid, centre)
    l2, p2 = np.meshgrid(lefts, posteriors)
    top, bottom = columns(level, grid, centre, 2, 1), columns(level, grid, centre, 2, -1)
    inside = np.isfinite(top) & np.isfinite(bottom)
    distance = ndi.distance_transform_edt(inside)
    core = inside & (distance > 0.22 * distance.max())
    fit = [plane_fit(l2[core], p2[core], side[core], trim_mm=2.0) for side in (top, bottom)]
    return fit[0], fit[1]


def posterior_slope(level: Field, grid: VolumeGrid, centre: Array, half_height_mm: float) -> Array:
    """(3,) a, b, c of the posterior wall p = a l + b s + c near the midline."""
    lefts, _, superiors = axis_mm(grid, centre)
    wall = columns(level, grid, centre, 1, 1)
    l2, s2 = np.meshgrid(lefts, superiors)
    use = np.isfinite(wall) & (np.abs(l2) < 9) & (np.abs(s2) < 0.7 * half_height_mm)
    return plane_fit(l2[use], s2[use], wall[use], trim_mm=1.5)


def symmetry(
    bone: Field, grid: VolumeGrid, centre: Array, axes: Array, half_height_mm: float
) -> tuple[float, float]:
    """(rotation about superior in degrees, shift to the left in mm) of the best mirror plane."""
    lefts, posteriors, superiors = axis_mm(grid, centre)
    use = (np.abs(superiors) < half_height_mm + 4)[:, None, None] & (np.abs(lefts) < 30)[None, None, :]
    at = np.argwhere((bone > -2) & use)
    at = at[:: max(1, len(at) // 4000)]
    value = np.clip(bone[tuple(at.T)], -3, 3)
    local = np.stack([lefts[at[:, 2]], posteriors[at[:, 1]]], 1)
    height = superiors[at[:, 0]]

    def cost(angle_deg: float, shift_mm: float) -> float:
        a = np.deg2rad(angle_deg)
        normal = np.array([np.cos(a), np.sin(a)])
        mirrored = local - 2 * ((local @ normal) - shift_mm)[:, None] * normal
        points = centre + np.c_[mirrored, height] @ axes
        return float(np.abs(np.clip(sample(bone, grid, points), -3, 3) - value).mean())

    best = (0.0, 0.0)
    for angle_step, shift_step, reach in ((3.0, 1.5, 3), (1.0, 0.5, 2), (0.4, 0.2, 2)):
        offsets = np.arange(-reach, reach + 1)
        trials = [(best[0] + angle_step * a, best[1] + shift_step * b) for a in offsets for b in offsets]
        best = min(trials, key=lambda trial: cost(*trial))
    return best


def fit_frame(masks: Masks, centre_lps_mm: Array, superior: Array, posterior: Array) -> tuple[Array, Array]:
    """Centre and axes of a body from its endplates and its left-right symmetry.

    S1's body tapers and its lower end is a convention, so there posterior is the posterior wall's normal.
    """
    centre, axes = centre_lps_mm, axes_from(superior, posterior)
    for _ in range(3):
        grid = frame_grid(centre, axes, (-36, -32, -28), (36, 46, 28), COARSE_MM)
        body = level_set_of(masks.body_distance, grid, 0.8)
        upper, lower = endplate_planes(body, grid, centre)
        middle = (upper[2] + lower[2]) / 2
        half = max(5.0, (upper[2] - lower[2]) / 2)
        centre = centre + middle * axes[2]
        if masks.verse == SACRUM:
            wall = posterior_slope(body, grid, centre, half)
            axes = axes_keeping_posterior(axes[2], np.array([-wall[0], 1.0, -wall[1]]) @ axes)
        else:
            normal = unit([-upper[0], -upper[1], 1.0]) + unit([-lower[0], -lower[1], 1.0])
            axes = axes_from(normal @ axes, axes[1])
        grid = frame_grid(centre, axes, (-36, -32, -28), (36, 46, 28), COARSE_MM)
        bone = level_set_of(masks.bone_distance, grid, 0.8)
        angle, shift = symmetry(bone, grid, centre, axes, half)
        a = np.deg2rad(angle)
        left = np.cos(a) * axes[0] + np.sin(a) * axes[1]
        centre = centre + shift * left
        axes = np.stack([left, np.cross(axes[2], left), axes[2]])
        small = frame_grid(centre, axes, (-2, -32, -3), (2, 32, 3), COARSE_MM)
        body = level_set_of(masks.body_distance, small, 0.8)
        back, front = columns(body, small, centre, 1, 1), columns(body, small, centre, 1, -1)
        centre = centre + float(np.nanmedian(back) + np.nanmedian(front)) / 2 * axes[1]
    return centre, axes


def measure_body(masks: Masks, centre_lps_mm: Array, axes: Array) -> BodyGeometry:
    """Size, walls and endplates of a body in its fitted frame."""
    grid = frame_grid(centre_lps_mm, axes, (-38, -32, -28), (38, 32, 28), FINE_MM)
    body = level_set_of(masks.body_distance, grid)
    centre = centre_lps_mm
    upper, lower = endplate_planes(body, grid, centre)
    middle = float(upper[2] + lower[2]) / 2
    half = float(upper[2] - lower[2]) / 2
    lefts, posteriors, superiors = axis_mm(grid, centre)
    l2, s2 = np.meshgrid(lefts, superiors)
    back, front = columns(body, grid, centre, 1, 1), columns(body, grid, centre, 1, -1)
    near = (np.abs(l2) < 9) & (np.abs(s2 - middle) < 0.6 * half)
    use = near & np.isfinite(back)
    surface, _ = wall_fit(l2[use], s2[use], back[use])
    posterior_wall = float(surface @ [1, 0, middle, 0, 0, middle**2])
    use = (np.abs(l2) < 2.5) & (np.abs(s2 - middle) < 2.5) & np.isfinite(front)
    anterior_wall = float(np.median(front[use]))
    p2 = (posterior_wall + anterior_wall) / 2
    central = (np.abs(lefts) < 3)[None, :] & (np.abs(posteriors - p2) < 3)[:, None]
    top, bottom = columns(body, grid, centre, 2, 1), columns(body, grid, centre, 2, -1)
    height = float(np.nanmedian(top[central]) - np.nanmedian(bottom[central]))
    to_left, to_right = columns(body, grid, centre, 0, 1), columns(body, grid, centre, 0, -1)
    rows = np.abs(superiors - middle) < 2
    width = float(np.nanpercentile((to_left - to_right)[rows], 98))
    new_centre = centre + p2 * axes[1] + middle * axes[2]

    def plate(plane: Array, sign: int) -> Array:
        point = centre + p2 * axes[1] + (plane[1] * p2 + plane[2]) * axes[2]
        return np.stack([point, sign * unit([-plane[0], -plane[1], 1.0]) @ axes])

    return BodyGeometry(
        new_centre,
        axes,
        width,
        posterior_wall - anterior_wall,
        height,
        centre + posterior_wall * axes[1] + middle * axes[2],
        centre + anterior_wall * axes[1] + middle * axes[2],
        plate(upper, 1),
        plate(lower, -1),
    )
