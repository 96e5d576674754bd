"""What an X-ray of the patient alone leaves out, and what it must not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from imaging.fluoro.rows import patient_mask
from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume
from planner.services.render_fluoro import FluoroRequest, FluoroRoom, render_case_picture

SHAPE = (40, 100, 120)


@pytest.fixture(scope="module")
def room():
    """A body with a bead inside, one on the skin and one off it, a table and its metal rail; 2 mm voxels."""
    values = np.full(SHAPE, -1000, np.int16)
    _, j, i = np.ogrid[:40, :100, :120]
    body = ((j - 45) / 30) ** 2 + ((i - 60) / 45) ** 2 <= 1
    values[np.broadcast_to(body, SHAPE)] = 40
    parts = {
        "table": (slice(None), slice(84, 87), slice(10, 110)),
        "rail": (slice(None), slice(84, 88), slice(108, 112)),
        "bead inside": (slice(20, 22), slice(45, 47), slice(60, 62)),
        "bead on the skin": (slice(20, 22), slice(75, 77), slice(60, 62)),
        "bead off the skin": (slice(10, 12), slice(20, 22), slice(110, 112)),
        "gas": (slice(5, 30), slice(30, 50), slice(50, 58)),
    }
    for name, place in parts.items():
        values[place] = {"table": -200, "gas": -1000}.get(name, 3000)
    grid = VolumeGrid.from_parts(SHAPE, (-119.0, -99.0, -39.0), (2.0, 2.0, 2.0))
    return Volume(grid, values), parts


@pytest.mark.parametrize("name", ["bead inside", "bead on the skin", "bead off the skin", "gas"])
def test_what_belongs_to_the_patient_stays(room, name):
    volume, parts = room
    assert patient_mask(volume).full(SHAPE)[parts[name]].all()


@pytest.mark.parametrize("name", ["table", "rail"])
def test_the_scanners_table_goes(room, name):
    volume, parts = room
    assert not patient_mask(volume).full(SHAPE)[parts[name]].any()


def test_beads_alone_in_air_all_stay():
    values = np.full(SHAPE, -1000, np.int16)
    for place in ((4, 8, 8), (20, 50, 60), (36, 90, 110)):
        values[tuple(slice(n, n + 3) for n in place)] = 3000
    kept = patient_mask(Volume(VolumeGrid.from_parts(SHAPE, (0, 0, 0), (1, 1, 1)), values)).full(SHAPE)
    assert kept[values > 0].all()


@pytest.mark.parametrize(("hu", "size_mm", "stays"), [(1400, 30, False), (1400, 10, True), (3000, 30, True)])
def test_an_arms_cortex_does_not_float_in_the_picture_but_metal_and_beads_stay(room, hu, size_mm, stays):
    """Beside the body, in a part that is not joined to it: long and dense as cortex, or a bead, or metal."""
    values = room[0].values.copy()
    length = size_mm // 2
    place = (slice(16 - length // 2, 16 + length - length // 2), slice(10, 12), slice(100, 102))
    values[place] = hu
    kept = patient_mask(Volume(room[0].grid, values)).full(SHAPE)
    assert kept[place].all() == kept[place].any() == stays


def test_reports_and_the_command_line_make_the_apps_picture(room):
    """One default everywhere: the table is left out, and shown to whom asks."""
    volume, _ = room
    case = SimpleNamespace(volume=volume)
    request = FluoroRequest(angles_deg=(180.0, 0.0), size_px=128, quality="clean")
    alone, _ = render_case_picture(case, None, request)
    whole, _ = render_case_picture(case, None, replace(request, ct_table=True))
    assert (alone != whole).mean() > 0.05
    stripped = volume.values.copy()
    stripped[~patient_mask(volume).full(SHAPE)] = -1000
    without, _ = render_case_picture(SimpleNamespace(volume=replace(volume, values=stripped)), None, request)
    np.testing.assert_array_equal(alone, without)
    assert FluoroRoom(volume).engine is FluoroRoom(volume).engine
