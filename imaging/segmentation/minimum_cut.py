"""Two-way division of voxels by a minimum cut (Boykov and Jolly 2001), exact and the same every time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from imaging.progress import Tick, nothing

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Link = Callable[[Array, Array], Array]

WAYS = ((0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 1, 1), (0, 1, -1), (1, 0, 1), (1, 0, -1), (1, 1, 0), (1, -1, 0))
STEPS = 1000
"""Costs are counted in thousandths: the flow is found in whole numbers."""


def minimum_cut(
    nodes: Mask,
    values: Array,
    link: Link,
    inside_cost: Array,
    outside_cost: Array,
    tick: Tick = nothing,
) -> Mask:
    """(k, j, i) nodes on the inside of the cut of least cost.

    Args:
        nodes: (k, j, i) voxels to be divided; links join those that share a face or an edge.
        values: (k, j, i) what ``link`` is given at both ends of a link.
        link: cost of cutting each link of one millimetre.
        inside_cost: (k, j, i) cost of a node outside though it should be inside.
        outside_cost: (k, j, i) cost of a node inside though it should be outside.
        tick: called between the steps.
    """
    count = int(nodes.sum())
    index = np.full(nodes.shape, -1)
    index[nodes] = np.arange(count)
    starts, ends, costs = [], [], []
    for way in WAYS:
        here = tuple(slice(max(0, -w), size - max(0, w)) for w, size in zip(way, nodes.shape, strict=True))
        there = tuple(slice(max(0, w), size - max(0, -w)) for w, size in zip(way, nodes.shape, strict=True))
        both = nodes[here] & nodes[there]
        starts.append(index[here][both])
        ends.append(index[there][both])
        share = 1.0 if np.abs(way).sum() == 1 else 0.5 / np.sqrt(2)
        costs.append(link(values[here][both], values[there][both]) * share)
    start, end, cost = (np.concatenate(part) for part in (starts, ends, costs))
    source, sink, each = count, count + 1, np.arange(count)
    rows = np.concatenate([start, end, np.full(count, source), each])
    cols = np.concatenate([end, start, each, np.full(count, sink)])
    capacity = np.concatenate([cost, cost, inside_cost[nodes], outside_cost[nodes]])
    whole = np.round(capacity * STEPS).astype(np.int32)
    some = whole > 0
    tick()
    graph = csr_array((whole[some], (rows[some], cols[some])), shape=(count + 2, count + 2))
    tick()
    flow = maximum_flow(graph, source, sink).flow
    tick()
    left = csr_array(graph - flow)
    left.data = np.maximum(left.data, 0)
    left.eliminate_zeros()
    reached = np.zeros(count + 2, bool)
    reached[breadth_first_order(left, source, return_predecessors=False)] = True
    out = np.zeros(nodes.shape, bool)
    out[nodes] = reached[:count]
    return out
