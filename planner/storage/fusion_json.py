"""The MR laid on the CT in plan.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from planner.domain.fusion import FusedLevel, Fusion

Json = dict[str, Any]


def fusion_to_dict(fusion: Fusion | None) -> Json | None:
    """One object, or null."""
    if fusion is None:
        return None
    document = asdict(fusion)
    document["ct_from_mr"] = list(fusion.ct_from_mr)
    for level in document["levels"]:
        level["ct_from_mr"] = list(level["ct_from_mr"])
        level["foramen_lps_mm"] = None if level["foramen_lps_mm"] is None else list(level["foramen_lps_mm"])
    document["levels"] = list(document["levels"])
    return document


def fusion_from_dict(document: Mapping[str, Any] | None) -> Fusion | None:
    """The fusion of a document."""
    if document is None:
        return None
    levels = tuple(
        FusedLevel(
            **{
                **level,
                "ct_from_mr": tuple(level["ct_from_mr"]),
                "foramen_lps_mm": None if level["foramen_lps_mm"] is None else tuple(level["foramen_lps_mm"]),
            }
        )
        for level in document["levels"]
    )
    return Fusion(**{**document, "ct_from_mr": tuple(document["ct_from_mr"]), "levels": levels})
