"""What a plan's arrival wants in the window's own process, loaded while the plan is made in another.

Compiled code is read from disc and modules are imported by Python itself, which holds its lock meanwhile: all
at once with the plan, that made the window stand still.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from imaging.geometry.grid import VolumeGrid
from imaging.progress import Progress
from imaging.segmentation.anatomy_local import sample
from planner.storage.plan_json import validator
from planner.trajectory.clearance import ray_lengths


def load_ahead(progress: Progress) -> None:
    """The plan's schema and the distances along a tool.

    Raises:
        TaskCancelledError: on request, between the two.
    """
    progress.step(0.0, "Loading")
    validator()
    progress.step(0.5, "Loading")
    _load_distances()


def _load_distances() -> None:
    grid = VolumeGrid.from_parts((4, 4, 4), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    field = np.ones((4, 4, 4), np.float32)
    points = np.ones((2, 3))
    sample(field, grid, points)
    ray_lengths(cast(Any, SimpleNamespace(bone_mm=field, grid=grid)), points, points)
