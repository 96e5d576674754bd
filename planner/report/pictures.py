"""The pictures of one page of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.domain.plan import ViewName

Shown = tuple[NDArray[np.uint8], tuple[str, str]]


@dataclass(frozen=True, eq=False)
class StationPictures:
    """One checkpoint: its name, the tool's depth and both pictures."""

    name: str
    depth_mm: float
    ap: Shown
    lateral: Shown
    see_ap: str = ""
    see_lateral: str = ""
    within_mm: float = 2.0


@dataclass(frozen=True, eq=False)
class TrajectoryPictures:
    """Pictures of one trajectory: uint8 arrays, (h, w) or (h, w, 3).

    Attributes:
        tool_plane, down_tool, sagittal: slices with the tool drawn in.
        fluoro: by view, the picture without writing and the letters of its left and right edge.
        view3d, whole3d: PNG bytes, cut open and from behind, where 3D pictures were rendered.
        stations: AP and lateral at each checkpoint, in the order of the insertion.
    """

    tool_plane: NDArray[np.uint8]
    down_tool: NDArray[np.uint8]
    sagittal: NDArray[np.uint8]
    fluoro: Mapping[ViewName, Shown]
    view3d: bytes | None = None
    whole3d: bytes | None = None
    stations: tuple[StationPictures, ...] = ()
