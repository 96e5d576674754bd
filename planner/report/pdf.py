"""report.pdf: an overview and one page per level and side, readable without colour, A4."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from reportlab import rl_config
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfgen.canvas import Canvas as PdfCanvas

from imaging.findings import SEVERITY_ORDER, Finding
from imaging.geometry.carm import pose_words
from imaging.labels import Side
from imaging.segmentation.result import SpineSegmentation
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits
from planner.domain.plan import LevelPlan, Plan, Trajectory, ViewName
from planner.report.drawing import (
    BOLD,
    Canvas,
    boxed,
    fitted,
    mark,
    paragraph,
    picture,
    side_chip,
    table,
    text,
)
from planner.report.mr_page import has_mr_page, mr_page
from planner.report.patient import patient_page
from planner.report.pictures import Shown, StationPictures, TrajectoryPictures
from planner.report.printing import DEFAULT_PRINTING, Paper, Printing
from planner.report.screening_page import has_screening, screening_page
from planner.report.words import (
    Row,
    clearance_rows,
    date_words,
    entry_rows,
    instrument_rows,
    looked_at,
    mm,
    patient_name,
    printable,
    tool_length_mm,
)

# Pictures are stored as bytes: writing them as text, in Python, took a quarter of an export.
rl_config.useA85 = 0

PURPOSE = "A planning and training aid, not a certified device."
VIEW_TITLES: dict[ViewName, str] = {
    "ap": "AP",
    "lateral": "Lateral",
    "oblique": "Oblique",
    "en_face": "Down the tool",
}
_W, _H = A4
_LEFT, _RIGHT = 29.0, _W - 29.0
_WIDE = _RIGHT - _LEFT


@dataclass(frozen=True, eq=False)
class Patient:
    """What the header names, as DICOM has it."""

    name: str
    id: str
    birth_date: str
    sex: str
    study_date: str
    modality: str
    series: str


@dataclass(frozen=True, eq=False)
class Report:
    """Everything the report shows."""

    plan: Plan
    segmentation: SpineSegmentation
    patient: Patient
    pictures: Mapping[tuple[int, Side], TrajectoryPictures]
    devices: Mapping[str, DeviceProfile]
    limits: Limits
    printed: str
    series_note: str = ""
    changed_limits: tuple[Row, ...] = field(default=())
    printing: Printing = DEFAULT_PRINTING


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
    _overview(c, report, total)
    for number, (level, t) in enumerate(pages, start=2):
        c.showPage()
        _fit(c, report.printing.paper)
        _trajectory_page(c, report, level, t)
        _footer(c, report, number, total)
    if sheet:
        c.showPage()
        _fit(c, report.printing.paper)
        screening_page(c, report.plan)
        _header_right(c, report, _stamp([t.state for _, t in pages]))
        _footer(c, report, 2 + len(pages), total)
    if with_mr:
        c.showPage()
        _fit(c, report.printing.paper)
        mr_page(c, report.plan)
        _header_right(c, report, _stamp([t.state for _, t in pages]))
        _footer(c, report, 2 + len(pages) + int(sheet), total)
    if report.printing.patient_page and pages:
        c.showPage()
        _fit(c, report.printing.paper)
        level, t = pages[0]
        patient_page(
            c, patient_name(report.patient.name), level, t, report.pictures.get((level.verse, t.side))
        )
        _footer(c, report, total, total)
    c.showPage()
    c.save()
    return buffer.getvalue()


def _fit(c: Canvas, paper: Paper) -> None:
    """Lay the A4 layout into another paper's middle."""
    if paper == "Letter":
        scale = LETTER[1] / _H
        c.translate((LETTER[0] - _W * scale) / 2, 0)
        c.scale(scale, scale)


def _header_right(c: Canvas, report: Report, stamp: str) -> None:
    p = report.patient
    sex = {"F": "F", "M": "M", "O": "O"}.get(p.sex, "")
    born = f"born {date_words(p.birth_date)}" if p.birth_date else ""
    second = ", ".join(part for part in (p.id or "no patient ID", sex, born) if part)
    third = ", ".join(part for part in (f"{p.modality} {date_words(p.study_date)}".strip(), p.series) if part)
    for y, words, size, font in (
        (808, patient_name(p.name), 9, BOLD),
        (797, second, 7.5, "Helvetica"),
        (787, third, 7.5, "Helvetica"),
    ):
        text(c, _RIGHT, y, words, fitted(c, words, 190, size, font), font, "right")
    boxed(c, _RIGHT, 771, stamp, 7, "right")


def _footer(c: Canvas, report: Report, number: int, total: int) -> None:
    c.setLineWidth(0.4)
    c.line(_LEFT, 30, _RIGHT, 30)
    words = "Simulated X-rays. Not for navigation. A physician decides."
    text(c, _LEFT, 20, words, 6.5)
    page = f"Page {number} of {total}"
    text(c, _RIGHT, 20, page, 6.5, BOLD, "right")
    text(c, _RIGHT - c.stringWidth(page, BOLD, 6.5) - 8, 20, report.printed, 6.5, align="right")


def _stamp(states: list[str]) -> str:
    return "APPROVED" if states and all(s == "approved" for s in states) else "DRAFT, NOT APPROVED"


def _overview(c: Canvas, report: Report, total: int) -> None:
    plan = report.plan
    trajectories = [t for level in plan.levels for t in level.trajectories]
    text(c, _LEFT, 797, "Basivertebral nerve plan", 20, BOLD)
    text(c, _LEFT, 780, PURPOSE, 8)
    _header_right(c, report, _stamp([t.state for t in trajectories]))
    c.setLineWidth(1.2)
    c.line(_LEFT, 763, _RIGHT, 763)
    y = 747.0
    note = " ".join(n for n in (report.series_note, "Clearances count from the tool's surface.") if n)
    y = paragraph(c, _LEFT, y, _WIDE, note, 8) - 8
    y = _overview_table(c, report, y) - 16
    y = _shared_views(c, report, y) - 16
    findings = [("Images and levels", f, looked_at(f, 0, plan.seen)) for f in plan.findings]
    findings += [(v.name, f, looked_at(f, v.verse, plan.seen)) for v in plan.levels for f in v.findings]
    y = _finding_list(c, y, "Findings", findings) - 16
    refused = [r for level in plan.levels for r in level.refused]
    if refused:
        text(c, _LEFT, y, "NOT PLANNED", 7.5, BOLD)
        c.line(_LEFT, y - 5, _RIGHT, y - 5)
        y -= 17
        for refusal in refused:
            if y < 60:
                text(c, _LEFT, y, "More in plan.json.", 7.5)
                break
            mark(c, _LEFT, y - 1, "stop")
            y = paragraph(c, _LEFT + 11, y, _WIDE - 11, refusal.reason, 7.5) - 3
    if report.changed_limits:
        table(c, _LEFT, y - 12, 240, "Limits changed from the default", report.changed_limits)
    _footer(c, report, 1, total)


_COLUMNS = (
    ("Level", 0),
    ("Side", 40),
    ("State", 85),
    ("Least pedicle wall", 140),
    ("Electrode to canal", 228),
    ("Lesion to canal", 312),
    ("Bone entry to tip", 388),
    ("Grade", 462),
    ("Findings", 497),
)


def _overview_table(c: Canvas, report: Report, y: float) -> float:
    for name, x in _COLUMNS:
        text(c, _LEFT + x, y, name, 7, BOLD)
    c.setLineWidth(1.1)
    c.line(_LEFT, y - 5, _RIGHT, y - 5)
    y -= 18
    for level in report.plan.levels:
        for t in level.trajectories:
            worst = next((s for s in SEVERITY_ORDER if any(f.severity == s for f in t.findings)), None)
            count = sum(f.severity != "info" for f in t.findings)
            cells = (
                level.name,
                t.side,
                t.state,
                mm(t.clearance_mm.least_wall()),
                mm(t.clearance_mm.electrode_to_canal),
                mm(t.clearance_mm.lesion_to_canal),
                mm(tool_length_mm(t)),
                t.gertzbein_robbins,
                str(count) if count else "none",
            )
            for (_, x), cell in zip(_COLUMNS, cells, strict=True):
                text(c, _LEFT + x, y, cell, 8, BOLD if x == 0 else "Helvetica")
            mark(c, _RIGHT - 8, y - 1, worst if worst in ("stop", "caution") else "good")
            c.setLineWidth(0.25)
            c.setStrokeGray(0.6)
            c.line(_LEFT, y - 5, _RIGHT, y - 5)
            c.setStrokeGray(0)
            y -= 16
        if not level.trajectories:
            text(c, _LEFT, y, level.name, 8, BOLD)
            text(c, _LEFT + 40, y, "not planned", 8)
            mark(c, _RIGHT - 8, y - 1, "stop")
            y -= 16
    return y


def _shared_views(c: Canvas, report: Report, y: float) -> float:
    """The C-arm's stations, top to bottom, AP and lateral of a level once for both sides."""
    rows: list[Row] = []
    for level in report.plan.levels:
        said: set[str] = set()
        for t in level.trajectories:
            for view in VIEW_TITLES:
                words = pose_words(*t.view_angles(view))
                key = f"{view} {words}"
                if view in ("ap", "lateral") and key in said:
                    continue
                said.add(key)
                side = "" if view in ("ap", "lateral") else f", {t.side} tool"
                rows.append(
                    (f"{level.name} {VIEW_TITLES[view].lower() if view != 'ap' else 'AP'}{side}", words)
                )
    if not rows:
        return y
    half = (len(rows) + 1) // 2
    left = table(c, _LEFT, y, 258, "C-arm, in the order of the levels", rows[:half])
    if rows[half:]:
        table(c, _LEFT + 279, y, 258, "continued", rows[half:])
    return left


def _finding_list(c: Canvas, y: float, title: str, findings: list[tuple[str, Finding, str]]) -> float:
    """Each with where it was found, and who has looked at it if somebody must."""
    text(c, _LEFT, y, title.upper(), 7.5, BOLD)
    c.setLineWidth(1.1)
    c.line(_LEFT, y - 5, _RIGHT, y - 5)
    y -= 17
    if not findings:
        text(c, _LEFT, y, "None.", 7.5)
        return y - 10
    order = {severity: n for n, severity in enumerate(SEVERITY_ORDER)}
    for where, finding, looked in sorted(findings, key=lambda item: order[item[1].severity]):
        if y < 110:
            text(c, _LEFT, y, "More in plan.json.", 7.5)
            return y - 10
        mark(c, _LEFT, y - 1, finding.severity if finding.severity != "info" else "none")
        y = paragraph(c, _LEFT + 11, y, _WIDE - 11, f"{where}: {finding.text} {looked}".rstrip(), 7.5) - 3
    return y


def _trajectory_page(c: Canvas, report: Report, level: LevelPlan, t: Trajectory) -> None:
    side_chip(c, _LEFT, 771, 44, t.side)
    text(c, _LEFT + 54, 790, f"{level.name} {t.side.upper()}", 24, BOLD)
    subtitle = (
        f"Basivertebral nerve, through the {t.side} pedicle. Patient's left is on the left but in laterals."
    )
    text(c, _LEFT + 54, 776, subtitle, fitted(c, subtitle, 330, 8, "Helvetica"))
    _header_right(c, report, _stamp([t.state]))
    c.setLineWidth(1.2)
    c.line(_LEFT, 763, _RIGHT, 763)
    anatomy = report.segmentation.level(level.verse)
    shots = report.pictures.get((level.verse, t.side))
    if shots is not None:
        _pictures(c, t, shots)
    if anatomy is None:
        return
    target: list[Row] = []
    if level.target is not None:
        depth = level.target.depth_fraction
        target.append(("Target depth", f"{100 * depth:.0f} %, {mm(depth * anatomy.body.depth_mm)}"))
        off = float((np.array(t.tip_lps_mm) - anatomy.body.centre_lps_mm) @ anatomy.body.left)
        aside = "" if abs(off) < 0.05 else " left" if off > 0 else " right"
        target.append(("Tip off the midline", f"{mm(abs(off))}{aside}"))
    column = (_WIDE - 28) / 3
    instrument = instrument_rows(t, target, report.devices.get(t.device), report.limits)
    y0 = 470.0
    y = min(
        table(c, _LEFT, y0, column, "Entry and depth", entry_rows(t, anatomy)),
        table(c, _LEFT + column + 14, y0, column, "Clearance", clearance_rows(t, report.limits)),
        table(c, _LEFT + 2 * (column + 14), y0, column, "Instrument and target", instrument),
    )
    name = report.devices[t.device].name if t.device in report.devices else t.device
    text(c, _LEFT, y - 12, f"Instrument profile: {name}.", 7)
    note = report.plan.notebook.note((level.verse, t.side))
    if note:
        y = paragraph(c, _LEFT, y - 22, _WIDE, f"Note: {note}", 7.5, BOLD) + 9
    findings = (*t.findings, *(f for f in level.findings if f.severity != "info"))
    y = _finding_box(c, y - 20, sorted(findings, key=lambda f: SEVERITY_ORDER.index(f.severity)))
    if shots is not None and shots.stations:
        _stations(c, y - 18, shots.stations)


def _pictures(c: Canvas, t: Trajectory, shots: TrajectoryPictures) -> None:
    gap = 6.0
    wide = (_WIDE - 2 * gap) / 3
    first = (
        (shots.view3d, "3D, cut at the tool", ("L", "R"))
        if shots.view3d
        else (shots.sagittal, "Sagittal, through the tip", ("A", "P"))
    )
    picture(c, _LEFT, 610, wide, 146, first[0], first[1], first[2])
    picture(c, _LEFT + wide + gap, 610, wide, 146, shots.tool_plane, "Axial, in the tool's plane", ("L", "R"))
    x = _LEFT + 2 * (wide + gap)
    picture(c, x, 610, wide, 146, shots.down_tool, "Down the tool, mid-pedicle", ("L", "R"))
    _wall_numbers(c, x + wide / 2, 610 + 73, t)
    wide, high = (_WIDE - 3 * gap) / 4, 106.0
    for n, (view, title) in enumerate(VIEW_TITLES.items()):
        x = _LEFT + n * (wide + gap)
        shown = shots.fluoro.get(view)
        _xray(c, x, 604 - high, wide, high, shown, title)
        words = pose_words(*t.view_angles(view))
        text(c, x, 604 - high - 10, words, fitted(c, words, wide, 7.5, BOLD), BOLD)


def _xray(c: Canvas, x: float, y: float, wide: float, high: float, shown: Shown | None, title: str) -> None:
    """The middle of an X-ray, where the target is, with its sides and the word SIMULATED."""
    pixels, letters = shown if shown is not None else (None, None)
    if pixels is not None:
        margin = pixels.shape[0] // 4
        pixels = pixels[margin:-margin, margin:-margin]
    picture(c, x, y, wide, high, pixels, title, letters)
    boxed(c, x + wide - 4, y + high - 13, "SIMULATED", 5, "right")


def _wall_numbers(c: Canvas, x: float, y: float, t: Trajectory) -> None:
    """The least clearance to each pedicle wall, on the side of the picture where that wall is."""
    walls = t.clearance_mm
    left, right = (walls.lateral, walls.medial) if t.side == "left" else (walls.medial, walls.lateral)
    places = ((0, 36, walls.superior), (0, -46, walls.inferior), (-58, -5, left), (58, -5, right))
    for dx, dy, value in places:
        if value is not None:
            wide = c.stringWidth(printable(mm(value)), BOLD, 6.5) + 6
            boxed(c, x + dx - wide / 2, y + dy, mm(value), 6.5)


def _stations(c: Canvas, y: float, stations: tuple[StationPictures, ...]) -> None:
    """AP over lateral of each checkpoint, as large as the rest of the page allows."""
    gap = 6.0
    wide = (_WIDE - 4 * gap) / 5
    under = 58.0
    high = min(wide, (y - 38 - 26 - under) / 2 - 3)
    if high < 34:
        return
    text(c, _LEFT, y, "CHECKPOINTS, MM PAST BONE ENTRY", 7.5, BOLD)
    c.setLineWidth(1.1)
    c.line(_LEFT, y - 5, _RIGHT, y - 5)
    for n, station in enumerate(stations):
        x = _LEFT + n * (wide + gap)
        c.circle(x + 5, y - 14.5, 5, fill=1)
        c.setFillGray(1)
        text(c, x + 5, y - 17, str(n + 1), 7, BOLD, "centre")
        c.setFillGray(0)
        text(c, x + 13, y - 17, station.name, 7.5, BOLD)
        text(c, x + wide, y - 17, mm(station.depth_mm), 7, align="right")
        _xray(c, x, y - 23 - high, wide, high, station.ap, "AP")
        _xray(c, x, y - 26 - 2 * high, wide, high, station.lateral, "Lateral")
        low = y - 35 - 2 * high
        for view, seen in (("AP", station.see_ap), ("Lateral", station.see_lateral)):
            if seen:
                low = paragraph(c, x, low, wide, f"{view}: {seen}", 6.3)
        text(c, x, low, f"Within {station.within_mm:g} mm.", 6.3, BOLD)


def _finding_box(c: Canvas, y: float, findings: list[Finding]) -> float:
    """Findings in a frame, worst first; returns the frame's lower edge."""
    if not findings:
        return y
    top = y
    y -= 11
    for finding in findings:
        if y < 60:
            text(c, _LEFT + 18, y, "More in plan.json.", 7.5)
            y -= 10
            break
        mark(c, _LEFT + 7, y - 1, finding.severity if finding.severity != "info" else "none")
        y = paragraph(c, _LEFT + 18, y, _WIDE - 26, finding.text, 7.5) - 1
    c.setLineWidth(1.1)
    c.rect(_LEFT, y + 4, _WIDE, top - y - 4)
    return y + 4


__all__ = ["PURPOSE", "Patient", "Report", "write_report"]
