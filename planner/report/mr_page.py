"""The report's page of MR findings and the candidate sheet."""

from __future__ import annotations

from imaging.labels import NAME_FROM_VERSE
from planner.domain.candidate import QUESTIONS, CandidateSheet
from planner.domain.dates import date_words
from planner.domain.modic import ModicFinding, proposed_levels
from planner.domain.plan import Plan
from planner.report.drawing import BOLD, Canvas, paragraph, table, text

_LEFT, _WIDE = 29.0, 537.0


def has_mr_page(plan: Plan) -> bool:
    """Whether anything was recorded."""
    return bool(plan.modic) or plan.candidate != CandidateSheet()


def modic_rows(findings: tuple[ModicFinding, ...]) -> list[tuple[str, str]]:
    """(endplate, what was recorded) in words."""
    rows = []
    for f in sorted(findings, key=lambda f: (f.verse, f.face == "inferior")):
        parts = ["not typed" if f.kind is None else "none" if f.kind == "0" else f"type {f.kind}"]
        parts += [f"height {f.height_share} %"] if f.height_share else []
        parts += [f"area {f.area_share} %"] if f.area_share else []
        parts += [f.place] if f.place else []
        parts += ["endplate defect"] if f.defect else []
        parts.append(_listed(f.sequences) or "no sequence named")
        parts += [f"{f.field_strength_t:g} T"] if f.field_strength_t else []
        parts += [f.confidence, f.reader or "reader not named", *([date_words(f.date)] if f.date else [])]
        rows.append((f.name, "; ".join(parts)))
    return rows


def _listed(words: tuple[str, ...]) -> str:
    return " and ".join(x for x in (", ".join(words[:-1]), words[-1] if words else "") if x)


def mr_page(c: Canvas, plan: Plan) -> None:
    """Draw the page."""
    text(c, _LEFT, 797, "MR findings and candidate sheet", 16, BOLD)
    y = 770.0
    if plan.modic:
        y = table(c, _LEFT, y, _WIDE, "Modic changes as read", modic_rows(plan.modic)) - 14
        levels = ", ".join(NAME_FROM_VERSE[v] for v in proposed_levels(plan.modic)) or "none"
        words = f"Vertebrae of the affected segments: {levels}. No statement on response to treatment."
        y = paragraph(c, _LEFT, y, _WIDE, words, 8) - 16
    sheet = plan.candidate
    rows: list[tuple[str, str]] = [(question, sheet.answer(key)) for key, question, _ in QUESTIONS]
    for words, months in (("Months of pain", sheet.pain_months),
                          ("Months of conservative care", sheet.conservative_months)):  # fmt: skip
        rows.append((words, "not known" if months is None else f"{months:g}"))
    y = table(c, _LEFT, y, _WIDE, "Candidate sheet", rows) - 14
    against = sheet.against()
    words = "Speaks against: " + (" ".join(against) if against else "nothing in the answers given.")
    y = paragraph(c, _LEFT, y, _WIDE, words, 8) - 6
    paragraph(
        c, _LEFT, y, _WIDE, f"Not known: {len(sheet.open_questions())}. This sheet gives no verdict.", 8
    )
