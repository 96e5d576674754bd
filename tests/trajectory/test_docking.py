"""From where on an insertion is judged: at the same place however finely the tool is looked at."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from planner.trajectory.forgiveness import docked_from, least_past

RADIUS, DOCKING, HALF = 2.0, 6.0, 14.0


def judged(bone, along):
    """Start and least clearance of one insertion, ``bone`` a function of mm along."""
    depth = bone(along)[None]
    start = docked_from(depth, depth - RADIUS, along, HALF, DOCKING)
    return float(start[0]), float(least_past(depth - RADIUS, along, start)[0])


@given(st.floats(-3.0, 3.0), st.floats(0.2, 1.0), st.floats(0.0, 0.99))
def test_docking_is_counted_from_where_bone_is_entered_wherever_the_places_lie(entry, step, shift):
    along = np.arange(-8.0, 28.0, step) + shift * step
    start, least = judged(lambda s: 0.8 * (s - entry), along)
    assert abs(start - (entry + DOCKING)) < 1e-9
    assert abs(least - (0.8 * DOCKING - RADIUS)) < 1e-9


@given(st.floats(0.2, 1.0), st.floats(0.0, 0.99))
def test_sliding_along_a_process_before_it_is_entered_is_no_breach(step, shift):
    # Half of its girth in a process from the start, wholly in bone 1 mm past the planned entry.
    along = np.arange(-8.0, 28.0, step) + shift * step
    start, least = judged(lambda s: np.clip(1.0 + s, 1.0, 8.0), along)
    assert abs(start - 1.0) < 1e-9
    assert abs(least) < 1e-9


def test_from_where_the_plan_docks_every_breach_counts():
    along = np.arange(-8.0, 28.0, 0.5)
    _, never_held = judged(lambda s: np.full_like(s, 1.5), along)
    assert never_held == -0.5
    # Held at 3 mm, out again at 5.
    _, out_again = judged(lambda s: np.interp(s, [-8, 0, 3, 5, 9], [1, 1, 2.5, 1.2, 5]), along)
    assert abs(out_again + 0.8) < 1e-9
