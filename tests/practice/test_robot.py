"""A scripted learner: exact hands score high, noise costs, the canal and the wrong level fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.practice.judge import Judge
from planner.practice.log import SessionLog, log_from_text, log_to_text
from planner.practice.phantoms import random_spec
from planner.practice.replay import rescored
from planner.practice.result import NOTHING_ENTERED
from planner.practice.robot import Robot, noisy, through_the_canal, wrong_level
from planner.practice.room import RoomState
from planner.practice.score import planned_hand, score
from planner.practice.truth import tool_truth


@pytest.mark.parametrize("name", ["l4_left", "l5_left"])
def test_exact_hands_score_high_and_break_no_rule(name, request):
    scenario = request.getfixturevalue(name)
    robot = Robot(scenario)
    result = robot.perform()
    assert result.total >= 95
    assert result.breaks == ()
    assert len(robot.judge.done) == 9
    assert not robot.state.refusal
    assert robot.state.hand.inserted_mm == pytest.approx(planned_hand(scenario).inserted_mm, abs=0.02)


def test_the_tool_of_the_room_is_the_tool_of_the_plan(l4_left):
    truth = tool_truth(l4_left, planned_hand(l4_left))
    assert truth.tip_lps_mm == pytest.approx(l4_left.plan.tip_lps_mm, abs=0.05)
    planned = l4_left.plan.clearance_mm.electrode_to_canal
    assert truth.electrode_to_canal_mm == pytest.approx(planned, abs=0.1)
    assert truth.verse == 23
    assert truth.side == "left"


def test_noise_of_the_hand_costs(l4_left):
    exact = Robot(l4_left).perform().total
    median = float(np.median([noisy(l4_left, seed, 3.0, 3.0).total for seed in range(7)]))
    assert median < exact - 10


def test_straight_through_the_canal_fails_by_gate(l4_left):
    result = through_the_canal(l4_left)
    failed = {g.key for g in result.gates if not g.passed}
    assert "breach" in failed
    assert result.total == 0
    assert result.sum > 0


def test_the_wrong_level_fails_by_gate_and_is_named(l4_left, l5_left):
    result = wrong_level(l4_left, l5_left)
    gate = result.gates[0]
    assert (gate.key, gate.passed, gate.value) == ("level", False, "L5 left")
    assert result.total == 0
    assert result.advice[0].startswith("The task was L4 left; the tool was in L5 left.")


def test_ended_before_any_bone_nobody_is_told_that_the_tool_was_somewhere(l4_left):
    result = score(Judge(l4_left), RoomState())
    assert (result.gates[0].passed, result.gates[0].value) == (False, NOTHING_ENTERED)
    assert result.advice[0].startswith("The task was L4 left, but the tool entered no vertebra.")


def test_the_wrong_side_fails_by_gate(l4_left):
    asked = replace(l4_left, spec=replace(l4_left.spec, side="right"))
    robot = Robot(replace(asked, spec=l4_left.spec))
    robot.perform()
    log = SessionLog(asked.spec, "free", "", 1, "2026-01-01T00:00:00Z", 512, tuple(robot.events))
    gate = rescored(asked, log).gates[0]
    assert not gate.passed
    assert gate.value == "L4 left"


def test_an_untouched_room_scores_nothing_by_gate(l4_left):
    robot = Robot(l4_left)
    robot.do("end")
    assert robot.score().total == 0
    assert robot.score().gates[0].value == "no vertebra entered"


def test_the_score_follows_from_the_log_alone(l4_left):
    robot = Robot(l4_left)
    result = robot.perform((1.0, -0.5), (1.0, 0.4), 0.5, minutes=7.0)
    log = SessionLog(l4_left.spec, "free", "Fellow 3", 5, "2026-01-01T00:00:00Z", 512, tuple(robot.events))
    back = log_from_text(log_to_text(log))
    assert back == log
    assert rescored(l4_left, back) == result


def test_random_tasks_follow_from_their_seed():
    assert random_spec(4) == random_spec(4)
    assert len({random_spec(n).key for n in range(12)}) == 12
