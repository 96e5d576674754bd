"""Learning curves, CUSUM and comparison of learners, as CSV and for paper."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.practice.store import Attempt

PASS_TOTAL = 80.0
ACCEPTABLE_FAILURE, UNACCEPTABLE_FAILURE = 0.10, 0.30
TYPE_ERROR = 0.10
"""Bolsin and Colson's CUSUM for procedures [K~]; the failure rates and both error probabilities are [P]."""


@dataclass(frozen=True)
class CusumLimits:
    """Step down at a success, step up at a failure, and the distance between decision lines."""

    success: float
    failure: float
    decision: float


@dataclass(frozen=True)
class LearnerSummary:
    """One learner over a set of attempts."""

    learner: str
    attempts: int
    succeeded: int
    median_total: float
    last_total: float
    gates_failed: int
    best_total: float


def cusum_limits(
    acceptable: float = ACCEPTABLE_FAILURE,
    unacceptable: float = UNACCEPTABLE_FAILURE,
    error: float = TYPE_ERROR,
) -> CusumLimits:
    """s = Q / (P + Q), failure step 1 - s, h = ln((1 - a) / a) / (P + Q) with P = ln(p1 / p0),
    Q = ln((1 - p0) / (1 - p1))."""
    p = math.log(unacceptable / acceptable)
    q = math.log((1 - acceptable) / (1 - unacceptable))
    s = q / (p + q)
    return CusumLimits(s, 1 - s, math.log((1 - error) / error) / (p + q))


def succeeded(attempt: Attempt) -> bool:
    """All gates passed and at least 80 points [P]."""
    return attempt.passed and attempt.total >= PASS_TOTAL


def cusum(attempts: Sequence[Attempt], limits: CusumLimits | None = None) -> list[float]:
    """The sum after each attempt: up with failures, down with successes."""
    known = limits or cusum_limits()
    value, found = 0.0, []
    for attempt in attempts:
        value += -known.success if succeeded(attempt) else known.failure
        found.append(round(value, 6))
    return found


def smoothed(totals: Sequence[float], window: int = 5) -> list[float]:
    """Mean of the last ``window`` totals at each attempt: the learning curve."""
    return [float(np.mean(totals[max(0, n - window + 1) : n + 1])) for n in range(len(totals))]


def summaries(attempts: Sequence[Attempt]) -> list[LearnerSummary]:
    """Every learner's, best median first."""
    names = dict.fromkeys(a.learner for a in attempts)
    found = []
    for name in names:
        own = [a for a in attempts if a.learner == name]
        totals = [a.total for a in own]
        found.append(
            LearnerSummary(
                name,
                len(own),
                sum(map(succeeded, own)),
                float(np.median(totals)),
                totals[-1],
                sum(not a.passed for a in own),
                max(totals),
            )
        )
    return sorted(found, key=lambda s: -s.median_total)


def to_csv(attempts: Sequence[Attempt]) -> str:
    """One row an attempt, a column for each part's points and each measured value; decimal points."""
    keys = list(attempts[0].parts) if attempts else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["learner", "started_utc", "scenario", "level", "side", "grade", "passed", "total", "failed_gates",
         "rule_breaks", "weights", *(f"{k}_points" for k in keys), *(f"{k}_value" for k in keys)]
    )  # fmt: skip
    for a in attempts:
        values = ["" if a.values.get(k) is None else f"{a.values[k]:.4g}" for k in keys]
        writer.writerow(
            [_safe(a.learner), a.started, _safe(a.title), a.level, a.side, a.grade, int(a.passed),
             a.total, "; ".join(a.failed_gates), a.rule_breaks, a.weights,
             *(a.parts.get(k, "") for k in keys), *values]
        )  # fmt: skip
    return text.getvalue()


def _safe(text: str) -> str:
    """A spreadsheet must not take a name for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
