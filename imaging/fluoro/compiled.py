"""Compiles every kernel on the way to a picture: `python -m imaging.fluoro.compiled`.

Compiled code is kept on disc, so this costs seconds once after an update and then nothing. Set-up does it,
and so does the process that makes a plan: no window then waits for its first X-ray.
"""

from __future__ import annotations

import numpy as np

from imaging.fluoro.engine import FluoroEngine
from imaging.fluoro.glass import Stroke, glass
from imaging.fluoro.picture import PictureSettings
from imaging.fluoro.rows import patient_mask
from imaging.fluoro.tools import Tool
from imaging.geometry.carm import CArm, CArmPose
from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume


def compile_pictures() -> None:
    """Take tiny X-rays of a tiny block of water, with a tool, in both looks, and put one on a glass."""
    grid = VolumeGrid.from_parts((16, 16, 16), (-8.0, -8.0, -8.0), (1.0, 1.0, 1.0))
    volume = Volume(grid, np.zeros((16, 16, 16), np.int16))
    engine = FluoroEngine(volume, CArm().resized(64), patient_mask(volume))
    tool = Tool(np.array([[0.0, 20.0, 0.0], [0.0, 5.0, 0.0], [3.0, 0.0, 0.0]]), np.full(3, 4.0))
    for primary, quality in ((180.0, "clinical"), (90.0, "clean")):
        settings = PictureSettings(quality)  # type: ignore[arg-type]
        picture = engine.take(CArmPose(primary, 5.0), settings, [tool])
    line = Stroke(np.array([[1.0, 1.0], [9.0, 9.0]]), 0xFFFFFF, 1.5)
    glass(picture.pixels, 32, 32, (0.0, 0.0), 0.5, np.arange(256, dtype=np.uint8), [line])


if __name__ == "__main__":
    compile_pictures()
