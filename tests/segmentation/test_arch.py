"""Growth of an arch from its body, and from where it enters the image."""

import numpy as np
import pytest

from imaging.progress import TaskCancelledError
from imaging.segmentation.arch import march


def test_a_front_that_enters_later_arrives_later_by_as_much():
    speed = np.ones((3, 3, 40))
    seeds = np.zeros(speed.shape, bool)
    seeds[0, 0, 39] = True
    start = np.where(seeds, 25.0, 0.0)
    assert march(speed, seeds)[0, 0, 20] == pytest.approx(19, abs=0.5)
    assert march(speed, seeds, start=start)[0, 0, 20] == pytest.approx(25 + 19, abs=0.5)


def test_nothing_grows_where_the_speed_is_nought():
    speed = np.ones((1, 1, 20))
    speed[..., 8] = 0
    seeds = np.zeros(speed.shape, bool)
    seeds[..., 0] = True
    out = march(speed, seeds)
    assert np.isfinite(out[0, 0, 7])
    assert np.isinf(out[0, 0, 8:]).all()


def test_a_front_stops_when_asked_to():
    asked = []

    def stop() -> None:
        asked.append(1)
        raise TaskCancelledError

    seeds = np.zeros((60, 60, 60), bool)
    seeds[30, 30, 30] = True
    with pytest.raises(TaskCancelledError):
        march(np.ones(seeds.shape), seeds, tick=stop)
    assert len(asked) >= 1
