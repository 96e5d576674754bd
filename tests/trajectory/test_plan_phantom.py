"""Planning and evaluation on the phantom."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imaging.anatomy import VertebraAnatomy
from imaging.labels import SACRUM, SIDES
from imaging.segmentation.anatomy import measure_anatomy
from planner.devices.catalogue import device_by_id
from planner.domain.bands import gertzbein_robbins
from planner.domain.limits import DEFAULT_LIMITS
from planner.domain.plan import LevelPlan, Refusal, Trajectory
from planner.trajectory.evaluate import evaluate
from planner.trajectory.fields import VertebraFields, prepare_fields
from planner.trajectory.plan_level import Wish, plan_level
from planner.trajectory.search import plan_side
from planner.trajectory.target import default_target, place_in_body, point_in_body
from sample_dicom.phantom import Phantom, PhantomParameters, build_phantom

DEVICE = device_by_id("curved-8g")


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return build_phantom(PhantomParameters.small(levels=(23, 24, SACRUM), seed=1))


@pytest.fixture(scope="module")
def levels(phantom: Phantom) -> dict[int, VertebraAnatomy]:
    return {a.verse: a for a in measure_anatomy(phantom.vertebrae, phantom.structures, phantom.volume, {})}


@pytest.fixture(scope="module")
def prepared(phantom: Phantom, levels: dict[int, VertebraAnatomy]) -> dict[int, VertebraFields]:
    return {v: prepare_fields(levels[v], phantom.vertebrae, phantom.structures) for v in (23, SACRUM)}


@pytest.fixture(scope="module")
def plans(
    phantom: Phantom, levels: dict[int, VertebraAnatomy], prepared: dict[int, VertebraFields]
) -> dict[int, LevelPlan]:
    return {
        v: plan_level(
            levels[v], phantom.vertebrae, phantom.structures, phantom.volume, SIDES, Wish(DEVICE), fields=f
        )
        for v, f in prepared.items()
    }


@pytest.mark.parametrize("verse", [23, SACRUM])
def test_both_sides_are_planned_inside_bone_and_on_target(
    verse: int, plans: dict[int, LevelPlan], levels: dict[int, VertebraAnatomy]
) -> None:
    plan = plans[verse]
    assert [t.side for t in plan.trajectories] == list(SIDES)
    for t in plan.trajectories:
        assert t.gertzbein_robbins == "A"
        assert not [f for f in t.findings if f.severity == "stop"]
        depth, height, lateral = place_in_body(levels[verse].body, t.tip_lps_mm)
        assert 0.28 <= depth <= 0.52
        assert 0.35 <= height <= 0.65
        assert abs(lateral) <= 5
        assert t.lesion.target_coverage > 0.8
        entry = (np.asarray(t.bone_entry_lps_mm) - levels[verse].body.centre_lps_mm) @ levels[verse].body.left
        assert (entry > 0) == (t.side == "left")
        assert 0.0 <= t.breach_probability <= 1.0


def test_the_skin_is_found_where_the_image_holds_it(plans: dict[int, LevelPlan], phantom: Phantom) -> None:
    found = [t for t in plans[23].trajectories if t.skin_entry_lps_mm is not None]
    assert found
    for t in found:
        behind = np.asarray(t.skin_entry_lps_mm) - np.asarray(t.bone_entry_lps_mm)
        straight = behind / np.linalg.norm(behind)
        assert straight @ np.asarray(t.parameters.direction_lps) == pytest.approx(-1, abs=1e-6)
        outside = np.asarray(t.skin_entry_lps_mm) + 2 * straight
        i, j, k = np.round(phantom.volume.grid.indices_from_lps(outside)).astype(int)
        assert phantom.volume.values[k, j, i] < -400


def test_the_same_input_gives_the_same_plan(
    plans: dict[int, LevelPlan], levels: dict[int, VertebraAnatomy], prepared: dict[int, VertebraFields]
) -> None:
    again = plan_side(prepared[23], levels[23], default_target(levels[23]), "left", DEVICE)
    trajectory = plans[23].trajectory("left")
    assert trajectory is not None
    assert again == trajectory.parameters


def test_moving_the_tool_sideways_changes_medial_and_lateral_by_as_much(
    plans: dict[int, LevelPlan], levels: dict[int, VertebraAnatomy], prepared: dict[int, VertebraFields]
) -> None:
    old = plans[23].trajectory("left")
    assert old is not None
    moved = np.asarray(old.parameters.entry_lps_mm) - 0.8 * levels[23].body.left
    parameters = replace(old.parameters, entry_lps_mm=tuple(float(x) for x in moved))
    target = default_target(levels[23])
    new = evaluate(prepared[23], levels[23], target, "left", DEVICE, parameters)
    assert old.clearance_mm.medial is not None
    assert new.clearance_mm.medial is not None
    assert 0.3 < old.clearance_mm.medial - new.clearance_mm.medial < 1.2


def test_the_reserve_raises_what_is_needed_and_leaves_what_is_measured(
    plans: dict[int, LevelPlan], levels: dict[int, VertebraAnatomy], prepared: dict[int, VertebraFields]
) -> None:
    old = plans[23].trajectory("left")
    assert old is not None

    def with_reserve(reserve_mm: float, **more: float) -> Trajectory:
        limits = replace(DEFAULT_LIMITS, cortex_reserve_mm=reserve_mm, **more)
        target = default_target(levels[23])
        return evaluate(prepared[23], levels[23], target, "left", DEVICE, old.parameters, limits, draws=False)

    least = min(q.clearance_mm for q in old.profile if q.depth_mm >= DEFAULT_LIMITS.docking_mm)
    bare, wide = with_reserve(0.0), with_reserve(least + 0.1)
    assert bare.clearance_mm == wide.clearance_mm == old.clearance_mm
    assert bare.profile == wide.profile == old.profile
    assert bare.gertzbein_robbins == "A"
    assert wide.gertzbein_robbins == "B"
    breach = next(f for f in wide.findings if f.code == "breach")
    assert (breach.severity, breach.limit) == ("stop", pytest.approx(least + 0.1))
    assert breach.value == pytest.approx(least)
    assert "it counts as a breach" in breach.text
    # A limit of 10.5 mm is the same demand as one of 10 mm with a reserve of 0.5 mm.
    electrode = old.clearance_mm.electrode_to_canal
    assert electrode is not None
    for reserve in (0.5, electrode - 9.9):
        as_reserve = with_reserve(reserve)
        as_limit = with_reserve(0.0, electrode_to_canal_stop_mm=10.0 + reserve)
        stops = [any(f.code == "electrode_to_canal" for f in t.findings) for t in (as_reserve, as_limit)]
        assert stops[0] == stops[1] == (electrode < 10.0 + reserve)
    # The reserve can be set to 0, a stop of its own cannot: only of that it is said that no setting lifts it.
    said = [
        next(f.text for f in t.findings if f.code == "electrode_to_canal") for t in (as_reserve, as_limit)
    ]
    assert ["No setting lifts this limit." in text for text in said] == [False, True]
    assert all("Move the target forward by 1 mm." in text for text in said)


def test_a_tool_through_the_canal_is_stopped(
    plans: dict[int, LevelPlan], levels: dict[int, VertebraAnatomy], prepared: dict[int, VertebraFields]
) -> None:
    old = plans[23].trajectory("left")
    assert old is not None
    moved = np.asarray(old.parameters.entry_lps_mm) - 9 * levels[23].body.left
    parameters = replace(old.parameters, entry_lps_mm=tuple(float(x) for x in moved))
    new = evaluate(prepared[23], levels[23], default_target(levels[23]), "left", DEVICE, parameters)
    codes = {f.code for f in new.findings if f.severity == "stop"}
    assert {"breach", "canal_breach"} <= codes
    assert new.gertzbein_robbins in "CDE"
    assert new.breach_probability > 0.9


def test_an_electrode_near_the_canal_is_stopped_in_words(
    plans: dict[int, LevelPlan], levels: dict[int, VertebraAnatomy], prepared: dict[int, VertebraFields]
) -> None:
    old = plans[23].trajectory("left")
    assert old is not None
    back = np.asarray(old.parameters.entry_lps_mm) + 4 * levels[23].body.posterior
    parameters = replace(old.parameters, entry_lps_mm=tuple(float(x) for x in back))
    new = evaluate(prepared[23], levels[23], default_target(levels[23]), "left", DEVICE, parameters)
    found = next(f for f in new.findings if f.code == "electrode_to_canal")
    assert found.severity == "stop"
    assert found.limit == pytest.approx(10.3)
    assert (
        f"{found.value:.1f} mm from the canal, needs 10.3 mm (10 and 0.3 for the segmented edge)"
        in found.text
    )


def test_a_narrow_pedicle_is_refused_with_a_way_out(
    levels: dict[int, VertebraAnatomy], prepared: dict[int, VertebraFields]
) -> None:
    a = levels[23]
    thin = replace(a, pedicles={**a.pedicles, "right": replace(a.pedicles["right"], width_mm=5.1)})
    narrow = replace(prepared[23], bone_mm=prepared[23].bone_mm - 3.9)
    got = plan_side(narrow, thin, default_target(a), "right", DEVICE, DEFAULT_LIMITS)
    assert isinstance(got, Refusal)
    assert got.reason.startswith(
        "L4 right is not planned: the pedicle is 5.1 mm wide, 8G with 1 mm a side needs 6.2 mm."
    )
    assert got.reason.endswith("11G would fit.")


def test_a_wide_way_through_a_pedicle_measured_narrow_is_a_caution(
    levels: dict[int, VertebraAnatomy], prepared: dict[int, VertebraFields]
) -> None:
    a = levels[23]
    thin = replace(a, pedicles={**a.pedicles, "right": replace(a.pedicles["right"], width_mm=5.1)})
    got = plan_side(prepared[23], thin, default_target(a), "right", DEVICE)
    assert not isinstance(got, Refusal)
    trajectory = evaluate(prepared[23], thin, default_target(a), "right", DEVICE, got)
    found = next(f for f in trajectory.findings if f.code == "pedicle_narrow")
    assert found.severity == "caution"
    assert found.value == 5.1


def test_a_missing_pedicle_is_refused(
    levels: dict[int, VertebraAnatomy], prepared: dict[int, VertebraFields]
) -> None:
    bare = replace(levels[23], pedicles={})
    got = plan_side(prepared[23], bare, default_target(bare), "left", DEVICE)
    assert isinstance(got, Refusal)
    assert got.code == "pedicle_not_measurable"
    assert got.reason.startswith("L4 left is not planned: ")


def test_places_in_the_body_go_there_and_back(levels: dict[int, VertebraAnatomy]) -> None:
    body = levels[23].body
    for place in ((0.4, 0.5, 0.0), (0.3, 0.6, -3.0)):
        assert place_in_body(body, point_in_body(body, *place)) == pytest.approx(place, abs=1e-6)


def test_grades_at_their_borders() -> None:
    assert [gertzbein_robbins(x) for x in (0, 0.1, 2, 3.9, 4, 6)] == list("ABCCDE")
