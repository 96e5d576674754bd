"""What the report and the X-ray screen say of a checkpoint is measured on the plan, and the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plan_fakes import plan, segmentation

from imaging.fluoro.views import pose_for
from imaging.geometry.carm import CArm, Projection
from planner.report.checkpoints import checkpoints, rim_words


@pytest.fixture
def left():
    level = plan().levels[0]
    anatomy = segmentation().level(level.verse)
    t = level.trajectory("left")
    ap = Projection.of(CArm(), pose_for(anatomy.body.centre_lps_mm, (180.0, 0.0)))
    return t, anatomy, ap


def straight(t, anatomy, outward_mm=0.0, up_mm=0.0):
    """A tool straight forward through the left pedicle, so far outward and above its middle."""
    body = anatomy.body
    middle = anatomy.pedicles["left"].isthmus_centre_lps_mm + outward_mm * body.left + up_mm * body.superior
    ahead = (middle - body.posterior_wall_lps_mm) @ body.posterior
    steps = np.arange(-10, ahead + 15, 0.5)
    path = tuple(tuple(float(x) for x in middle - s * body.posterior) for s in steps)
    return replace(t, path_lps_mm=path, tip_lps_mm=path[-1], outer_diameter_mm=(4.2,) * len(path))


def test_the_clock_and_the_rim_follow_the_plan(left):
    t, anatomy, _ = left
    above, beside, almost, below, top = (
        checkpoints(straight(t, anatomy, out, up), anatomy)[0].ap
        for out, up in ((4.0, 4.0), (4.0, 0.0), (5.0, 1.2), (4.0, -4.0), (0.2, 5.0))
    )
    assert above == "Tip on the outer upper rim of the left pedicle, 10 o'clock."
    assert beside == "Tip on the outer middle rim of the left pedicle, 9 o'clock."
    assert almost == beside, "the words and the clock agree"
    assert top == "Tip on the upper rim of the left pedicle, 12 o'clock."
    assert below == "Tip on the outer lower rim of the left pedicle, 8 o'clock."


@pytest.mark.parametrize(
    ("further_mm", "words"), [(2.2, "2 mm past"), (-0.3, "at"), (0.4, "at"), (-1.6, "2 mm short of")]
)
def test_the_bend_lies_past_the_wall_at_it_or_short_of_it(left, further_mm, words):
    t, anatomy, _ = left
    tool = straight(t, anatomy, 3.0)
    wall = next(s for s in checkpoints(tool, anatomy) if s.name == "Posterior wall").depth_mm
    tool = replace(tool, parameters=replace(tool.parameters, straight_mm=wall + further_mm))
    bend = next(s for s in checkpoints(tool, anatomy) if s.name == "Bend")
    assert bend.lateral == f"Tip {words} the true wall before the turn."


def test_a_plan_past_the_inner_rim_is_not_told_to_stay_outside(left):
    t, anatomy, ap = left
    for outward, outside in ((3.0, True), (-9.0, False)):
        tool = straight(t, anatomy, outward)
        wall = next(s for s in checkpoints(tool, anatomy) if s.name == "Posterior wall")
        assert ("still outside" in wall.ap) is outside
        assert ("to go to the rim" in rim_words(wall, tool, anatomy, ap)) is outside
        assert rim_words(checkpoints(tool, anatomy)[0], tool, anatomy, ap) == ""
