"""What a reader may record, what is proposed from it, that it is kept, and the suggestion on the phantom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from imaging.mr.modic import suggest, unsure_endplates
from imaging.mr.sequence import sequence_of
from planner.domain.candidate import CandidateSheet
from planner.domain.modic import ENDPLATES, ModicFinding, can_type, neighbour, proposed_levels
from planner.report.mr_page import modic_rows
from planner.storage.mr_json import candidate_from_dict, candidate_to_dict, modic_from_list, modic_to_list
from sample_dicom.magnetic import MODIC_TYPES, build_mr
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import build_phantom

BOTH = ("T1", "STIR")


def test_ten_endplates_from_l1_lower_to_s1_upper() -> None:
    assert len(ENDPLATES) == 10
    assert neighbour((24, "inferior")) == (26, "superior")
    assert neighbour((26, "superior")) == (24, "inferior")


def test_a_type_needs_t1_and_t2_or_stir() -> None:
    assert can_type(BOTH)
    for sequences in (("T2",), ("T1",), ("T2", "STIR"), ()):
        assert not can_type(sequences)
        with pytest.raises(ValueError, match="needs T1"):
            ModicFinding(23, "inferior", "1", sequences)
    assert ModicFinding(23, "inferior", None, ("T2",)).kind is None


def test_both_vertebrae_of_a_segment_are_proposed() -> None:
    one = ModicFinding(23, "inferior", "1", BOTH)
    assert proposed_levels((one,)) == (23, 24)
    assert proposed_levels((ModicFinding(26, "superior", "2/3", BOTH),)) == (24, 26)
    assert proposed_levels((ModicFinding(23, "inferior", "3", BOTH),)) == ()


def test_findings_and_sheet_are_kept() -> None:
    found = (
        ModicFinding(23, "inferior", "1/2", BOTH, ">50", "25-50", "front", True, 1.5, "AB", "2025-01-15"),
    )
    assert modic_from_list(modic_to_list(found)) == found
    assert "type 1/2" in modic_rows(found)[0][1]
    assert modic_rows(found)[0][1].endswith("; AB; 15 Jan 2025")
    sheet = CandidateSheet((("pregnancy", "yes"), ("infection", "no")), pain_months=3)
    assert candidate_from_dict(candidate_to_dict(sheet)) == sheet


def test_the_sheet_says_what_speaks_against_and_gives_no_verdict() -> None:
    sheet = CandidateSheet((("pregnancy", "yes"),), pain_months=3, conservative_months=8)
    against = " ".join(sheet.against())
    assert "Pregnant" in against
    assert "3 months" in against
    assert len(sheet.against()) == 2
    assert not hasattr(sheet, "eligible")
    assert "Infection, systemic or at the site?" in sheet.open_questions()
    with pytest.raises(ValueError, match="unknown"):
        CandidateSheet((("pregnancy", "perhaps"),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"RepetitionTime": "550", "EchoTime": "10"}, "T1"),
        ({"RepetitionTime": "3500", "EchoTime": "100"}, "T2"),
        ({"RepetitionTime": "4200", "EchoTime": "60", "InversionTime": "160"}, "STIR"),
        ({"RepetitionTime": "3500", "EchoTime": "95", "ScanOptions": ["FS"]}, "T2 fat-saturated"),
        ({"SeriesDescription": "SAG TIRM"}, "STIR"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "WATER"]}, "Dixon"),
        ({"SeriesDescription": "localizer"}, "unknown"),
        ({"SharedFunctionalGroupsSequence": [
            {"MRTimingAndRelatedParametersSequence": [{"RepetitionTime": 500}],
             "MREchoSequence": [{"EffectiveEchoTime": 9}]}]}, "T1"),
    ],
)  # fmt: skip
def test_sequence_is_read_from_the_header(header: dict[str, object], expected: str) -> None:
    assert sequence_of(header)[0] == expected


def test_suggestion_agrees_with_the_phantom_s_truth() -> None:
    phantom = build_phantom(PhantomParameters.small(seed=11))
    images = {name: build_mr(phantom, name) for name in ("T1", "STIR")}
    wrong = []
    for verse, truth in phantom.truth.items():
        anatomy = SimpleNamespace(body=truth.body)
        for face in ("superior", "inferior"):
            if (verse, face) not in ENDPLATES:
                continue
            kind = suggest(anatomy, face, images).kind  # type: ignore[arg-type]
            if kind != str(MODIC_TYPES.get((verse, face), 0)):
                wrong.append((verse, face, kind))
    assert len(wrong) <= 1, wrong
    anatomy = SimpleNamespace(body=phantom.truth[23].body)
    assert suggest(anatomy, "inferior", {"STIR": images["STIR"]}).kind is None  # type: ignore[arg-type]


def test_an_endplate_drawn_short_of_a_change_is_not_typed() -> None:
    plate = {
        v: (np.array([0, 0, z + 10.0]), np.array([0, 0, z - 10.0])) for v, z in ((22, 70), (23, 36), (24, -6))
    }
    levels: list[Any] = [
        SimpleNamespace(verse=v, body=SimpleNamespace(superior_endplate=[up], inferior_endplate=[down]))
        for v, (up, down) in plate.items()
    ]
    assert unsure_endplates(levels) == {(23, "inferior"), (24, "superior")}
