"""Progress and cancelling."""

import pytest

from imaging.progress import CallbackProgress, SubProgress, TaskCancelledError


def test_a_part_reports_within_its_share_of_the_whole():
    seen = []
    part = SubProgress(CallbackProgress(lambda f, t: seen.append((f, t))), 0.2, 0.6)
    part.step(0.5, "half")
    part.step(1.0, "done")
    assert seen == [(pytest.approx(0.4), "half"), (pytest.approx(0.6), "done")]


def test_cancel_is_raised_at_the_next_step():
    stop = False
    progress = CallbackProgress(lambda f, t: None, lambda: stop)
    progress.step(0.1, "goes on")
    stop = True
    with pytest.raises(TaskCancelledError):
        progress.step(0.2, "stops")
