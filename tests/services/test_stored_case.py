from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from plan_fakes import plan, segmentation
from tiny_case import labels_of, write_series

from imaging.errors import PlannerError
from planner.services import stored_case
from planner.services.open_case import open_case
from planner.services.stored_case import open_stored
from planner.storage.case_file import write_case_file


@pytest.fixture
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stored_case, "measured", lambda case, labels, progress: labels)
    case = open_case(write_series(tmp_path / "images"))
    path = tmp_path / "a.bvncase"
    write_case_file(path, case.folder, replace(plan(), source=case.source), labels_of(case, segmentation()))
    return path


def test_the_images_are_proven_and_the_file_is_locked(saved: Path) -> None:
    first = open_stored(saved)
    assert first.read_only == ""
    second = open_stored(saved)
    assert "has this case open" in second.read_only
    assert second.lock is None
    assert first.lock is not None
    first.lock.release()
    third = open_stored(saved)
    assert third.read_only == ""
    assert third.lock is not None
    third.lock.release()


def test_changed_images_are_noticed_by_their_hash(saved: Path) -> None:
    file = sorted((saved.parent / "images").iterdir())[4]
    image = pydicom.dcmread(file)
    image.PixelData = bytes([image.PixelData[0] ^ 1]) + image.PixelData[1:]
    image.save_as(file)
    opened = open_stored(saved)
    assert opened.read_only.startswith(stored_case.SOURCE_CHANGED)
    assert opened.read_only.endswith("Of 12 source images: 1 changed.")
    assert opened.lock is None


def test_missing_images_are_asked_for_and_found_elsewhere(saved: Path, tmp_path: Path) -> None:
    shutil.move(tmp_path / "images", tmp_path / "moved")
    with pytest.raises(PlannerError, match="Show where they are now") as caught:
        open_stored(saved)
    assert caught.value.code == "source_missing"
    opened = open_stored(saved, images=tmp_path / "moved")
    assert opened.read_only == ""
    assert opened.lock is not None
    opened.lock.release()
