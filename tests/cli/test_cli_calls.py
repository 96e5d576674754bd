from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from imaging.errors import PlannerError
from planner.cli.console import ConsoleProgress
from planner.cli.main import main
from planner.cli.options import anchor_point, level_numbers, side_names
from planner.domain.passport import ImagePrint
from planner.services.export_plan import require_writable_out
from planner.storage.plan_json import plan_to_dict
from tests.services.plan_fakes import plan


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    assert "Traceback" not in err
    return err


def test_importing_the_command_line_loads_no_qt_and_no_vtk() -> None:
    code = (
        "import sys, planner.cli.main, planner.services.export_plan, planner.services.propose_plan\n"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('PySide6', 'vtk', 'vtkmodules')]\n"
        "sys.exit(repr(bad) if bad else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_help_and_version_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    for flag in ("--help", "--version"):
        with pytest.raises(SystemExit) as ended:
            main([flag])
        assert ended.value.code == 0
    assert "not a certified device" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["plan"], "required"),
        (["nonsense", "--flag"], "invalid choice"),
        (["plan", "DIR", "--out", "OUT", "--levels", "L9"], "L9"),
        (["plan", "DIR", "--out", "OUT", "--sides", "up"], "up"),
        (["plan", "DIR", "--out", "OUT", "--anchor", "L4=1,2"], "anchor"),
        (["plan", "DIR", "--out", "OUT", "--device", "no-such-device"], "no-such-device"),
        (["fluoro", "DIR", "--out", "x.jpg"], ".png"),
        (["fluoro", "DIR", "--out", "x.png", "--view", "ap", "--primary", "3"], "either"),
        (["fluoro", "DIR", "--out", "x.png", "--level", "L4"], "--plan"),
        (["fluoro", "DIR", "--out", "x.png", "--size", "9999"], "--size"),
        (["fluoro", "DIR", "--out", "x.png", "--view", "sideways"], "sideways"),
    ],
)
def test_bad_calls_are_one_sentence_and_2(
    arguments: list[str], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    out = str(tmp_path / "out")
    assert main([{"DIR": str(tmp_path / "in"), "OUT": out}.get(a, a) for a in arguments]) == 2
    assert word in one_sentence(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["series", "plan"])
@pytest.mark.parametrize("kind", ["missing", "empty", "text", "file"])
def test_unusable_folders_are_one_sentence_and_2(
    verb: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    if kind == "file":
        folder.write_text("x")
    elif kind != "missing":
        folder.mkdir()
        if kind == "text":
            (folder / "readme.txt").write_text("no image")
    out = tmp_path / "out"
    assert main([verb, str(folder), *(["--out", str(out)] if verb == "plan" else [])]) == 2
    err = capsys.readouterr().err
    assert err.strip().splitlines()[-1].startswith("bvn-planner: ")
    assert "Traceback" not in err
    assert [p.name for p in tmp_path.iterdir()] in ([], ["in"])


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_closed_folder_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir(mode=0o000)
    assert main(["series", str(folder)]) == 2
    assert "permission" in one_sentence(capsys)
    folder.chmod(0o700)


def test_a_missing_folder_for_the_app_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none")]) == 2
    assert "no folder" in one_sentence(capsys)


def test_a_foreign_out_is_refused_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.docx").write_text("precious")
    assert main(["plan", str(tmp_path / "none"), "--out", str(out)]) == 2
    assert "not an earlier plan" in one_sentence(capsys)
    assert (out / "thesis.docx").read_text() == "precious"


def test_only_an_earlier_output_may_be_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    require_writable_out(out)
    (out / "fluoro").mkdir(parents=True)
    (out / "plan.json").write_text('{"schema": 1, "frame": "LPS"}')
    require_writable_out(out)
    (out / "fluoro" / "holiday.jpg").touch()
    with pytest.raises(PlannerError, match="not an earlier plan"):
        require_writable_out(out)
    (out / "fluoro" / "holiday.jpg").unlink()
    (out / "plan.json").write_text('{"my": "own plan"}')
    with pytest.raises(PlannerError, match="not an earlier plan"):
        require_writable_out(out)
    (out / "plan.json").unlink()
    (out / "fluoro").rmdir()
    require_writable_out(out)
    (tmp_path / "file").touch()
    with pytest.raises(PlannerError, match="is a file"):
        require_writable_out(tmp_path / "file")


def test_ctrl_c_ends_with_130_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("planner.services.open_case.scan_folder", interrupted)
    assert main(["plan", str(tmp_path), "--out", str(tmp_path / "out")]) == 130
    assert list(tmp_path.iterdir()) == []


def test_a_bug_is_1_and_shows_where(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("planner.services.open_case.scan_folder", broken)
    assert main(["series", "x"]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_schema_prints_a_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_devices_have_evidence_for_each_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "--json"]) == 0
    for profile in json.loads(capsys.readouterr().out):
        numbers = set(profile) - {"id", "name", "evidence"}
        assert numbers == set(profile["evidence"])
    assert main(["devices"]) == 0
    assert "no evidence recorded" not in capsys.readouterr().out


def test_flags_are_read_as_documented() -> None:
    assert level_numbers("l3, L4,S1,L4") == (22, 23, 26)
    assert side_names("right,left") == ("left", "right")
    assert anchor_point("L4=-1.5,2,3e1") == (23, (-1.5, 2.0, 30.0))


def test_progress_is_lines_off_a_terminal_and_a_bar_on_one() -> None:
    class Fake:
        def __init__(self, tty: bool) -> None:
            self.tty, self.text = tty, ""

        def isatty(self) -> bool:
            return self.tty

        def write(self, text: str) -> int:
            self.text += text
            return len(text)

        def flush(self) -> None:
            pass

    lines, bar = Fake(False), Fake(True)
    for stream in (lines, bar):
        progress = ConsoleProgress(stream, every_s=0.0)  # type: ignore[arg-type]
        progress.step(0.5, "Reading")
        progress.close()
    assert lines.text == " 50 % Reading\n"
    assert bar.text.startswith("\r[############            ]  50 % Reading")
    assert bar.text.endswith("\r")


def test_a_passport_counts_the_images_and_lists_them_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = plan()
    prints = tuple(ImagePrint(f"1.2.{n}", "ab" * 32) for n in range(3))
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_to_dict(replace(whole, source=replace(whole.source, images=prints)))))
    assert main(["passport", str(path)]) == 0
    short = capsys.readouterr().out
    assert "Source images: 3" in short
    assert "1.2.1" not in short
    assert main(["passport", str(path), "--images"]) == 0
    assert "Source image: 1.2.1 abab" in capsys.readouterr().out
