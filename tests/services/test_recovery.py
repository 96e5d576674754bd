from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from kill_runs import kill_once
from plan_fakes import moved, plan, segmentation

from imaging.errors import PlannerError
from planner.domain.notebook import Measurement
from planner.services.annotate import keep_candidate, measured_value, swap_candidate, with_notebook
from planner.session import PlanningSession
from planner.storage.lock import WriteLock, beside, holder_of
from planner.storage.plan_json import plan_from_text, plan_to_text
from planner.storage.recovery import Keeper, forget, left_behind


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_kill_at_any_moment_loses_at_most_the_edit_in_hand(tmp_path: Path) -> None:
    chance = random.Random(6)
    outcomes = [kill_once(tmp_path / str(n), chance.uniform(0.05, 0.5)) for n in range(6)]
    assert all(o.edits > 0 for o in outcomes)
    assert all(o.readable and o.lost_s < 5.0 for o in outcomes)


def test_what_is_kept_comes_back_with_its_last_change(tmp_path: Path) -> None:
    keeper, changed = Keeper(tmp_path, "SPECIMEN, Anna"), moved(plan(), 3.0)
    keeper.keep(tmp_path, segmentation(), changed, "Move tip, L4 left", tmp_path / "a.bvncase")
    assert left_behind(tmp_path) == [], "its session is alive"
    assert keeper._lock is not None
    keeper._lock.release()
    (left,) = left_behind(tmp_path)
    assert left.plan == changed
    assert left.case_file == tmp_path / "a.bvncase"
    assert left.sentence().startswith("The app was closed while you were editing. Everything up to ")
    assert left.sentence().endswith("Last change: Move tip, L4 left.")
    forget(left)
    assert left_behind(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_case_that_was_saved_or_closed(tmp_path: Path) -> None:
    for end in (Keeper.saved, Keeper.close):
        keeper = Keeper(tmp_path)
        keeper.keep(tmp_path, segmentation(), plan(), "", None)
        end(keeper)
        if keeper._lock is not None:
            keeper._lock.release()
        assert left_behind(tmp_path) == []


def test_a_full_or_forbidden_disc_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(PlannerError, match="cannot be kept"):
        Keeper(tmp_path / "file").keep(tmp_path, segmentation(), plan(), "", None)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    place = beside(tmp_path / "a.bvncase")
    first = WriteLock.acquire(place)
    assert first is not None
    assert WriteLock.acquire(place) is None
    assert " since " in holder_of(place)
    first.release()
    assert not place.exists()
    again = WriteLock.acquire(place)
    assert again is not None
    again.release()


def test_read_only_and_locked_things_do_not_change() -> None:
    session = PlanningSession()
    session.set_segmentation(segmentation())
    session.begin_plan(plan())
    book = session.plan.notebook.with_lock((23, "left"), True)
    session.commit("Lock L4 left", with_notebook(session.plan, book))
    from dataclasses import replace

    t = session.plan.level(23).trajectory("left")
    turned = replace(t, parameters=replace(t.parameters, turn_deg=12.0))
    with pytest.raises(PlannerError, match="L4 left is locked"):
        session.commit("Turn", session.plan.with_trajectory(23, turned))
    session.read_only = "Somebody has this case open."
    with pytest.raises(PlannerError, match="Somebody"):
        session.commit("Move", moved(session.plan, 9.0, 22))


def test_candidates_swap_and_everything_of_the_notebook_is_saved() -> None:
    place = (23, "left")
    value = keep_candidate(plan(), place)
    value = moved(value, 2.0)
    swapped = swap_candidate(value, place)
    assert swapped.level(23).trajectory("left") == plan().level(23).trajectory("left")
    assert swap_candidate(swapped, place) == value
    cobb = Measurement("cobb", ((0, 0, 0), (1.0, 0, 0), (0, 1.0, 0), (1.0, 2.0, 0)))
    book = swapped.notebook.with_note(place, " Narrow. ").with_lock(place, True)
    from dataclasses import replace

    full = with_notebook(swapped, replace(book, measurements=(cobb,)))
    assert plan_from_text(plan_to_text(full)) == full
    assert full.notebook.note(place) == "Narrow."
    assert measured_value(cobb) == pytest.approx(45.0)
    assert measured_value(Measurement("length", ((0, 0, 0), (3.0, 4.0, 0)))) == pytest.approx(5.0)
    assert measured_value(Measurement("angle", ((1.0, 0, 0), (0, 0, 0), (0, 2.0, 0)))) == pytest.approx(90.0)
    with pytest.raises(PlannerError, match="no second candidate"):
        swap_candidate(plan(), place)
