"""The session as a file: its scenario, its events, and nothing that would have to be trusted."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from imaging.errors import PlannerError
from planner.practice.room import Event, EventKind, Grade
from planner.practice.scenario import ScenarioSpec
from planner.storage.atomic import whole_file
from planner.version import app_version

SCHEMA = 1
SUFFIX = ".bvnlog"
_KINDS = frozenset(get_args(EventKind))
_LARGEST_FILE = 64 << 20


@dataclass(frozen=True)
class SessionLog:
    """Everything from which a session can be seen again and scored again.

    Attributes:
        spec: the scenario; grade: how much help there was.
        learner: a name, or empty for anonymous.
        seed: of the pictures' noise; started: UTC, ISO 8601.
        size_px: of the monitor's pictures.
        events: in order of time.
        pictures: (pulse number, sha256 of the picture) of the last picture of each press.
    """

    spec: ScenarioSpec
    grade: Grade
    learner: str
    seed: int
    started: str
    size_px: int = 512
    events: tuple[Event, ...] = ()
    pictures: tuple[tuple[int, str], ...] = ()

    def with_event(self, event: Event) -> SessionLog:
        """The log with one event more."""
        return replace(self, events=(*self.events, event))


def log_to_text(log: SessionLog) -> str:
    """JSON with one event a line; numbers keep all their digits."""
    head = {
        "schema": SCHEMA,
        "app_version": app_version(),
        "spec": {**asdict(log.spec), "parameters": dict(log.spec.parameters)},
        "grade": log.grade,
        "learner": log.learner,
        "seed": log.seed,
        "started": log.started,
        "size_px": log.size_px,
        "pictures": [list(p) for p in log.pictures],
    }
    body = ",\n".join(json.dumps([e.time_s, e.kind, dict(e.data)], allow_nan=False) for e in log.events)
    return json.dumps(head, indent=1)[:-2] + ',\n "events": [\n' + body + "\n ]\n}\n"


def log_from_text(text: str, name: str = "The log") -> SessionLog:
    """Read a log; PlannerError ``bad_log`` says what is wrong with it."""
    try:
        data: dict[str, Any] = json.loads(text)
        if data["schema"] != SCHEMA:
            raise ValueError(f"it is of version {data['schema']}, this program reads {SCHEMA}")
        spec = ScenarioSpec(**data["spec"])
        if spec.side not in ("left", "right") or spec.kind not in ("phantom", "case", "pack"):
            raise ValueError("its scenario is unknown")
        if data["grade"] not in get_args(Grade):
            raise ValueError("its grade is unknown")
        events = tuple(_event(row) for row in data["events"])
        if any(b.time_s < a.time_s for a, b in pairwise(events)):
            raise ValueError("its events are out of order")
        pictures = tuple((int(n), str(h)) for n, h in data["pictures"])
        return SessionLog(
            spec,
            data["grade"],
            str(data["learner"]),
            int(data["seed"]),
            str(data["started"]),
            int(data["size_px"]),
            events,
            pictures,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise PlannerError("bad_log", f"{name} is not a session of practice: {error}.") from error


def _event(row: list[Any]) -> Event:
    time_s, kind, data = row
    if kind not in _KINDS or not isinstance(data, dict) or not math.isfinite(float(time_s)):
        raise ValueError(f"it holds an unknown event {kind!r}")
    return Event(float(time_s), kind, MappingProxyType(data))


def write_log(path: Path, log: SessionLog) -> None:
    """Write whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(log_to_text(log), encoding="utf-8")


def read_log(path: Path) -> SessionLog:
    """Read a log file; PlannerError ``missing_log`` or ``bad_log``."""
    if not path.is_file():
        raise PlannerError("missing_log", f"There is no log {path}.")
    if path.stat().st_size > _LARGEST_FILE:
        raise PlannerError("bad_log", f"{path.name} is larger than any session, so it is not read.")
    try:
        return log_from_text(path.read_text("utf-8"), path.name)
    except UnicodeDecodeError as error:
        raise PlannerError("bad_log", f"{path.name} is not a session of practice.") from error
