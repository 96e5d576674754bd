"""The task runner: newest wins, cancelled answers are dropped."""

from __future__ import annotations

import threading
import time

import pytest

from ui.tasks import TaskRunner

pytestmark = pytest.mark.gui


def test_latest_keeps_the_running_and_the_newest(qtbot):
    runner, got, gate = TaskRunner(), [], threading.Event()

    def work(n):
        def run(_progress):
            gate.wait(2)
            return n

        return run

    for n in range(5):
        runner.latest("live", work(n), got.append)
    gate.set()
    qtbot.waitUntil(lambda: len(got) == 2, timeout=2000)
    assert got == [0, 4]


def test_start_drops_the_older_answer(qtbot):
    runner, got, dropped, gate = TaskRunner(), [], [], threading.Event()

    def slow(progress):
        gate.wait(2)
        return "old"

    runner.start("one", slow, got.append, cancelled=lambda: dropped.append(True))
    runner.start("one", lambda _p: "new", got.append)
    gate.set()
    qtbot.waitUntil(lambda: got == ["new"], timeout=2000)
    assert dropped == [True]


def test_cancel_stops_at_the_next_step(qtbot):
    runner, cancelled, reports = TaskRunner(), [], []

    def work(progress):
        for n in range(1000):
            progress.step(n / 1000, "working")
            time.sleep(0.005)

    runner.start(
        "one",
        work,
        lambda _r: None,
        progress=lambda f, t: reports.append(t),
        cancelled=lambda: cancelled.append(1),
    )
    qtbot.waitUntil(lambda: bool(reports), timeout=2000)
    runner.cancel("one")
    qtbot.waitUntil(lambda: cancelled == [1], timeout=1000)


def test_failure_brings_error_and_details(qtbot):
    runner, seen = TaskRunner(), []

    def work(_progress):
        raise ValueError("broken")

    runner.start("one", work, lambda _r: None, failed=lambda e, d: seen.append((str(e), "Traceback" in d)))
    qtbot.waitUntil(lambda: seen == [("broken", True)], timeout=2000)


def test_shutdown_waits_for_the_threads():
    runner = TaskRunner()

    def work(progress):
        for _ in range(1000):
            progress.step(0.1, "working")
            time.sleep(0.005)

    runner.start("one", work, lambda _r: None)
    assert runner.shutdown(2.0)
