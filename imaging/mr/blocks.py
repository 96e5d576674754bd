"""Sagittal outlines of vertebral bodies: bright blocks with a dark rim, whatever the weighting.

On T1, T2, STIR and Dixon alike marrow is brighter than the cortex, the outer annulus and the ligaments that
surround it. A tilted rectangle is scored by how far the interior stands above each of its four rims.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

Array = NDArray[np.float64]

STEP_MM = 2.0
HEIGHTS_MM = (17.0, 22.0, 27.0, 32.0)
DEPTHS_MM = (22.0, 28.0, 34.0, 40.0)
TILTS_DEG = tuple(range(-27, 70, 12))


@dataclass(frozen=True)
class BlockOutline:
    """A rectangle in a sagittal plane.

    Attributes:
        y_mm, z_mm: of its middle, patient LPS.
        tilt_deg: turn about the patient's left axis; positive where the upper side leans forward.
        height_mm, depth_mm: of its sides.
        score: larger is better, about 0 to 4.
        level: interior brightness.
        seen: False where it was put between two others, nothing like a block being there.
    """

    y_mm: float
    z_mm: float
    tilt_deg: float
    height_mm: float
    depth_mm: float
    score: float
    level: float
    seen: bool = True

    @property
    def up_yz(self) -> Array:
        """(2,) unit vector to superior in (y, z)."""
        a = np.deg2rad(self.tilt_deg)
        return np.array([-np.sin(a), np.cos(a)])

    @property
    def back_yz(self) -> Array:
        """(2,) unit vector to posterior in (y, z)."""
        a = np.deg2rad(self.tilt_deg)
        return np.array([np.cos(a), np.sin(a)])


def find_blocks(plane: NDArray[np.float32], origin_yz_mm: Array, most: int = 260) -> list[BlockOutline]:
    """Rectangles of a sagittal picture that look like vertebral bodies, best first.

    Args:
        plane: [z, y] brightness at STEP_MM pixels, z to superior, y to posterior.
        origin_yz_mm: (2,) place of pixel [0, 0].
        most: number of rectangles returned.
    """
    out: list[BlockOutline] = []
    size = np.array(plane.shape)
    centre = (size - 1) / 2
    reach = int(np.ceil(np.hypot(*size))) + 2
    seen = np.ones_like(plane)
    for tilt in TILTS_DEG:
        a = np.deg2rad(tilt)
        # Rows of the turned picture run along the block's superior axis, columns along its posterior one.
        matrix = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
        offset = centre - matrix @ (np.array([reach, reach]) - 1) / 2
        turned = ndi.affine_transform(plane, matrix, offset, (reach, reach), order=1, cval=0.0)
        inside = ndi.affine_transform(seen, matrix, offset, (reach, reach), order=0, cval=0.0) > 0.5
        rows = {d: ndi.uniform_filter1d(turned, _pixels(d), axis=1) for d in DEPTHS_MM}
        columns = {h: ndi.uniform_filter1d(turned, _pixels(h), axis=0) for h in HEIGHTS_MM}
        square = turned * turned
        squares = {d: ndi.uniform_filter1d(square, _pixels(d), axis=1) for d in DEPTHS_MM}
        for height in HEIGHTS_MM:
            for depth in DEPTHS_MM:
                if not 0.8 <= depth / height <= 2.0:
                    continue
                interior = ndi.uniform_filter1d(rows[depth], _pixels(height), axis=0)
                mean_square = ndi.uniform_filter1d(squares[depth], _pixels(height), axis=0)
                spread = np.sqrt(np.maximum(mean_square - interior**2, 0))
                up, back = round(height / 2 / STEP_MM) + 1, round(depth / 2 / STEP_MM) + 1
                unit = spread + 0.06 * interior + 1e-6
                steps = [_step(rows[depth], interior, 0, at) / unit for at in (up, -up)]
                steps += [_step(columns[height], interior, 1, at) / unit for at in (back, -back)]
                four = np.sort(np.clip(np.stack(steps), -1, 3), axis=0)
                score = four.mean(0) + 0.5 * four[0] + 0.5 * four[1] - 6 * np.maximum(spread / unit - 0.8, 0)
                score[~inside | (interior < 0.3)] = -9
                peak = (score == ndi.maximum_filter(score, 5)) & (score > 0.8)
                for r, c in np.argwhere(peak):
                    z, y = matrix @ np.array([r, c]) + offset
                    best, level = float(score[r, c]), float(interior[r, c])
                    out.append(BlockOutline(float(y), float(z), float(tilt), height, depth, best, level))
    out.sort(key=lambda b: -b.score)
    return [_placed(b, origin_yz_mm) for b in _thinned(out, most)]


def _pixels(length_mm: float) -> int:
    """Pixels of a rectangle's side without its corners."""
    return max(3, round(0.72 * length_mm / STEP_MM))


def _step(
    lines: NDArray[np.float32], interior: NDArray[np.float32], axis: int, at: int
) -> NDArray[np.float32]:
    """How far a rim at an offset stands below the interior; a brighter rim counts for less."""
    shifted = np.roll(lines, -at, axis)
    low = ndi.minimum_filter1d(shifted, 3, axis=axis)
    high = ndi.maximum_filter1d(shifted, 3, axis=axis)
    return np.asarray(np.maximum(interior - low, 0.5 * (high - interior)))


def _thinned(blocks: list[BlockOutline], most: int) -> list[BlockOutline]:
    """Without near copies of better ones."""
    kept: list[BlockOutline] = []
    places = np.empty((0, 4))
    for b in blocks:
        me = np.array([b.y_mm * STEP_MM / 3, b.z_mm * STEP_MM / 3, b.tilt_deg / 13, b.height_mm / 6])
        if len(places) and (np.abs(places - me).max(1) < 1).any():
            continue
        kept.append(b)
        places = np.vstack([places, me])
        if len(kept) >= most:
            break
    return kept


def _placed(b: BlockOutline, origin: Array) -> BlockOutline:
    return BlockOutline(
        float(origin[0] + b.y_mm * STEP_MM),
        float(origin[1] + b.z_mm * STEP_MM),
        b.tilt_deg,
        b.height_mm,
        b.depth_mm,
        b.score,
        b.level,
    )
