"""A disc lies between two bodies' endplates, within their outline, and not between bodies a level apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imaging.mr.discs import in_disc
from imaging.mr.surface import BodySurface, box_radius

SIZE = np.array([44.0, 32.0, 26.0])


def _body(height_mm: float) -> BodySurface:
    bare = BodySurface(np.array([0.0, 0, height_mm]), np.eye(3), SIZE, np.empty(0))
    return replace(bare, radius_mm=box_radius(SIZE, bare.back_power))


def test_a_disc_fills_what_lies_between_two_endplates() -> None:
    lower, upper = _body(0.0), _body(36.0)
    points = np.array([[0, 0, 18], [15, 0, 18], [0, -14, 18], [30, 0, 18], [0, -22, 18], [0, 22, 18.0]])
    assert in_disc(lower, upper, points).tolist() == [True, True, True, False, False, False]


def test_there_is_no_disc_beside_a_body_s_waist() -> None:
    assert not in_disc(_body(0.0), _body(36.0), np.array([[21.5, 0, 5.0], [21.5, 0, 31.0]])).any()


def test_bodies_a_level_apart_have_no_disc() -> None:
    assert not in_disc(_body(0.0), _body(72.0), np.array([[0, 0, 36.0]])).any()
