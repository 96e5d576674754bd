from __future__ import annotations

from dataclasses import replace

import pytest
from plan_fakes import moved, plan, segmentation, trajectory

from imaging.errors import PlannerError
from imaging.findings import Finding
from planner.devices.catalogue import device_by_id
from planner.domain.plan import Plan, Trajectory
from planner.services.approval import recheck
from planner.session import PlanningSession, Selection
from planner.signal import Signal


def started(value: Plan) -> PlanningSession:
    session = PlanningSession()
    session.begin_plan(value)
    return session


def trajectory_of(session: PlanningSession, verse: int = 23) -> Trajectory:
    assert session.plan is not None
    level = session.plan.level(verse)
    assert level is not None
    return level.trajectories[0]


def state_of(session: PlanningSession, verse: int = 23) -> str:
    return trajectory_of(session, verse).state


def test_signal_is_silent_for_equal_values_and_ends() -> None:
    heard: list[tuple[int, int]] = []
    signal: Signal[int] = Signal()
    end = signal.connect(lambda old, new: heard.append((old, new)))
    signal.emit(1, 1)
    signal.emit(1, 2)
    end()
    signal.emit(2, 3)
    assert heard == [(1, 2)]


def test_equal_plan_and_selection_emit_nothing() -> None:
    session = started(plan())
    heard: list[object] = []
    session.plan_changed.connect(lambda old, new: heard.append((old, new)))
    session.selection_changed.connect(lambda old, new: heard.append((old, new)))
    session.commit("Nothing", plan())
    session.select(None, None)
    assert heard == []
    session.select(23, "left")
    assert heard == [(Selection(), Selection(23, "left"))]


def test_approval_waits_for_the_level_count_and_says_so() -> None:
    session = started(plan(confirmed=False))
    assert session.why_not_approvable(23, "left") == "Approve waits for one thing: confirm the level count."
    with pytest.raises(PlannerError, match="confirm the level count"):
        session.approve(23, "left")
    session.confirm_levels()
    assert session.plan is not None
    assert session.plan.findings == ()
    session.approve(23, "left")
    assert state_of(session) == "approved"


def test_a_stop_blocks_with_its_own_sentence() -> None:
    stop = Finding("stop", "electrode_to_canal", "Electrode 8.2 mm from the canal, limit 10 mm.", 8.2, 10.0)
    session = started(plan().with_trajectory(23, trajectory("left", findings=(stop,))))
    assert session.why_not_approvable(23, "left").endswith(stop.text)
    assert session.why_not_approvable(22, "left") == ""
    with pytest.raises(PlannerError) as caught:
        session.approve(23, "left")
    assert caught.value.code == "approval_blocked"


def test_what_is_called_too_coarse_to_approve_is_not_approved() -> None:
    coarse = Finding("caution", "thick_slices", "Slices are 3.0 mm apart. Too coarse to approve.", 3.0, 2.5)
    session = started(replace(plan(), findings=(coarse,)))
    assert session.why_not_approvable(23, "left") == f"Approve waits for one thing: {coarse.text}"
    with pytest.raises(PlannerError) as caught:
        session.approve(23, "left")
    assert caught.value.code == "approval_blocked"
    fine = started(plan())
    fine.approve(23, "left")
    assert fine.plan is not None
    opened = recheck(replace(fine.plan, findings=(coarse,)), "", ()).level(23)
    assert opened is not None
    assert opened.trajectories[0].state == "draft"
    assert opened.trajectories[0].withdrawn.endswith(coarse.text)


def test_a_refused_side_says_why() -> None:
    session = started(plan())
    assert "too narrow" in session.why_not_approvable(23, "right")


def test_any_change_takes_only_its_own_approval_back_and_undo_does_not_give_it_back() -> None:
    session = started(plan())
    session.approve(23, "left")
    session.approve(22, "left")
    assert session.plan is not None
    session.commit("Move tip of L4 left", moved(session.plan, 3.0))
    assert state_of(session) == "draft"
    assert state_of(session, 22) == "approved"
    said = trajectory_of(session).withdrawn
    assert said.startswith("Approval of L4 left withdrawn on ")
    session.undo()
    assert state_of(session) == "draft"
    assert trajectory_of(session).withdrawn == said
    assert state_of(session, 22) == "approved"


def test_a_moved_target_or_doubtful_count_takes_approval_back() -> None:
    session = started(plan())
    session.approve(23, "left")
    assert session.plan is not None
    level = session.plan.level(23)
    assert level is not None
    assert level.target is not None
    smaller = replace(level, target=replace(level.target, radius_mm=4))
    session.commit("Move target", session.plan.with_level(smaller))
    assert state_of(session) == "draft"
    assert "the target's volume changed" in trajectory_of(session).withdrawn
    session.undo()
    session.approve(23, "left")
    assert session.plan is not None
    session.commit("Doubt the count", replace(session.plan, levels_confirmed=False))
    assert state_of(session) == "draft"


def test_preview_is_shown_but_not_committed() -> None:
    session = started(plan())
    heard: list[Plan | None] = []
    session.plan_changed.connect(lambda old, new: heard.append(new))
    session.preview(moved(plan(), 7.0))
    assert session.plan == plan()
    assert session.shown_plan == moved(plan(), 7.0)
    session.preview(None)
    assert heard == [moved(plan(), 7.0), plan()]


def test_saved_mark_and_new_segmentation_drop_the_plan() -> None:
    session = started(plan())
    clean: list[bool] = []
    session.clean_changed.connect(lambda old, new: clean.append(new))
    session.mark_saved()
    assert session.is_clean
    session.commit("Move", moved(plan(), 3.0))
    session.undo()
    assert clean == [True, False, True]
    session.set_segmentation(segmentation())
    assert session.plan is None
    with pytest.raises(PlannerError):
        session.undo()


def test_a_stored_approval_stands_only_on_the_labels_and_instruments_it_was_given_on() -> None:
    session = started(replace(plan(), segmentation_sha256="aa"))
    session.approve(23, "left")
    assert session.plan is not None
    assert recheck(session.plan, "aa", ()) == session.plan
    other = recheck(session.plan, "bb", ())
    level = other.level(23)
    assert level is not None
    assert level.trajectories[0].state == "draft"
    assert "the segmentation changed" in level.trajectories[0].withdrawn
    device = device_by_id("curved-8g")
    made_with = replace(
        session.plan,
        devices=(replace(device, id="test-8g"),),
    )
    changed = recheck(made_with, "aa", (replace(device, id="test-8g", bend_radius_mm=13.0),))
    level = changed.level(23)
    assert level is not None
    assert "the numbers of Curved 8G, J-stylet changed" in level.trajectories[0].withdrawn
    old = level.trajectories[0]
    low = replace(old, state="approved", clearance_mm=replace(old.clearance_mm, medial=1.26))
    opened = recheck(session.plan.with_trajectory(23, low), "aa", ()).level(23)
    assert opened is not None
    assert opened.trajectories[0].state == "draft"
    assert "Medial 1.26 mm is a stop by this plan's limits." in opened.trajectories[0].withdrawn
