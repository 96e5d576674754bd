"""The graphics card's line integrals; OpenGL on the processor stands in for one."""

from __future__ import annotations

import gc
from dataclasses import replace

import numpy as np
import pytest
from fluoro_shapes import ellipsoid_volume, grid_about
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imaging.fluoro.card as card_module
from imaging.errors import PlannerError
from imaging.fluoro.card import Card, agreement, graphics_card
from imaging.fluoro.engine import CardTrial, FluoroEngine
from imaging.fluoro.projector import Projector
from imaging.geometry.carm import CArm, CArmPose, Projection
from imaging.volume import Volume

CARM = CArm().resized(96)


@pytest.fixture(scope="module")
def card():
    pytest.importorskip("moderngl", reason="the extra gpu is not installed")
    try:
        return Card()
    except Exception as error:
        pytest.skip(f"no OpenGL 4.3 here: {error}")


@pytest.fixture(scope="module")
def volume():
    """Water with a block of bone in it, ending within the picture, on a grid of three spacings."""
    grid = grid_about((5, -10, 20), (40, 50, 60), (2.4, 2.9, 3.1))
    water = ellipsoid_volume(grid, np.array([5.0, -10.0, 20.0]), np.array([80.0, 60.0, 90.0]), sub=1)
    values = water.values.copy()
    values[:12, 20:30, 20:41] = 900
    return Volume(grid, values)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    primary=st.floats(0, 360),
    secondary=st.floats(-40, 40),
    turn=st.floats(-180, 180),
    flipped=st.booleans(),
    off=st.tuples(*[st.floats(-60, 60)] * 3),
)
def test_a_card_gives_josephs_integrals_at_any_pose(card, volume, primary, secondary, turn, flipped, off):
    projector = Projector(volume)
    loaded = projector.loaded(card)
    pose = CArmPose(primary, secondary, volume.grid.centre_lps_mm + off, rotation_deg=turn, flipped=flipped)
    projection = Projection.of(CARM, pose)
    joseph = projector.reference_line_integrals(projection)
    assert agreement(joseph, projector.card_line_integrals(loaded, projection)) < 5e-3
    loaded.release()


def test_a_volume_that_is_turned_is_projected_where_it_lies(card, volume):
    turned = Volume(
        replace(volume.grid, lps_from_ijk=volume.grid.lps_from_ijk @ np.diag([-1.0, 1.0, -1.0, 1.0])),
        volume.values,
    )
    projector = Projector(turned)
    loaded = projector.loaded(card)
    projection = Projection.of(CARM, CArmPose(150.0, 10.0, turned.grid.centre_lps_mm))
    joseph = projector.reference_line_integrals(projection)
    assert joseph.max() > 1
    assert agreement(joseph, projector.card_line_integrals(loaded, projection)) < 5e-3


def test_an_engine_projects_on_a_card_that_agrees_and_is_quicker(card, volume, monkeypatch):
    engine = FluoroEngine(volume, CARM)
    pose = Projection.of(CARM, CArmPose(180.0, 0.0, volume.grid.centre_lps_mm))
    ours = engine.shadow(pose)[0]
    monkeypatch.setattr(CardTrial, "is_passed", property(lambda t: t.difference <= 0.01))
    trial = engine.try_card(card)
    assert trial.difference <= 0.01
    assert engine._all.card is not None
    engine._shadows.clear()
    theirs, water_and_bone = engine.shadow(pose)[0], engine.shadow(pose, parts=True)
    assert 0 < agreement(ours, theirs) < 0.01
    assert engine._bone.card is not None
    trusted = engine._all.card
    assert engine.try_card(card) is trial
    assert engine._all.card is trusted
    assert water_and_bone[1].max() > 0


def test_a_card_that_differs_or_is_slower_is_not_used(card, volume, monkeypatch):
    assert not CardTrial(0.02, 0.1, 1.0).is_passed
    assert not CardTrial(0.001, 1.0, 0.1).is_passed
    assert CardTrial(0.001, 0.1, 1.0).is_passed
    engine = FluoroEngine(volume, CARM)
    monkeypatch.setattr(card_module, "_WHOLE", 30000.0)  # a card that is wrong by half
    assert not engine.try_card(card).is_passed
    assert engine._all.card is None


def test_where_a_card_fails_later_the_processor_goes_on(card, volume, monkeypatch):
    projector = Projector(volume)
    projection = Projection.of(CARM, CArmPose(150.0, 5.0, volume.grid.centre_lps_mm))
    ours = projector.line_integrals(projection)
    projector.card = projector.loaded(card)
    monkeypatch.setattr(Card, "draw", lambda *_: (_ for _ in ()).throw(RuntimeError("reset")))
    np.testing.assert_array_equal(projector.line_integrals(projection), ours)
    assert projector.card is None


def test_a_volume_nobody_needs_leaves_the_card(card, volume):
    loaded = Projector(volume).loaded(card)
    texture = loaded._texture
    del loaded
    gc.collect()
    card.run(lambda: None)
    assert type(texture.mglo).__name__ == "InvalidObject"


def test_a_card_without_room_says_so(card, volume, monkeypatch):
    engine = FluoroEngine(volume, CARM)
    monkeypatch.setattr(Projector, "loaded", lambda *_: None)
    with pytest.raises(PlannerError, match="does not hold"):
        engine.try_card(card)


def test_opengl_on_the_processor_is_no_card(monkeypatch):
    graphics_card.cache_clear()
    found = graphics_card()
    assert found is None or not found.is_software
    graphics_card.cache_clear()
    monkeypatch.setattr(Card, "_begin", lambda _: (_ for _ in ()).throw(RuntimeError("no driver")))
    assert graphics_card() is None
    graphics_card.cache_clear()
