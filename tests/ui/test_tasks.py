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
    assert dropped == [], "it would hide the progress of the one that took its place"


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


def test_calm_work_begins_after_what_is_awaited(qtbot):
    runner, order, gate = TaskRunner(), [], threading.Event()
    runner.calm("map", lambda _p: order.append("map"), lambda _r: None)
    runner.calm("map", lambda _p: order.append("newest map"), lambda _r: None)
    runner.latest(
        "xray-found", lambda _p: gate.wait(2), lambda _r: runner.latest("xray-shadow", shadow, done)
    )
    finished = []

    def shadow(_progress):
        time.sleep(0.05)
        order.append("shadow")

    def done(_result):
        finished.append(True)

    qtbot.wait(50)
    assert order == []
    gate.set()
    qtbot.waitUntil(lambda: "newest map" in order, timeout=2000)
    assert order == ["shadow", "newest map"]
    assert finished


def test_calm_work_can_be_cancelled_while_it_waits(qtbot):
    runner, ran, gate = TaskRunner(), [], threading.Event()
    runner.latest("xray-live", lambda _p: gate.wait(2), lambda _r: None)
    runner.calm("map", lambda _p: ran.append("map"), lambda _r: None)
    runner.calm("reach", lambda _p: ran.append("reach"), lambda _r: None)
    runner.cancel("map")
    gate.set()
    qtbot.waitUntil(lambda: ran == ["reach"], timeout=2000)
    qtbot.wait(30)
    assert ran == ["reach"]
