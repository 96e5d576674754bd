"""One page for the screening sheets of all levels and the order of the whole procedure."""

from __future__ import annotations

from reportlab.pdfgen.canvas import Canvas

from imaging.labels import NAME_FROM_VERSE
from planner.domain.plan import Plan, ScreeningItem
from planner.report.drawing import BOLD, mark, paragraph, text

LEFT, RIGHT = 29.0, 566.0
COLUMN = 262.0
HEADLESS = 340.0
"""Width beside the page's head with patient and stamp."""
SHEETS = 6
ROW = 10.6


def has_screening(plan: Plan) -> bool:
    """Whether there is anything for this page."""
    return plan.procedure is not None or any(level.screening for level in plan.levels)


def screening_page(c: Canvas, plan: Plan) -> None:
    """Levels two by two, then the procedure; meaning by shape and words, not by colour."""
    text(c, LEFT, 797, "Screening and order", 16, BOLD)
    note = (
        "What was measured for each level; the number at the right is the source slice, counted from 1. "
        "It does not say whether a patient is a candidate."
    )
    y = paragraph(c, LEFT, 780, HEADLESS, note, 8) - 8
    shown = [level for level in plan.levels if level.screening]
    for first in range(0, min(len(shown), SHEETS), 2):
        pair = shown[first : first + 2]
        y = min(_sheet(c, LEFT + n * (COLUMN + 13), y, x.name, x.screening) for n, x in enumerate(pair)) - 14
    if rest := [level.name for level in shown[SHEETS:]]:
        text(c, LEFT, y, f"{', '.join(rest)}: in plan.json.", 7.5)
        y -= 14
    _procedure(c, plan, y - 2)


def value_words(item: ScreeningItem) -> str:
    """Value with its unit, or that it is not measurable."""
    if item.value is None:
        return "not measurable"
    digits = 0 if item.unit in ("HU", "%", "mm³") else 1
    value = f"{item.value:z.{digits}f}".replace("-", "\u2212")
    return f"{value}°" if item.unit == "°" else f"{value} {item.unit}"


def _sheet(c: Canvas, x: float, y: float, name: str, items: tuple[ScreeningItem, ...]) -> float:
    text(c, x, y, name, 10, BOLD)
    c.setLineWidth(0.6)
    c.line(x, y - 4, x + COLUMN, y - 4)
    y -= 15
    for item in items:
        if item.verdict in ("caution", "stop"):
            mark(c, x, y - 1, item.verdict)
        text(c, x + 11, y, item.name, 7.5)
        text(c, x + COLUMN - 34, y, value_words(item), 7.5, BOLD, "right")
        number = "" if item.slice_number is None else str(item.slice_number)
        text(c, x + COLUMN, y, number, 7.5, align="right")
        y -= ROW
    return y


def _procedure(c: Canvas, plan: Plan, y: float) -> None:
    procedure = plan.procedure
    if procedure is None or y < 90:
        return
    lesions = "1 lesion" if procedure.lesions == 1 else f"{procedure.lesions} lesions"
    text(c, LEFT, y, f"The whole procedure: {lesions}", 10, BOLD)
    c.line(LEFT, y - 4, RIGHT, y - 4)
    words = (
        f"{procedure.moves} positions of the C-arm, {procedure.moves_unshared} without sharing. One side a "
        "level: the approved one, else the one with more room beyond what is needed."
    )
    y = paragraph(c, LEFT, y - 15, RIGHT - LEFT, words, 8) - 4
    for number, step in enumerate(procedure.steps, 1):
        if y < 60:
            text(c, LEFT, y, "More in plan.json.", 7.5)
            return
        name = f"{number}. {NAME_FROM_VERSE[step.verse]} {step.side}"
        text(c, LEFT, y, name, 8, BOLD)
        y = (
            paragraph(c, LEFT + 70, y, RIGHT - LEFT - 70, f"{step.why_side} {'; '.join(step.moves)}.", 7.5)
            - 3
        )
