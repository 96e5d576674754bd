"""Spinous processes that touch the next one's: the border follows the sclerotic line between them.

Where discs are low and the back hollow, neighbouring processes grow broad and meet (Baastrup 1933). No dark
gap is left, but the facing margins are sclerotic: one bright line runs back from the top of the lower lamina.
The border is the cheapest line of that kind, and is taken only where the border so far crosses solid marrow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.progress import Tick, nothing
from imaging.segmentation.bodies import BodyModel
from imaging.segmentation.iso import IsoVolume

Array = NDArray[np.float64]
Owners = NDArray[np.uint8]

P_MM = np.arange(18.0, 61.0)
LAT_MM = np.arange(-6.0, 7.0)
STEP_MM = 0.5
S_MM = np.arange(-32.0, 26.0, STEP_MM)
LAMINA_MM = (18.0, 21.0)
"""Behind the posterior wall, where the lamina's upper margin is."""
START_MM = (-2.0, 4.0)
"""Of the border above that margin, at its front end."""
CONTACT_MM2, BETTER = 40.0, 0.6
"""Least area of bone to bone, and cost of the new border there as a share of the old one's."""
NEAR_MM, FAR_MM, LINE_HU, LINE_EASE = 1.5, 4.0, 100, 0.9
SOLID_UNDER_HU, SOLID_SPAN_HU = 60.0, 120.0
TILTS = (-0.3, -0.15, 0.0, 0.15, 0.3)
STEPS = np.array([-2, -1, 0, 1])
"""In half millimetres a millimetre: a process's upper margin falls backwards, by half on average at most."""
USUAL_STEP, STEP_COST = -0.6, 0.1
BESIDE_MM, WIDENS = 8.0, 0.25


def parted(
    iso: IsoVolume,
    column: Sequence[BodyModel],
    bone_hu: Sequence[float],
    owner: Owners,
    tick: Tick = nothing,
) -> Owners:
    """The owners with touching spinous processes parted along the bright line between them.

    Args:
        iso: the CT.
        column: bodies from foot to head.
        bone_hu: over which tissue is bone, of each.
        owner: [k, j, i], 1 for the first of ``column``, 0 for nobody.
    """
    out = owner.copy()
    for n in range(1, len(column)):
        tick()
        lower = column[n - 1]
        grid = np.stack(np.meshgrid(LAT_MM, P_MM, S_MM, indexing="ij"), -1)
        points = lower.frame.to_lps(grid)
        held = ndi.map_coordinates(out, np.moveaxis(iso.index_kji(points), -1, 0), order=0, cval=0)
        meets = (held[..., :-1] == n) & (held[..., 1:] == n + 1)
        if meets.sum() < CONTACT_MM2:
            continue
        tick()
        hu = iso.sample(points)
        tick()
        cost = _cost(hu, bone_hu[n - 1])
        meets &= np.asarray(np.minimum(hu[..., :-1], hu[..., 1:]) > bone_hu[n - 1])
        top = _lamina_top(held == n)
        if meets.sum() < CONTACT_MM2 or top is None:
            continue
        tick()
        tilt, line = _cheapest(cost, top)
        touching = meets.any(-1)
        height = line + tilt * LAT_MM[:, None]
        at = np.clip(np.round((height - S_MM[0]) / STEP_MM), 0, len(S_MM) - 1).astype(int)
        new = np.take_along_axis(cost, at[..., None], -1)[..., 0][touching].sum()
        if new > BETTER * cost[..., :-1][meets].sum():
            continue
        tick()
        _share(out, iso, lower, n, tilt, line)
    return out


def _cost(hu: NDArray[np.float32], bone_hu: float) -> Array:
    """(lat, p, s) of laying the border there: none in soft tissue, little in a line, 1 in marrow."""
    calm = ndi.gaussian_filter(np.clip(hu, -50, 900).astype(np.float64), (0.7, 0.7, 0.5 / STEP_MM))
    near, far = round(NEAR_MM / STEP_MM), round(FAR_MM / STEP_MM)
    size, centre = far - near + 1, near + (far - near) // 2

    def beside(extreme: Array) -> tuple[Array, Array]:
        return np.roll(extreme, centre, -1), np.roll(extreme, -centre, -1)

    bright = calm - np.maximum(*beside(ndi.minimum_filter1d(calm, size, axis=-1)))
    dark = np.minimum(*beside(ndi.maximum_filter1d(calm, size, axis=-1))) - calm
    line = np.clip(np.maximum(bright, dark) / LINE_HU, 0, 1)
    solid = np.clip((calm - bone_hu + SOLID_UNDER_HU) / SOLID_SPAN_HU, 0, 1)
    return np.asarray(solid * (1 - LINE_EASE * line))


def _lamina_top(lower: NDArray[np.bool_]) -> float | None:
    """Height of the lower lamina's upper margin (local s, mm)."""
    front, back = np.searchsorted(P_MM, LAMINA_MM)
    at = lower[:, front : back + 1]
    seen = at.any(-1)
    if seen.sum() < 10:
        return None
    tops = S_MM[at.shape[-1] - 1 - at[..., ::-1].argmax(-1)]
    return float(np.percentile(tops[seen], 75))


def _cheapest(cost: Array, top: float) -> tuple[float, Array]:
    """(tilt, s at every ``P_MM``) of the cheapest border that starts at the lamina."""
    best: tuple[float, Array, float] | None = None
    for tilt in TILTS:
        moved = np.stack(
            [ndi.shift(sheet, (0.0, -tilt * lat / STEP_MM), order=1, mode="nearest")
             for sheet, lat in zip(cost, LAT_MM, strict=True)]
        )  # fmt: skip
        line, price = _path(moved.sum(0), top)
        if best is None or price < best[2]:
            best = tilt, line, price
    assert best is not None
    return best[:2]


def _path(cost: Array, top: float) -> tuple[Array, float]:
    """(s at every p, cost) of the cheapest path through (p, s)."""
    above = S_MM - top
    total = np.where((above >= START_MM[0]) & (above <= START_MM[1]), cost[0], np.inf)
    back = np.zeros(cost.shape, int)
    bend = STEP_COST * len(LAT_MM) * (STEPS - USUAL_STEP) ** 2
    for row in range(1, len(P_MM)):
        come = np.full((len(STEPS), len(S_MM)), np.inf)
        for m, step in enumerate(STEPS):
            to = slice(max(0, step), len(S_MM) + min(0, step))
            of = slice(max(0, -step), len(S_MM) + min(0, -step))
            come[m, to] = total[of] + bend[m]
        back[row] = come.argmin(0)
        total = come.min(0) + cost[row]
    at = int(total.argmin())
    path = [at]
    for row in range(len(P_MM) - 1, 0, -1):
        path.append(path[-1] - int(STEPS[back[row, path[-1]]]))
    line = np.array(path[::-1])
    return S_MM[line], float(cost[np.arange(len(P_MM)), line].sum())


def _share(out: Owners, iso: IsoVolume, lower: BodyModel, n: int, tilt: float, line: Array) -> None:
    """Give each of the two what lies on its side of the border."""
    at = np.argwhere((out == n) | (out == n + 1))
    lat, p, s = lower.frame.to_local(iso.origin_lps_mm + at[:, ::-1] * iso.spacing_mm).T
    behind = (p >= P_MM[0]) & (np.abs(lat) < BESIDE_MM + WIDENS * (p - P_MM[0]))
    at, lat, p, s = at[behind], lat[behind], p[behind], s[behind]
    out[tuple(at.T)] = np.where(s > np.interp(p, P_MM, line) + tilt * lat, n + 1, n)
