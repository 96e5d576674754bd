"""Beside the pedicle, pairs, most forgiving, reach, screening: on a phantom's ready labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ready_phantom import ready

from planner.devices.catalogue import device_by_id
from planner.domain.limits import DEFAULT_LIMITS
from planner.domain.plan import Refusal
from planner.trajectory.entry_map import entry_map
from planner.trajectory.evaluate import evaluate
from planner.trajectory.extrapedicular import beside_mm
from planner.trajectory.forgiveness import simulate
from planner.trajectory.plan_level import Wish, plan_level
from planner.trajectory.reach import reach_surface
from planner.trajectory.screening import screening_sheet
from planner.trajectory.search import plan_side
from planner.trajectory.target import as_point, default_target, kept_in_body, place_in_body, target_at

CURVED = device_by_id("curved-8g")


@pytest.fixture(scope="module")
def central():
    r = ready()
    found = plan_side(r.fields, r.anatomy, default_target(r.anatomy), "left", CURVED)
    assert not isinstance(found, Refusal)
    return found


def test_beside_the_pedicle_the_entry_is_lateral_of_it_and_the_rules_are_said() -> None:
    r = ready()
    target = default_target(r.anatomy)
    found = plan_side(r.fields, r.anatomy, target, "left", CURVED, access="extrapedicular")
    if isinstance(found, Refusal):
        assert found.code in ("target_not_reached", "breach")
        pytest.fail(found.reason)
    pedicle = r.anatomy.pedicles["left"]
    beside = beside_mm(r.fields, pedicle, "left", np.asarray([found.entry_lps_mm]))[0]
    assert beside > pedicle.width_mm / 2 - 0.5
    done = evaluate(r.fields, r.anatomy, target, "left", CURVED, found, access="extrapedicular", draws=False)
    assert done.access == "extrapedicular"
    assert "extrapedicular_rules" in {f.code for f in done.findings}
    assert done.clearance_mm.medial is None


def test_a_pair_ends_ten_to_twenty_mm_apart_and_makes_one_lesion() -> None:
    r = ready()
    pair = device_by_id("bipedicular-10g")
    level = plan_level(
        r.anatomy, r.labels.vertebrae, r.labels.structures, None, ("left",),
        Wish(pair, access="bipedicular"), fields=r.fields,
    )  # fmt: skip
    assert [t.side for t in level.trajectories] == ["left", "right"], level.refused
    left, right = level.trajectories
    assert left.lesion == right.lesion
    apart = float(np.linalg.norm(np.subtract(left.tip_lps_mm, right.tip_lps_mm)))
    assert 10 <= apart <= 20
    assert next(f for f in left.findings if f.code == "tips_apart").severity == "info"
    assert not [f for t in level.trajectories for f in t.findings if f.code == "tip_lateral"]


def test_a_low_medial_margin_is_planned_as_a_draft_that_cannot_be_approved() -> None:
    r = ready()
    strict = replace(DEFAULT_LIMITS, medial_inferior_mm=20.0, medial_inferior_low_mm=19.0)
    level = plan_level(
        r.anatomy, r.labels.vertebrae, r.labels.structures, None, ("left",),
        Wish(CURVED, limits=strict), fields=r.fields,
    )  # fmt: skip
    (planned,) = level.trajectories
    low = {f.code: f.severity for f in planned.findings if f.code.endswith("_margin")}
    assert low["medial_margin"] == "stop"
    assert low["inferior_margin"] == "stop"
    assert low.get("lateral_margin", "caution") == "caution"


def test_most_forgiving_is_never_riskier_than_most_central(central) -> None:
    r = ready()
    target = default_target(r.anatomy)
    kind = plan_side(r.fields, r.anatomy, target, "left", CURVED, choice="most forgiving")
    assert not isinstance(kind, Refusal)

    def risk(parameters) -> float:
        f = simulate(r.fields, r.anatomy.body, target, "left", CURVED, parameters, DEFAULT_LIMITS)
        return f.breach + 0.5 * f.missed_target

    assert risk(kind) <= risk(central) + 0.01


def test_the_entry_map_agrees_with_the_planned_margin_in_its_middle(central) -> None:
    r = ready()
    chart = entry_map(r.fields, CURVED, central, DEFAULT_LIMITS)
    middle = chart.margin_mm[chart.margin_mm.shape[0] // 2, chart.margin_mm.shape[1] // 2]
    done = evaluate(r.fields, r.anatomy, default_target(r.anatomy), "left", CURVED, central, draws=False)
    shaft = [q.clearance_mm for q in done.profile if 6.0 <= q.depth_mm <= central.straight_mm]
    assert middle == pytest.approx(min(shaft), abs=0.4)
    assert chart.right_lps @ r.anatomy.body.left < -0.8
    assert chart.down_lps @ r.anatomy.body.superior < -0.5


def test_the_reach_holds_the_target_and_lies_in_bone(central) -> None:
    r = ready()
    surface = reach_surface(r.fields, CURVED, central, default_target(r.anatomy))
    assert surface.margin_mm > 0
    assert surface.triangles.max() < len(surface.vertices_lps_mm)
    assert r.fields.bone(surface.vertices_lps_mm).min() > 0


def test_a_target_never_leaves_the_body() -> None:
    r = ready()
    body = r.anatomy.body
    old = default_target(r.anatomy)
    far = np.asarray(old.centre_lps_mm) + 60 * body.left + 30 * body.superior - 50 * body.posterior
    moved = target_at(r.anatomy, far, old)
    assert "brought" in moved.evidence
    assert r.fields.bone(np.asarray(moved.centre_lps_mm)) > 0
    inside = as_point(np.asarray(old.centre_lps_mm) + 2 * body.left)
    assert np.allclose(kept_in_body(body, inside), inside, atol=1e-6)
    assert place_in_body(body, moved.centre_lps_mm)[0] < 1


def test_screening_measures_what_it_can_and_says_what_it_cannot() -> None:
    r = ready()
    sheet = screening_sheet(
        r.anatomy, r.labels.vertebrae, r.labels.structures, None, default_target(r.anatomy), CURVED,
        DEFAULT_LIMITS,
    )  # fmt: skip
    items = {i.code: i for i in sheet}
    width = items["pedicle_width_left"]
    assert width.value == pytest.approx(r.anatomy.pedicles["left"].width_mm)
    assert width.limit == pytest.approx(6.19)
    assert width.slice_number is not None
    assert items["hardware"].value is None
    assert items["hardware"].text.startswith("Not measurable")
    assert items["target_to_canal"].value == pytest.approx(14.0, abs=2.5)
    assert abs(items["endplate_upper"].value or 0) < 3


def test_stricter_stops_are_kept_by_the_search(central) -> None:
    r = ready()
    strict = replace(DEFAULT_LIMITS, electrode_to_canal_stop_mm=12.5)
    target = default_target(r.anatomy)
    found = plan_side(r.fields, r.anatomy, target, "left", CURVED, strict)
    assert not isinstance(found, Refusal)
    done = evaluate(r.fields, r.anatomy, target, "left", CURVED, found, strict, draws=False)
    value = done.clearance_mm.electrode_to_canal
    assert value is not None
    assert value >= strict.needed_mm(12.5)
    plain = evaluate(r.fields, r.anatomy, target, "left", CURVED, central, draws=False)
    assert plain.clearance_mm.electrode_to_canal < strict.needed_mm(12.5)
