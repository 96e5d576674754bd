"""From a folder to an open case: scan, choose a series, read its voxels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from imaging.dicom.load import LoadedSeries, load_series
from imaging.dicom.scan import Seen, choose_best, scan_folder
from imaging.dicom.series import ScanResult, SeriesSummary
from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.volume import Volume
from planner.domain.passport import ImagePrint
from planner.domain.plan import Plan, Source


@dataclass(frozen=True, eq=False)
class Case:
    """Images opened for planning.

    Attributes:
        folder: that was searched.
        series: its voxels, patient and findings.
        why_chosen: a sentence that says which series this is and why it was taken.
    """

    folder: Path
    series: LoadedSeries
    why_chosen: str

    @property
    def volume(self) -> Volume:
        """Voxels on their own grid."""
        return self.series.volume

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed about the images."""
        return self.series.findings

    @property
    def source(self) -> Source:
        """What a plan made on these images refers to."""
        s = self.series
        return Source(
            s.study_instance_uid,
            s.series_instance_uid,
            s.frame_of_reference_uid,
            s.modality,
            s.voxel_sha256,
            tuple(ImagePrint(uid, sha256) for uid, sha256 in s.image_sha256),
        )


def scan(folder: Path, progress: Progress = NULL_PROGRESS, seen: Seen | None = None) -> ScanResult:
    """What a folder holds; PlannerError where it cannot be searched or holds no images.

    ``seen`` is told now and then what was found so far.
    """
    return scan_folder(folder, progress, seen)


def open_series(
    folder: Path,
    summary: SeriesSummary,
    why: str,
    progress: Progress = NULL_PROGRESS,
    *,
    fill_missing: bool = False,
) -> Case:
    """Open one scanned series; PlannerError where it cannot be planned on.

    ``fill_missing`` says that the user agreed to interpolate a few missing slices.
    """
    return Case(folder, load_series(summary, progress, fill_missing=fill_missing), why)


def open_case(
    folder: Path,
    series: str | None = None,
    progress: Progress = NULL_PROGRESS,
    *,
    fill_missing: bool = False,
) -> Case:
    """Open the best series of a folder, zip archive or DICOMDIR, or the one named by its UID (or UID#part).

    ``fill_missing`` says that the user agreed to interpolate a few missing slices.

    Raises:
        PlannerError: folder_*, no_usable_series, unknown_series, series_unusable and those of reading.
        TaskCancelledError: through ``progress``.
    """
    found = scan(folder, SubProgress(progress, 0.0, 0.4))
    if series is None:
        summary, why = choose_best(found.series, fill_missing)
    else:
        summary = _named(found.series, series)
        why = f"{summary.title} is taken, the series that was asked for."
    last = SubProgress(progress, 0.4, 1.0)
    case = open_series(folder, summary, why, last, fill_missing=fill_missing)
    patients = {(s.patient_id, s.patient_name) for s in found.series}
    if series is not None or len(patients) == 1:
        return case
    who = " ".join(x for x in (summary.patient_name, summary.patient_id) if x) or "the one without a name"
    text = f"This folder holds images of {len(patients)} patients. These are of {who}."
    told = Finding("caution", "several_patients", text, len(patients), 1, "patients")
    return replace(case, series=replace(case.series, findings=(told, *case.findings)))


def agreed_to_fill(plan: Plan) -> bool:
    """Whether the plan was made on images whose missing slices the user agreed to interpolate."""
    return any(f.code == "missing_slices_interpolated" for f in plan.findings)


def _named(series: tuple[SeriesSummary, ...], name: str) -> SeriesSummary:
    same = [s for s in series if name in (s.key, s.series_instance_uid)]
    if not same:
        raise PlannerError(
            "unknown_series",
            f"There is no series {name} in this folder. 'bvn-planner series' lists those there are.",
        )
    return max(same, key=lambda s: (s.key == name, s.score))
