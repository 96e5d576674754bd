"""A site's own limits, from a JSON file of names and numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from imaging.errors import PlannerError
from planner.domain.limits import DEFAULT_LIMITS, LIMIT_SPECS, Limits, limit_problem, limit_spec


def read_limits(path: Path) -> Limits:
    """Limits of a file such as ``{"endplate_mm": 4}``; what it does not name keeps its default.

    Raises:
        PlannerError: limits_unreadable, or bad_limits naming everything that is wrong.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise PlannerError("limits_unreadable", f"The limits {path} cannot be read: {reason}.") from error
    except ValueError as error:
        raise PlannerError("bad_limits", f"The limits {path.name} are not JSON: {error}.") from error
    return limits_from(document, path.name)


def limits_from(document: Any, name: str = "limits") -> Limits:
    """Limits of a mapping; PlannerError ``bad_limits`` naming everything that is wrong with it."""
    if not isinstance(document, dict):
        raise PlannerError("bad_limits", f"{name} must hold one object of limit names and numbers.")
    known = {spec.name for spec in LIMIT_SPECS}
    wrong = [f"'{key}' is not a limit." for key in sorted(set(document) - known)]
    values: dict[str, Any] = {}
    for key in sorted(set(document) & known):
        problem = limit_problem(limit_spec(key), document[key])
        if problem is not None:
            wrong.append(problem)
        values[key] = document[key]
    if not wrong:
        if "draws" in values:
            values["draws"] = int(values["draws"])
        limits = replace(DEFAULT_LIMITS, **values)
        if limits.depth_low >= limits.depth_high:
            wrong.append("depth_low must be less than depth_high.")
        else:
            return limits
    raise PlannerError("bad_limits", f"{name} cannot be used: {' '.join(wrong)}")
