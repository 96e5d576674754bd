"""Marrow is filled within walls, gutters and canals stay open."""

import numpy as np

from imaging.segmentation.enclosure import directions_to_wall, with_marrow


def _tube(wall: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """(shell of a process 10 by 6 mm across and 40 mm long, closed at one end, and its bore)."""
    k, j, i = np.indices((24, 24, 50)) - np.array([12, 12, 5])[:, None, None, None]
    r = np.hypot(k / 5.0, j / 3.0)
    outer = (r < 1) & (i >= 0) & (i < 40)
    inner = (np.hypot(k / (5 - wall), j / (3 - wall)) < 1) & (i >= 2) & (i < 40)
    return outer & ~inner, inner


def test_a_process_of_cortex_alone_is_filled_although_its_wall_has_gaps():
    shell, bore = _tube()
    rng = np.random.default_rng(1)
    shell &= rng.random(shell.shape) > 0.2
    filled = with_marrow(shell, np.ones_like(shell), 1.0)
    deep = bore.copy()
    deep[:, :, 40:] = False
    assert (filled & deep).sum() > 0.9 * deep.sum()
    outside = ~(shell | bore)
    outside[:, :, :9] = False
    assert (filled & ~shell & outside).sum() < 0.1 * bore.sum()


def test_over_a_flat_wall_nine_directions_meet_it_and_in_a_corner_fifteen():
    wall = np.zeros((31, 31, 31), bool)
    wall[:10] = True
    assert directions_to_wall(wall, 5)[10, 15, 15] == 9
    wall[:, :10] = True
    assert directions_to_wall(wall, 5)[10, 10, 15] == 15
    assert np.array_equal(with_marrow(wall, ~wall, 1.0), wall)


def test_a_canal_stays_open_and_what_is_not_free_is_not_taken():
    k, j, i = np.indices((30, 60, 60)) - np.array([15, 30, 30])[:, None, None, None]
    ring = (np.hypot(j, i) < 16) & (np.hypot(j, i) > 12) & (abs(k) < 12)
    assert not with_marrow(ring, np.ones_like(ring), 1.0)[15, 30, 30]
    shell, bore = _tube()
    assert not (with_marrow(shell, ~bore, 1.0) & bore).any()


def test_nothing_stays_nothing():
    assert not with_marrow(np.zeros((4, 4, 4), bool), np.ones((4, 4, 4), bool), 1.0).any()
