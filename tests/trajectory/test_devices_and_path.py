"""Device profiles and the tool's kinematics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import PlannerError
from planner.devices.catalogue import DEFAULT_DEVICE, device_by_id, load_devices
from planner.domain.plan import TrajectoryParameters
from planner.trajectory.path import build_path, path_length_mm


def parameters(turn: float = 60.0, straight: float = 25.0, tip: float = 6.0) -> TrajectoryParameters:
    return TrajectoryParameters((0, 0, 0), (0, -1, 0), straight, (1, 0, 0), turn, tip)


def test_every_number_of_every_profile_has_its_evidence() -> None:
    devices = load_devices()
    assert devices[0].id == DEFAULT_DEVICE
    assert {
        "curved-8g",
        "articulating-10g",
        "straight-8g",
        "straight-10g",
        "straight-11g",
        "bipedicular-10g",
    } == {d.id for d in devices}
    for device in devices:
        for name in vars(device):
            if name not in ("id", "name", "evidence"):
                assert device.evidence[name], (device.id, name)


def test_gauges_are_the_standard_outer_diameters() -> None:
    diameters = [device_by_id(f"straight-{g}g").outer_diameter_mm for g in (8, 10, 11)]
    assert diameters == [4.19, 3.40, 3.05]


def test_an_unknown_device_names_those_that_exist() -> None:
    with pytest.raises(PlannerError, match="curved-8g"):
        device_by_id("excalibur")


def test_a_curve_follows_its_formula() -> None:
    device = device_by_id("curved-8g")
    points, diameters, electrode = build_path(parameters(), device)
    radius, turn = device.bend_radius_mm, np.deg2rad(60.0)
    assert radius is not None
    forward = 25 + radius * np.sin(turn) + 6 * np.cos(turn)
    sideways = radius * (1 - np.cos(turn)) + 6 * np.sin(turn)
    np.testing.assert_allclose(points[-1], [sideways, -forward, 0], atol=1e-9)
    assert diameters[0] == device.outer_diameter_mm
    assert diameters[-1] == device.stylet_diameter_mm
    np.testing.assert_allclose(electrode[-1], points[-1], atol=1e-9)


def test_a_straight_tool_ignores_the_turn() -> None:
    points, _, _ = build_path(parameters(turn=60.0), device_by_id("straight-10g"))
    np.testing.assert_allclose(points[-1], [0, -31, 0], atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 75), st.floats(1, 60), st.floats(0, 20))
def test_steps_are_short_and_lengths_add_up(turn: float, straight: float, tip: float) -> None:
    device = device_by_id("curved-8g")
    chosen = parameters(turn, straight, tip)
    points, diameters, _ = build_path(chosen, device)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert steps.max() <= 0.5 + 1e-9
    assert len(diameters) == len(points)
    assert steps.sum() == pytest.approx(path_length_mm(chosen, device), rel=2e-3)
