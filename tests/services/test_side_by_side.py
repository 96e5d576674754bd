from __future__ import annotations

import threading

import pytest

from imaging import side_by_side as module
from imaging.progress import CallbackProgress, Progress, TaskCancelledError
from imaging.side_by_side import side_by_side


def test_answers_keep_their_order_and_progress_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: 3)
    told: list[float] = []
    together = threading.Barrier(3, timeout=20)

    def work(item: int, part: Progress) -> int:
        together.wait()
        for step in (0.0, 0.5, 1.0):
            part.step(step, "Working")
        return item * item

    assert side_by_side(work, [1, 2, 3], CallbackProgress(lambda f, _t: told.append(f))) == [1, 4, 9]
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_a_failure_and_a_cancel_reach_the_asker() -> None:
    def failing(item: int, part: Progress) -> int:
        part.step(0.1, "Working")
        if item == 2:
            raise ValueError("two")
        return item

    with pytest.raises(ValueError, match="two"):
        side_by_side(failing, [1, 2, 3], CallbackProgress(lambda _f, _t: None))
    with pytest.raises(TaskCancelledError):
        side_by_side(failing, [1, 3], CallbackProgress(lambda _f, _t: None, lambda: True))
    assert side_by_side(failing, [], CallbackProgress(lambda _f, _t: None)) == []
