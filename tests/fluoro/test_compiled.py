"""What is compiled ahead is all that a picture needs, and a picture waits for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from imaging.fluoro import compiled
from imaging.fluoro.kernel import standing_in

TAKE = """
import numpy as np
from imaging.fluoro import coarse, compiled, engine, picture_rows, rows, shear_warp, slice_sums, tools
from imaging.fluoro.picture import PictureSettings
from imaging.geometry.carm import CArm, CArmPose
from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume

print(compiled.is_compiled())
grid = VolumeGrid.from_parts((40, 30, 20), (0, 0, 0), (2, 2, 3))
volume = Volume(grid, np.full((40, 30, 20), 60, np.int16))
machine = engine.FluoroEngine(volume, CArm().resized(128), rows.patient_mask(volume))
tool = tools.Tool(np.array([[0.0, 40, 9], [0, 5, 9], [3, 0, 9]]), np.full(3, 4.0))
for quality in ("clinical", "clean"):
    for primary in (180.0, 100.0):
        machine.take(CArmPose(primary, 3.0, volume.grid.centre_lps_mm), PictureSettings(quality), [tool])
kernels = [
    slice_sums.accumulate_slices, shear_warp.warp_to_detector, rows._fill_rows, tools._chords,
    coarse._gaussian, tools._corners,
    coarse._block_rows, picture_rows.clinical_rows, picture_rows.clean_rows, picture_rows.grey_rows,
]
print(sum(sum(kernel.compiled.stats.cache_misses.values()) for kernel in kernels))
"""


def test_a_picture_compiles_nothing_that_was_not_compiled_ahead():
    compiled.compile_shadow()
    compiled.compile_monitor()
    assert compiled.is_compiled()
    told = subprocess.run([sys.executable, "-c", TAKE], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "0"]


def test_nothing_is_compiled_where_nothing_was(tmp_path):
    code = "from imaging.fluoro import compiled; print(compiled.is_compiled())"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
    )  # fmt: skip
    assert told.stdout.split() == ["False"]


def test_compiling_is_begun_once_and_waited_for(monkeypatch):
    begun = []

    class Process:
        def __init__(self, command):
            begun.append(command[-1])

        def wait(self):
            begun.append("waited")

    monkeypatch.setattr(compiled.subprocess, "Popen", Process)
    monkeypatch.setattr(compiled, "_running", [])
    compiled.wait()
    assert not begun
    monkeypatch.setattr(compiled, "is_compiled", lambda: True)
    compiled.begin()
    assert not begun
    monkeypatch.setattr(compiled, "is_compiled", lambda: False)
    compiled.begin()
    compiled.begin()
    compiled.wait()
    assert begun == [*compiled.PARTS, "waited", "waited"]


@pytest.mark.skipif(not hasattr(os, "nice"), reason="this system knows no niceness")
def test_who_waits_for_compiling_does_not_make_it_yield(monkeypatch):
    """The command line waits, so on a busy machine low priority would starve it; the app does not wait."""
    nicer = []
    monkeypatch.setattr(compiled.os, "nice", nicer.append)
    for part in compiled.PARTS:
        monkeypatch.setattr(compiled, f"compile_{part}", lambda: None)

    class Process:
        def __init__(self, command):
            compiled._main(command[command.index("imaging.fluoro.compiled") + 1 :])

        def wait(self):
            return 0

    monkeypatch.setattr(compiled.subprocess, "Popen", Process)
    monkeypatch.setattr(compiled, "is_compiled", lambda: False)
    monkeypatch.setattr(compiled, "_running", [])
    compiled.begin()
    compiled._main([])
    assert not nicer
    monkeypatch.setattr(compiled, "_running", [])
    compiled.begin(calmly=True)
    assert len(nicer) == len(compiled.PARTS)


def test_numpy_stands_in_until_compiled_code_can_be_loaded(monkeypatch):
    done = []
    monkeypatch.setattr(compiled, "begin", lambda calmly: done.append("begun" if calmly else "in haste"))
    monkeypatch.setattr(compiled, "wait", lambda: done.append(standing_in.is_set()))
    for part in ("compile_shadow", "compile_monitor"):
        monkeypatch.setattr(compiled, part, lambda: done.append(standing_in.is_set()))
    compiled.load()
    assert done == ["begun", True, False, False]


def test_numpy_does_not_stand_in_for_good_where_compiling_cannot_begin(monkeypatch):
    def cannot(calmly):
        raise OSError("no memory for a process")

    monkeypatch.setattr(compiled, "begin", cannot)
    with pytest.raises(OSError, match="no memory"):
        compiled.load()
    assert not standing_in.is_set()


def test_a_picture_waits_only_where_nothing_stands_in(monkeypatch):
    waited = []
    monkeypatch.setattr(compiled, "wait", lambda: waited.append(True))
    standing_in.set()
    compiled.wait_for_loops()
    standing_in.clear()
    assert not waited
    compiled.wait_for_loops()
    assert waited
