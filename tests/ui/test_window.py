"""The window: opening, cancelling, failing, saving, closing."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_up_case import FakeSeries
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDialog, QLabel, QPushButton

from imaging.dicom.series import SeenSeries
from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE
from imaging.progress import TaskCancelledError
from ui.error_dialog import sentence_of
from ui.presenters.browser_rows import rows_of

pytestmark = pytest.mark.gui


def test_start_screen_offers_the_two_ways_in(window):
    assert window.stack.currentWidget() is window.browser
    assert window.browser.open_button.isEnabled()
    assert window.browser.sample_button.isEnabled()
    assert not window.banner.isVisible()
    assert not window.bar.steps["trajectories"].isEnabled()
    assert "waits" in window.bar.steps["trajectories"].toolTip()


def test_folder_lists_series_with_verdict_and_reason(window, qtbot, tmp_path):
    (tmp_path / "a.dcm").write_bytes(b"x")
    window.open_folder(tmp_path)
    qtbot.waitUntil(lambda: len(window.browser.lines) == 2, timeout=3000)
    verdicts = {line.row.title: (line.row.verdict, line.row.reason) for line in window.browser.lines}
    assert verdicts["Lumbar bone"][0] == "Best for planning"
    assert verdicts["Damaged"][0] == "Not usable for planning"
    assert "missing" in verdicts["Damaged"][1]
    assert window.browser.plan_button.isEnabled()
    damaged = next(line for line in window.browser.lines if line.row.title == "Damaged")
    window.browser.choose(damaged.row)
    assert not window.browser.plan_button.isEnabled()
    assert "waits" in window.browser.plan_note.text()


def test_empty_folder_is_a_plain_sentence(window, qtbot, tmp_path):
    window.open_folder(tmp_path)
    qtbot.waitUntil(lambda: "is empty" in window.browser.empty_text.text(), timeout=3000)
    assert not window.browser.busy.isVisible()


def test_missing_folder_is_a_plain_sentence(window, qtbot, tmp_path):
    window.open_folder(tmp_path / "gone")
    qtbot.waitUntil(lambda: "There is no folder" in window.browser.empty_text.text(), timeout=3000)


def test_folder_without_rights_is_a_plain_sentence():
    error = PermissionError(13, "Permission denied", "/secret")
    assert "no rights" in sentence_of(error)
    assert "Traceback" not in sentence_of(ValueError("x"))


def test_planned_case_shows_patient_orientation_and_caveat(planned):
    assert planned.banner.isVisible()
    assert planned.banner.patient.text() == "SPECIMEN, Anna"
    assert "left is on the left" in planned.banner.orientation.text()
    assert "not a certified device" in planned.banner.caveat.text()
    rows = {(row.name, row.side): row for row in planned.screen.levels.rows}
    assert set(rows) == {("L4", "left"), ("L4", "right")}
    assert "refused" in rows["L4", "right"].accessibleName()


def test_refusal_is_told_with_its_reason(planned):
    planned.presenter.select(23, "right")
    assert planned.screen.details.title.text() == "L4 right"
    assert planned.screen.details.state.text() == "Refused"
    assert not planned.screen.details.approve.isEnabled()


def test_approval_waits_for_the_level_count(planned, qtbot):
    details = planned.screen.details
    assert not details.approve.isEnabled()
    assert "confirm the level count" in details.reason.text().lower()
    assert planned.screen.levels.card.isVisible()
    accept = planned.screen.levels.confirm
    assert not accept.isEnabled(), "waits for a click on a vertebra"
    view, body = planned.screen.sagittal, planned.presenter.anatomy.body
    x, y, _ = view.to_px(body.centre_lps_mm - 0.4 * body.depth_mm * body.posterior)
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
    assert accept.text() == f"This is {planned.presenter.level.name}: confirm"
    qtbot.mouseClick(accept, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: planned.session.plan.levels_confirmed, timeout=2000)
    assert not planned.screen.levels.card.isVisible()
    heads = {w.text() for w in planned.screen.levels.findChildren(QLabel) if w.text().startswith("name ")}
    assert heads == {"name confirmed"}, "no level is called less than sure any more"
    details.approve.click()
    assert planned.presenter.trajectory.state == "approved"
    planned.undo_action.trigger()
    assert planned.presenter.trajectory.state == "draft"


def test_window_fits_a_small_laptop(planned, qtbot):
    planned.resize(1366, 768)
    qtbot.wait(30)
    assert (planned.width(), planned.height()) == (1366, 768)
    assert planned.minimumSizeHint().width() <= 1366
    assert planned.minimumSizeHint().height() <= 768
    assert planned.screen._kind() == "four"
    images = sum(f.width() * f.height() for f in planned.screen.frames if f.isVisible())
    assert images > 0.4 * 1366 * 768
    assert planned.screen.details.approve.isVisible()


def test_at_twice_the_size_on_a_full_hd_screen_nothing_runs_over_another(planned, qtbot):
    planned.resize(960, 540)
    qtbot.wait(30)
    assert (planned.width(), planned.height()) == (960, 540)
    screen = planned.screen
    assert screen.ap.isVisible(), "AP and lateral stay as a pair"
    assert screen.lateral.isVisible()
    for frame in screen.frames:
        if frame.isVisible():
            assert frame.geometry().bottom() <= frame.parentWidget().height(), "its foot says SIMULATED"
    bar = planned.bar
    shown = [w for w in (*bar.steps.values(), bar.undo, bar.redo, bar.save, bar.theme) if w.isVisible()]
    edges = sorted((w.geometry().left(), w.geometry().right()) for w in shown)
    assert all(right < left for (_, right), (left, _) in pairwise(edges))
    for button in bar.steps.values():
        assert button.width() >= button.fontMetrics().horizontalAdvance(button.text())


def test_why_a_case_is_for_reading_only_is_told_whole_on_hover(planned, qtbot):
    reason = "anna on ward-3 since 18 Nov 2026 18:42 has this case open. It is open here for reading only."
    planned.resize(960, 540)
    planned.banner.show_patient(planned.presenter.patient, reason)
    planned.banner.grab()
    assert planned.banner.read_only.toolTip() == reason
    planned.resize(1366, 768)
    qtbot.wait(30)
    planned.banner.grab()
    assert planned.banner.read_only.text() == reason
    assert planned.banner.patient.isVisible()


def test_closing_while_segmenting_is_quick_and_clean(window, services, qtbot):
    services.slow_s = 30.0
    window.plan_series(FakeSeries())
    qtbot.waitUntil(lambda: services.segmenting, timeout=3000)
    start = time.monotonic()
    assert window.close()
    assert time.monotonic() - start < 3.2
    assert not any(t.is_alive() for t in window.tasks._workers)


def test_cancelling_the_segmentation_keeps_the_images(window, services, qtbot):
    services.slow_s = 30.0
    window.plan_series(FakeSeries())
    qtbot.waitUntil(lambda: services.segmenting, timeout=3000)
    assert window.busy.isVisible()
    window.busy.cancel.emit()
    qtbot.waitUntil(lambda: not window.tasks.is_busy(), timeout=2000)
    assert window.screen is not None
    assert window.session.plan is None
    assert not window.busy.isVisible()


def test_what_was_found_is_shown_while_the_plan_is_made(window, services, qtbot):
    services.planning_s = 30.0
    window.plan_series(FakeSeries())
    qtbot.waitUntil(lambda: window.session.segmentation is not None, timeout=60000)
    sagittal = window.screen.sagittal
    assert window.busy.isVisible()
    assert window.session.plan is None
    assert not window.bar.steps["levels"].isEnabled(), "names are not changed under a plan being made"
    names = ", ".join(NAME_FROM_VERSE[a.verse] for a in services.found.levels)
    assert any(names in w.text() for w in window.screen.findChildren(QLabel))
    qtbot.waitUntil(lambda: window.screen.view3d.ready, timeout=60000)
    shown = sagittal.grab().toImage()
    window.presenter.set_overlays(False)
    assert sagittal.grab().toImage() != shown, "the outlines and names were drawn"
    window.busy.cancel.emit()
    qtbot.waitUntil(lambda: "Planning cancelled" in window.status.told.text(), timeout=5000)
    assert window.session.segmentation is not None
    assert not window.busy.isVisible()


def test_a_case_opened_meanwhile_ends_the_planning_of_the_first(window, services, qtbot):
    services.planning_s = 30.0
    window.plan_series(FakeSeries())
    qtbot.waitUntil(lambda: window.session.segmentation is not None, timeout=60000)
    first = window.session.case
    assert window.tasks.is_busy("case")
    window._show_case(object())
    assert window.session.case is not first
    assert not window.tasks.is_busy("case")
    assert not window.busy.isVisible()
    qtbot.wait(100)
    assert window.status.told.text() == "", "nothing is said about a case that is no longer shown"


def test_a_second_case_replaces_the_first(planned, qtbot):
    first = planned.screen
    planned.plan_series(FakeSeries())
    qtbot.waitUntil(lambda: planned.screen is not None and planned.screen is not first, timeout=3000)
    qtbot.waitUntil(lambda: planned.session.plan is not None, timeout=3000)
    qtbot.waitUntil(lambda: planned.screen.view3d.ready, timeout=3000)


def test_unsaved_changes_are_asked_about(planned, services, qtbot, tmp_path):
    planned.session.confirm_levels()
    first = planned.screen
    planned.plan_series(FakeSeries())
    assert planned.findChild(QDialog, "unsaved") is not None
    assert planned.screen is first
    planned.question.close()
    path = tmp_path / "a.bvncase"
    planned._save_to(path)
    qtbot.waitUntil(lambda: services.saved == [path], timeout=2000)
    qtbot.waitUntil(lambda: planned.session.is_clean, timeout=2000)
    assert planned.bar.saved.text().startswith("Saved")


def test_enter_never_drops_unsaved_work(planned, qtbot, monkeypatch):
    saved = []
    monkeypatch.setattr(planned, "save", lambda: saved.append(True))
    planned.session.confirm_levels()
    planned.close()
    dialog = planned.findChild(QDialog, "unsaved")
    assert dialog.focusWidget().text() == "Save…"
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)
    assert saved == [True]
    assert planned.isVisible()


def test_failures_become_a_sentence(window, services, qtbot):
    def broken(case, progress):
        raise PlannerError("no_spine", "No spine was found in these images.")

    services.segment = broken
    window.plan_series(FakeSeries())
    qtbot.waitUntil(lambda: window.dialog is not None, timeout=3000)
    assert window.dialog.focusWidget().text() == "Close"
    assert window.dialog.sentence.text() == "No spine was found in these images."
    assert window.screen is not None
    window.dialog.close()


def test_damaged_case_file_is_told(window, qtbot, tmp_path):
    window.open_case_file(tmp_path / "x.bvncase")
    qtbot.waitUntil(lambda: window.dialog is not None, timeout=3000)
    assert "damaged" in window.dialog.sentence.text()
    window.dialog.close()


def test_missing_slices_are_interpolated_only_when_agreed(window, qtbot, monkeypatch):
    reason = Finding("stop", "missing_slices", "3 of 40 slices are missing between 24 and 28 mm.")
    series = FakeSeries("Gappy", "unusable", (reason,), plannable=False, fillable=True)
    agreed = []
    monkeypatch.setattr(window, "_plan_series", lambda s, fill_missing: agreed.append((s, fill_missing)))
    window.plan_series(series)
    dialog = window.dialog
    assert "3 of 40 slices" in "".join(x.text() for x in dialog.findChildren(QLabel))
    dialog.reject()
    assert agreed == []
    window.plan_series(series)
    next(b for b in window.dialog.findChildren(QPushButton) if b.text() == "Interpolate and plan").click()
    assert agreed == [(series, True)]


def test_search_hides_series_and_the_heads_left_empty(window):
    browser = window.browser
    first, second = FakeSeries(title="Axial bone"), FakeSeries(title="Sagittal soft")
    browser.show_series(Path("/images/anna"), SimpleNamespace(series=[first, second], skipped=()))
    assert browser.title.text() == "images / anna"
    browser.search.setText("sagittal")
    assert [line.isHidden() for line in browser.lines] == [
        line.row.title != "Sagittal soft" for line in browser.lines
    ]
    browser.search.setText("nobody")
    assert all(head.isHidden() for head, _ in browser._heads)
    browser.search.clear()
    assert not any(head.isHidden() for head, _ in browser._heads)


def test_the_bar_says_about_how_long_it_still_takes(window):
    busy = window.busy
    busy.begin("Finding")
    busy.report(0.5, "Looking")
    assert "left" not in busy.step.text(), "too early to tell"
    busy._begun -= 40
    busy.report(0.5, "Looking")
    assert busy.step.text().endswith("about 40\u202fs left")


def test_rows_appear_while_a_folder_is_searched(window, services, qtbot, tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(b"x")
    go_on = threading.Event()
    scan = services.scan

    def slowly(folder, progress, seen=None):
        seen((SeenSeries("DOE^Jane", "7", "CT", "Lumbar 1.0", 40), SeenSeries("ROE^Ann", "8", "MR", "", 1)))
        while not go_on.wait(0.02):
            progress.step(0.1, "Reading")
        return scan(folder, progress)

    monkeypatch.setattr(services, "scan", slowly)
    window.open_folder(tmp_path / "in")
    qtbot.waitUntil(lambda: window.browser.summary.text() == "2 series so far")
    words = {w.text() for w in window.browser.findChildren(QLabel)}
    assert {"Lumbar 1.0", "40 images so far", "No description", "1 image so far"} <= words
    assert not window.browser.lines
    window._cancel_work()
    qtbot.waitUntil(lambda: window.browser.title.text() == "Cases")
    window.open_folder(tmp_path / "in")
    go_on.set()
    qtbot.waitUntil(lambda: len(window.browser.lines) == 2)


@pytest.mark.parametrize(("spacing_mm", "said"), [(1.0, False), (1.25, False), (2.5, True)])
def test_slices_thicker_than_asked_for_are_not_called_flawless(spacing_mm, said):
    [row] = rows_of([replace(FakeSeries(), spacing_mm=spacing_mm)])
    assert row.reason.startswith("Even spacing, nothing missing.")
    assert ("1.25" in row.reason) is said


def test_an_export_can_be_cancelled(planned, services, qtbot, tmp_path):
    ended = []

    def export(_folder, _case, _segmentation, _plan, progress):
        try:
            while True:
                progress.step(0.2, "")
                time.sleep(0.005)
        except TaskCancelledError:
            ended.append(True)
            raise

    services.export = export
    planned.export_to(tmp_path)
    qtbot.waitUntil(lambda: "20" in planned.busy.step.text(), timeout=10000)
    assert not planned.busy.step.text().startswith(",")
    planned.busy.cancel.emit()
    qtbot.waitUntil(lambda: "Export cancelled" in planned.status.told.text(), timeout=10000)
    assert ended == [True]
    assert planned.busy.isHidden()
