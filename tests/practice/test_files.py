"""Logs, packs, pictures and the command line."""

from __future__ import annotations

import json

import pytest

from imaging.errors import PlannerError
from planner.cli.main import main
from planner.practice.cases import scenario_of
from planner.practice.live import LiveSession
from planner.practice.log import SessionLog, log_from_text, read_log, write_log
from planner.practice.pack import read_pack, write_pack
from planner.practice.pictures import PictureMaker, picture_sha256
from planner.practice.replay import compared_pictures, rescored
from planner.practice.robot import Robot
from planner.practice.weights import default_weights, weights_from
from planner.practice.words import score_lines


@pytest.fixture(scope="module")
def session(l4_left) -> SessionLog:
    robot = Robot(l4_left)
    robot.perform(minutes=7.0)
    return SessionLog(l4_left.spec, "guided", "Fellow 3", 5, "2026-01-01T00:00:00Z", 256, tuple(robot.events))


def test_the_pictures_are_the_same_bit_for_bit(l4_left, session):
    clock = iter([0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]).__next__
    live = LiveSession(l4_left, "free", seed=9, size_px=256, clock=clock)
    live.do("pedal_down")
    live.do("pedal_up")
    maker = PictureMaker(l4_left, 256)
    pulse = live.state.exposure.pulses - 1
    picture = maker.take(live.state.carm, live.state.hand, pulse, 9)
    live.kept(pulse, picture_sha256(picture))
    assert compared_pictures(l4_left, live.log) == [True]
    other = maker.take(live.state.carm, live.state.hand, pulse + 1, 9)
    assert picture_sha256(other) != picture_sha256(picture)


def test_a_log_is_written_whole_and_read_again(tmp_path, session):
    path = tmp_path / "a.bvnlog"
    write_log(path, session)
    assert read_log(path) == session


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(schema=9),
        lambda d: d.update(grade="easy"),
        lambda d: d["events"].append([1e9, "explode", {}]),
        lambda d: d["events"].append([0.0, "tap", {}]),
        lambda d: d.pop("spec"),
    ],
)
def test_a_broken_log_is_refused_in_a_sentence(tmp_path, session, change):
    path = tmp_path / "a.bvnlog"
    write_log(path, session)
    data = json.loads(path.read_text())
    change(data)
    with pytest.raises(PlannerError, match="not a session of practice"):
        log_from_text(json.dumps(data), "a.bvnlog")


def test_a_pack_holds_the_task_and_no_patient(tmp_path, l4_left, session):
    path = tmp_path / "a.bvnpack"
    write_pack(path, l4_left, "Teaching case 1")
    back = read_pack(path)
    assert back.spec.title == "Teaching case 1"
    assert back.spec.task == "L4 left"
    assert back.plan.parameters == l4_left.plan.parameters
    assert back.volume.grid.frame_of_reference_uid == ""
    assert rescored(back, session).total == pytest.approx(rescored(l4_left, session).total, abs=0.2)
    wanted = back.spec
    assert scenario_of(wanted, path).spec == wanted
    with pytest.raises(PlannerError, match="--pack"):
        scenario_of(wanted)


def test_a_damaged_pack_is_refused(tmp_path, l4_left):
    path = tmp_path / "a.bvnpack"
    write_pack(path, l4_left, "x")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(PlannerError, match="is not a case pack"):
        read_pack(path)


def test_weights_must_add_up():
    assert sum(p.points for p in default_weights().parts) == 100
    with pytest.raises(PlannerError, match="incomplete"):
        weights_from("{}")


def test_the_command_line_scores_a_log_again(tmp_path, l4_left, session, capsys):
    pack, log = tmp_path / "a.bvnpack", tmp_path / "a.bvnlog"
    write_pack(pack, l4_left, "Teaching case 1")
    spec = read_pack(pack).spec
    write_log(log, SessionLog(spec, "free", "", 5, "2026-01-01T00:00:00Z", 256, session.events))
    assert main(["practice-replay", str(log), "--pack", str(pack), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passed"] is True
    assert told["total"] >= 95
    assert main(["practice-replay", str(log)]) == 2
    assert "on a bundled body" in capsys.readouterr().err


def test_a_score_is_never_told_without_its_parts(l4_left, session):
    lines = score_lines(rescored(l4_left, session))
    assert lines[0].startswith("passed  Right level and side: L4 left")
    assert sum(" of 25 " in line for line in lines) == 1
    assert any(line.strip().endswith("of 100, weights Default 1") for line in lines)
