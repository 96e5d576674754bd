"""report.pdf: an overview and one page per level and side, readable without colour, A4."""

from __future__ import annotations

import io

from reportlab import rl_config
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfgen.canvas import Canvas as PdfCanvas

from planner.report.contents import HEIGHT, PURPOSE, WIDTH, Report, footer, header_right, stamp_of
from planner.report.drawing import (
    Canvas,
)
from planner.report.mr_page import has_mr_page, mr_page
from planner.report.overview_page import overview_page
from planner.report.patient import patient_page, patient_steps
from planner.report.printing import Paper
from planner.report.screening_page import has_screening, screening_page
from planner.report.trajectory_page import trajectory_page
from planner.report.words import (
    patient_name,
)

# Pictures are stored as bytes: writing them as text, in Python, took a quarter of an export.
rl_config.useA85 = 0


def write_report(report: Report) -> bytes:
    """The PDF's bytes: the overview, then every planned trajectory top to bottom, left before right.

    Letter pages are the A4 layout made smaller by 6 %, centred. With ``patient_page`` a last page for the
    patient follows.
    """
    buffer = io.BytesIO()
    c = PdfCanvas(buffer, pagesize=A4 if report.printing.paper == "A4" else LETTER, pageCompression=1)
    _fit(c, report.printing.paper)
    c.setTitle("Plan of a basivertebral nerve ablation")
    c.setSubject(PURPOSE)
    c.setCreator("bvn-planner")
    pages = [(level, t) for level in report.plan.levels for t in level.trajectories]
    sheet, with_mr = has_screening(report.plan), has_mr_page(report.plan)
    total = 1 + len(pages) + int(sheet) + int(with_mr)
    total += int(report.printing.patient_page and bool(pages))
    overview_page(c, report, total)
    for number, (level, t) in enumerate(pages, start=2):
        c.showPage()
        _fit(c, report.printing.paper)
        trajectory_page(c, report, level, t)
        footer(c, report, number, total)
    if sheet:
        c.showPage()
        _fit(c, report.printing.paper)
        screening_page(c, report.plan)
        header_right(c, report, stamp_of([t.state for _, t in pages]))
        footer(c, report, 2 + len(pages), total)
    if with_mr:
        c.showPage()
        _fit(c, report.printing.paper)
        mr_page(c, report.plan)
        header_right(c, report, stamp_of([t.state for _, t in pages]))
        footer(c, report, 2 + len(pages) + int(sheet), total)
    if report.printing.patient_page and pages:
        c.showPage()
        _fit(c, report.printing.paper)
        first = patient_steps(report.plan)[0]
        patient_page(c, patient_name(report.patient.name), report.plan, report.pictures.get(first))
        footer(c, report, total, total)
    c.showPage()
    c.save()
    return buffer.getvalue()


def _fit(c: Canvas, paper: Paper) -> None:
    """Lay the A4 layout into another paper's middle."""
    if paper == "Letter":
        scale = LETTER[1] / HEIGHT
        c.translate((LETTER[0] - WIDTH * scale) / 2, 0)
        c.scale(scale, scale)
