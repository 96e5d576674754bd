"""Keeping, recovering and reading only, in the window."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_case import made_plan
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QPushButton

from imaging.errors import PlannerError
from planner.services.stored_case import StoredCase
from planner.storage.recovery import left_behind
from ui.ending import Ending

pytestmark = pytest.mark.gui


def press(dialog: QDialog, word: str) -> None:
    button = next(b for b in dialog.findChildren(QPushButton) if b.text() == word)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def discard_left(planned) -> None:
    press(planned.findChild(QDialog, "recovery"), "Discard")
    asked = [d for d in planned.findChildren(QDialog, "discard") if d.isVisible()]
    press(asked[-1], "Discard")


def test_a_killed_window_is_offered_again_with_its_last_change(planned, services, qtbot, tmp_path):
    planned.session.confirm_levels()
    state = next(iter((tmp_path / "recovery").iterdir())) / "state.json"
    kept = lambda: state.is_file() and "Confirm the level count" in state.read_text()  # noqa: E731
    qtbot.waitUntil(kept, timeout=15000)
    confirmed = planned.session.plan
    planned.keeper._lock.release()
    planned.keeper = None
    services.load = lambda path, progress, images=None, plan=None: StoredCase(object(), services.found, plan)
    planned._leaving = True
    planned.offer_left_behind(told="Something else was not opened.")
    dialog = planned.findChild(QDialog, "recovery")
    assert "SPECIMEN, Anna" in dialog.windowTitle()
    press(dialog, "Open it")
    qtbot.waitUntil(lambda: planned.session.plan == confirmed, timeout=15000)
    session = planned.session
    qtbot.waitUntil(lambda: session.history is not None and session.history.position == 0, timeout=15000)
    qtbot.waitUntil(lambda: planned.status.told.text() == "Something else was not opened.", timeout=15000)
    assert not planned.session.is_clean
    assert planned.would_lose()  # what was recovered is nowhere else once its folder is gone
    qtbot.waitUntil(lambda: not state.exists(), timeout=15000)
    assert left_behind(tmp_path / "recovery") == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without a signal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_closes_without_a_question_and_offers_it_later(planned, qtbot, tmp_path, number):
    planned.session.confirm_levels()
    state = next(iter((tmp_path / "recovery").iterdir())) / "state.json"
    kept = lambda: state.is_file() and "Confirm the level count" in state.read_text()  # noqa: E731
    qtbot.waitUntil(kept, timeout=15000)
    keeper, before = planned.keeper, signal.getsignal(number)
    ending = Ending(planned)
    try:
        os.kill(os.getpid(), number)
        qtbot.waitUntil(lambda: not planned.isVisible(), timeout=15000)
    finally:
        ending.close()
    assert signal.getsignal(number) is before
    assert planned.findChild(QDialog, "unsaved") is None
    keeper._lock.release()  # as the end of the process does
    assert [left.label for left in left_behind(tmp_path / "recovery")] == ["Confirm the level count"]


def test_a_change_that_still_waits_to_be_kept_is_kept_before_the_end(planned, qtbot, tmp_path, monkeypatch):
    qtbot.waitUntil(lambda: planned._kept_at is not None, timeout=15000)
    keeper, keep = planned.keeper, planned.keeper.keep

    def slowly(*arguments):
        time.sleep(0.3)
        return keep(*arguments)

    monkeypatch.setattr(keeper, "keep", slowly)
    session = planned.session
    session.confirm_levels()
    session.commit("Last", replace(session.plan, levels_confirmed=False))
    planned.end_now()
    qtbot.waitUntil(lambda: not planned.isVisible(), timeout=15000)
    keeper._lock.release()
    assert [left.label for left in left_behind(tmp_path / "recovery")] == ["Last"]


def test_a_plan_that_nothing_was_done_to_is_offered_too(planned, qtbot, tmp_path):
    qtbot.waitUntil(lambda: planned._kept_at is not None, timeout=15000)
    keeper = planned.keeper
    planned.end_now()
    qtbot.waitUntil(lambda: not planned.isVisible(), timeout=15000)
    keeper._lock.release()
    assert len(left_behind(tmp_path / "recovery")) == 1


def test_discarding_removes_what_was_left(planned, qtbot, tmp_path):
    qtbot.waitUntil(lambda: planned._kept_at is not None, timeout=15000)
    planned.keeper._lock.release()
    planned.keeper = None
    planned.offer_left_behind()
    press(planned.findChild(QDialog, "recovery"), "Discard")
    asked = planned.findChild(QDialog, "discard")
    press(asked, "Keep it")
    assert len(left_behind(tmp_path / "recovery")) == 1, "one click alone deletes nothing"
    discard_left(planned)
    assert left_behind(tmp_path / "recovery") == []


def test_a_saved_case_is_written_again_by_itself(planned, services, qtbot, tmp_path):
    path = tmp_path / "a.bvncase"
    planned._save_to(path)
    qtbot.waitUntil(lambda: planned.session.is_clean, timeout=15000)
    planned._autosave.setInterval(50)
    planned.session.confirm_levels()
    assert not planned.session.is_clean
    qtbot.waitUntil(lambda: services.saved == [path, path] and planned.session.is_clean, timeout=15000)


def test_a_full_disc_is_said_in_the_step_bar(planned, services, qtbot, tmp_path):
    def full(path, case, segmentation, plan):
        raise OSError(28, "No space left on device")

    services.save = full
    planned._save_to(tmp_path / "a.bvncase", quiet=True)
    qtbot.waitUntil(lambda: planned.bar.saved.text() == "Not saved", timeout=15000)
    assert "No space left" in planned.bar.saved.toolTip()
    planned.bar.set_room(300)
    assert not planned.bar.saved.isHidden()


def test_a_second_writer_reads_only_and_is_told_why(window, services, qtbot, tmp_path):
    reason = "anna on ward-3 since 18:42 has this case open. It is open here for reading only."
    services.load = lambda path, progress, images=None, plan=None: StoredCase(
        object(), services.found, made_plan(), reason
    )
    window.open_case_file(tmp_path / "a.bvncase")
    qtbot.waitUntil(lambda: window.session.plan is not None, timeout=15000)
    assert window.banner.read_only.text() == reason
    assert window.bar.saved.text() == "Read only"
    window.presenter.confirm_levels()
    assert not window.session.plan.levels_confirmed
    assert window.status.told.text() == reason


def test_missing_images_are_asked_for(window, services, qtbot, tmp_path, monkeypatch):
    asked: list[Path | None] = []

    def load(path, progress, images=None, plan=None):
        asked.append(images)
        if images is None:
            raise PlannerError("source_missing", "The images of this case are not in X.")
        return StoredCase(object(), services.found, replace(made_plan(), levels_confirmed=True))

    services.load = load
    from PySide6.QtWidgets import QFileDialog

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    window.open_case_file(tmp_path / "a.bvncase")
    qtbot.waitUntil(lambda: window.findChild(QDialog, "images_missing") is not None, timeout=15000)
    press(window.findChild(QDialog, "images_missing"), "Show where…")
    qtbot.waitUntil(lambda: window.session.plan is not None, timeout=15000)
    assert asked == [None, tmp_path]


def test_a_folder_asked_for_at_the_start_waits_for_the_answer_about_what_was_left(
    planned, services, qtbot, tmp_path, monkeypatch
):
    qtbot.waitUntil(lambda: planned._kept_at is not None, timeout=15000)
    planned.keeper._lock.release()
    planned.keeper = None
    opened = []
    monkeypatch.setattr(planned, "open_folder", opened.append)
    planned.begin(tmp_path)
    assert opened == []
    press(planned.findChild(QDialog, "recovery"), "Later")
    assert opened == [tmp_path]

    qtbot.waitUntil(lambda: planned.findChild(QDialog, "recovery") is None, timeout=15000)
    monkeypatch.setattr(planned, "recover", lambda left, told: opened.extend((left.patient, told)))
    planned.begin(tmp_path)
    press(planned.findChild(QDialog, "recovery"), "Open it")
    assert opened[:2] == [tmp_path, "SPECIMEN, Anna"]
    assert f"“{tmp_path.name}” was not opened" in opened[2]

    qtbot.waitUntil(lambda: planned.findChild(QDialog, "recovery") is None, timeout=15000)
    planned.begin(tmp_path)
    discard_left(planned)
    assert opened[3:] == [tmp_path]
    planned.begin(tmp_path)  # nothing is left any more
    assert opened[4:] == [tmp_path]


def test_the_tour_does_not_begin_over_what_is_recovered(planned, qtbot, monkeypatch):
    qtbot.waitUntil(lambda: planned._kept_at is not None, timeout=15000)
    planned.keeper._lock.release()
    planned.keeper = None
    toured = []
    monkeypatch.setattr(planned, "offer_tour", lambda: toured.append(True))
    monkeypatch.setattr(planned, "recover", lambda left, told: None)
    planned.begin(None)
    press(planned.findChild(QDialog, "recovery"), "Open it")
    qtbot.wait(600)
    assert not toured
    qtbot.waitUntil(lambda: planned.findChild(QDialog, "recovery") is None, timeout=15000)
    planned.begin(None)
    press(planned.findChild(QDialog, "recovery"), "Later")
    qtbot.waitUntil(lambda: toured == [True], timeout=5000)
