"""Findings: what a check noticed, how bad it is, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "caution", "stop"]
SEVERITY_ORDER: tuple[Severity, ...] = ("stop", "caution", "info")
LEVEL_COUNT_UNCONFIRMED = "level_count_unconfirmed"
# What only a person who confirms the names of the levels can settle.
NAMING_CODES = frozenset(
    {LEVEL_COUNT_UNCONFIRMED, "lumbar_count_unusual", "transitional_vertebra", "level_spacing_uneven"}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation. ``stop`` blocks approval; ``value`` and ``limit`` are in ``unit``."""

    severity: Severity
    code: str
    text: str
    value: float | None = None
    limit: float | None = None
    unit: str | None = None

    def said_of(self, where: str) -> str:
        """The text with its place before it, unless it begins with that itself."""
        return self.text if not where or self.text.startswith(f"{where} ") else f"{where}: {self.text}"
