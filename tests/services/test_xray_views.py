"""Of a found view the figure that is beyond its limit is shown, not one that is well."""

import numpy as np

from imaging.geometry.carm import CArmPose
from planner.services.xray_views import FoundView, Measure

SQUARE = Measure("endplates square to", 0.0, "°", 3.0)
OFF_CENTRE = Measure("spinous process off centre", 2.9, "mm", 2.0)


def _view(*measures: Measure) -> FoundView:
    return FoundView("ap", CArmPose(180.0, 0.0, np.zeros(3)), "AP", measures, ())


def test_the_headline_is_what_is_beyond_its_limit_else_what_matters_most():
    assert _view(SQUARE, OFF_CENTRE).headline is OFF_CENTRE
    assert not _view(SQUARE, OFF_CENTRE).good
    assert _view(SQUARE).headline is SQUARE
    assert _view().headline is None
