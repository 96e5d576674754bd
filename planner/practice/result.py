"""A session's result as values: gates first, then parts; never a number without its parts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from planner.practice.judge import RuleBreak

NOTHING_ENTERED = "no vertebra entered"


@dataclass(frozen=True)
class Gate:
    """A condition that must hold, with what was measured."""

    key: str
    title: str
    passed: bool
    value: str


@dataclass(frozen=True)
class Part:
    """Points of one part; ``value`` None is not reached."""

    key: str
    title: str
    value: float | None
    unit: str
    points: float
    of: float


@dataclass(frozen=True)
class Score:
    """A session's result. ``total`` is 0 where a gate is failed; the parts stay."""

    weights: str
    gates: tuple[Gate, ...]
    parts: tuple[Part, ...]
    breaks: tuple[RuleBreak, ...]
    error_axes_mm: tuple[float, float, float] | None
    advice: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all gates are passed."""
        return all(g.passed for g in self.gates)

    @property
    def sum(self) -> float:
        """Points of all parts, gates aside."""
        return float(sum(p.points for p in self.parts))

    @property
    def total(self) -> float:
        """Points, 0 where a gate is failed."""
        return round(self.sum, 1) if self.passed else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "passed": self.passed, "total": self.total}
