from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from plan_fakes import moved, plan

from planner.history import PlanHistory

STEPS = st.lists(st.one_of(st.integers(0, 5), st.sampled_from(["undo", "redo", "save"])), max_size=40)


@given(STEPS)
def test_history_is_a_list_with_a_cursor(steps: list[int | str]) -> None:
    start = plan()
    history, model, at, saved = PlanHistory(start), [start], 0, start
    for step in steps:
        if step == "undo":
            at = max(0, at - 1)
            assert history.undo() == model[at]
        elif step == "redo":
            at = min(len(model) - 1, at + 1)
            assert history.redo() == model[at]
        elif step == "save":
            history.mark_saved()
            saved = model[at]
        else:
            new = moved(start, float(step))
            changed = history.commit(f"Move {step}", new)
            assert changed == (new != model[at])
            if changed:
                model = [*model[: at + 1], new]
                at += 1
        assert history.plan == model[at]
        assert history.is_clean == (saved == model[at])
        assert len(history.labels) == len(model) - 1
        assert (history.undo_label is None) == (at == 0)
        assert (history.redo_label is None) == (at == len(model) - 1)


def test_keeps_two_hundred_steps() -> None:
    start = plan()
    history = PlanHistory(start)
    for k in range(250):
        history.commit(f"Step {k}", moved(start, 1.0 + k))
    assert len(history.labels) == 200
    for _ in range(300):
        history.undo()
    assert history.plan == moved(start, 50.0)
    assert not history.is_clean


def test_a_drag_is_one_step_until_something_comes_between() -> None:
    start = plan()
    history = PlanHistory(start)
    for k in range(3):
        history.commit("Move tip of L4 left", moved(start, 1.0 + k), ("drag", 23, "left"))
    assert history.labels == ("Move tip of L4 left",)
    history.undo()
    assert history.plan == start
    history.redo()
    history.commit("Move tip of L4 left", moved(start, 9.0), ("drag", 23, "left"))
    assert len(history.labels) == 2
    history.mark_saved()
    history.commit("Move tip of L4 left", moved(start, 10.0), ("drag", 23, "left"))
    history.undo()
    assert history.is_clean
