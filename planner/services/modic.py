"""Modic changes of a plan: entered by a reader; a measured suggestion stands beside, and is never entered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.dicom.series import SeriesSummary
from imaging.errors import PlannerError
from imaging.fusion.start import body_moved
from imaging.mr.modic import NOT_SURE, ModicSuggestion, suggest, unsure_endplates
from imaging.mr.sequence import sequence_of_file
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.domain.candidate import CandidateSheet
from planner.domain.fusion import Fusion
from planner.domain.modic import ENDPLATES, Endplate, ModicFinding, can_type
from planner.domain.plan import Plan
from planner.services.open_case import Case, open_series, scan
from planner.services.segment_case import segment_case


@dataclass(frozen=True, eq=False)
class ModicStudy:
    """The MR of a folder: volumes by sequence, why each is that sequence, and what is suggested.

    ``unknown`` are (series UID, title) of the series whose header does not tell the sequence: a person must.
    """

    images: dict[str, Volume]
    why: dict[str, str]
    suggestions: dict[Endplate, ModicSuggestion]
    segmentation: SpineSegmentation
    unknown: tuple[tuple[str, str], ...] = ()
    field_strength_t: float | None = None


def with_modic(plan: Plan, finding: ModicFinding) -> Plan:
    """The plan with one endplate entered anew."""
    place = (finding.verse, finding.face)
    if place not in ENDPLATES:
        text = "Modic changes are recorded from L1's lower to S1's upper endplate."
        raise PlannerError("bad_endplate", text)
    rest = tuple(f for f in plan.modic if (f.verse, f.face) != place)
    return replace(plan, modic=(*rest, finding))


def with_candidate(plan: Plan, sheet: CandidateSheet) -> Plan:
    """The plan with another candidate sheet."""
    return replace(plan, candidate=sheet)


def study_of(
    folder: Path,
    progress: Progress = NULL_PROGRESS,
    named: Mapping[str, str] | None = None,
    like: Case | None = None,
) -> ModicStudy:
    """Read the MR series of one frame of reference in a folder and suggest a type for each endplate.

    The bodies are drawn on the T1, else on the first series. A series in another frame of reference than
    that one is left out: its endplates lie elsewhere.

    Args:
        named: sequence by series UID, where a person said it.
        like: only series of this case's patient are read.

    Raises:
        PlannerError: ``no_mr`` and those of reading and segmenting.
    """
    found = scan(folder, SubProgress(progress, 0.0, 0.2))
    cases: dict[str, Case] = {}
    why: dict[str, str] = {}
    unknown: list[tuple[str, str]] = []
    for summary in found.series:
        if summary.modality != "MR" or summary.verdict == "unusable" or not summary.headers:
            continue
        if like is not None and not _same_patient(summary, like):
            continue
        uid = summary.series_instance_uid
        name: str
        name, reason = sequence_of_file(summary.headers[0].image.path)
        if named is not None and uid in named:
            name, reason = named[uid], "said by a person"
        if name == "unknown":
            unknown.append((uid, summary.title))
        if name != "unknown" and name not in cases:
            cases[name] = open_series(folder, summary, "")
            why[name] = reason
    if not cases:
        text = "No MR series whose sequence the header tells was found in this folder."
        raise PlannerError("no_mr", text)
    first = cases.get("T1") or next(iter(cases.values()))
    frame = first.source.frame_of_reference_uid
    images = {n: c.volume for n, c in cases.items() if c.source.frame_of_reference_uid == frame}
    segmentation = segment_case(first, None, SubProgress(progress, 0.3, 0.9))
    suggestions = _suggestions(images, segmentation.levels)
    strength = _field_strength_t(first)
    return ModicStudy(
        images, {n: why[n] for n in images}, suggestions, segmentation, tuple(unknown), strength
    )


def seen_from_ct(study: ModicStudy, fusion: Fusion, found: SpineSegmentation) -> ModicStudy | None:
    """The study with the CT's vertebrae, names and all, where the MR shows them; None of another MR.

    Only levels whose fusion is trusted are kept.
    """
    frames = {image.grid.frame_of_reference_uid for image in study.images.values()}
    if frames != {fusion.frame_of_reference_uid}:
        return None
    levels = []
    for fused in fusion.levels:
        anatomy = found.level(fused.verse)
        if fused.trusted and anatomy is not None:
            mr_from_ct = np.linalg.inv(np.array(fused.ct_from_mr).reshape(4, 4))
            levels.append(replace(anatomy, body=body_moved(mr_from_ct, anatomy.body), pedicles={}))
    segmentation = replace(study.segmentation, levels=tuple(levels))
    suggestions = {
        place: suggest(anatomy, place[1], study.images)
        for place in ENDPLATES
        if (anatomy := segmentation.level(place[0])) is not None
    }
    return replace(study, segmentation=segmentation, suggestions=suggestions)


def named_by_case(study: ModicStudy, case: Case, found: SpineSegmentation) -> ModicStudy | None:
    """The study of an MR case with its plan's vertebrae, names and all; None where it lies elsewhere."""
    frames = {image.grid.frame_of_reference_uid for image in study.images.values()}
    if case.volume.modality != "MR" or frames != {case.source.frame_of_reference_uid}:
        return None
    segmentation = replace(study.segmentation, levels=found.levels)
    return replace(
        study, segmentation=segmentation, suggestions=_suggestions(study.images, segmentation.levels)
    )


def _suggestions(
    images: Mapping[str, Volume], levels: Sequence[VertebraAnatomy]
) -> dict[Endplate, ModicSuggestion]:
    unsure = unsure_endplates(levels)
    by_verse = {anatomy.verse: anatomy for anatomy in levels}
    return {
        place: NOT_SURE if place in unsure else suggest(by_verse[place[0]], place[1], images)
        for place in ENDPLATES
        if place[0] in by_verse
    }


def _same_patient(summary: SeriesSummary, case: Case) -> bool:
    s = case.series
    return (summary.patient_id, summary.patient_name) == (s.patient_id, s.patient_name)


def _field_strength_t(case: Case) -> float | None:
    import pydicom

    header = pydicom.dcmread(case.series.summary.headers[0].image.path, stop_before_pixels=True)
    try:
        return float(header.get("MagneticFieldStrength"))
    except (TypeError, ValueError):
        return None


def typable(study: ModicStudy) -> bool:
    """Whether the sequences at hand allow a type."""
    return can_type(tuple(study.images))
