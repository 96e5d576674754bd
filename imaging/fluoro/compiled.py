"""Compiles every kernel on the way to a picture: `python -m imaging.fluoro.compiled`.

Compiled code is kept on disc, so this costs seconds once after an update and then nothing. Set-up does it;
where it was not done, ``begin`` starts it apart as soon as a program runs that will want pictures. Compiling
is Python's work and holds its lock: two processes, one for the body's shadow and one for the monitor, halve
the wait, and no window stands still meanwhile.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from imaging.fluoro.kernel import standing_in
from imaging.geometry.carm import CArm, CArmPose, Projection
from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume

PARTS = ("shadow", "monitor")
CALMLY = "--calmly"
_running: list[subprocess.Popen[bytes]] = []
_lock = threading.Lock()


def compile_shadow() -> None:
    """Project a tiny block of water and a tool, from the front and from the side."""
    from imaging.fluoro.projector import Projector
    from imaging.fluoro.rows import patient_mask
    from imaging.fluoro.tools import Tool, tools_line_integral

    grid = VolumeGrid.from_parts((16, 16, 16), (-8.0, -8.0, -8.0), (1.0, 1.0, 1.0))
    volume = Volume(grid, np.zeros((16, 16, 16), np.int16))
    projector = Projector(volume, keep=patient_mask(volume))
    for primary in (180.0, 90.0):
        projector.line_integrals(Projection.of(CArm().resized(64), CArmPose(primary, 5.0)))
    tool = Tool(np.array([[0.0, 20.0, 0.0], [0.0, 5.0, 0.0], [3.0, 0.0, 0.0]]), np.full(3, 4.0))
    tools_line_integral(Projection.of(CArm().resized(64), CArmPose(180.0, 5.0)), [tool])
    _compiled("shadow")


def compile_monitor() -> None:
    """Show a shadow in both looks and put it on a glass."""
    from imaging.fluoro.glass import Stroke, glass
    from imaging.fluoro.picture import PictureSettings, render_picture

    projection = Projection.of(CArm().resized(64), CArmPose(180.0, 5.0))
    shadow = np.ones((64, 64), np.float32)
    render_picture(shadow, None, projection, PictureSettings("clinical"))
    picture = render_picture(shadow, shadow * 0, projection, PictureSettings("clean"))
    line = Stroke(np.array([[1.0, 1.0], [9.0, 9.0]]), 0xFFFFFF, 1.5)
    glass(picture, 32, 32, (0.0, 0.0), 0.5, np.arange(256, dtype=np.uint8), [line])
    _compiled("monitor")


def is_compiled() -> bool:
    """Whether compiled code of every kernel as it is now lies on disc."""
    return all(_mark(part).is_file() for part in PARTS)


def _mark(part: str) -> Path:
    """A file beside the compiled code that says: this part, of these sources, by this Python and numba."""
    import numba

    from imaging.fluoro.slice_sums import accumulate_slices

    state = hashlib.sha256(f"{sys.version} {numba.__version__}".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        state.update(source.read_bytes())
    return Path(accumulate_slices.compiled.stats.cache_path) / f"{part}-{state.hexdigest()[:16]}.compiled"


def _compiled(part: str) -> None:
    with contextlib.suppress(OSError):
        _mark(part).touch()


def begin(calmly: bool = False) -> None:
    """Starts compiling in processes apart if that was never done here; returns at once.

    ``calmly``: at a low priority, for a program that has numpy's loops stand in meanwhile. Whoever waits for
    the compiled ones must not: on a busy machine they would starve.
    """
    with _lock:
        if not _running and not is_compiled():
            _running.extend(_apart(part, calmly) for part in PARTS)


def _apart(part: str, calmly: bool = False) -> subprocess.Popen[bytes]:
    flags = [CALMLY] if calmly else []
    return subprocess.Popen([sys.executable, "-m", "imaging.fluoro.compiled", *flags, part])


def load() -> None:
    """Compiles where that was never done here, and reads what was compiled: for a thread of its own.

    Pictures wanted meanwhile are made in numpy.
    """
    standing_in.set()
    try:
        begin(calmly=True)
        wait()
    finally:
        standing_in.clear()
    with contextlib.suppress(RuntimeError):  # the program ends meanwhile
        compile_shadow()
        compile_monitor()


def wait_for_loops() -> None:
    """Until there are loops to make a picture with: compiled ones, or numpy's that stand in."""
    if not standing_in.is_set():
        wait()


def wait() -> None:
    """Until what ``begin`` started has ended; at once where it started nothing."""
    for process in tuple(_running):
        process.wait()


def _main(arguments: list[str]) -> int:
    if arguments:
        if CALMLY in arguments and hasattr(os, "nice"):
            os.nice(15)
        for part in (name for name in arguments if name != CALMLY):
            {"shadow": compile_shadow, "monitor": compile_monitor}[part]()
        return 0
    return max(process.wait() for process in [_apart(part) for part in PARTS])


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
