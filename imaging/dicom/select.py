"""From a folder to the volume to plan on, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from imaging.dicom.load import LoadedSeries, load_series
from imaging.dicom.scan import choose_best, scan_folder
from imaging.dicom.series import SeriesSummary
from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.progress import NULL_PROGRESS, Progress, SubProgress


def find_series(series: Sequence[SeriesSummary], series_uid: str) -> SeriesSummary:
    """The volume named by a series UID, or by UID#part; of several under one UID the best.

    Raises:
        PlannerError: series_not_found, or series_unusable with its reason.
    """
    named = [s for s in series if s.key == series_uid] or [
        s for s in series if s.series_instance_uid == series_uid
    ]
    if not named:
        text = f"No series {series_uid} in this folder, which holds {len(series)}. List them to find its UID."
        raise PlannerError("series_not_found", text)
    found = max(named, key=lambda s: (s.plannable, s.score, s.slices))
    if not found.plannable:
        reason = found.reasons[0].text if found.reasons else ""
        raise PlannerError("series_unusable", f"{found.title} cannot be planned. {reason}".strip())
    return found


def load_best(
    folder: Path, series_uid: str | None = None, progress: Progress = NULL_PROGRESS
) -> LoadedSeries:
    """Scan ``folder`` and load the best series, or the named one.

    The choice is told by a finding ``series_chosen``; images of several patients by ``several_patients``.
    """
    found = scan_folder(folder, SubProgress(progress, 0.0, 0.3))
    if series_uid is not None:
        return load_series(find_series(found.series, series_uid), SubProgress(progress, 0.3, 1.0))
    best, why = choose_best(found.series)
    loaded = load_series(best, SubProgress(progress, 0.3, 1.0))
    notes = [Finding("info", "series_chosen", why)]
    patients = {(s.patient_id, s.patient_name) for s in found.series}
    if len(patients) > 1:
        who = (
            " ".join(part for part in (best.patient_name, best.patient_id) if part)
            or "the one without a name"
        )
        text = f"This folder holds images of {len(patients)} patients. These are of {who}."
        notes.insert(0, Finding("caution", "several_patients", text, len(patients), 1, "patients"))
    return replace(loaded, findings=(*notes, *loaded.findings))
