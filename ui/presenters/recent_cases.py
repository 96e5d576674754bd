"""Cases that were saved lately, with the state they were left in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QSettings

from planner.domain.dates import moment_words
from planner.domain.plan import Plan

KEY = "cases/recent"


@dataclass(frozen=True)
class RecentCase:
    """One saved case: where, whose, which levels, and a shape and words for its state."""

    path: Path
    patient: str
    levels: str
    mark: str
    words: str


def recent_cases() -> list[RecentCase]:
    """The cases saved last, newest first; those whose file is gone are left out."""
    found = []
    for text in _stored():
        try:
            d = json.loads(text)
            case = RecentCase(Path(d["path"]), d["patient"], d["levels"], d["mark"], d["words"])
        except (ValueError, KeyError, TypeError):
            continue
        if case.path.is_file():
            found.append(case)
    return found


def remember_case(path: Path, patient: str, plan: Plan) -> None:
    """Put a saved case first."""
    tools = [t for level in plan.levels for t in level.trajectories]
    approved = sum(t.state == "approved" for t in tools)
    withdrawn = any(t.withdrawn for t in tools)
    whole = bool(tools) and approved == len(tools)
    mark = "good" if whole else "caution" if withdrawn else "none"
    state = (
        "Approved" if whole else "Approval withdrawn" if withdrawn else f"{approved} of {len(tools)} approved"
    )
    said = {
        "path": str(path),
        "patient": patient,
        "levels": ", ".join(level.name for level in plan.levels),
        "mark": mark,
        "words": f"{state}, saved {moment_words(datetime.now())}",
    }
    rest = [text for text in _stored() if f'"{path}"' not in text]
    QSettings().setValue(KEY, [json.dumps(said), *rest][:8])


def _stored() -> list[str]:
    stored = QSettings().value(KEY, [])
    return [stored] if isinstance(stored, str) else [str(s) for s in stored or []]
