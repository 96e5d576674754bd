"""The compiled loops and numpy's, which stand in for them, give the same pictures."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from fluoro_shapes import ellipsoid_volume, grid_about

from imaging.fluoro.card import agreement
from imaging.fluoro.coarse import broad
from imaging.fluoro.engine import FluoroEngine
from imaging.fluoro.glass import Stroke, glass
from imaging.fluoro.kernel import standing_in
from imaging.fluoro.picture import PictureSettings
from imaging.fluoro.rows import attenuation_rows, patient_mask
from imaging.fluoro.tools import Tool, tools_line_integral
from imaging.geometry.carm import CArm, CArmPose, Projection
from imaging.volume import Volume

CARM = CArm().resized(150)
POSES = [(180.0, 0.0, 0.0), (90.0, 0.0, 0.0), (151.0, 13.0, 20.0), (75.0, -21.0, 0.0), (180.0, 50.0, 0.0)]


@contextmanager
def in_numpy():
    standing_in.set()
    try:
        yield
    finally:
        standing_in.clear()


@pytest.fixture(scope="module")
def volume():
    """Water with bone and air in it, on a turned grid of three spacings that ends within the picture."""
    grid = grid_about((5, -10, 20), (44, 50, 61), (2.4, 2.9, 3.1))
    water = ellipsoid_volume(grid, np.array([5.0, -10.0, 20.0]), np.array([80.0, 60.0, 90.0]), sub=1)
    values = water.values.copy()
    values[:12, 20:30, 20:41] = 900
    values[20:30, 10:15, 33:35] = -1000
    return Volume(grid, values)


def _tools(volume):
    path = volume.grid.centre_lps_mm + np.array(
        [[60.0, 70, 10], [12, 20, 3], [8, 12, 2], [4, 7, 0], [-3, 4, -1], [-9, 3, -3]]
    )
    wide = Tool(path, np.array([9.0, 4, 4, 4, 3, 3]), bore_diameter_mm=1.5, tip="diamond")
    return [wide, Tool(path[2:] + 9, np.full(4, 2.0), tip="bevel")]


@pytest.mark.parametrize(("primary", "secondary", "turn"), POSES)
@pytest.mark.parametrize("quality", ["clinical", "clean"])
def test_the_same_picture(volume, primary, secondary, turn, quality):
    pose = CArmPose(primary, secondary, volume.grid.centre_lps_mm + 7, rotation_deg=turn)
    settings, tools = PictureSettings(quality, seed=3), _tools(volume)

    def take():
        engine = FluoroEngine(volume, CARM, patient_mask(volume))
        beam = engine.beam(pose, settings, tools)
        return beam, engine.exposed(beam, settings).pixels

    beam, pixels = take()
    with in_numpy():
        plain_beam, plain_pixels = take()
    assert beam.body[0].max() > 1
    assert agreement(beam.body[0], plain_beam.body[0]) < 2e-3
    # At a joint the compiled loop takes one ray for four where that one passes a single piece.
    steel = np.abs(beam.metal - plain_beam.metal)[(beam.metal > 0) | (plain_beam.metal > 0)]
    assert np.percentile(steel, 95) < 0.01 * beam.metal.max()
    assert steel.max() < 0.06 * beam.metal.max()
    off = np.abs(pixels.astype(int) - plain_pixels)
    assert np.percentile(off, 99.9) <= 2
    assert len(np.unique(pixels)) > 100


@pytest.mark.parametrize("transposed", [False, True])
def test_the_same_rows(volume, transposed):
    table = np.arange(65536, dtype=np.int64).clip(31768, 34768).astype(np.int64) - 31768
    arguments = volume.values, table.astype(np.int16), patient_mask(volume), transposed
    compiled = attenuation_rows(*arguments)
    with in_numpy():
        plain = attenuation_rows(*arguments)
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (compiled[0] > 0).any()


def test_the_same_tools_seen_nearly_end_on(volume):
    centre = volume.grid.centre_lps_mm
    projection = Projection.of(CARM, CArmPose(180.0, 0.0, centre))
    along = projection.d_lps * np.linspace(-30, 30, 5)[:, None] + centre + 1e-4
    tool = [Tool(along, np.full(5, 8.0))]
    compiled = tools_line_integral(projection, tool)
    with in_numpy():
        plain = tools_line_integral(projection, tool)
    np.testing.assert_allclose(compiled, plain, atol=0.01 * compiled.max())
    assert compiled.max() > 1


def test_the_same_wide_blur():
    picture = np.random.default_rng(2).random((70, 90), np.float32)
    for sigma in (2.0, 14.0):
        compiled = broad(picture, sigma)
        with in_numpy():
            np.testing.assert_allclose(broad(picture, sigma), compiled, atol=1e-5)


@pytest.mark.parametrize("scale", [0.6, 2.3])
def test_the_same_glass(scale):
    random = np.random.default_rng(4)
    pixels = random.integers(0, 255, (60, 80)).astype(np.uint8)
    strokes = [
        Stroke(random.uniform(-10, 90, (9, 2)), 0xFF8020, 1.5),
        Stroke(random.uniform(0, 70, (5, 2)), 0x20A0FF, 2.5, (6.0, 3.0), clipped=False),
    ]
    made = []
    for _ in range(2):
        made.append(glass(pixels, 100, 90, (-3.5, 8.25), scale, np.arange(256, dtype=np.uint8), strokes))
        standing_in.set()
    standing_in.clear()
    one, other = (picture.view(np.uint8).astype(int) for picture in made)
    assert np.percentile(np.abs(one - other), 99) <= 1
    assert np.abs(one - other).max() <= 8
