"""Where the midline of the spine lies from right to left: the plane about which it mirrors itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imaging.mr.blocks import BlockOutline
from imaging.mr.surface import BodySurface, Sampler

Array = NDArray[np.float64]

_LATERAL_MM = np.arange(3.0, 27.0, 2.0)
_BACK_MM = np.arange(-22.0, 52.0, 3.0)
_UP_MM = np.array([-8.0, 0.0, 8.0])
_LEAST_SEEN = 0.45
TURNS_DEG = (-14.0, -7.0, 0.0, 7.0, 14.0)
# Once bodies are drawn: 1 mm steps either way, compared every 2 mm from 3 to 25 mm to the side.
_ASIDE, _FROM, _TO = 9, 3, 25
_MORE_TURNS_DEG = (-8.0, -4.0, 0.0, 4.0, 8.0)
_BEFORE_MM, _BEHIND_MM = 3.0, 25.0
# A small step is within the noise; one that tells is not held back further.
_STEP_COST, _MOST_STEP_COST, _TURN_COST = 0.015, 0.06, 0.01
_APART_COST, _APART_TURN_COST = 0.004, 0.02


def midline(image: Sampler, chain: list[BlockOutline]) -> tuple[Array, Array]:
    """Where each block's middle lies and how it is turned about its long axis.

    Every block votes for a place and a turn by mirror likeness; dynamic programming along the column keeps
    neighbours together, so that a scoliosis is followed and one odd vertebra is not.

    Returns:
        (n,) x in mm and (n,) turn in degrees, positive where the back leans to the left.
    """
    width = image.values.shape[2] * image.spacing_mm[0]
    first = image.origin_lps_mm[0] - image.spacing_mm[0] / 2
    trial = np.arange(first + 0.25 * width, first + 0.75 * width + 0.01, 1.5)
    cost = np.stack([[_unlikeness(image, b, trial, turn) for turn in TURNS_DEG] for b in chain])
    cost = cost + 0.01 * (np.array(TURNS_DEG) / 5.0)[None, :, None] ** 2
    cost = cost.reshape(len(chain), -1)
    turn, x = (v.ravel() for v in np.meshgrid(TURNS_DEG, trial, indexing="ij"))
    penalty = 0.004 * (x[:, None] - x[None]) ** 2 + 0.02 * ((turn[:, None] - turn[None]) / 5.0) ** 2
    total = [cost[0]]
    came = []
    for n in range(1, len(chain)):
        way = total[-1][:, None] + penalty
        came.append(way.argmin(0))
        total.append(cost[n] + way.min(0))
    at = int(total[-1].argmin())
    path = [at]
    for step in came[::-1]:
        at = int(step[at])
        path.append(at)
    return x[path[::-1]], turn[path[::-1]]


def _unlikeness(image: Sampler, block: BlockOutline, trial: Array, turn_deg: float) -> Array:
    """(len(trial),) 1 - correlation between one side and the mirrored other."""
    back, up = block.back_yz, block.up_yz
    p, s = np.meshgrid(_BACK_MM, _UP_MM, indexing="ij")
    c, d = np.cos(np.deg2rad(turn_deg)), np.sin(np.deg2rad(turn_deg))
    y = block.y_mm + p * back[0] + s * up[0]
    z = block.z_mm + p * back[1] + s * up[1]
    out = np.empty(len(trial))
    for n, x in enumerate(trial):
        sides = []
        for sign in (-1.0, 1.0):
            lateral = x + sign * _LATERAL_MM[:, None, None] * c + p * d
            yy = y - sign * _LATERAL_MM[:, None, None] * d * back[0]
            zz = z - sign * _LATERAL_MM[:, None, None] * d * back[1]
            shape = lateral.shape
            sides.append(image(np.stack([np.broadcast_to(v, shape) for v in (lateral, yy, zz)], -1)))
        both = (sides[0] >= 0) & (sides[1] >= 0)
        if both.mean() < _LEAST_SEEN:
            out[n] = 1.0
            continue
        a, b = np.sqrt(sides[0][both]), np.sqrt(sides[1][both])
        out[n] = 1 - float(np.corrcoef(a, b)[0, 1])
    return out


def recentred(image: Sampler, bodies: Sequence[BodySurface]) -> list[BodySurface]:
    """Bodies, foot to head, moved sideways and turned to where each mirrors itself best in its own frame.

    Blocks lie in one sagittal plane and lean as the column does; a drawn body has its own tilt, and what lies
    behind and beside it mirrors far more clearly. Held together along the column as in ``midline``.
    """
    turns, aside = np.array(_MORE_TURNS_DEG), np.arange(-_ASIDE, _ASIDE + 1)
    turn, step = (v.ravel() for v in np.meshgrid(turns, aside.astype(float), indexing="ij"))
    own = np.minimum(_STEP_COST * step**2, _MOST_STEP_COST) + _TURN_COST * (turn / 5.0) ** 2
    x = [b.centre_lps_mm[0] + step * b.axes_lps[0, 0] for b in bodies]
    total: list[Array] = []
    came: list[NDArray[np.intp]] = []
    for n, body in enumerate(bodies):
        cost = np.concatenate([_unlike_itself(image, body, t) for t in turns]) + own
        if n:
            way = total[-1][:, None] + _APART_COST * (x[n - 1][:, None] - x[n][None]) ** 2
            way = way + _APART_TURN_COST * ((turn[:, None] - turn[None]) / 5.0) ** 2
            came.append(way.argmin(0))
            cost = cost + way.min(0)
        total.append(cost)
    at = int(total[-1].argmin())
    path = [at]
    for back in came[::-1]:
        at = int(back[at])
        path.append(at)
    out = []
    for body, n in zip(bodies, path[::-1], strict=True):
        axes = _turned(body.axes_lps, float(turn[n]))
        out.append(replace(body, centre_lps_mm=body.centre_lps_mm + step[n] * axes[0], axes_lps=axes))
    return out


def _turned(axes: Array, turn_deg: float) -> Array:
    c, s = np.cos(np.deg2rad(turn_deg)), np.sin(np.deg2rad(turn_deg))
    left, back, up = axes
    return np.stack([left * c - back * s, back * c + left * s, up])


def _unlike_itself(image: Sampler, body: BodySurface, turn_deg: float) -> Array:
    """(2 _ASIDE + 1,) 1 - correlation between one side and the mirrored other, from right to left."""
    half = body.size_mm / 2
    across = np.arange(-_ASIDE - _TO, _ASIDE + _TO + 1.0)
    back = np.arange(-half[1] - _BEFORE_MM, half[1] + _BEHIND_MM, 3.0)
    up = np.arange(-half[2], half[2] + 0.1, 5.0)
    local = np.stack(np.meshgrid(across, back, up, indexing="ij"), -1)
    values = image(body.centre_lps_mm + local @ _turned(body.axes_lps, turn_deg))
    root = np.sqrt(np.maximum(values, 0.0))
    out = np.ones(2 * _ASIDE + 1)
    sideways = np.arange(_FROM, _TO + 1, 2)
    for n in range(len(out)):
        right, left = (n + _TO + sign * sideways for sign in (-1, 1))
        both = (values[right] >= 0) & (values[left] >= 0)
        if both.mean() >= _LEAST_SEEN:
            a, b = root[right][both], root[left][both]
            if a.std() > 0 and b.std() > 0:
                out[n] = 1 - float(np.corrcoef(a, b)[0, 1])
    return out
