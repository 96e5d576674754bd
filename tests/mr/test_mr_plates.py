"""Endplates that do not fit their column: changed marrow stays in, a disc as bright as marrow stays out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imaging.mr.anatomy import body_geometry
from imaging.mr.plates import gaps_mm, with_fitting_plates
from imaging.mr.surface import BodySurface, Sampler, box_radius, fit_surface

SIZE = np.array([44.0, 33.0, 26.0])
STEP_MM = 37.0
COUNT = 6


def _column(disc_like_marrow: int | None = None, band: tuple[int, float] | None = None) -> Sampler:
    """Blocks 26 mm high, 11 mm apart, with dark rims; a band of 8 mm under a body's inferior endplate."""
    z, y, x = np.indices((int(STEP_MM * COUNT) + 20, 61, 61)).astype(float)
    x, y = x - 30, y - 30
    values = np.full(z.shape, 170.0)
    for n in range(COUNT):
        up = z - 25 - STEP_MM * n
        rim = (np.abs(x) < 25) & (np.abs(y) < 19) & (np.abs(up) < 15)
        values[rim] = 90.0
        inside = (np.abs(x) < 22) & (np.abs(y) < 16.5) & (np.abs(up) < 13)
        values[inside] = 300.0
        if band is not None and band[0] == n:
            values[inside & (up < -5)] = band[1]
    if disc_like_marrow is not None:
        up = z - 25 - STEP_MM * disc_like_marrow
        values[(np.abs(x) < 22) & (np.abs(y) < 16.5) & (up >= 13) & (up < 21)] = 300.0
        values[(np.abs(x) < 22) & (np.abs(y) < 16.5) & (up >= 12.5) & (up < 14)] = 250.0
    values += np.random.default_rng(3).normal(0, 8, values.shape)
    return Sampler(values.astype(np.float32), np.array([-30.0, -30, 0]), np.ones(3))


def _true(n: int, low: float = 0.0, high: float = 0.0) -> BodySurface:
    """A body as drawn: its box with the endplates moved out by these mm."""
    size = SIZE + np.array([0, 0, low + high])
    centre = np.array([0, 0, 25 + STEP_MM * n + (high - low) / 2])
    body = BodySurface(centre, np.eye(3), size, np.empty(0), 5.0, marrow=300.0)
    return replace(body, radius_mm=box_radius(size, 5.0))


def _plate_mm(body: BodySurface, face: str, n: int) -> float:
    point = getattr(body_geometry(body), f"{face}_endplate")[0]
    return float(point[2] - 25 - STEP_MM * n)


@pytest.mark.parametrize("signal", [150.0, 480.0])
def test_a_band_of_changed_marrow_stays_within_the_body(signal: float) -> None:
    image = _column(band=(3, signal))
    bodies = [_true(n, low=-8.0 if n == 3 else -1.0, high=-1.0) for n in range(COUNT)]
    again = with_fitting_plates(image, bodies, sacral=False)
    assert abs(_plate_mm(bodies[3], "inferior", 3) + 13) > 6
    assert abs(_plate_mm(again[3], "inferior", 3) + 13) < 2.0
    assert all(a is b for n, (a, b) in enumerate(zip(again, bodies, strict=True)) if n != 3)


def test_a_disc_as_bright_as_marrow_is_left_out() -> None:
    image = _column(disc_like_marrow=3)
    bodies = [_true(n, high=7.0 if n == 3 else 0.0) for n in range(COUNT)]
    again = with_fitting_plates(image, bodies, sacral=False)
    assert abs(_plate_mm(bodies[3], "superior", 3) - 13) > 5
    assert abs(_plate_mm(again[3], "superior", 3) - 13) < 2.5


def test_a_low_body_is_drawn_out_though_its_gap_alone_would_not_tell() -> None:
    image = _column(band=(3, 480.0))
    bodies = [_true(n, low=-4.2 if n == 3 else 0.0) for n in range(COUNT)]
    assert gaps_mm(bodies).max() < 1.4 * 11
    again = with_fitting_plates(image, bodies, sacral=False)
    assert abs(_plate_mm(bodies[3], "inferior", 3) + 13) > 3.5
    assert abs(_plate_mm(again[3], "inferior", 3) + 13) < 1.5
    assert all(a is b for n, (a, b) in enumerate(zip(again, bodies, strict=True)) if n != 3)


def test_a_disc_above_the_uppermost_body_is_left_out() -> None:
    top = COUNT - 1
    image = _column(disc_like_marrow=top)
    bodies = [_true(n, high=7.0 if n == top else 0.0) for n in range(COUNT)]
    again = with_fitting_plates(image, bodies, sacral=False)
    assert abs(_plate_mm(bodies[top], "superior", top) - 13) > 5
    assert abs(_plate_mm(again[top], "superior", top) - 13) < 2.5


def test_a_sound_column_is_left_alone() -> None:
    image = _column()
    bodies = [fit_surface(image, replace(_true(n), radius_mm=np.empty(0))) for n in range(COUNT)]
    again = with_fitting_plates(image, bodies, sacral=False)
    assert all(a is b for a, b in zip(again, bodies, strict=True))


@pytest.mark.parametrize("slip_mm", [0.0, 12.0])
def test_a_gap_is_no_wider_for_a_slip_and_negative_where_bodies_overlap(slip_mm: float) -> None:
    lower = _true(0)
    slipped = np.array([0.0, -slip_mm, 0.0])
    apart, within = (
        replace(lower, centre_lps_mm=lower.centre_lps_mm + slipped + np.array([0, 0, SIZE[2] + gap]))
        for gap in (11.0, -3.0)
    )
    assert abs(gaps_mm([lower, apart])[0] - 11.0) < 0.5
    assert abs(gaps_mm([lower, within])[0] + 3.0) < 0.5


@pytest.mark.parametrize("lean_deg", [15.0, 38.0])
def test_a_gap_is_measured_along_a_leaning_column(lean_deg: float) -> None:
    a = np.deg2rad(lean_deg)
    axes = np.array([[1.0, 0, 0], [0, np.cos(a), np.sin(a)], [0, -np.sin(a), np.cos(a)]])
    lower = replace(_true(0), axes_lps=axes)
    upper = replace(lower, centre_lps_mm=lower.centre_lps_mm + (SIZE[2] + 9.0) * axes[2])
    assert abs(gaps_mm([lower, upper])[0] - 9.0) < 0.5
