"""Bones beside the spine: ribs 10 to 12 and the iliac wings. They carry no label."""

from __future__ import annotations

import itertools

import numpy as np

from imaging.geometry.grid import VolumeGrid
from sample_dicom.canvas import F32, FAR_MM, Canvas, mirrored, rod
from sample_dicom.frames import Frame

Chain = tuple[tuple[float, float, float], ...]
TWELFTH: Chain = ((25.0, 11.0, 5.0), (45.0, 30.0, -1.0), (72.0, 33.0, -14.0), (98.0, 19.0, -33.0))
# The eleventh as T12's neighbourhood shows it where T11 itself is not built.
PASSING: Chain = ((46.0, 37.0, 22.0), (85.0, 33.0, 2.0), (117.0, 6.0, -20.0), (131.0, -28.0, -36.0))
LONG: Chain = (
    (24.0, 11.0, 5.0), (46.0, 36.0, -4.0), (85.0, 33.0, -24.0), (117.0, 6.0, -46.0), (131.0, -28.0, -62.0),
)  # fmt: skip
_F = (0.0, 0.12, 0.3, 0.5, 1.0)
_POSTERIOR = ((108, 92, 64, 50, 45), (18, 32, 41, 43, 46))
_MIDDLE = ((113, 106, 68, 46, 48), (2, 8, 16, 12, 24))
_ANTERIOR = ((110, 120, 130, 132, 122), (-8, -28, -48, -62, -72))


def shortened(chain: Chain, fraction: float) -> Chain:
    """The first part of a chain, by length."""
    points = np.array(chain)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    end = fraction * along[-1]
    tip = [float(np.interp(end, along, points[:, c])) for c in range(3)]
    kept = [tuple(map(float, p)) for p, a in zip(points, along, strict=True) if a < end]
    return (*kept, tuple(tip))  # type: ignore[return-value]


def paint_ribs(grid: VolumeGrid, thoracic: Frame, chains: tuple[Chain, ...]) -> list[Canvas]:
    """Both sides' ribs as distances, from the frame of the vertebra that bears them."""
    low = min(p[2] for chain in chains for p in chain) - 9
    canvases = []
    for side in (1, -1):
        canvas = Canvas(
            grid, thoracic, (min(20 * side, 142 * side), -45, low), (max(20 * side, 142 * side), 52, 34)
        )
        for chain in chains:
            for start, end in itertools.pairwise(chain):
                part = rod(start, end, 3.6, 3.4, (1.0, 0.9, 1.5))
                canvas.add(part if side > 0 else mirrored(part), 1.0)
        canvases.append(canvas)
    return canvases


def iliac_wing(
    grid: VolumeGrid, s1: Frame, side: int, crest_above_s1_mm: float
) -> tuple[tuple[slice, ...], F32] | None:
    """Slices of the grid and the distance of one wing on them; None where the image holds none of it.

    In each axial slice the wing is a thickened quadratic Bezier curve whose points move with height.
    """
    centre = s1.origin_lps_mm
    low = np.array([min(30 * side, 148 * side), -88, -500]) + centre
    high = np.array([max(30 * side, 148 * side), 84, crest_above_s1_mm + 10]) + centre
    size = np.array(grid.shape_kji[::-1])
    first = np.clip(np.floor(grid.indices_from_lps(low)).astype(int), 0, size)
    last = np.clip(np.ceil(grid.indices_from_lps(high)).astype(int) + 1, first, size)
    if (last <= first).any():
        return None
    slices = tuple(slice(int(a), int(b)) for a, b in zip(first[::-1], last[::-1], strict=True))
    start = grid.lps_from_indices(first) - centre
    sx, sy, sz = (float(v) for v in grid.spacing_ijk_mm)
    x = ((start[0] + sx * np.arange(last[0] - first[0])) * side).astype(np.float32)[None, :]
    y = (start[1] + sy * np.arange(last[1] - first[1])).astype(np.float32)[:, None]
    out = np.full(tuple(last[::-1] - first[::-1]), FAR_MM, np.float32)
    t = np.linspace(0, 1, 15)
    weights = np.stack([(1 - t) ** 2, 2 * t * (1 - t), t * t])
    thick = np.interp(t, [0, 0.3, 0.6, 1], [7.5, 8.5, 3.4, 5.5])
    for k in range(out.shape[0]):
        below = crest_above_s1_mm - (start[2] + k * sz)
        f = np.clip(below / 88.0, 0, 1)
        points = np.array(
            [[np.interp(f, _F, p[0]), np.interp(f, _F, p[1])] for p in (_POSTERIOR, _MIDDLE, _ANTERIOR)]
        )
        curve = weights.T @ points
        radius = thick * np.interp(f, [0, 0.15], [0.75, 1.0])
        sheet = out[k]
        for a, b, ra, rb in zip(curve[:-1], curve[1:], radius[:-1], radius[1:], strict=True):
            step = b - a
            along = np.clip(((x - a[0]) * step[0] + (y - a[1]) * step[1]) / (step @ step), 0, 1)
            d = np.hypot(x - a[0] - along * step[0], y - a[1] - along * step[1]) - (ra + along * (rb - ra))
            np.minimum(sheet, d.astype(np.float32), out=sheet)
        if below < 6:  # rounds the crest off
            sheet[...] = np.hypot(np.maximum(sheet + 5, 0), max(0.0, 6 - below)) - 5
    return slices, out
