from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plan_fakes import plan as plan_of
from plan_fakes import segmentation

from imaging.errors import PlannerError
from imaging.progress import CallbackProgress, Progress, TaskCancelledError
from planner.devices.catalogue import load_devices
from planner.services.apart import Apart, WorkerDiedError


def doubled(values: np.ndarray, progress: Progress) -> tuple[np.ndarray, int]:
    progress.step(0.5, "Doubling")
    return values * 2, os.getpid()


def echoed(value: object, _progress: Progress) -> object:
    return value


def unsendable(_progress: Progress) -> object:
    return threading.Lock()


def refusing(_progress: Progress) -> None:
    raise PlannerError("no", "This cannot be done.")


def endless(path: str, progress: Progress) -> None:
    try:
        while True:
            progress.step(0.1, "Working")
            time.sleep(0.01)
    finally:
        Path(path).write_text("cleaned", encoding="utf-8")


def dying(_progress: Progress) -> None:
    os._exit(9)


@pytest.fixture(scope="module")
def apart():
    made = Apart()
    yield made
    made.close()


def test_the_answer_comes_from_another_process_with_its_progress(apart: Apart) -> None:
    told: list[str] = []
    values = np.arange(6.0).reshape(2, 3)
    answer, pid = apart.run(doubled, (values,), CallbackProgress(lambda _f, text: told.append(text)))
    np.testing.assert_array_equal(answer, values * 2)
    answer[0, 0] = 5.0
    assert pid != os.getpid()
    assert "Doubling" in told


def test_a_case_and_its_plan_travel_whole(apart: Apart) -> None:
    found, plan = segmentation(), replace(plan_of(), devices=tuple(load_devices()))
    back, same = apart.run(echoed, ((found, plan),), CallbackProgress(lambda _f, _t: None))
    assert same == plan
    assert [a.name for a in back.levels] == [a.name for a in found.levels]
    np.testing.assert_array_equal(back.vertebrae.labels, found.vertebrae.labels)
    with pytest.raises(TypeError, match="pickle"):
        apart.run(unsendable, (), CallbackProgress(lambda _f, _t: None))


def test_refusal_death_and_cancelling_reach_the_asker(apart: Apart, tmp_path) -> None:
    with pytest.raises(PlannerError, match="cannot be done"):
        apart.run(refusing, (), CallbackProgress(lambda _f, _t: None))
    with pytest.raises(WorkerDiedError, match="status 9"):
        apart.run(dying, (), CallbackProgress(lambda _f, _t: None))
    seen: list[str] = []
    stop = CallbackProgress(lambda _f, text: seen.append(text), lambda: "Working" in seen)
    with pytest.raises(TaskCancelledError):
        apart.run(endless, (str(tmp_path / "a"),), stop, grace_s=10.0)
    assert (tmp_path / "a").read_text() == "cleaned"
