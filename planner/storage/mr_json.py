"""Modic findings and the candidate sheet in plan.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from planner.domain.candidate import CandidateSheet
from planner.domain.modic import ModicFinding

Json = dict[str, Any]


def modic_to_list(findings: Iterable[ModicFinding]) -> list[Json]:
    """One object per endplate."""
    return [{**asdict(f), "sequences": list(f.sequences)} for f in findings]


def modic_from_list(documents: Iterable[Mapping[str, Any]]) -> tuple[ModicFinding, ...]:
    """The findings; ValueError where a type was given without the sequences for it."""
    return tuple(ModicFinding(**{**d, "sequences": tuple(d["sequences"])}) for d in documents)


def candidate_to_dict(sheet: CandidateSheet) -> Json:
    """Answers by question, and months."""
    return {
        "answers": dict(sheet.answers),
        "pain_months": sheet.pain_months,
        "conservative_months": sheet.conservative_months,
    }


def candidate_from_dict(document: Mapping[str, Any] | None) -> CandidateSheet:
    """The sheet; an empty one without a document."""
    if not document:
        return CandidateSheet()
    return CandidateSheet(
        tuple(document["answers"].items()), document["pain_months"], document["conservative_months"]
    )
