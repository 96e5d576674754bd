"""The score in lines of text, the same on screen, on paper and on the command line."""

from __future__ import annotations

from planner.practice.result import Part, Score

_NARROW = "\u202f"
_DECIMALS = {"mm": 1, "°": 1, "%": 0, "s": 0, "mGy": 2, "min": 1, "": 0}


def value_words(part: Part) -> str:
    """``2.7 mm``, with a thin space before the unit but none before °; a dash where nothing was reached."""
    if part.value is None:
        return "\u2013"
    number = f"{part.value:.{_DECIMALS.get(part.unit, 1)}f}".replace("-", "\u2212")
    if not part.unit:
        return number
    return f"{number}{part.unit}" if part.unit == "°" else f"{number}{_NARROW}{part.unit}"


def points_words(value: float) -> str:
    """Points with a decimal only where they have one."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def score_lines(score: Score) -> list[str]:
    """Gates first, then the parts, then the sum with its weights."""
    lines = [f"{'passed' if g.passed else 'FAILED'}  {g.title}: {g.value}" for g in score.gates]
    lines += [
        f"{points_words(p.points):>5} of {points_words(p.of):<4} {p.title}: {value_words(p)}"
        for p in score.parts
    ]
    failed = "" if score.passed else f" (a gate is failed; the parts sum to {points_words(score.sum)})"
    lines.append(f"{points_words(score.total):>5} of 100, weights {score.weights}{failed}")
    lines += [f"Rule: {b.text}" for b in score.breaks]
    return lines
