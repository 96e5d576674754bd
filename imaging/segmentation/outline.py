"""One vertebra's outline, once it is known which bone is its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.progress import Tick, nothing
from imaging.segmentation.arch import tidied
from imaging.segmentation.edge import at_half_height, drawn_back_to_edge
from imaging.segmentation.enclosure import with_marrow

Mask = NDArray[np.bool_]
SMALL_HOLE, SACRAL_HOLE = 60, 500
"""Largest hole (pixels) of a slice that is filled."""


def outlined(
    own: Mask,
    free: Mask,
    hu: NDArray[np.float32],
    spacing_mm: float,
    *,
    sacral: bool = False,
    tick: Tick = nothing,
) -> Mask:
    """(k, j, i) a vertebra with its marrow, closed, and with its edge laid in the CT.

    Nothing of a neighbour's is taken: closing would fill the hollow of an articular process, which holds the
    neighbour's, and a tool would be measured as if it were inside bone up to there.

    Args:
        own: (k, j, i) what was grown and found to be its own.
        free: (k, j, i) nobody's.
        hu: (k, j, i) CT.
        spacing_mm: of the isotropic grid.
        sacral: the sacrum keeps the edge that it is drawn back to: its marrow is no brighter than what is
            around it.
    """
    room = own | free
    mask = room & tidied(own, hu, SACRAL_HOLE if sacral else SMALL_HOLE, tick)
    if not sacral:
        mask = with_marrow(mask, room, spacing_mm)
    tick()
    mask = drawn_back_to_edge(mask, hu, spacing_mm, tick=tick)
    if not sacral:
        mask = at_half_height(mask, hu, ~room, spacing_mm, tick=tick)
    return mask & room
