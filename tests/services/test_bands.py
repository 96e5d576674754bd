"""The app, the report and approval judge a clearance alike, by the plan's own limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.domain.bands import binding, judged_clearances, judged_least, judged_wall, least_of
from planner.domain.limits import DEFAULT_LIMITS, LIMIT_SPECS, as_shown, figure
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
        assert judged_wall(t, ProfilePoint(9.0, medial_mm, "medial"), DEFAULT_LIMITS).band == band


def test_limits_of_the_plan_are_the_ones_that_judge() -> None:
    t = trajectory("right")
    strict = replace(DEFAULT_LIMITS, medial_inferior_mm=5.0, medial_inferior_low_mm=3.5, docking_mm=2.0)
    assert _bands(t, DEFAULT_LIMITS)["Medial"] == "good"
    assert _bands(t, strict)["Medial"] == "stop"
    assert judged_wall(t, ProfilePoint(9.0, 4.0, "inferior"), strict).band == "caution"
    assert judged_wall(t, ProfilePoint(9.0, 4.0, "lateral"), strict).band == "good"


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


@pytest.mark.parametrize(
    ("value", "needed", "shown"),
    [
        (2.2997, (2.3,), "2.29"),
        (10.2996, (10.3,), "10.29"),
        (1.28, (2.3, 1.3), "1.28"),
        (2.3 - 1e-11, (2.3,), "2.29"),
        (2.26, (2.3,), "2.26"),
        (2.24, (2.3,), "2.2"),
        (-0.004, (0.0,), "-0.01"),
        (2.3, (2.3,), "2.3"),
        (2.0 + 0.3, (2.3, 1.3), "2.3"),
    ],
)
def test_a_distance_never_reads_as_what_it_falls_short_of(value, needed, shown) -> None:
    assert figure(value, *needed) == shown
    for k in range(40):
        short = min(needed) - 0.0017 * (k + 1)
        number, digits = as_shown(short, *needed)
        assert round(number, digits) < min(needed)
        assert digits <= 2


def test_a_margin_under_its_stop_does_not_read_as_the_stop() -> None:
    t = trajectory("left")
    t = replace(t, clearance_mm=replace(t.clearance_mm, medial=1.28, electrode_to_canal=10.299))
    rows = {name: (value, band) for name, value, band in clearance_rows(t, DEFAULT_LIMITS)}
    assert rows["Medial, needs 2.3"] == ("1.28\u00a0mm", "stop")
    assert rows["Electrode to canal, needs 10.3"] == ("10.29\u00a0mm", "stop")


def _near_an_endplate():
    t = trajectory("left")
    return replace(
        t,
        clearance_mm=replace(t.clearance_mm, endplates=1.35, electrode_to_canal=14.0, lesion_to_canal=12.0),
        profile=(ProfilePoint(7.0, 2.5, "lateral"), ProfilePoint(36.7, 1.34, "superior")),
    )


def test_a_point_beside_an_endplate_is_not_judged_as_one_beside_a_pedicle_wall() -> None:
    t = _near_an_endplate()
    least = judged_least(t, DEFAULT_LIMITS)
    assert (least.name, least.value_mm, least.band) == ("superior", 1.34, "caution")
    assert binding(t, DEFAULT_LIMITS).name == "Endplates"
    wide = replace(t, clearance_mm=replace(t.clearance_mm, endplates=8.0))
    assert judged_least(wide, DEFAULT_LIMITS).band == "good"
    assert binding(wide, DEFAULT_LIMITS).name == "superior"
    worse = replace(wide, clearance_mm=replace(wide.clearance_mm, medial=1.1, lesion_to_canal=7.0))
    assert binding(worse, DEFAULT_LIMITS).name == "Medial"
    assert judged_least(worse, DEFAULT_LIMITS).band == "stop"
    assert judged_least(replace(worse, profile=()), DEFAULT_LIMITS) is None
    canal = replace(wide, clearance_mm=replace(wide.clearance_mm, lesion_to_canal=7.0))
    assert binding(canal, DEFAULT_LIMITS).name == "superior"  # a caution that has its own finding
    near = replace(canal, clearance_mm=replace(canal.clearance_mm, electrode_to_canal=9.0))
    assert binding(near, DEFAULT_LIMITS).name == "Electrode to canal"


def test_the_reserve_is_said_in_the_limits_own_words() -> None:
    reserve = next(s for s in LIMIT_SPECS if s.name == "cortex_reserve_mm")
    assert reserve.words == "Reserve for the segmented edge, added to every distance needed"
