from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_fakes import moved, plan, segmentation

from imaging.errors import PlannerError
from planner.storage.anatomy_json import anatomy_to_text
from planner.storage.atomic import whole_file, whole_folder
from planner.storage.case_file import read_case_file, write_case_file
from planner.storage.plan_json import (
    plan_from_dict,
    plan_from_text,
    plan_schema,
    plan_to_dict,
    plan_to_text,
    read_plan,
)

CONTRACT_TRAJECTORY = (
    "side,access,device,skin_entry_lps_mm,bone_entry_lps_mm,tip_lps_mm,path_lps_mm,outer_diameter_mm,lesion,"
    "clearance_mm,gertzbein_robbins,breach_probability,findings,carm"
)


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(plan_schema())


@settings(max_examples=20)
@given(st.floats(-500, 500), st.booleans())
def test_a_plan_survives_its_text_bit_by_bit(x: float, confirmed: bool) -> None:
    value = moved(plan(confirmed), x)
    assert plan_from_text(plan_to_text(value, segmentation())) == value


def test_the_document_has_what_the_contract_names() -> None:
    document = plan_to_dict(plan(), segmentation())
    assert (document["schema"], document["frame"], document["unit"]) == (1, "LPS", "mm")
    level = document["levels"][1]
    assert (level["label"], level["verse"]) == ("L4", 23)
    assert level["pedicles"]["left"]["width_mm"] == 11.0
    assert set(CONTRACT_TRAJECTORY.split(",")) <= set(level["trajectories"][0])
    assert set(level["trajectories"][0]["carm"]) == {"ap", "lateral", "oblique", "en_face"}
    assert level["refused"] == [{"side": "right", "code": "too_narrow", "reason": "Pedicle too narrow."}]


@pytest.mark.parametrize("key", ["frame", "source", "levels"])
def test_a_broken_document_is_refused_in_words(key: str) -> None:
    document = plan_to_dict(plan())
    del document[key]
    with pytest.raises(PlannerError, match=key):
        plan_from_dict(document)


def test_a_wrong_number_is_named_by_its_place() -> None:
    document = plan_to_dict(plan())
    document["levels"][0]["trajectories"][0]["tip_lps_mm"] = [1, 2]
    with pytest.raises(PlannerError, match=r"levels\[0\].trajectories\[0\].tip_lps_mm"):
        plan_from_dict(document)


def test_nan_is_never_written() -> None:
    with pytest.raises(ValueError, match="NaN"):
        plan_to_text(moved(plan(), float("nan")))


def test_unreadable_plans(tmp_path: Path) -> None:
    with pytest.raises(PlannerError, match="No such file"):
        read_plan(tmp_path / "none.json")
    (tmp_path / "bad.json").write_bytes(b"{")
    with pytest.raises(PlannerError, match="not JSON"):
        read_plan(tmp_path / "bad.json")


def test_case_file_gives_back_plan_labels_and_source(tmp_path: Path) -> None:
    path, found = tmp_path / "a.bvncase", segmentation()
    write_case_file(path, tmp_path / "images", plan(), found)
    case = read_case_file(path)
    assert case.plan == plan()
    assert case.folder == tmp_path / "images"
    assert case.confidence == {22: 0.9, 23: 0.9}
    assert case.vertebrae.grid.same_as(found.vertebrae.grid)
    np.testing.assert_array_equal(case.vertebrae.labels, found.vertebrae.labels)
    np.testing.assert_array_equal(case.structures.labels, found.structures.labels)
    assert [p.name for p in tmp_path.iterdir()] == ["a.bvncase"]
    assert not case.source_changed("ab" * 32)
    assert case.source_changed("cd" * 32)


def test_what_was_measured_is_kept_for_the_same_labels_and_voxels_only(tmp_path: Path) -> None:
    path, found = tmp_path / "a.bvncase", segmentation()
    write_case_file(path, tmp_path, plan(), found)
    kept = read_case_file(path).levels
    assert kept is not None
    assert [anatomy_to_text([a], "") for a in kept] == [anatomy_to_text([a], "") for a in found.levels]
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    other = {**parts, "plan.json": parts["plan.json"].replace(b"ab" * 32, b"cd" * 32)}
    damaged = {**parts, "anatomy.json": parts["anatomy.json"].replace(b'"width_mm": ', b'"width_mm": -1e999')}
    none = {k: v for k, v in parts.items() if k != "anatomy.json"}
    for changed in (other, damaged, none):
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in changed.items():
                archive.writestr(name, data)
        assert read_case_file(path).levels is None, "measured anew"


def test_damaged_and_foreign_case_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bvncase"
    with pytest.raises(PlannerError, match="no case file"):
        read_case_file(path)
    path.write_bytes(b"not a zip")
    with pytest.raises(PlannerError, match="damaged"):
        read_case_file(path)
    write_case_file(path, tmp_path, plan(), segmentation())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PlannerError, match="damaged"):
        read_case_file(path)
    path.write_bytes(whole)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../escape.txt", "x")
    with pytest.raises(PlannerError, match="no case file has"):
        read_case_file(path)
    assert not (tmp_path.parent / "escape.txt").exists()


def test_a_case_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bvncase"
    write_case_file(path, tmp_path, plan(), segmentation())
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["case.json"] = json.dumps({"schema": 2, "folder": "x"}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(PlannerError, match="newer version"):
        read_case_file(path)


def test_an_interrupted_file_or_folder_leaves_the_old_one(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.txt", tmp_path / "out"
    file.write_text("old")
    folder.mkdir()
    (folder / "old").touch()

    def interrupt(writer: Callable[[Path], AbstractContextManager[Path]], path: Path) -> None:
        with writer(path) as temporary:
            (temporary / "half" if temporary.is_dir() else temporary).write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt(whole_file, file)
    with pytest.raises(KeyboardInterrupt):
        interrupt(whole_folder, folder)
    assert file.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "out"]
    assert [p.name for p in folder.iterdir()] == ["old"]
    with whole_folder(folder) as temporary:
        (temporary / "new").touch()
    assert [p.name for p in folder.iterdir()] == ["new"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "out"]


def test_a_failed_write_keeps_the_case_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bvncase"
    write_case_file(path, tmp_path, plan(), segmentation())
    before = path.read_bytes()
    with pytest.raises(ValueError, match="NaN"):
        write_case_file(path, tmp_path, moved(plan(), float("inf")), segmentation())
    assert path.read_bytes() == before
    with pytest.raises(PlannerError, match="cannot be written"):
        write_case_file(tmp_path / "none" / "a.bvncase", tmp_path, plan(), segmentation())


def test_replacing_a_level_by_name_keeps_the_order() -> None:
    value = plan()
    changed = replace(value.levels[1], confidence=0.2)
    assert [x.verse for x in value.with_level(changed).levels] == [22, 23]


def test_a_mount_point_gets_its_contents_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    (folder / "fluoro").mkdir(parents=True)
    (folder / "plan.json").write_text("old")
    monkeypatch.setattr(Path, "is_mount", lambda self: self == folder)
    with whole_folder(folder) as temporary:
        (temporary / "plan.json").write_text("new")
    assert [p.name for p in folder.iterdir()] == ["plan.json"]
    assert (folder / "plan.json").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
