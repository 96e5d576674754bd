"""Series of a folder as the browser's rows: patient, study, series, verdict and its reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from imaging.dicom.checks import IDEAL_SLICE_MM
from planner.domain import dates
from ui.widgets import mm

VERDICTS = {
    "best": ("good", "Best for planning"),
    "usable": ("good", "Usable for planning"),
    "limited": ("caution", "Usable with limits"),
    "unusable": ("stop", "Not usable for planning"),
    "reference": ("none", "For reference only"),
}


@dataclass(frozen=True, eq=False)
class SeriesRow:
    """One row: what it is, and what may be done with it."""

    series: Any
    patient: str
    patient_note: str
    study: str
    title: str
    note: str
    kind: str
    images: int
    spacing: str
    mark: str
    verdict: str
    reason: str
    plannable: bool
    fillable: bool


def person_name(raw: str) -> str:
    """A DICOM person name as it is read: family name, given name."""
    parts = [p for p in raw.replace("=", "^").split("^") if p]
    return ", ".join(parts[:2]) if parts else "No name"


def date_words(raw: str) -> str:
    """A DICOM date in words; empty when it is none."""
    try:
        day = date(int(raw[:4]), int(raw[4:6]), int(raw[6:8]))
    except ValueError:
        return ""
    return dates.date_words(f"{day:%Y%m%d}")


def rows_of(series: Any) -> list[SeriesRow]:
    """Rows of all series, grouped by patient and study, best first within a study."""
    made = []
    for s in series:
        mark, verdict = VERDICTS[s.verdict]
        born = date_words(s.patient_birth_date)
        sex = s.patient_sex
        note = ", ".join(x for x in (s.patient_id, sex, f"born {born}" if born else "") if x)
        reason = " ".join(f.text for f in s.reasons[:2])
        if not reason and s.verdict in ("best", "usable"):
            reason = "Even spacing, nothing missing."
            if s.modality == "CT" and s.spacing_mm > IDEAL_SLICE_MM + 0.005:
                reason += f" Slices of {IDEAL_SLICE_MM:g}\u202fmm or less measure a pedicle better."
        up = s.extent_lps_mm[2]
        detail = ", ".join(
            x for x in (s.orientation, f"{up:.0f}\u202fmm from head to foot" if up else "") if x
        )
        made.append(
            SeriesRow(
                s,
                person_name(s.patient_name),
                note,
                date_words(s.study_date) or "no date",
                s.title,
                detail,
                s.modality,
                s.slices,
                mm(s.spacing_mm) if s.spacing_mm else "–",
                mark,
                verdict,
                reason,
                s.plannable,
                s.fillable,
            )
        )
    return sorted(made, key=lambda r: (r.patient, r.patient_note, r.study, -r.series.score, r.title))
