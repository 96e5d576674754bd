"""The app, the report and approval judge a clearance alike, by the plan's own limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.domain.bands import judged_clearances, least_of, wall_band
from planner.domain.limits import DEFAULT_LIMITS
from planner.domain.plan import ProfilePoint
from planner.report.words import clearance_rows
from tests.services.plan_fakes import trajectory


def _bands(t, limits):
    return {c.name: c.band for c in judged_clearances(t, limits)}


@pytest.mark.parametrize(
    ("medial_mm", "band"), [(2.3, "good"), (2.2, "caution"), (1.3, "caution"), (1.2, "stop"), (None, "none")]
)
def test_the_medial_wall_is_judged_alike_on_paper_and_on_screen(medial_mm, band) -> None:
    t = trajectory("left")
    t = replace(t, clearance_mm=replace(t.clearance_mm, medial=medial_mm))
    assert _bands(t, DEFAULT_LIMITS)["Medial"] == band
    printed = {label.split(",")[0]: band for label, _, band in clearance_rows(t, DEFAULT_LIMITS)}
    assert printed == _bands(t, DEFAULT_LIMITS)
    if medial_mm is not None:
        assert wall_band(t, medial_mm, "medial", DEFAULT_LIMITS) == band


def test_limits_of_the_plan_are_the_ones_that_judge() -> None:
    t = trajectory("right")
    strict = replace(DEFAULT_LIMITS, medial_inferior_mm=5.0, medial_inferior_low_mm=3.5, docking_mm=2.0)
    assert _bands(t, DEFAULT_LIMITS)["Medial"] == "good"
    assert _bands(t, strict)["Medial"] == "stop"
    assert wall_band(t, 4.0, "inferior", strict) == "caution"
    assert wall_band(t, 4.0, "lateral", strict) == "good"


def test_the_reserve_is_part_of_what_is_needed_and_no_part_of_what_is_measured() -> None:
    t = trajectory("left")
    t = replace(t, clearance_mm=replace(t.clearance_mm, medial=2.1))
    for reserve, band in ((0.0, "good"), (0.3, "caution"), (1.2, "stop")):
        limits = replace(DEFAULT_LIMITS, cortex_reserve_mm=reserve)
        medial = next(c for c in judged_clearances(t, limits) if c.name == "Medial")
        assert (medial.value_mm, medial.wanted_mm, medial.needed_mm) == (2.1, 2.0, 2.0 + reserve)
        assert medial.band == band
    assert DEFAULT_LIMITS.needed_words(2.0) == "2.3 mm (2 and 0.3 for the segmented edge)"
    assert replace(DEFAULT_LIMITS, cortex_reserve_mm=0.0).needed_words(2.0) == "2 mm"
    short = replace(t, clearance_mm=replace(t.clearance_mm, medial=2.26))
    assert clearance_rows(short, DEFAULT_LIMITS)[0][1:] == ("2.26\u00a0mm", "caution")
    assert ("Medial, needs 2.3", "2.1\u00a0mm", "caution") in clearance_rows(t, DEFAULT_LIMITS)


def test_the_first_millimetres_in_bone_are_not_judged() -> None:
    t = replace(
        trajectory("left"),
        profile=(ProfilePoint(3.0, -1.0, "medial"), ProfilePoint(7.0, 2.5, "lateral")),
    )
    assert least_of(t, DEFAULT_LIMITS) == ProfilePoint(7.0, 2.5, "lateral")
    assert least_of(t, replace(DEFAULT_LIMITS, docking_mm=2.0)) == ProfilePoint(3.0, -1.0, "medial")
