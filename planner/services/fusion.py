"""MR laid on the plan's CT: refused when patients differ, accepted as an edit that undo takes back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imaging.dicom.series import SeriesSummary
from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.fusion.fuse import MOST_RESIDUAL_MM, FusionFit, fuse
from imaging.fusion.resample import mr_on_ct
from imaging.fusion.start import moved
from imaging.labels import NAME_FROM_VERSE
from imaging.mr.foramen import foramen_on_mr
from imaging.mr.sequence import sequence_of_file
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.domain.fusion import FusedLevel, Fusion, Matrix
from planner.domain.plan import Plan
from planner.services.open_case import Case, open_series, scan
from planner.services.segment_case import segment_case

Array = NDArray[np.float64]
COUNT_DIFFERS = "mr_count_differs"


@dataclass(frozen=True, eq=False)
class FusionResult:
    """A fusion to be looked at: the MR, what was found in it, and what accepting it would record."""

    mr: Case
    mr_found: SpineSegmentation
    sequence: str
    fusion: Fusion


def mr_series(case: Case, progress: Progress = NULL_PROGRESS) -> list[SeriesSummary]:
    """The readable MR series of the case's folder that may be of the same patient, best first."""
    found = scan(case.folder, progress)
    usable = [s for s in found.series if s.modality == "MR" and s.verdict != "unusable" and s.headers]
    return sorted(usable, key=lambda s: -s.score)


def require_same_patient(ct: Case, mr: Case) -> None:
    """Raise PlannerError ``other_patient`` where name, number, birth date or sex of the images differ."""
    a, b = ct.series, mr.series
    for one, other in (
        (a.patient_id, b.patient_id),
        (a.patient_name, b.patient_name),
        (a.patient_birth_date, b.patient_birth_date),
        (a.patient_sex, b.patient_sex),
    ):
        if one.strip().upper() != other.strip().upper():
            ours, theirs = (
                " ".join(x for x in (s.patient_name, s.patient_id) if x) or "nobody" for s in (a, b)
            )
            raise PlannerError(
                "other_patient",
                f"This MR belongs to {theirs}. This case is {ours}. They are not laid on each other.",
            )


def fuse_series(
    case: Case, found: SpineSegmentation, summary: SeriesSummary, progress: Progress = NULL_PROGRESS
) -> FusionResult:
    """Read an MR series of the case's folder and lay it on the CT.

    Raises:
        PlannerError: ``needs_ct``, ``other_patient`` and those of reading, segmenting and fusing.
        TaskCancelledError: through ``progress``.
    """
    if case.volume.modality != "CT":
        raise PlannerError("needs_ct", "An MR is laid on a CT; this case was opened on an MR.")
    mr = open_series(case.folder, summary, "", SubProgress(progress, 0.0, 0.05))
    require_same_patient(case, mr)
    mr_found = segment_case(mr, None, SubProgress(progress, 0.05, 0.35))
    fit = fuse(case.volume, found, mr.volume, mr_found, SubProgress(progress, 0.35, 0.98))
    sequence = sequence_of_file(summary.headers[0].image.path)[0] if summary.headers else "unknown"
    return FusionResult(mr, mr_found, sequence, _recorded(fit, mr, mr_found, sequence))


def _recorded(fit: FusionFit, mr: Case, mr_found: SpineSegmentation, sequence: str) -> Fusion:
    levels = []
    for level in fit.levels:
        anatomy = mr_found.level(level.mr_verse) if level.mr_verse is not None else None
        mouth = foramen_on_mr(mr.volume, anatomy.body, sequence) if anatomy is not None else None
        place = None
        if mouth is not None and level.trusted:
            x, y, z = (float(v) for v in moved(level.ct_from_mr, mouth.mouth_lps_mm))
            place = (x, y, z)
        levels.append(
            FusedLevel(
                level.verse,
                level.mr_verse,
                _numbers(level.ct_from_mr),
                round(level.residual_mm, 2),
                level.trusted,
                place,
            )
        )
    s = mr.series
    return Fusion(
        s.study_instance_uid,
        s.series_instance_uid,
        s.frame_of_reference_uid,
        s.summary.title,
        _numbers(fit.ct_from_mr),
        tuple(levels),
        fit.shift,
    )


def _numbers(matrix: Array) -> Matrix:
    return tuple(round(float(v), 8) for v in matrix.ravel())


def matrix_of(numbers: Matrix) -> Array:
    """The (4, 4) matrix of 16 numbers."""
    return np.array(numbers, float).reshape(4, 4)


def open_fused(case: Case, fusion: Fusion, progress: Progress = NULL_PROGRESS) -> Case:
    """The MR that was laid on a CT; PlannerError ``mr_missing`` where it is no longer in the folder."""
    for summary in scan(case.folder, SubProgress(progress, 0.0, 0.4)).series:
        if summary.series_instance_uid == fusion.series_instance_uid:
            return open_series(case.folder, summary, "", SubProgress(progress, 0.4, 1.0))
    raise PlannerError("mr_missing", f"The MR {fusion.title} is no longer in {case.folder}.")


def drawn_on_ct(
    found: SpineSegmentation,
    mr: Volume,
    fusion: Fusion,
    trusted_only: bool,
    progress: Progress = NULL_PROGRESS,
) -> Volume | None:
    """The MR where the CT lies, of the trusted levels or of all; None where there are none."""
    motions = {f.verse: matrix_of(f.ct_from_mr) for f in fusion.levels if f.trusted or not trusted_only}
    return mr_on_ct(found.vertebrae, mr, motions, progress) if motions else None


def with_fusion(plan: Plan, fusion: Fusion | None) -> Plan:
    """The plan with an MR laid on its CT (or none), and what is to be known about it among its findings."""
    rest = tuple(f for f in plan.findings if f.code != COUNT_DIFFERS)
    if fusion is not None and fusion.shift:
        first = next((f for f in fusion.levels if f.mr_verse not in (None, f.verse)), None)
        called = (
            f": {NAME_FROM_VERSE[first.verse]} of the CT is {NAME_FROM_VERSE[first.mr_verse]} there"
            if first is not None and first.mr_verse is not None
            else ""
        )
        text = (
            f"Counted alone, the MR's levels have other names{called}. "
            "The CT's names are used; check the count."
        )
        rest = (*rest, Finding("caution", COUNT_DIFFERS, text, abs(fusion.shift), 0, "levels"))
    return replace(plan, fusion=fusion, findings=rest)


def fusion_words(level: FusedLevel) -> str:
    """What a level's residual means, in a sentence."""
    name = NAME_FROM_VERSE[level.verse]
    if not level.trusted:
        return (
            f"{name}: two searches or its neighbours part by {level.residual_mm:.1f} mm, "
            f"limit {MOST_RESIDUAL_MM:g} mm. The MR is not shown here."
        )
    return f"{name}: searches and neighbours agree within {level.residual_mm:.1f} mm."
