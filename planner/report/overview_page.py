"""The report's first page: patient, table of trajectories, shared views, findings of the whole case."""

from __future__ import annotations

from imaging.findings import SEVERITY_ORDER, Finding
from imaging.geometry.carm import pose_words
from planner.domain.bands import judged_clearances, judged_least
from planner.report.contents import (
    LEFT,
    PURPOSE,
    RIGHT,
    VIEW_TITLES,
    WIDE,
    Report,
    footer,
    header_right,
    stamp_of,
)
from planner.report.drawing import (
    BOLD,
    Canvas,
    mark,
    paragraph,
    table,
    text,
)
from planner.report.words import (
    Row,
    looked_at,
    mm,
    tool_length_mm,
)


def overview_page(c: Canvas, report: Report, total: int) -> None:
    """Draw the first page."""
    plan = report.plan
    trajectories = [t for level in plan.levels for t in level.trajectories]
    text(c, LEFT, 797, "Basivertebral nerve plan", 20, BOLD)
    text(c, LEFT, 780, PURPOSE, 8)
    header_right(c, report, stamp_of([t.state for t in trajectories]))
    c.setLineWidth(1.2)
    c.line(LEFT, 763, RIGHT, 763)
    y = 747.0
    note = " ".join(n for n in (report.series_note, "Clearances count from the tool's surface.") if n)
    y = paragraph(c, LEFT, y, WIDE, note, 8) - 8
    y = _overview_table(c, report, y) - 16
    y = _shared_views(c, report, y) - 16
    findings = [("Images and levels", f, looked_at(f, 0, plan.seen)) for f in plan.findings]
    findings += [(v.name, f, looked_at(f, v.verse, plan.seen)) for v in plan.levels for f in v.findings]
    y = _finding_list(c, y, "Findings", findings) - 16
    refused = [r for level in plan.levels for r in level.refused]
    if refused:
        text(c, LEFT, y, "NOT PLANNED", 7.5, BOLD)
        c.line(LEFT, y - 5, RIGHT, y - 5)
        y -= 17
        for refusal in refused:
            if y < 60:
                text(c, LEFT, y, "More in plan.json.", 7.5)
                break
            mark(c, LEFT, y - 1, "stop")
            y = paragraph(c, LEFT + 11, y, WIDE - 11, refusal.reason, 7.5) - 3
    if report.changed_limits:
        table(c, LEFT, y - 12, 240, "Limits changed from the default", report.changed_limits)
    footer(c, report, 1, total)


_COLUMNS = (
    ("Level", 0),
    ("Side", 40),
    ("State", 85),
    ("Least clearance", 140),
    ("Electrode to canal", 228),
    ("Lesion to canal", 312),
    ("Bone entry to tip", 388),
    ("Grade", 462),
    ("Findings", 497),
)


def _overview_table(c: Canvas, report: Report, y: float) -> float:
    for name, x in _COLUMNS:
        text(c, LEFT + x, y, name, 7, BOLD)
    c.setLineWidth(1.1)
    c.line(LEFT, y - 5, RIGHT, y - 5)
    y -= 18
    for level in report.plan.levels:
        for t in level.trajectories:
            worst = next((s for s in SEVERITY_ORDER if any(f.severity == s for f in t.findings)), None)
            count = sum(f.severity != "info" for f in t.findings)
            rows = {c.name: c for c in judged_clearances(t, report.plan.limits)}
            least = judged_least(t, report.plan.limits)
            toward = least.name if least is not None else ""
            cells = (
                level.name,
                t.side,
                t.state,
                ", ".join(x for x in (mm(*least.shown) if least is not None else "–", toward) if x),
                mm(*rows["Electrode to canal"].shown),
                mm(*rows["Lesion to canal"].shown),
                mm(tool_length_mm(t)),
                t.gertzbein_robbins,
                str(count) if count else "none",
            )
            for (_, x), cell in zip(_COLUMNS, cells, strict=True):
                text(c, LEFT + x, y, cell, 8, BOLD if x == 0 else "Helvetica")
            mark(c, RIGHT - 8, y - 1, worst if worst in ("stop", "caution") else "good")
            c.setLineWidth(0.25)
            c.setStrokeGray(0.6)
            c.line(LEFT, y - 5, RIGHT, y - 5)
            c.setStrokeGray(0)
            y -= 16
        if not level.trajectories:
            text(c, LEFT, y, level.name, 8, BOLD)
            text(c, LEFT + 40, y, "not planned", 8)
            mark(c, RIGHT - 8, y - 1, "stop")
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
    left = table(c, LEFT, y, 258, "C-arm, in the order of the levels", rows[:half])
    if rows[half:]:
        table(c, LEFT + 279, y, 258, "continued", rows[half:])
    return left


def _finding_list(c: Canvas, y: float, title: str, findings: list[tuple[str, Finding, str]]) -> float:
    """Each with where it was found, and who has looked at it if somebody must."""
    text(c, LEFT, y, title.upper(), 7.5, BOLD)
    c.setLineWidth(1.1)
    c.line(LEFT, y - 5, RIGHT, y - 5)
    y -= 17
    if not findings:
        text(c, LEFT, y, "None.", 7.5)
        return y - 10
    order = {severity: n for n, severity in enumerate(SEVERITY_ORDER)}
    for where, finding, looked in sorted(findings, key=lambda item: order[item[1].severity]):
        if y < 110:
            text(c, LEFT, y, "More in plan.json.", 7.5)
            return y - 10
        mark(c, LEFT, y - 1, finding.severity if finding.severity != "info" else "none")
        y = paragraph(c, LEFT + 11, y, WIDE - 11, f"{finding.said_of(where)} {looked}".rstrip(), 7.5) - 3
    return y
