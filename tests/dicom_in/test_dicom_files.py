"""Files as they come: compressed, without preamble, damaged, forbidden; values and progress."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import ImplicitVRLittleEndian, JPEG2000Lossless, RLELossless
from small_dicom import hu_at, positions, slice_dataset, write, write_series

from imaging.dicom.load import load_series
from imaging.dicom.scan import scan_folder
from imaging.errors import PlannerError
from imaging.progress import CallbackProgress, TaskCancelledError


def only(folder: Path):
    (series,) = scan_folder(folder).series
    return series


def recompress(paths: list[Path], syntax: str) -> None:
    for path in paths:
        ds = dcmread(path)
        ds.compress(syntax, generate_instance_uid=False)
        ds.save_as(path)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, RLELossless])
def test_compressed_equals_plain(tmp_path: Path, syntax: str) -> None:
    write_series(tmp_path / "plain", positions())
    recompress(write_series(tmp_path / "packed", positions()), syntax)
    plain, packed = load_series(only(tmp_path / "plain")), load_series(only(tmp_path / "packed"))
    assert packed.voxel_sha256 == plain.voxel_sha256


def test_a_cut_compressed_slice_is_named(tmp_path: Path) -> None:
    paths = write_series(tmp_path, positions())
    recompress(paths, JPEG2000Lossless)
    paths[7].write_bytes(paths[7].read_bytes()[:-60])
    series = only(tmp_path)
    with pytest.raises(PlannerError, match=paths[7].name) as caught:
        load_series(series)
    assert caught.value.code == "damaged_slice"
    assert caught.value.text == (
        f"{paths[7].name} is damaged: its image data are missing or cut short. "
        "Copy the series again from its source."
    )


def test_each_slice_has_its_own_slope(tmp_path: Path) -> None:
    for n, place in enumerate(positions()):
        write(slice_dataset(place, slope=1.0 + 0.25 * (n % 3), intercept=-1024.0 + n), tmp_path / f"{n}.dcm")
    volume = load_series(only(tmp_path)).volume
    k, j, i = np.indices(volume.values.shape)
    expected = hu_at(volume.grid.lps_from_indices(np.stack([i, j, k], -1)))
    assert np.abs(volume.values - expected).max() <= 1


def with_padding(tmp_path: Path, stored: int, padding: int | None) -> int:
    for n, place in enumerate(positions()):
        ds = slice_dataset(place)
        pixels = ds.pixel_array.copy()
        pixels[0, 0] = stored
        ds.PixelData = pixels.tobytes()
        if padding is not None:
            ds.PixelPaddingValue = padding
        write(ds, tmp_path / f"{n}.dcm")
    return int(load_series(only(tmp_path)).volume.values[5, 0, 0])


def test_padding_becomes_air(tmp_path: Path) -> None:
    assert with_padding(tmp_path / "below", -2048, None) == -1024
    assert with_padding(tmp_path / "above", 30000, 30000) == -1024
    assert with_padding(tmp_path / "tissue", 40, 40) == 40


def test_no_preamble_no_extension_and_other_files(tmp_path: Path) -> None:
    for n, place in enumerate(positions()):
        ds = slice_dataset(place)
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        path = write(ds, tmp_path / "deep" / f"IM{n}")
        bare = dcmread(path)
        del bare.file_meta
        bare.preamble = None
        bare.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
        assert path.read_bytes()[128:132] != b"DICM"
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    found = scan_folder(tmp_path)
    assert (len(found.series), found.other_files, found.skipped) == (1, 2, ())
    assert load_series(found.series[0]).volume.values.shape == (20, 44, 48)


def test_empty_and_cut_files_are_listed_with_reasons(tmp_path: Path) -> None:
    paths = write_series(tmp_path, positions())
    paths[9].write_bytes(paths[9].read_bytes()[:2500])
    (tmp_path / "empty.dcm").touch()
    found = scan_folder(tmp_path)
    reasons = {file.path.name: file.reason for file in found.skipped}
    assert reasons["empty.dcm"] == "is empty"
    assert reasons[paths[9].name].startswith("is cut short")
    (series,) = found.series
    assert [r.code for r in series.reasons] == ["missing_slices", "damaged_files"]
    assert paths[9].name in series.reasons[1].text


def test_dicom_that_is_no_image_is_listed(tmp_path: Path) -> None:
    write_series(tmp_path, positions())
    report = slice_dataset(positions()[0], modality="SR")
    for name in ("Rows", "Columns", "PixelData"):
        delattr(report, name)
    write(report, tmp_path / "report.dcm")
    found = scan_folder(tmp_path)
    assert [file.reason for file in found.skipped] == ["holds no image (SR)"]
    assert found.series[0].reasons == ()


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    def code_of(folder: Path) -> str:
        with pytest.raises(PlannerError) as caught:
            scan_folder(folder)
        return caught.value.code

    assert code_of(tmp_path / "nowhere") == "folder_missing"
    assert code_of(tmp_path) == "folder_empty"
    note = tmp_path / "note.txt"
    note.write_text("nothing here")
    assert code_of(note) == "folder_missing"
    assert code_of(tmp_path) == "folder_no_dicom"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root and Windows read everything"
)
def test_no_permission(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    write_series(closed, positions())
    closed.chmod(0)
    try:
        with pytest.raises(PlannerError) as caught:
            scan_folder(closed)
        assert caught.value.code == "folder_no_permission"
    finally:
        closed.chmod(0o700)


def test_a_refused_folder_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_series(tmp_path, positions())
    monkeypatch.setattr("imaging.dicom.scan.readable_folder", lambda folder: False)
    with pytest.raises(PlannerError, match="may not be opened: permission is denied") as caught:
        scan_folder(tmp_path)
    assert caught.value.code == "folder_no_permission"


def test_refused_files_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write_series(tmp_path, positions())
    opened = Path.open

    def refuse(self: Path, *arguments, **keywords):
        if self == paths[0]:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **keywords)

    monkeypatch.setattr(Path, "open", refuse)
    found = scan_folder(tmp_path)
    assert [(file.path, file.reason) for file in found.skipped] == [
        (paths[0], "may not be read: permission denied")
    ]


def test_source_is_untouched_progress_rises_and_stops(tmp_path: Path) -> None:
    paths = write_series(tmp_path, positions())
    before = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    seen: list[float] = []
    series = scan_folder(tmp_path, CallbackProgress(lambda f, _: seen.append(f))).series[0]
    assert seen == sorted(seen)
    seen.clear()
    load_series(series, CallbackProgress(lambda f, _: seen.append(f)))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    with pytest.raises(TaskCancelledError):
        load_series(series, CallbackProgress(lambda *_: None, lambda: True))
    with pytest.raises(TaskCancelledError):
        scan_folder(tmp_path, CallbackProgress(lambda *_: None, lambda: True))
    assert before == [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert sorted(tmp_path.iterdir()) == sorted(paths)
