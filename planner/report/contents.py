"""What the report shows, and what every page of it has: header and stamp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reportlab.lib.pagesizes import A4

from imaging.labels import Side
from imaging.segmentation.result import SpineSegmentation
from planner.domain.dates import date_words
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits
from planner.domain.plan import Plan, ViewName
from planner.report.drawing import (
    BOLD,
    Canvas,
    boxed,
    fitted,
    text,
)
from planner.report.pictures import TrajectoryPictures
from planner.report.printing import DEFAULT_PRINTING, Printing
from planner.report.words import (
    Row,
    patient_name,
)

PURPOSE = "A planning and training aid, not a certified device."
VIEW_TITLES: dict[ViewName, str] = {
    "ap": "AP",
    "lateral": "Lateral",
    "oblique": "Oblique",
    "en_face": "Down the tool",
}
WIDTH, HEIGHT = A4
LEFT, RIGHT = 29.0, WIDTH - 29.0
WIDE = RIGHT - LEFT


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


def header_right(c: Canvas, report: Report, stamp: str) -> None:
    """Patient, series and the stamp of the state, at the top right of a page."""
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
        text(c, RIGHT, y, words, fitted(c, words, 190, size, font), font, "right")
    boxed(c, RIGHT, 771, stamp, 7, "right")


def stamp_of(states: list[str]) -> str:
    """The stamp of a page: approved only where everything on it is."""
    return "APPROVED" if states and all(s == "approved" for s in states) else "DRAFT, NOT APPROVED"


def footer(c: Canvas, report: Report, number: int, total: int) -> None:
    """The line at the foot of a page."""
    c.setLineWidth(0.4)
    c.line(LEFT, 30, RIGHT, 30)
    words = "Simulated X-rays. Not for navigation. A physician decides."
    text(c, LEFT, 20, words, 6.5)
    page = f"Page {number} of {total}"
    text(c, RIGHT, 20, page, 6.5, BOLD, "right")
    text(c, RIGHT - c.stringWidth(page, BOLD, 6.5) - 8, 20, report.printed, 6.5, align="right")
