"""The trunk round the spine, slice by slice: skin, fat, muscles, organs, vessels, bowel gas and the table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.geometry.grid import VolumeGrid
from imaging.progress import Progress
from sample_dicom.canvas import F32, ellipse_distance
from sample_dicom.frames import L3, L3_CENTRE_LPS_MM, Frame

TRUNK_HALF_WIDTH_MM = 170.0
TRUNK_HALF_DEPTH_MM = 115.0
TRUNK_POWER = 2.35
BACK_SKIN_BEHIND_L3_MM = 90.0
TABLE_GAP_MM = 3.0
AIR, FAT, MUSCLE, SKIN = -1000.0, -102.0, 54.0, 25.0


def trunk_centre_lps_mm() -> NDArray[np.float64]:
    """(2,) x, y of the trunk's middle; the trunk is a cylinder along z."""
    y = L3_CENTRE_LPS_MM[1] + BACK_SKIN_BEHIND_L3_MM - TRUNK_HALF_DEPTH_MM
    return np.array([L3_CENTRE_LPS_MM[0], y])


def skin_point_lps_mm(x_lps_mm: float | None, y_lps_mm: float | None, z_lps_mm: float) -> tuple[
    NDArray[np.float64], NDArray[np.float64]
]:  # fmt: skip
    """Skin point and its outward normal: on the left flank at a given y, or on the back at a given x."""
    cx, cy = trunk_centre_lps_mm()
    a, b, n = TRUNK_HALF_WIDTH_MM, TRUNK_HALF_DEPTH_MM, TRUNK_POWER
    if y_lps_mm is not None:
        y = y_lps_mm - cy
        x = a * (1 - abs(y / b) ** n) ** (1 / n)
    elif x_lps_mm is not None:
        x = x_lps_mm - cx
        y = b * (1 - abs(x / a) ** n) ** (1 / n)
    else:
        raise ValueError("give x or y")
    normal = np.array([np.sign(x) * abs(x / a) ** (n - 1) / a, np.sign(y) * abs(y / b) ** (n - 1) / b, 0.0])
    return np.array([x + cx, y + cy, z_lps_mm]), normal / np.linalg.norm(normal)


@dataclass(frozen=True, eq=False)
class SpineLine:
    """Centre line of the bodies by z, for placing what runs beside them."""

    z_lps_mm: NDArray[np.float64]
    x_lps_mm: NDArray[np.float64]
    y_lps_mm: NDArray[np.float64]

    @classmethod
    def of(cls, frames: dict[int, Frame]) -> SpineLine:
        """From all levels' frames."""
        points = np.stack([f.origin_lps_mm for f in frames.values()])
        points = points[np.argsort(points[:, 2])]
        # Below S1 the sacrum runs back and down.
        points = np.vstack([points[0] + [0, 24, -50], points])
        return cls(points[:, 2], points[:, 0], points[:, 1])

    def at(self, z: float) -> tuple[float, float]:
        """x, y at a height."""
        return float(np.interp(z, self.z_lps_mm, self.x_lps_mm)), float(
            np.interp(z, self.z_lps_mm, self.y_lps_mm)
        )


def _blend(hu: F32, distance: F32, value: F32 | float, pixel_mm: float) -> None:
    inside = np.clip(0.5 - distance / pixel_mm, 0, 1)
    hu += inside * (value - hu)


def paint_soft_tissue(
    hu: F32, grid: VolumeGrid, frames: dict[int, Frame], seed: int, contrast_hu: float, progress: Progress
) -> None:
    """Fill ``hu`` [k, j, i] in place with everything but bone, disc and canal; contrast as if arterial."""
    x0, y0, z0 = (float(v) for v in grid.origin_lps_mm)
    sx, sy, sz = (float(v) for v in grid.spacing_ijk_mm)
    depth, rows, columns = hu.shape
    xs = (x0 + sx * np.arange(columns, dtype=np.float32))[None, :]
    ys = (y0 + sy * np.arange(rows, dtype=np.float32))[:, None]
    x = np.broadcast_to(xs, (rows, columns)).astype(np.float32)
    y = np.broadcast_to(ys, (rows, columns)).astype(np.float32)
    cx, cy = trunk_centre_lps_mm()
    skin = ellipse_distance(
        x - np.float32(cx), y - np.float32(cy), TRUNK_HALF_WIDTH_MM, TRUNK_HALF_DEPTH_MM, TRUNK_POWER
    )
    line = SpineLine.of(frames)
    z_l3 = float(frames[L3].origin_lps_mm[2])
    noise = _Texture(seed, grid)
    base = _shells(skin, x, y, cx, cy, sx)
    table = _table(x, y, cx, sx)
    for k in range(depth):
        if k % 12 == 0:
            progress.step(k / depth, "Soft tissue")
        z = z0 + k * sz
        slice_hu = base.copy()
        _organs(slice_hu, skin, x, y, z - z_l3, (cx, cy), noise.at(k), sx)
        _muscles(slice_hu, skin, x, y, z - z_l3, line.at(z), sx, contrast_hu)
        _blend(slice_hu, -skin, AIR, sx)
        hu[k] = np.where(table > AIR, table, slice_hu)


class _Texture:
    """Smooth random field, one coarse cell each 9 mm, read slice by slice."""

    def __init__(self, seed: int, grid: VolumeGrid) -> None:
        size = np.array(grid.shape_kji) * grid.spacing_ijk_mm[::-1]
        coarse = np.maximum(np.ceil(size / 9.0).astype(int) + 2, 4)
        field = np.random.default_rng([seed, 2]).standard_normal(coarse).astype(np.float32)
        field = ndimage.gaussian_filter(field, 1.25)
        self._field = field / field.std()
        self._step = float(grid.spacing_ijk_mm[2]) / 9.0
        scale = grid.spacing_ijk_mm[0] / 9.0
        self._rows = np.arange(grid.shape_kji[1])[:, None] * scale
        self._columns = np.arange(grid.shape_kji[2])[None, :] * scale

    def at(self, k: int) -> F32:
        """(rows, columns) field of slice k."""
        at = k * self._step
        low = int(at)
        mixed = self._field[low] * (1 - at + low) + self._field[low + 1] * (at - low)
        places = np.broadcast_arrays(self._rows, self._columns)
        return np.asarray(
            ndimage.map_coordinates(mixed, np.stack(places), order=1, mode="nearest"), np.float32
        )


def _shells(skin: F32, x: F32, y: F32, cx: float, cy: float, pixel: float) -> F32:
    """Skin, subcutaneous fat (thickest behind and at the flanks) and the wall's muscle."""
    hu = np.full(skin.shape, SKIN, np.float32)
    _blend(hu, skin + 2.0, FAT, pixel)
    behind = np.clip((y - cy) / TRUNK_HALF_DEPTH_MM, -1, 1)
    fat = 17.0 + 5.0 * behind
    _blend(hu, skin + fat, MUSCLE, pixel)
    inner = 13.0 - 7.0 * np.exp(-(((x - cx) / 22.0) ** 2)) * (behind < 0)
    _blend(hu, skin + fat + inner, FAT, pixel)
    # Behind, fat lies between wall and spine until the muscles are painted.
    _blend(hu, np.asarray(np.maximum(skin + 3.0, (cy + 80.0) - y), np.float32), FAT, pixel)
    return hu


def _organs(
    hu: F32, skin: F32, x: F32, y: F32, up: float, centre: tuple[float, float], noise: F32, pixel: float
) -> None:
    """``up`` is mm above L3's centre."""
    cx, cy = centre
    cavity = np.maximum(skin + 33.0, y - (cy + 2.0) + 7.0 * np.sin(noise * 2.1 + x * 0.05))
    bowel = np.asarray(np.maximum(cavity, (0.25 - noise) * 7.0), np.float32)
    _blend(hu, bowel, 42.0, pixel)
    gas = np.maximum(np.maximum(cavity + 4.0, (1.45 - noise) * 7.0), y - (cy - 24.0) + 6.0 * noise)
    _blend(hu, np.asarray(gas, np.float32), -880.0, pixel)
    for side, z_mid in ((1.0, 62.0), (-1.0, 54.0)):
        q = 1 - ((up - z_mid) / 54.0) ** 2
        if q > 0.02:
            r = float(np.sqrt(q))
            d = ellipse_distance(x - np.float32(cx + side * 66), y - np.float32(cy + 24), 26 * r, 24 * r)
            _blend(hu, d, 33.0, pixel)
            sinus = ellipse_distance(x - np.float32(cx + side * 57), y - np.float32(cy + 21), 11 * r, 8 * r)
            _blend(hu, sinus, -70.0, pixel)
    q = 1 - ((up - 120.0) / 95.0) ** 2
    if q > 0.02:
        r = float(np.sqrt(q))
        d = ellipse_distance(x - np.float32(cx - 85), y - np.float32(cy - 22), 80 * r, 74 * r)
        _blend(hu, np.asarray(np.maximum(d, skin + 24), np.float32), 58.0, pixel)
    q = 1 - ((up + 95.0) / 50.0) ** 2
    if q > 0.02:  # colon in the right iliac fossa
        r = float(np.sqrt(q))
        d = ellipse_distance(x - np.float32(cx - 95), y - np.float32(cy - 30), 20.0 * r, 17.0 * r)
        _blend(hu, d, 35.0, pixel)
        _blend(hu, np.asarray(d + 5.0 + np.clip(y - cy + 34, -8, 8) * 0.5, np.float32), -860.0, pixel)


def _muscles(
    hu: F32,
    skin: F32,
    x: F32,
    y: F32,
    up: float,
    spine: tuple[float, float],
    pixel: float,
    contrast_hu: float,
) -> None:
    sx, sy = spine
    dx, dy = x - np.float32(sx), y - np.float32(sy)
    ax = np.abs(dx)
    streak = 9.0 * np.sin(dx * 0.55 + 0.35 * dy) * np.sin(dy * 0.42 - 0.2 * dx)
    meat = np.asarray(MUSCLE + streak, np.float32)
    lower = float(np.clip((up + 40) / -60, 0, 1))
    sheath = np.minimum(
        ellipse_distance(
            ax - np.float32(31 - 6 * lower),
            dy - np.float32(48 + 2 * lower),
            29 - 9 * lower,
            24 - 8 * lower,
            2.5,
        ),
        ellipse_distance(ax - np.float32(14), dy - np.float32(42 + 2 * lower), 12.5, 22 - 5 * lower, 2.3),
    )
    sheath = np.maximum(sheath, skin + 9.0)
    _blend(hu, np.asarray(sheath, np.float32), meat, pixel)
    cleft = np.maximum(np.abs(ax - 25 + 0.15 * dy) - 0.9, np.abs(dy - 52) - 13)
    _blend(hu, np.asarray(cleft, np.float32), -60.0, pixel)
    grow = float(np.clip((80 - up) / 120, 0, 1))
    psoas = ellipse_distance(
        ax - np.float32(31 + 9 * grow),
        dy - np.float32(2 - 6 * grow - 14 * lower),
        7 + 11 * grow,
        11 + 12 * grow,
        2.2,
    )
    if up < 82:
        _blend(hu, psoas, meat, pixel)
    if -52 < up < 75:
        lumborum = ellipse_distance(ax - np.float32(60), dy - np.float32(27), 18.0, 8.5, 2.2)
        _blend(hu, lumborum, meat, pixel)
    if up < -48:  # gluteal muscles behind the iliac wings
        grown = float(np.clip((-48 - up) / 70, 0.05, 1))
        gluteal = ellipse_distance(ax - np.float32(98), dy - np.float32(34), 52 * grown, 34 * grown, 2.4)
        _blend(hu, np.asarray(np.maximum(gluteal, skin + 20), np.float32), meat, pixel)
    split = max(0.0, (-38 - up) * 0.45)
    front = -30.0 - 0.1 * max(0.0, -38 - up)
    for place, radius in ((11.0 + split, 8.8), (-13.0 - split, 10.0)):
        size = radius if split == 0 else radius * 0.75
        vessel = ellipse_distance(dx - np.float32(place), dy - np.float32(front), size, size * 0.95)
        filled = contrast_hu if place > 0 else 44.0 + 0.35 * contrast_hu
        _blend(hu, vessel, filled or 44.0, pixel)
        if place > 0 and np.sin(up * 0.09) > 0.25:  # plaques on the artery's hind wall
            shell = np.maximum(np.abs(vessel + 0.5) - 0.7, 3.5 - (dy - np.float32(front)))
            _blend(hu, np.asarray(shell, np.float32), 380.0, pixel)


def _table(x: F32, y: F32, cx: float, pixel: float) -> F32:
    """Gently curved carbon shell filled with foam, below the back."""
    dip = y - (L3_CENTRE_LPS_MM[1] + BACK_SKIN_BEHIND_L3_MM + TABLE_GAP_MM) + 0.0006 * (x - cx) ** 2
    out = np.full(x.shape, AIR, np.float32)
    wide = np.abs(x - cx) - 210
    _blend(out, np.asarray(np.maximum(np.maximum(-dip, dip - 14), wide), np.float32), 120.0, pixel)
    _blend(out, np.asarray(np.maximum(np.maximum(1.5 - dip, dip - 12.5), wide), np.float32), -940.0, pixel)
    return out
