"""What is kept of an open case between saves, so that a kill at any moment loses nothing.

Each open case has a folder of its own under the recovery root: the label maps once (as a case file), and
``state.json``, written anew whole after every change. The folder's lock falls when its process dies, however.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from imaging.errors import PlannerError
from imaging.segmentation.result import SpineSegmentation
from planner.domain.dates import moment_words
from planner.domain.plan import Plan
from planner.storage.atomic import whole_file
from planner.storage.case_file import write_case_file
from planner.storage.lock import WriteLock
from planner.storage.plan_json import plan_from_dict, plan_to_dict

_STATE, _LOCK = "state.json", ".lock"


def default_root() -> Path:
    """Where the app keeps what is not saved yet."""
    import platformdirs

    return Path(platformdirs.user_state_dir("bvn-planner", appauthor=False)) / "recovery"


@dataclass(frozen=True, eq=False)
class Left:
    """What a dead session left behind.

    Attributes:
        base: case file with the label maps.
        plan: with every change up to ``at``, the last of which was ``label``.
        case_file: the user's own case file, if there was one.
    """

    folder: Path
    base: Path
    plan: Plan
    label: str
    at: datetime
    patient: str
    case_file: Path | None

    def sentence(self) -> str:
        """What happened and what is here."""
        last = f" Last change: {self.label}." if self.label else ""
        moment = moment_words(self.at, seconds=True)
        return f"The app was closed while you were editing. Everything up to {moment} is here.{last}"


class Keeper:
    """Keeps one open case. Every method may run on a worker thread, one at a time."""

    def __init__(self, root: Path, patient: str = "") -> None:
        self.folder = root / uuid.uuid4().hex
        self._patient = patient
        self._lock: WriteLock | None = None
        self._base: Path | None = None
        self._kept_for: SpineSegmentation | None = None
        self.closed = False

    def keep(
        self, images: Path, segmentation: SpineSegmentation, plan: Plan, label: str, case_file: Path | None
    ) -> datetime:
        """Keep the plan; the label maps too where they are new. Returns when.

        Raises:
            PlannerError: cannot_write.
        """
        at = datetime.now().astimezone()
        if self.closed:
            return at
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self._lock is None:
                self._lock = WriteLock.acquire(self.folder / _LOCK)
        except OSError as error:
            text = f"Changes cannot be kept in {self.folder.parent}: {error.strerror or error}."
            raise PlannerError("cannot_write", text) from error
        old = self._base
        if self._kept_for is not segmentation:
            self._base = self.folder / f"{uuid.uuid4().hex[:8]}.bvncase"
            write_case_file(self._base, images, plan, segmentation)
            self._kept_for = segmentation
        assert self._base is not None
        state = {
            "schema": 1,
            "at": at.isoformat(),
            "label": label,
            "patient": self._patient,
            "base": self._base.name,
            "case_file": str(case_file) if case_file else None,
            "plan": plan_to_dict(plan, segmentation),
        }
        with whole_file(self.folder / _STATE) as temporary:
            temporary.write_text(json.dumps(state, allow_nan=False), "utf-8")
        if old is not None and old != self._base:
            old.unlink(missing_ok=True)
        return at

    def saved(self) -> None:
        """The user's own file holds everything now: nothing is left to recover."""
        with contextlib.suppress(OSError):
            (self.folder / _STATE).unlink(missing_ok=True)

    def close(self) -> None:
        """Drop what was kept: the case was saved or its changes were given up knowingly."""
        self.closed = True
        if self._lock is not None:
            self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)


def left_behind(root: Path) -> list[Left]:
    """What dead sessions left, newest first; folders that hold nothing any more are removed."""
    found = []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        try:
            lock = WriteLock.acquire(folder / _LOCK)
        except OSError:
            continue
        if lock is None:
            continue
        state = _state(folder)
        if state is None:
            lock.release()
            shutil.rmtree(folder, ignore_errors=True)
        else:
            lock.release()
            found.append(state)
    return sorted(found, key=lambda left: left.at, reverse=True)


def forget(left: Left) -> None:
    """Remove what a dead session left."""
    shutil.rmtree(left.folder, ignore_errors=True)


def _state(folder: Path) -> Left | None:
    try:
        document: dict[str, Any] = json.loads((folder / _STATE).read_text("utf-8"))
        base = folder / Path(str(document["base"])).name
        if document.get("schema") != 1 or not base.is_file():
            return None
        return Left(
            folder,
            base,
            plan_from_dict(document["plan"]),
            str(document["label"]),
            datetime.fromisoformat(document["at"]),
            str(document["patient"]),
            Path(document["case_file"]) if document["case_file"] else None,
        )
    except (OSError, ValueError, KeyError, TypeError, PlannerError):
        return None
