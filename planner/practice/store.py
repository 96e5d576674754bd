"""Sessions in a local SQLite database: who, what, when, the result and the whole log."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from imaging.errors import PlannerError
from imaging.labels import NAME_FROM_VERSE
from planner.practice.log import SessionLog, log_from_text, log_to_text
from planner.practice.result import Score

ANONYMOUS = "Anonymous"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
  id TEXT PRIMARY KEY, learner TEXT NOT NULL, started TEXT NOT NULL, scenario TEXT NOT NULL,
  title TEXT NOT NULL, level TEXT NOT NULL, side TEXT NOT NULL, grade TEXT NOT NULL,
  passed INTEGER NOT NULL, total REAL NOT NULL, failed_gates TEXT NOT NULL, parts TEXT NOT NULL,
  "values" TEXT NOT NULL, rule_breaks INTEGER NOT NULL, weights TEXT NOT NULL, log TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_learner ON session (learner, started);
"""
_VERSION = 1


@dataclass(frozen=True)
class Attempt:
    """A finished session without its log.

    ``parts`` are points and ``values`` the measured values by part; failed_gates names what was failed.
    """

    id: str
    learner: str
    started: str
    scenario: str
    title: str
    level: str
    side: str
    grade: str
    passed: bool
    total: float
    failed_gates: tuple[str, ...]
    parts: dict[str, float]
    values: dict[str, float | None]
    rule_breaks: int
    weights: str

    @property
    def task(self) -> str:
        """``L4 left``."""
        return f"{self.level} {self.side}"


def default_store_path() -> Path:
    """The user's database."""
    return Path(platformdirs.user_data_dir("bvn-planner", appauthor=False)) / "practice.sqlite"


class PracticeStore:
    """One file; opened for each call, so that it is never held open and survives being copied."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_store_path()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=5.0)
        except (OSError, sqlite3.Error) as error:
            raise PlannerError("store_unusable", f"{self.path} cannot be opened: {error}.") from error
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise PlannerError(
                    "store_unusable", f"{self.path} was written by another version of the program."
                )
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            with connection:
                yield connection
        except sqlite3.Error as error:
            raise PlannerError("store_unusable", f"{self.path} cannot be used: {error}.") from error
        finally:
            connection.close()

    def add(self, log: SessionLog, score: Score) -> Attempt:
        """Keep a finished session."""
        attempt = attempt_of(log, score)
        row = (
            attempt.id,
            attempt.learner,
            attempt.started,
            attempt.scenario,
            attempt.title,
            attempt.level,
            attempt.side,
            attempt.grade,
            int(attempt.passed),
            attempt.total,
            json.dumps(attempt.failed_gates),
            json.dumps(attempt.parts),
            json.dumps(attempt.values),
            attempt.rule_breaks,
            attempt.weights,
            log_to_text(log),
        )
        with self._open() as db:
            db.execute(f"INSERT INTO session VALUES ({','.join('?' * len(row))})", row)
        return attempt

    def attempts(self, learner: str | None = None, scenario: str | None = None) -> list[Attempt]:
        """Oldest first; of one learner or one scenario where asked."""
        names = (
            "id, learner, started, scenario, title, level, side, grade, passed, total, failed_gates, parts, "
            '"values", rule_breaks, weights'
        )
        query = (
            f"SELECT {names} FROM session WHERE (?1 IS NULL OR learner = ?1) "
            "AND (?2 IS NULL OR scenario = ?2) ORDER BY started, rowid"
        )
        with self._open() as db:
            rows = db.execute(query, (learner, scenario)).fetchall()
        return [_attempt(row) for row in rows]

    def learners(self) -> list[str]:
        """Names with sessions, the last active first."""
        with self._open() as db:
            rows = db.execute("SELECT learner FROM session GROUP BY learner ORDER BY MAX(started) DESC")
            return [str(row[0]) for row in rows]

    def log(self, id: str) -> SessionLog:
        """The log of a session; PlannerError ``unknown_session``."""
        with self._open() as db:
            row = db.execute("SELECT log FROM session WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise PlannerError("unknown_session", "This session is no longer in the database.")
        return log_from_text(row[0], "The stored session")

    def forget(self, learner: str) -> int:
        """Delete all sessions of a learner; how many there were."""
        with self._open() as db:
            return int(db.execute("DELETE FROM session WHERE learner = ?", (learner,)).rowcount)


def attempt_of(log: SessionLog, score: Score) -> Attempt:
    """The row of a session."""
    return Attempt(
        id=uuid.uuid4().hex,
        learner=log.learner or ANONYMOUS,
        started=log.started,
        scenario=log.spec.key,
        title=log.spec.title,
        level=NAME_FROM_VERSE[log.spec.verse],
        side=log.spec.side,
        grade=log.grade,
        passed=score.passed,
        total=score.total,
        failed_gates=tuple(g.title for g in score.gates if not g.passed),
        parts={p.key: p.points for p in score.parts},
        values={p.key: p.value for p in score.parts},
        rule_breaks=len(score.breaks),
        weights=score.weights,
    )


def _attempt(row: tuple[object, ...]) -> Attempt:
    id, learner, started, scenario, title, level, side, grade = (str(v) for v in row[:8])
    passed, total, gates, parts, values, breaks, weights = (str(v) for v in row[8:])
    return Attempt(
        id, learner, started, scenario, title, level, side, grade,
        passed=passed == "1",
        total=float(total),
        failed_gates=tuple(json.loads(gates)),
        parts=json.loads(parts),
        values=json.loads(values),
        rule_breaks=int(breaks),
        weights=weights,
    )  # fmt: skip
