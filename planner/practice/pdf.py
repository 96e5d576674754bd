"""A session and a learner's progress on paper, readable without colour, A4."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas as PdfCanvas

from planner.domain.dates import moment_words
from planner.practice.advice import clock_words
from planner.practice.learning import PASS_TOTAL, cusum, cusum_limits, smoothed, summaries
from planner.practice.log import SessionLog
from planner.practice.result import Score
from planner.practice.store import ANONYMOUS, Attempt
from planner.practice.words import points_words, value_words
from planner.report.drawing import BOLD, Canvas, fitted, paragraph, picture, side_chip, text

PURPOSE = "Practice on simulated X-rays. A planning and training aid, not a certified device."
_W, _H = A4
_LEFT, _RIGHT = 36.0, _W - 36.0


def session_pdf(
    log: SessionLog, score: Score, pictures: Sequence[tuple[str, NDArray[np.uint8]]] = ()
) -> bytes:
    """Gates, parts, rule breaks, what to change, and up to four pictures with their captions."""
    buffer = io.BytesIO()
    c = PdfCanvas(buffer, pagesize=A4, pageCompression=1)
    c.setTitle(f"Practice: {log.spec.task}")
    side_chip(c, _LEFT, _H - 66, 22, log.spec.side)
    text(c, _LEFT + 32, _H - 60, f"{log.spec.task}, practice", 18, BOLD)
    who = log.learner or ANONYMOUS
    text(c, _LEFT, _H - 86, f"{who}, {moment_words(log.started)}, {log.grade}, {log.spec.title}", 9)
    y = _H - 112
    text(c, _LEFT, y, "Gates", 11, BOLD)
    for gate in score.gates:
        y -= 15
        text(c, _LEFT, y, "passed" if gate.passed else "FAILED", 9, BOLD)
        text(c, _LEFT + 52, y, gate.title, 9)
        text(c, _LEFT + 330, y, gate.value, 9, align="right")
    y -= 26
    text(c, _LEFT, y, f"Score {points_words(score.total)} of 100, weights {score.weights}", 11, BOLD)
    if not score.passed:
        text(
            c, _RIGHT, y, f"a gate is failed; the parts sum to {points_words(score.sum)}", 8.5, align="right"
        )
    for part in score.parts:
        y -= 14
        text(c, _LEFT, y, part.title, 9)
        text(c, _LEFT + 220, y, value_words(part), 9, align="right")
        c.setLineWidth(0.5)
        c.rect(_LEFT + 240, y - 1, 100, 7)
        c.setFillGray(0.35)
        c.rect(_LEFT + 240, y - 1, 100 * part.points / part.of, 7, fill=1, stroke=0)
        c.setFillGray(0)
        text(c, _LEFT + 400, y, f"{points_words(part.points)} of {points_words(part.of)}", 9, align="right")
    y -= 26
    text(c, _LEFT, y, "What to change", 11, BOLD)
    for sentence in score.advice or ("Nothing stands out.",):
        y = paragraph(c, _LEFT, y - 15, _RIGHT - _LEFT, sentence, 9) + 11
    if score.breaks:
        y -= 24
        text(c, _LEFT, y, "Rules broken", 11, BOLD)
        for b in score.breaks:
            y = paragraph(c, _LEFT, y - 15, _RIGHT - _LEFT, f"{clock_words(b.time_s)}  {b.text}", 9) + 11
    size = (_RIGHT - _LEFT - 24) / 4
    for n, (caption, pixels) in enumerate(pictures[:4]):
        x = _LEFT + n * (size + 8)
        picture(c, x, 52, size, size, pixels, caption)
    text(c, _LEFT, 30, PURPOSE, 8)
    c.showPage()
    c.save()
    return buffer.getvalue()


def progress_pdf(attempts: Sequence[Attempt], title: str) -> bytes:
    """A curve, a CUSUM and the list of attempts of one learner, or a table of several."""
    buffer = io.BytesIO()
    c = PdfCanvas(buffer, pagesize=A4, pageCompression=1)
    c.setTitle(f"Practice: {title}")
    text(c, _LEFT, _H - 60, title, 18, BOLD)
    y = _H - 84
    for s in summaries(attempts):
        words = (
            f"{s.learner}: {s.attempts} attempts, {s.succeeded} of them at {PASS_TOTAL:g} points or "
            f"more with all gates passed, median {points_words(s.median_total)}, best "
            f"{points_words(s.best_total)}, {s.gates_failed} with a failed gate"
        )
        y = paragraph(c, _LEFT, y, _RIGHT - _LEFT, words, 9) - 4
    if len({a.learner for a in attempts}) == 1 and attempts:
        y = _curves(c, attempts, y - 150) - 20
    text(c, _LEFT, y, "Attempts", 11, BOLD)
    for n, a in enumerate(attempts, start=1):
        y -= 13
        if y < 50:
            text(c, _LEFT, 30, PURPOSE, 8)
            c.showPage()
            y = _H - 60
        result = points_words(a.total) if a.passed else "FAILED: " + "; ".join(a.failed_gates)
        line = f"{n}  {moment_words(a.started)}  {a.learner}  {a.task}, {a.title}, {a.grade}"
        text(c, _LEFT, y, line, fitted(c, line, 330, 8.5, "Helvetica"))
        text(c, _RIGHT, y, result, fitted(c, result, 170, 8.5, "Helvetica"), align="right")
    text(c, _LEFT, 30, PURPOSE, 8)
    c.showPage()
    c.save()
    return buffer.getvalue()


def _curves(c: Canvas, attempts: Sequence[Attempt], y: float) -> float:
    totals = [a.total for a in attempts]
    _chart(
        c,
        _LEFT,
        y,
        240,
        "Score, and mean of the last five",
        [totals, smoothed(totals)],
        0,
        100,
        (PASS_TOTAL,),
    )
    limits = cusum_limits()
    values = [0.0, *cusum(attempts)]
    reach = max(limits.decision * 1.2, *(abs(v) for v in values))
    lines = (limits.decision, -limits.decision)
    _chart(c, _LEFT + 280, y, 240, "CUSUM, down is learning", [values], -reach, reach, lines)
    return y


def _chart(
    c: Canvas, x: float, y: float, width: float, title: str, series: Sequence[Sequence[float]], low: float,
    high: float, lines: Sequence[float],
) -> None:  # fmt: skip
    height = 110.0
    text(c, x, y + height + 8, title, 9, BOLD)
    c.setLineWidth(0.5)
    c.rect(x, y, width, height)

    def at(n: int, value: float, count: int) -> tuple[float, float]:
        return x + width * (n + 0.5) / max(1, count), y + height * (value - low) / (high - low)

    c.setDash(3, 3)
    for value in lines:
        level = at(0, value, 1)[1]
        c.line(x, level, x + width, level)
        text(c, x + width + 3, level - 3, f"{value:.3g}", 7)
    c.setDash()
    for k, values in enumerate(series):
        c.setLineWidth(1.4 if k else 0.7)
        points = [at(n, v, len(values)) for n, v in enumerate(values)]
        for (x0, y0), (x1, y1) in pairwise(points):
            c.line(x0, y0, x1, y1)
        if k == 0:
            for px, py in points:
                c.circle(px, py, 1.8, fill=1)
