"""The weights of the score sheet, from a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from imaging.errors import PlannerError


@dataclass(frozen=True)
class PartWeight:
    """One part: points at ``full`` or better, none at ``zero`` or worse, a straight line between."""

    key: str
    title: str
    unit: str
    points: float
    full: float
    zero: float


@dataclass(frozen=True)
class Weights:
    """A score sheet's weights."""

    name: str
    breach_mm: float
    electrode_to_canal_mm: float
    parts: tuple[PartWeight, ...]


@lru_cache(maxsize=1)
def default_weights() -> Weights:
    """The weights that come with the package."""
    return weights_from(resources.files("planner.practice").joinpath("weights.json").read_text("utf-8"))


def weights_from(text: str) -> Weights:
    """Weights of a JSON text; PlannerError ``bad_weights`` says what is wrong."""
    try:
        data = json.loads(text)
        parts = tuple(PartWeight(**part) for part in data["parts"])
        weights = Weights(
            data["name"],
            float(data["gates"]["breach_mm"]),
            float(data["gates"]["electrode_to_canal_mm"]),
            parts,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise PlannerError("bad_weights", f"The weights file is incomplete ({error}).") from error
    known = {"target_error", "coverage", "clearance", "views", "rules", "redirections", "shots", "beam",
             "kerma", "time"}  # fmt: skip
    if {p.key for p in parts} != known or len(parts) != len(known):
        raise PlannerError(
            "bad_weights", "The weights file must weigh each part once: " + ", ".join(sorted(known))
        )
    if abs(sum(p.points for p in parts) - 100.0) > 1e-6 or any(p.full == p.zero for p in parts):
        raise PlannerError("bad_weights", "The weights must add up to 100, and full and zero must differ.")
    return weights


def read_weights(path: Path) -> Weights:
    """Weights of a file; PlannerError ``missing_weights`` or ``bad_weights``."""
    try:
        return weights_from(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PlannerError("missing_weights", f"{path} cannot be read as a weights file.") from error
