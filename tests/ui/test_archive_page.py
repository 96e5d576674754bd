"""The archive page: off until set up, says why, lists, fetches and sends through the services."""

from __future__ import annotations

import pytest

from imaging.errors import PlannerError
from planner.network.dimse import Found
from planner.network.settings import Archive, archives, save_archive
from planner.services import archive as service

pytestmark = pytest.mark.gui

STUDY = Found("1.2.3", "", "TEST-1", "SPECIMEN^Anna", "20261118", "CT", "Lumbar spine", "180")


@pytest.fixture
def page(window, tmp_path, monkeypatch):
    monkeypatch.setenv("BVN_PLANNER_CONFIG", str(tmp_path / "config"))
    window.go("archive")
    return window.host.widget("archive")


def test_off_until_an_archive_is_added(page):
    assert "the network is off" in page.state.text()
    assert not page.find_button.isEnabled()
    assert "waits for an archive" in page.find_button.toolTip()
    page.add.click()
    page.dialog.save()
    assert "cannot be used" in page.dialog.error.text()
    page.dialog.fields["name"].setText("pacs")
    page.dialog.fields["host"].setText("127.0.0.1")
    page.dialog.save()
    assert [a.name for a in archives()] == ["pacs"]
    assert page.find_button.isEnabled()
    assert "not encrypted" in page.state.text()
    page.remove.click()
    assert archives() == ()


def test_finds_lists_and_fetches(page, qtbot, monkeypatch, tmp_path):
    save_archive(Archive("pacs", "127.0.0.1"))
    page.refresh()
    asked = []

    def find(archive, patient_id="", patient_name="", study_uid="", date=""):
        asked.append((patient_name, study_uid))
        return (STUDY,) if not study_uid else (Found("1.2.3", "1.2.3.4", "", "", "", "CT", "Bone", "180"),)

    def fetch(archive, study, series, folder, by, progress):
        asked.append((study, series))
        return 180

    monkeypatch.setattr(service, "find", find)
    monkeypatch.setattr(service, "fetch", fetch)
    opened = []
    monkeypatch.setattr(page.context.window, "open_folder", opened.append)
    page.patient_name.setText("SPEC*")
    page.find_button.click()
    qtbot.waitUntil(lambda: page.table.rowCount() == 1, timeout=3000)
    assert page.table.item(0, 0).text() == "SPECIMEN, Anna"
    assert page.note.text() == "1 study found."
    page.open_button.click()
    qtbot.waitUntil(lambda: page.found[0].series_uid == "1.2.3.4", timeout=3000)
    assert page.table.item(0, 1).text() == "TEST-1"
    page.fetch(tmp_path / "new")
    qtbot.waitUntil(lambda: opened == [tmp_path / "new"], timeout=3000)
    assert asked == [("SPEC*", ""), ("", "1.2.3"), ("1.2.3", "1.2.3.4")]


def test_what_goes_wrong_is_told_in_place(page, qtbot, monkeypatch):
    save_archive(Archive("pacs", "127.0.0.1"))
    page.refresh()

    def find(*_arguments, **_keywords):
        raise PlannerError("archive_unreachable", "pacs cannot be reached: no answer.")

    monkeypatch.setattr(service, "find", find)
    page.find_button.click()
    qtbot.waitUntil(lambda: page.note.text() == "pacs cannot be reached: no answer.", timeout=3000)
    assert not page.busy.isVisible()
    assert "waits for a plan" in page.send_button.toolTip()
