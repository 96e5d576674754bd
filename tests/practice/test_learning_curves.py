"""The database of sessions, learning curves and what is written of them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from imaging.errors import PlannerError
from planner.practice.learning import cusum, cusum_limits, smoothed, summaries, to_csv
from planner.practice.log import SessionLog
from planner.practice.pdf import progress_pdf, session_pdf
from planner.practice.result import Gate, Part, Score
from planner.practice.scenario import ScenarioSpec
from planner.practice.store import ANONYMOUS, PracticeStore

SPEC = ScenarioSpec("phantom", "Scoliosis", 23, "left", "curved-8g", {"variant": "scoliosis", "seed": 7})


def _score(points: float, passed: bool = True) -> Score:
    return Score(
        "Default 1",
        (Gate("level", "Right level and side", passed, "L4 left" if passed else "L5 left"),),
        (Part("target_error", "Target error", 2.7, "mm", points, 100.0),),
        (),
        None,
        ("The electrode's middle stopped 2.4 mm to the left of the target.",),
    )


def _log(learner: str, day: int) -> SessionLog:
    return SessionLog(SPEC, "guided", learner, day, f"2026-11-{day:02d}T10:00:00Z")


@pytest.fixture
def store(tmp_path):
    made = PracticeStore(tmp_path / "deep" / "practice.sqlite")
    for day, points in enumerate((40.0, 55.0, 0.0, 82.0, 90.0), start=1):
        made.add(_log("Fellow 3", day), _score(points, points > 0))
    made.add(_log("", 9), _score(70.0))
    return made


def test_sessions_are_kept_with_their_log(store):
    attempts = store.attempts("Fellow 3")
    assert [a.total for a in attempts] == [40, 55, 0, 82, 90]
    assert attempts[2].failed_gates == ("Right level and side",)
    assert attempts[0].task == "L4 left"
    assert store.log(attempts[1].id) == _log("Fellow 3", 2)
    assert set(store.learners()) == {"Fellow 3", ANONYMOUS}
    assert len(store.attempts(scenario=SPEC.key)) == 6
    assert PracticeStore(store.path).attempts() == store.attempts()


def test_a_learner_can_be_forgotten(store):
    assert store.forget("Fellow 3") == 5
    assert store.learners() == [ANONYMOUS]
    with pytest.raises(PlannerError, match="no longer"):
        store.log("gone")


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path):
    path = tmp_path / "practice.sqlite"
    path.write_text("something else, much longer than a header of a database would be" * 20)
    before = path.read_bytes()
    with pytest.raises(PlannerError, match="cannot be used"):
        PracticeStore(path).attempts()
    assert path.read_bytes() == before


def test_cusum_falls_with_success_and_rises_with_failure(store):
    limits = cusum_limits(0.1, 0.3, 0.1)
    assert limits.success == pytest.approx(0.1862, abs=1e-3)
    assert limits.decision == pytest.approx(1.6277, abs=1e-3)
    values = cusum(store.attempts("Fellow 3"))
    assert values[2] == pytest.approx(3 * limits.failure)
    assert values[4] == pytest.approx(3 * limits.failure - 2 * limits.success)
    assert smoothed([0, 10, 20, 30, 40, 50])[-1] == 30


def test_learners_are_compared(store):
    first, second = summaries(store.attempts())
    assert (first.learner, first.median_total) == (ANONYMOUS, 70)
    assert (second.attempts, second.succeeded, second.gates_failed) == (5, 2, 1)


def test_csv_and_pdf_come_out(store):
    attempts = store.attempts()
    named = [replace(attempts[0], learner="=SUM(A1)"), *attempts[1:]]
    rows = list(csv.DictReader(io.StringIO(to_csv(named))))
    assert len(rows) == 6
    assert rows[0]["learner"] == "'=SUM(A1)"
    assert float(rows[3]["target_error_points"]) == 82
    assert progress_pdf(store.attempts("Fellow 3"), "Fellow 3").startswith(b"%PDF")
    page = session_pdf(_log("Fellow 3", 1), _score(40.0), [("Shot 1", np.zeros((64, 64), np.uint8))])
    assert page.startswith(b"%PDF")
    assert len(page) > 2000
