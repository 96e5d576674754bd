"""The spinal column as the best chain of blocks: even spacing, slow turns, like size and brightness."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from imaging.mr.blocks import BlockOutline

LEAST_REWARD = 1.6
LEAST_STEP_MM, MOST_STEP_MM = 19.0, 48.0
MOST_ASIDE_MM = 16.0
SPACING_RATIO = 0.16
TURN_DEG = 16.0
# A body whose block is missing (changed, or beside the slices looked at) is stepped over within a chain.
_SKIP_COST, _SKIP_ASIDE_MM, _SKIP_LEAST_MM = 2.0, 20.0, 24.0
# A body below the chain, changed beside its endplates or at a sharp turn, may be less sure than the others.
_MORE_TURN_DEG = (-14.0, 30.0)
_LEAST_SCORE, _LEAST_WORTH, _COST_SHARE, _LEAST_OF_STEP = 2.2, 0.4, 0.35, 0.86

Array = NDArray[np.float64]


def best_chain(blocks: list[BlockOutline]) -> tuple[list[BlockOutline], float]:
    """Blocks from foot to head that follow each other as vertebrae do, and the chain's worth.

    Dynamic programming over neighbouring pairs, so that the spacing and the turn of one step are held
    against those of the step before.
    """
    order = sorted(blocks, key=lambda b: b.z_mm)
    if len(order) < 2:
        return order, sum(b.score for b in order)
    reward = np.array([b.score for b in order]) - LEAST_REWARD
    lower, upper, cost, length, heading, skips = _links(order)
    total = reward[lower] + reward[upper] - cost
    total[skips] = -np.inf
    before = np.full(len(lower), -1)
    ending: dict[int, list[int]] = {}
    for n in range(len(lower)):
        ends = ending.get(int(lower[n]))
        if ends:
            e = np.array(ends)
            turn = (heading[n] - heading[e]) / TURN_DEG
            worth = total[e] - (np.log(length[n] / length[e]) / SPACING_RATIO) ** 2 - turn**2
            best = int(worth.argmax())
            gain = float(worth[best]) + reward[upper[n]] - cost[n]
            if gain > total[n]:
                total[n] = gain
                before[n] = e[best]
        ending.setdefault(int(upper[n]), []).append(n)
    # A chain ends at a body that was seen: one that only steps over another is none.
    whole = np.where(skips, -np.inf, total)
    if not np.isfinite(whole).any():
        return [max(order, key=lambda b: b.score)], 0.0
    at = int(whole.argmax())
    worth_of_all = float(total[at])
    chain = [order[upper[at]]]
    while at >= 0:
        if skips[at]:
            chain.append(_between(order[lower[at]], order[upper[at]]))
        chain.append(order[lower[at]])
        at = int(before[at])
    return chain[::-1], worth_of_all


def _links(
    order: list[BlockOutline],
) -> tuple[NDArray[np.intp], NDArray[np.intp], Array, Array, Array, NDArray[np.bool_]]:
    """Pairs of neighbours as ``_pairs``, and of those with one body missing between them, by rising upper."""
    near, far = _pairs(order), _pairs(order, 2)
    lower, upper, cost, length, heading = (np.concatenate([a, b]) for a, b in zip(near, far, strict=True))
    skips = np.arange(len(lower)) >= len(near[0])
    first = np.lexsort((lower, upper))
    return lower[first], upper[first], cost[first], length[first], heading[first], skips[first]


def _between(lower: BlockOutline, upper: BlockOutline) -> BlockOutline:
    """A block for the one missing between two; it was not seen."""
    fields = asdict(lower), asdict(upper)
    middle = {name: (fields[0][name] + fields[1][name]) / 2 for name in fields[0]}
    return BlockOutline(**{**middle, "seen": False})


def extended_down(chain: list[BlockOutline], blocks: list[BlockOutline], most: int) -> list[BlockOutline]:
    """The chain with up to ``most`` blocks below its foot that follow it less surely than best_chain asks."""
    chain = list(chain)
    step = float(np.median([np.hypot(a.y_mm - b.y_mm, a.z_mm - b.z_mm) for a, b in pairwise(chain)]))
    for _ in range(most):
        lowest, above = chain[0], chain[1]
        course = _heading_deg(lowest, above)
        best, worth = None, _LEAST_WORTH
        for b in blocks:
            if b.z_mm >= lowest.z_mm or b.score < _LEAST_SCORE:
                continue
            turn = _heading_deg(b, lowest) - course
            if not _MORE_TURN_DEG[0] <= turn <= _MORE_TURN_DEG[1]:
                continue
            _, _, cost, length, _ = _pairs([b, lowest])
            if not len(cost) or length[0] < _LEAST_OF_STEP * step:
                continue
            if (this := b.score - _COST_SHARE * float(cost[0]) - LEAST_REWARD) > worth:
                best, worth = b, this
        if best is None:
            break
        chain.insert(0, best)
    return chain


def _heading_deg(lower: BlockOutline, upper: BlockOutline) -> float:
    return float(np.rad2deg(np.arctan2(lower.y_mm - upper.y_mm, upper.z_mm - lower.z_mm)))


def _pairs(
    order: list[BlockOutline], steps: int = 1
) -> tuple[NDArray[np.intp], NDArray[np.intp], Array, Array, Array]:
    """(lower, upper, cost, length of a step in mm, heading in degrees) of pairs, by rising upper block.

    ``steps`` 2: with one body missing between them, at a cost of its own.
    """
    place = np.array([[b.y_mm, b.z_mm] for b in order])
    up = np.array([b.up_yz for b in order])
    tilt = np.array([b.tilt_deg for b in order])
    height = np.array([b.height_mm for b in order])
    depth = np.array([b.depth_mm for b in order])
    level = np.log(np.array([b.level for b in order]))
    low, high = np.triu_indices(len(order), 1)
    step = place[high] - place[low]
    length = np.linalg.norm(step, axis=1) / steps
    near = (length > (LEAST_STEP_MM if steps == 1 else _SKIP_LEAST_MM)) & (length < MOST_STEP_MM)
    low, high, step, length = low[near], high[near], step[near], length[near]
    mean_up = up[low] + up[high]
    mean_up /= np.linalg.norm(mean_up, axis=1)[:, None] + 1e-9
    along = (step * mean_up).sum(1)
    aside = np.abs(step[:, 0] * mean_up[:, 1] - step[:, 1] * mean_up[:, 0])
    along, aside = along / steps, aside / steps
    gap = along - (height[low] + height[high]) / 2
    cost = 0.02 * np.maximum(2 - gap, 0) ** 2 + np.minimum(0.02 * np.maximum(gap - 12, 0) ** 2, 1.2)
    cost += 0.02 * np.maximum(aside - 3, 0) ** 2
    cost += ((tilt[high] - tilt[low]) / 22) ** 2
    cost += 0.4 * np.abs(height[high] - height[low]) / 8 + 0.4 * np.abs(depth[high] - depth[low]) / 9
    cost += 3.0 * np.maximum(np.abs(level[high] - level[low]) - 0.1, 0)
    most_aside = MOST_ASIDE_MM
    if steps > 1:
        cost += _SKIP_COST
        most_aside = _SKIP_ASIDE_MM / steps
    good = (along > LEAST_STEP_MM) & (aside < most_aside) & (cost < 6)
    low, high, step = low[good], high[good], step[good]
    heading = np.rad2deg(np.arctan2(-step[:, 0], step[:, 1]))
    first = np.lexsort((low, high))
    return low[first], high[first], cost[good][first], length[good][first], heading[first]
