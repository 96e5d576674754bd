"""Where the midline of the spine lies from right to left: the plane about which it mirrors itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.mr.blocks import BlockOutline
from imaging.mr.surface import Sampler

Array = NDArray[np.float64]

_LATERAL_MM = np.arange(3.0, 27.0, 2.0)
_BACK_MM = np.arange(-22.0, 52.0, 3.0)
_UP_MM = np.array([-8.0, 0.0, 8.0])
_LEAST_SEEN = 0.45
TURNS_DEG = (-14.0, -7.0, 0.0, 7.0, 14.0)


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
