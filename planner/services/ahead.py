"""What a plan's arrival wants in the window's own process, loaded while the plan is made in another.

Compiled code is read from disc and modules are imported by Python itself, which holds its lock meanwhile: all
at once with the plan, that made the window stand still.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from imaging.fluoro import compiled
from imaging.geometry.grid import VolumeGrid
from imaging.progress import Progress
from imaging.segmentation.anatomy_local import sample
from planner.storage.plan_json import validator
from planner.trajectory.clearance import ray_lengths

COMPILING_S = 60.0


def load_ahead(progress: Progress) -> None:
    """The plan's schema, the distances along a tool, the kernels of the X-rays once they are compiled.

    Raises:
        TaskCancelledError: on request, between two of these.
    """
    steps: tuple[Callable[[], object], ...] = (
        validator,
        _load_distances,
        lambda: _wait(progress),
        compiled.compile_shadow,
        compiled.compile_monitor,
    )
    for count, step in enumerate(steps):
        progress.step(count / len(steps), "Loading")
        step()


def _load_distances() -> None:
    grid = VolumeGrid.from_parts((4, 4, 4), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    field = np.ones((4, 4, 4), np.float32)
    points = np.ones((2, 3))
    sample(field, grid, points)
    ray_lengths(cast(Any, SimpleNamespace(bone_mm=field, grid=grid)), points, points)


def _wait(progress: Progress) -> None:
    end = time.monotonic() + COMPILING_S
    while not compiled.is_compiled() and time.monotonic() < end:
        progress.step(0.5, "Loading")
        time.sleep(0.2)
