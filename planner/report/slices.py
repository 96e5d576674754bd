"""Grey slices along and across a planned tool, with its outline: the same layout in print as on the screen.

Every picture has the patient's left on its left (sagittal: anterior on its left), with black casings round
white lines, so that nothing depends on colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from imaging.anatomy import VertebraAnatomy
from imaging.volume import LabelVolume, Volume
from planner.domain.plan import Trajectory
from planner.domain.tool_plane import axial_normal

Array = NDArray[np.float64]
Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Plane:
    """A picture's place: centre (3,) in LPS mm, unit vectors along columns and rows, size in px."""

    centre_lps_mm: Array
    right_lps: Array
    down_lps: Array
    columns: int
    rows: int
    pixel_mm: float

    def points_lps_mm(self) -> Array:
        """(rows, columns, 3) LPS mm of the pixels' centres."""
        u = (np.arange(self.columns) - (self.columns - 1) / 2) * self.pixel_mm
        v = (np.arange(self.rows) - (self.rows - 1) / 2) * self.pixel_mm
        return np.asarray(
            self.centre_lps_mm + u[None, :, None] * self.right_lps + v[:, None, None] * self.down_lps
        )

    def pixels(self, points_lps_mm: Array) -> Array:
        """(..., 2) pixel of (..., 3) points, projected onto the plane along its normal."""
        d = np.asarray(points_lps_mm, float) - self.centre_lps_mm
        uv = np.stack([d @ self.right_lps, d @ self.down_lps], -1) / self.pixel_mm
        return np.asarray(uv + np.array([self.columns - 1, self.rows - 1]) / 2)


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector))


def tool_plane(t: Trajectory, a: VertebraAnatomy, size_px: tuple[int, int], width_mm: float) -> Plane:
    """The axial plane of the tool (see ``planner.domain.tool_plane``), patient's left on the left."""
    path = np.array(t.path_lps_mm)
    normal = axial_normal(t, a.body.superior)
    right = -a.body.left - normal * (-a.body.left @ normal)
    right = _unit(right)
    # Patient's left on the left and posterior up: down is anterior, seen from the feet of a prone patient.
    down = _unit(np.cross(normal, right))
    if down @ a.body.posterior > 0:
        down = -down
    middle = 0.35 * path[0] + 0.65 * a.body.centre_lps_mm
    middle = middle - normal * ((middle - path[-1]) @ normal)
    return Plane(middle, right, down, *size_px, width_mm / size_px[0])


def sagittal_plane(t: Trajectory, a: VertebraAnatomy, size_px: tuple[int, int], width_mm: float) -> Plane:
    """The body's sagittal plane through the tip, anterior on the left."""
    centre = np.array(t.tip_lps_mm) + 8.0 * a.body.posterior
    return Plane(centre, a.body.posterior, -a.body.superior, *size_px, width_mm / size_px[0])


def down_tool_plane(
    t: Trajectory, a: VertebraAnatomy, at_mm: float, size_px: tuple[int, int], width_mm: float
) -> Plane:
    """The plane across the tool ``at_mm`` past bone entry, seen from the hub, patient's left on the left."""
    path = np.array(t.path_lps_mm)
    s = np.r_[0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    point = np.array([np.interp(at_mm, s, path[:, c]) for c in range(3)])
    ahead = np.array([np.interp(at_mm + 1.0, s, path[:, c]) for c in range(3)])
    behind = np.array([np.interp(at_mm - 1.0, s, path[:, c]) for c in range(3)])
    along = _unit(ahead - behind)
    down = -a.body.superior + along * (a.body.superior @ along)
    down = _unit(down)
    right = _unit(np.cross(down, along))
    if right @ a.body.left > 0:
        right = -right
    return Plane(point, right, down, *size_px, width_mm / size_px[0])


def grey_slice(volume: Volume, plane: Plane) -> Picture:
    """(rows, columns, 3) grey picture of a plane: bone window on CT, whole range on MR, black outside."""
    ijk = volume.grid.indices_from_lps(plane.points_lps_mm())
    low, high = (
        (-200.0, 1000.0) if volume.modality == "CT" else (0.0, float(np.percentile(volume.values, 99.5)))
    )
    values = ndimage.map_coordinates(
        volume.values, np.moveaxis(ijk[..., ::-1], -1, 0), output=np.float32, order=1, cval=low
    )
    grey = np.clip((values - low) / max(high - low, 1.0), 0, 1) * 255
    return np.repeat(grey[..., None].astype(np.uint8), 3, axis=2)


def outline(labels: LabelVolume, verse: int, plane: Plane) -> NDArray[np.bool_]:
    """(rows, columns) edge pixels of one vertebra, smoothed below the voxel's size."""
    ijk = labels.grid.indices_from_lps(plane.points_lps_mm())
    flat = np.moveaxis(ijk[..., ::-1], -1, 0)
    low = np.maximum(np.floor(flat.reshape(3, -1).min(1)).astype(int) - 1, 0)
    high = np.ceil(flat.reshape(3, -1).max(1)).astype(int) + 2
    box = labels.labels[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    if box.size == 0:
        return np.zeros(flat.shape[1:], bool)
    inside = ndimage.map_coordinates(
        (box == verse).astype(np.float32), flat - low[:, None, None], order=1, cval=0.0
    )
    mask = ndimage.gaussian_filter(inside, 1.5) > 0.5
    return np.asarray(mask & ~ndimage.binary_erosion(mask))


def draw_tool(picture: Picture, plane: Plane, t: Trajectory, dashed: bool = False) -> Picture:
    """The tool's outline (its true width), the lesion dotted and the tip as a ring with four ticks."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image, "RGBA")
    path = plane.pixels(np.array(t.path_lps_mm))
    width = np.array(t.outer_diameter_mm) / plane.pixel_mm / 2
    lesion = _lesion_outline(plane, t)
    for colour, extra in (((0, 0, 0), 2), ((255, 255, 255), 0)):
        _dots(draw, lesion, colour, 2 + extra // 2)
    if dashed:
        _dots(draw, path, (255, 255, 255), 2)
    else:
        back = path[0] - _unit(path[min(3, len(path) - 1)] - path[0]) * max(plane.columns, plane.rows)
        long, wide = np.r_[[back], path], np.r_[width[:1], width]
        step = np.gradient(long, axis=0)
        across = np.stack([-step[:, 1], step[:, 0]], -1)
        across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
        edge = np.r_[long + across * wide[:, None], (long - across * wide[:, None])[::-1]]
        closed = [(float(x), float(y)) for x, y in np.r_[edge, edge[:1]]]
        draw.polygon(closed, fill=(255, 255, 255, 110))
        draw.line(closed, fill=(0, 0, 0), width=7, joint="curve")
        draw.line(closed, fill=(255, 255, 255), width=3, joint="curve")
    _ring(draw, plane.pixels(np.array(t.tip_lps_mm)), 12.0)
    return np.asarray(image)


def draw_cross_section(picture: Picture, plane: Plane, t: Trajectory, margin_mm: float) -> Picture:
    """The tool as a disc in the middle of a plane across it, the wanted margin dashed round it."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    x, y = (plane.columns - 1) / 2, (plane.rows - 1) / 2
    r = t.outer_diameter_mm[0] / 2 / plane.pixel_mm
    outer = r + margin_mm / plane.pixel_mm
    angles = np.linspace(0, 2 * np.pi, 97)
    for colour, wide in (((0, 0, 0), 6), ((255, 255, 255), 2)):
        draw.ellipse([x - r, y - r, x + r, y + r], outline=colour, width=wide)
        for k in range(0, 96, 4):
            a = angles[k : k + 3]
            points = [(x + outer * float(np.cos(v)), y + outer * float(np.sin(v))) for v in a]
            draw.line(points, fill=colour, width=wide)
    return np.asarray(image)


def paint(picture: Picture, edge: NDArray[np.bool_]) -> Picture:
    """The picture with edge pixels light grey in a dark casing."""
    out = picture.copy()
    out[ndimage.binary_dilation(edge, iterations=1)] //= 2
    out[edge] = 225
    return out


def _lesion_outline(plane: Plane, t: Trajectory) -> Array:
    axis = np.array(t.lesion.axis_lps)
    across, _, along = t.lesion.semi_axes_mm
    normal = np.cross(plane.right_lps, plane.down_lps)
    in_plane = axis - normal * (axis @ normal)
    length = float(np.linalg.norm(in_plane))
    first = in_plane / length if length > 1e-6 else plane.right_lps
    second = np.cross(normal, first)
    # Silhouette of an ellipsoid of revolution: half axis sqrt((along·cos)² + (across·sin)²) along its tilt.
    half = float(np.hypot(along * length, across * np.sqrt(max(0.0, 1 - length**2))))
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    rim = half * np.cos(angles)[:, None] * first + across * np.sin(angles)[:, None] * second
    return plane.pixels(np.array(t.lesion.centre_lps_mm) + rim)


def _dots(draw: ImageDraw.ImageDraw, pixels: Array, colour: tuple[int, int, int], radius: int) -> None:
    for x, y in pixels[::2]:
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)


def _ring(draw: ImageDraw.ImageDraw, at: Array, radius: float) -> None:
    x, y = float(at[0]), float(at[1])
    for colour, wide in (((0, 0, 0), 5), ((255, 255, 255), 2)):
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], outline=colour, width=wide)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            start = (x + dx * radius * 0.6, y + dy * radius * 0.6)
            draw.line([start, (x + dx * radius * 1.7, y + dy * radius * 1.7)], fill=colour, width=wide)
