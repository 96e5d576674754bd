"""The room's rules: what moves, what is refused, what the beam costs, what the judge notices."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from planner.practice.hand import bone_contact_mm, tissue_name
from planner.practice.judge import Judge
from planner.practice.log import SessionLog
from planner.practice.reduce import apply, elapse
from planner.practice.replay import pulse_times
from planner.practice.robot import Robot
from planner.practice.room import Event, Hand, RoomState
from planner.practice.score import planned_hand
from planner.practice.steps import fault_words
from planner.practice.tool import angles_from_direction, direction_from_angles, roll_of, turned
from planner.practice.views import look


def _go(scenario, *acts, state=None):
    state = state or RoomState()
    for kind, data in acts:
        state = apply(scenario, state, Event(state.time_s + 1.0, kind, data))
    return state


def _at_skin(scenario, **changes):
    goal = planned_hand(scenario)
    data = {"point_lps_mm": list(goal.skin_lps_mm), "direction_lps": list(goal.direction_lps)}
    return _go(scenario, ("skin", data))


@pytest.mark.parametrize("side", ["left", "right"])
def test_angles_and_rolls_go_there_and_back(side):
    direction = direction_from_angles(side, 21.0, -7.0)
    assert angles_from_direction(side, direction) == pytest.approx((21.0, -7.0))
    assert (direction[0] < 0) == (side == "left")
    assert roll_of(side, direction, turned(side, direction, 33.0)) == pytest.approx(33.0)


def test_a_tap_goes_far_in_soft_tissue_and_little_in_cortex(l4_left):
    state = _at_skin(l4_left)
    ways = {}
    for _ in range(60):
        name = tissue_name(l4_left, state.hand)
        after = _go(l4_left, ("tap", {}), state=state)
        ways.setdefault(name, []).append(after.hand.inserted_mm - state.hand.inserted_mm)
        state = after
        if state.hand.inserted_mm > planned_hand(l4_left).inserted_mm:
            break
    assert np.mean(ways["soft tissue"]) > 3.5
    assert min(ways["cortex"]) < 1.2
    assert 1.0 < np.median(ways["cancellous bone"]) < 4.0


def test_the_tip_in_bone_turns_only_after_redirecting(l4_left):
    state = _at_skin(l4_left)
    turned_outside = _go(l4_left, ("aim", {"medial_deg": 3.0}), state=state)
    assert not turned_outside.refusal
    assert turned_outside.hand.skin_lps_mm == pytest.approx(state.hand.skin_lps_mm)
    while (bone_contact_mm(l4_left, state.hand) or 1e9) > state.hand.inserted_mm - 8:
        state = _go(l4_left, ("tap", {}), state=state)
    held = _go(l4_left, ("aim", {"medial_deg": 3.0}), state=state)
    assert "does not turn" in held.refusal
    assert held.hand == state.hand
    free = _go(l4_left, ("redirect", {}), ("aim", {"medial_deg": 3.0}), state=state)
    assert not free.refusal
    assert free.hand.direction_lps != state.hand.direction_lps


def test_stylet_probe_and_lesion_come_in_their_order(l4_left):
    state = _at_skin(l4_left)
    assert _go(l4_left, ("exchange", {"lumen": "stylet"}), state=state).refusal
    assert "probe" in _go(l4_left, ("lesion_start", {"minutes": 7.0}), state=state).refusal
    robot = Robot(l4_left)
    robot.perform(minutes=7.0)
    channelled = robot.state
    assert channelled.ended
    assert apply(l4_left, channelled, Event(1e4, "tap")).refusal == "The session has ended."


def test_the_curve_does_not_turn_in_bone_and_the_heating_probe_stays(l4_left):
    robot = Robot(l4_left)
    goal = planned_hand(l4_left)
    robot.do("skin", point_lps_mm=list(goal.skin_lps_mm), direction_lps=list(goal.direction_lps))
    robot.insert(goal.inserted_mm)
    for kind, data in (("exchange", {"lumen": "stylet"}), ("curve", {"turn_deg": 10.0})):
        assert not robot.do(kind, **data).refusal
    assert "cannot turn" in robot.do("roll", roll_deg=90.0).refusal
    robot.do("exchange", lumen="probe")
    robot.do("lesion_start", minutes=15.0, speed=60.0)
    assert "heating" in robot.do("withdraw").refusal
    robot.do("lesion_stop")
    assert robot.state.lesion.done_minutes(1e9) == pytest.approx(3.0)
    assert robot.do("withdraw").hand.lumen == "stylet"


def test_dose_counts_pulses_and_does_not_depend_on_when_it_is_read(l4_left):
    state = _go(l4_left, ("carm", {"pulses_per_s": 8}), ("pedal_down", {}))
    whole = apply(l4_left, state, Event(4.5, "pedal_up"))
    assert whole.exposure.pulses == 1 + 20
    assert whole.exposure.beam_s == pytest.approx(2.5)
    parts = elapse(l4_left, elapse(l4_left, state, 2.77), 4.5)
    assert parts.exposure.pulses == whole.exposure.pulses
    assert parts.exposure.kerma_mgy == pytest.approx(whole.exposure.kerma_mgy)
    small = _go(l4_left, ("carm", {"pulses_per_s": 8, "iris": 0.5}), ("pedal_down", {}))
    small = apply(l4_left, small, Event(4.5, "pedal_up"))
    assert small.exposure.kerma_mgy == pytest.approx(whole.exposure.kerma_mgy)
    assert small.exposure.dap_gycm2 == pytest.approx(whole.exposure.dap_gycm2 / 4)
    single = _go(l4_left, ("carm", {"mode": "single"}), ("pedal_down", {}))
    assert apply(l4_left, single, Event(9.0, "pedal_up")).exposure.pulses == 1


def test_every_pulse_is_found_again_with_its_room(l4_left):
    events = (
        Event(0.5, "pedal_down"),
        Event(1.1, "carm", {"orbit_deg": 10.0}),
        Event(2.0, "carm", {"pulses_per_s": 15}),
        Event(2.5, "pedal_up"),
        Event(3.0, "pedal_down"),
        Event(3.01, "pedal_up"),
    )
    state = RoomState()
    for event in events:
        state = apply(l4_left, state, event)
    log = SessionLog(l4_left.spec, "free", "", 0, "", 512, events)
    found = pulse_times(l4_left, log)
    assert len(found) == state.exposure.pulses
    assert [t for t, _ in found] == sorted(t for t, _ in found)
    assert found[0][1].carm.orbit_deg == 0
    assert found[-1][1].carm.orbit_deg == 10


def test_the_c_arm_and_the_table_have_ends(l4_left):
    assert _go(l4_left, ("carm", {"orbit_deg": 170.0})).refusal
    assert _go(l4_left, ("carm", {"along_mm": 900.0})).refusal
    up = _go(l4_left, ("carm", {"height_mm": 20.0, "across_mm": 5.0}))
    iso = l4_left.pose(up.carm).isocentre_lps_mm - l4_left.start_lps_mm
    assert iso == pytest.approx([-5.0, -20.0, 0.0])


def test_a_view_is_named_and_its_error_is_split(l4_left):
    primary, secondary = l4_left.plan.view_angles("ap")
    orbit = (180 - primary + 180) % 360 - 180
    state = _go(l4_left, ("carm", {"orbit_deg": orbit + 2.0, "tilt_deg": secondary}))
    view = look(l4_left, state.carm, Hand(), 0.0, 0)
    assert view.kind == "AP"
    assert view.off_deg == pytest.approx(2.0 * np.cos(np.deg2rad(secondary)), abs=0.15)
    assert view.turn_deg > view.tilt_deg
    side = _go(l4_left, ("carm", {"orbit_deg": 90.0}))
    assert look(l4_left, side.carm, Hand(), 0.0, 0).kind == "lateral"


def test_blind_taps_and_a_medial_way_are_noticed(l4_left):
    goal = planned_hand(l4_left)
    judge, state = Judge(l4_left), RoomState()

    def do(kind, **data):
        nonlocal state
        after = apply(l4_left, state, Event(state.time_s + 1, kind, data))
        judge.see(state, Event(after.time_s, kind, data), after)
        state = after

    inward = np.array(goal.skin_lps_mm) - 11.0 * l4_left.anatomy.body.left
    do("skin", point_lps_mm=inward.tolist(), direction_lps=list(goal.direction_lps))
    while state.hand.inserted_mm < goal.inserted_mm:
        do("tap")
    codes = {b.code for b in judge.breaks}
    assert {"blind_dock", "blind_advance", "medial_before_wall"} <= codes
    assert max(s.truth.breach_mm for s in judge.samples) > 2


def test_pause_stops_the_learners_clock(l4_left):
    state = _go(l4_left, ("pause", {}))
    assert apply(l4_left, state, Event(5.0, "tap")).refusal == "Paused. Go on first."
    state = apply(l4_left, state, Event(61.0, "resume"))
    assert state.worked_s == pytest.approx(1.0)


def test_the_skin_is_found_under_a_point_of_the_picture(l4_left):
    state = RoomState()
    projection = l4_left.projection(state.carm)
    point = l4_left.skin_under(projection, (255.5, 255.5))
    assert point is not None
    outside = np.array(point) + 3.0 * projection.d_lps
    inside = np.array(point) - 3.0 * projection.d_lps
    assert l4_left.hu(outside[None])[0] < -300 < l4_left.hu(inside[None])[0]
    assert projection.project(point) == pytest.approx([255.5, 255.5], abs=0.5)


def test_a_probe_that_both_views_showed_off_the_target_is_not_called_right():
    def said(off_mm):
        return fault_words("probe", SimpleNamespace(truth=SimpleNamespace(target_error_mm=off_mm)))

    assert "Not at the target" in said(9.3)
    assert said(2.0) == ""
    assert fault_words("wall", SimpleNamespace(truth=SimpleNamespace(target_error_mm=40.0))) == ""
