"""TotalSegmentator is only run where it and its weights are; a stand-in shows the way in and out."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from imaging.errors import PlannerError
from imaging.progress import CallbackProgress, TaskCancelledError
from planner.services.run_totalsegmentator import _run, segment_with_totalsegmentator, why_not
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import build_phantom


def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    program = tmp_path / "bin" / "TotalSegmentator"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{body}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "Dataset291").mkdir()
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(weights))


def test_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not installed" in why_not()
    with pytest.raises(PlannerError) as caught:
        segment_with_totalsegmentator(None)  # type: ignore[arg-type]
    assert caught.value.code == "totalsegmentator_missing"


def test_without_weights_it_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _installed(tmp_path, monkeypatch, "")
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "none"))
    assert "no weights" in why_not()


def test_its_labels_are_taken_in_its_own_numbering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    phantom = build_phantom(
        PhantomParameters.small(levels=(22, 23), spacing_mm=2.0, slice_mm=2.0, with_sacrum=False)
    )
    table = np.zeros(256, np.uint8)
    table[[22, 23]] = 29, 28
    np.save(tmp_path / "labels.npy", table[phantom.vertebrae.labels])
    _installed(
        tmp_path,
        monkeypatch,
        "import sys, numpy as np, SimpleITK as sitk\n"
        "a = sys.argv\n"
        "image = sitk.ReadImage(a[a.index('-i') + 1])\n"
        f"out = sitk.GetImageFromArray(np.load({str(tmp_path / 'labels.npy')!r}))\n"
        "out.CopyInformation(image)\n"
        "sitk.WriteImage(out, a[a.index('-o') + 1])\n",
    )

    class Case:
        volume = phantom.volume

        class source:
            frame_of_reference_uid = ""

    found = segment_with_totalsegmentator(Case())  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.vertebrae.labels, phantom.vertebrae.labels)
    assert [a.name for a in found.levels] == ["L3", "L4"]
    assert "level_count_unconfirmed" in {f.code for f in found.findings}


def test_cancel_ends_the_program() -> None:
    with pytest.raises(TaskCancelledError):
        _run([sys.executable, "-c", "import time; time.sleep(60)"], CallbackProgress(print, lambda: True))


def test_a_failure_is_said_with_its_last_line() -> None:
    with pytest.raises(PlannerError, match="no space left"):
        _run(
            [sys.executable, "-c", "import sys; sys.exit('no space left')"], CallbackProgress(lambda *_: None)
        )
