"""One page of the report per level and side: numbers, pictures, checkpoints, findings."""

from __future__ import annotations

import numpy as np

from imaging.findings import SEVERITY_ORDER, Finding
from imaging.geometry.carm import pose_words
from planner.domain.bands import judged_clearances
from planner.domain.limits import Limits
from planner.domain.plan import LevelPlan, Trajectory
from planner.domain.tool_plane import plane_words
from planner.report.contents import (
    LEFT,
    RIGHT,
    VIEW_TITLES,
    WIDE,
    Report,
    header_right,
    stamp_of,
)
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
from planner.report.pictures import Shown, StationPictures, TrajectoryPictures
from planner.report.words import (
    Row,
    clearance_rows,
    entry_rows,
    instrument_rows,
    mm,
    printable,
)


def trajectory_page(c: Canvas, report: Report, level: LevelPlan, t: Trajectory) -> None:
    """Draw the page of one side of a level."""
    side_chip(c, LEFT, 771, 44, t.side)
    text(c, LEFT + 54, 790, f"{level.name} {t.side.upper()}", 24, BOLD)
    way = "beside" if t.access == "extrapedicular" else "through"
    pair = ", one tool of a pair" if t.access == "bipedicular" else ""
    subtitle = (
        f"Basivertebral nerve, {way} the {t.side} pedicle{pair}. "
        "Patient's left is on the left but in laterals."
    )
    text(c, LEFT + 54, 776, subtitle, fitted(c, subtitle, 330, 8, "Helvetica"))
    header_right(c, report, stamp_of([t.state]))
    c.setLineWidth(1.2)
    c.line(LEFT, 763, RIGHT, 763)
    anatomy = report.segmentation.level(level.verse)
    shots = report.pictures.get((level.verse, t.side))
    if shots is not None:
        plane = plane_words(t, anatomy.body.superior) if anatomy is not None else ""
        _pictures(c, t, shots, f"Axial, {plane}", report.limits)
    if anatomy is None:
        return
    target: list[Row] = []
    if level.target is not None:
        depth = level.target.depth_fraction
        target.append(("Target depth", f"{100 * depth:.0f} %, {mm(depth * anatomy.body.depth_mm)}"))
        off = float((np.array(t.tip_lps_mm) - anatomy.body.centre_lps_mm) @ anatomy.body.left)
        aside = "" if abs(off) < 0.05 else " left" if off > 0 else " right"
        target.append(("Tip off the midline", f"{mm(abs(off))}{aside}"))
    column = (WIDE - 28) / 3
    instrument = instrument_rows(t, target, report.devices.get(t.device), report.limits)
    y0 = 470.0
    y = min(
        table(c, LEFT, y0, column, "Entry and depth", entry_rows(t, anatomy)),
        table(c, LEFT + column + 14, y0, column, "Clearance", clearance_rows(t, report.limits)),
        table(c, LEFT + 2 * (column + 14), y0, column, "Instrument and target", instrument),
    )
    name = report.devices[t.device].name if t.device in report.devices else t.device
    text(c, LEFT, y - 12, f"Instrument profile: {name}. {report.limits.measured_words()}", 7)
    note = report.plan.notebook.note((level.verse, t.side))
    if note:
        y = paragraph(c, LEFT, y - 22, WIDE, f"Note: {note}", 7.5, BOLD) + 9
    findings = (*t.findings, *(f for f in level.findings if f.severity != "info"))
    y = _finding_box(c, y - 20, sorted(findings, key=lambda f: SEVERITY_ORDER.index(f.severity)))
    if shots is not None and shots.stations:
        _stations(c, y - 18, shots.stations)


def _pictures(c: Canvas, t: Trajectory, shots: TrajectoryPictures, axial: str, limits: Limits) -> None:
    gap = 6.0
    wide = (WIDE - 2 * gap) / 3
    first = (
        (shots.view3d, "3D, cut at the tool", ("L", "R"))
        if shots.view3d
        else (shots.sagittal, "Sagittal, through the tip", ("A", "P"))
    )
    picture(c, LEFT, 610, wide, 146, first[0], first[1], first[2])
    picture(c, LEFT + wide + gap, 610, wide, 146, shots.tool_plane, axial, ("L", "R"))
    x = LEFT + 2 * (wide + gap)
    picture(c, x, 610, wide, 146, shots.down_tool, "Down the tool, mid-pedicle", ("L", "R"))
    _wall_numbers(c, x + wide / 2, 610 + 73, t, limits)
    wide, high = (WIDE - 3 * gap) / 4, 106.0
    for n, (view, title) in enumerate(VIEW_TITLES.items()):
        x = LEFT + n * (wide + gap)
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


def _wall_numbers(c: Canvas, x: float, y: float, t: Trajectory, limits: Limits) -> None:
    """The least clearance to each pedicle wall, on the side of the picture where that wall is."""
    left, right = ("Lateral", "Medial") if t.side == "left" else ("Medial", "Lateral")
    places = {"Superior": (0, 36), "Inferior": (0, -46), left: (-58, -5), right: (58, -5)}
    for row in judged_clearances(t, limits):
        if row.name in places and row.value_mm is not None:
            (dx, dy), value = places[row.name], mm(*row.shown)
            wide = c.stringWidth(printable(value), BOLD, 6.5) + 6
            boxed(c, x + dx - wide / 2, y + dy, value, 6.5)


def _stations(c: Canvas, y: float, stations: tuple[StationPictures, ...]) -> None:
    """AP over lateral of each checkpoint, as large as the rest of the page allows."""
    gap = 6.0
    wide = (WIDE - 4 * gap) / 5
    under = 58.0
    high = min(wide, (y - 38 - 26 - under) / 2 - 3)
    if high < 34:
        return
    text(c, LEFT, y, "CHECKPOINTS, MM PAST BONE ENTRY", 7.5, BOLD)
    c.setLineWidth(1.1)
    c.line(LEFT, y - 5, RIGHT, y - 5)
    for n, station in enumerate(stations):
        x = LEFT + n * (wide + gap)
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
            text(c, LEFT + 18, y, "More in plan.json.", 7.5)
            y -= 10
            break
        mark(c, LEFT + 7, y - 1, finding.severity if finding.severity != "info" else "none")
        y = paragraph(c, LEFT + 18, y, WIDE - 26, finding.text, 7.5) - 1
    c.setLineWidth(1.1)
    c.rect(LEFT, y + 4, WIDE, top - y - 4)
    return y + 4
