"""Zip archives and DICOMDIRs as inputs, and the header cache: safe, bounded, never trusted for pixels."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest
from pydicom.fileset import FileSet
from small_dicom import positions, write_series

from imaging.dicom import inputs
from imaging.dicom.header_cache import cache_folder
from imaging.dicom.load import load_series
from imaging.dicom.scan import scan_folder
from imaging.errors import PlannerError
from planner.services.open_case import open_case


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BVN_PLANNER_CACHE", str(tmp_path / "cache"))


def zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(folder.rglob("*.dcm")):
            opened.write(path, path.relative_to(folder))
    return archive


def test_a_zip_opens_as_its_folder_does(tmp_path: Path) -> None:
    write_series(tmp_path / "in" / "deep", positions())
    archive = zipped(tmp_path / "in", tmp_path / "study.zip")
    case = open_case(archive)
    assert case.folder == archive
    assert case.source.voxel_sha256 == open_case(tmp_path / "in").source.voxel_sha256
    first = inputs.unpacked(archive)
    assert inputs.unpacked(archive) == first
    assert first.is_relative_to(cache_folder())


def refusal(archive: Path) -> PlannerError:
    with pytest.raises(PlannerError) as caught:
        scan_folder(archive)
    assert not list((cache_folder() / "unpacked").glob("*"))
    return caught.value


@pytest.mark.parametrize(
    "name", ["../out.dcm", "/etc/out.dcm", "a/../../out.dcm", "..\\out.dcm", "C:\\out.dcm"]
)
def test_names_that_lead_outside_are_refused(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(name, b"x")
    assert refusal(archive).code == "unsafe_archive"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "evil.zip"]


def test_links_bombs_and_damage_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "link.zip"
    with zipfile.ZipFile(link, "w") as opened:
        info = zipfile.ZipInfo("a.dcm")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(info, "/etc/passwd")
    assert "link" in refusal(link).text
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.dcm", bytes(40_000_000))
    assert "would unpack to 0.0 GB" in refusal(bomb).text
    monkeypatch.setattr(inputs, "MOST_MEMBERS", 3)
    many = tmp_path / "many.zip"
    with zipfile.ZipFile(many, "w") as opened:
        for n in range(4):
            opened.writestr(f"{n}", b"x")
    assert "holds 4 files" in refusal(many).text
    broken = tmp_path / "broken.zip"
    broken.write_bytes(many.read_bytes()[:-30])
    assert refusal(broken).code == "bad_archive"


def test_a_member_longer_than_it_claims_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "lies.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a.dcm", bytes(100_000))
    data = archive.read_bytes()
    archive.write_bytes(data.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    assert refusal(archive).code in ("unsafe_archive", "bad_archive")


def test_a_dicomdir_names_its_files(tmp_path: Path) -> None:
    files = FileSet()
    for path in write_series(
        tmp_path / "in", positions(), StudyDate="20200101", StudyTime="1200", StudyID="1"
    ):
        files.add(path)
    files.write(tmp_path / "disc")
    (tmp_path / "disc" / "stray.dcm").write_bytes((tmp_path / "in" / "0001.dcm").read_bytes())
    found = scan_folder(tmp_path / "disc" / "DICOMDIR")
    (series,) = found.series
    assert (series.slices, series.verdict, found.skipped) == (20, "best", ())
    next(iter(series.files)).unlink()
    again = scan_folder(tmp_path / "disc" / "DICOMDIR")
    assert [f.reason for f in again.skipped] == ["is named by the DICOMDIR and not there"]
    (tmp_path / "disc" / "DICOMDIR").write_bytes(b"nonsense" * 40)
    with pytest.raises(PlannerError) as caught:
        scan_folder(tmp_path / "disc" / "DICOMDIR")
    assert caught.value.code == "bad_dicomdir"


def age(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, ns=(1_600_000_000_000_000_000, 1_600_000_000_000_000_000))


def test_headers_are_read_once_and_pixels_always(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write_series(tmp_path / "in", positions())
    (tmp_path / "in" / "notes.txt").write_text("no image at all")
    (tmp_path / "in" / "cut.dcm").write_bytes(paths[0].read_bytes()[:300])
    age(tmp_path / "in")
    first = scan_folder(tmp_path / "in")

    def never(path: Path):
        raise AssertionError(f"{path} was read again")

    with monkeypatch.context() as patch:
        patch.setattr("imaging.dicom.header_cache.read_slices", never)
        second = scan_folder(tmp_path / "in")
    assert second.other_files == first.other_files == 1
    assert second.skipped == first.skipped
    assert [s.headers for s in second.series] == [s.headers for s in first.series]
    (tmp_path / "in" / "0003.dcm").write_bytes(paths[0].read_bytes()[:2000])
    with pytest.raises(PlannerError):
        load_series(second.series[0])
    third = scan_folder(tmp_path / "in")
    assert [f.path.name for f in third.skipped] == ["0003.dcm", "cut.dcm"]


def test_a_broken_cache_is_no_error_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    write_series(tmp_path / "in", positions())
    age(tmp_path / "in")
    scan_folder(tmp_path / "in")
    (file,) = (cache_folder() / "headers").glob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    whole = file.read_text()
    for text in (
        "{",
        "[]",
        '{"version": 1}',
        whole.replace('"image"', '"nothing"'),
        whole.replace("[0,[", "["),
    ):
        file.write_text(text)
        assert scan_folder(tmp_path / "in").series[0].slices == 20
