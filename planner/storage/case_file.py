"""A case in one file: the plan, the label maps and which images they stand on (those stay in place)."""

from __future__ import annotations

import json
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.segmentation.result import LevelEvidence, SpineSegmentation
from imaging.volume import LabelVolume
from planner.domain.plan import Plan
from planner.storage.anatomy_json import anatomy_from_bytes, anatomy_to_text, key_of
from planner.storage.atomic import whole_file
from planner.storage.plan_json import evidence_from_dict, plan_from_dict, plan_to_text
from planner.version import app_version

SUFFIX = ".bvncase"
_CASE, _PLAN, _VERTEBRAE, _STRUCTURES = "case.json", "plan.json", "vertebrae.nii.gz", "structures.nii.gz"
_MEMBERS = (_CASE, _PLAN, _VERTEBRAE, _STRUCTURES)
_ANATOMY = "anatomy.json"  # may be missing: it saves time, nothing else
_LARGEST_MEMBER = 1 << 30
# What zipfile raises on damaged archives.
_DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    zlib.error,
)


@dataclass(frozen=True, eq=False)
class CaseFile:
    """What a case file holds.

    Attributes:
        folder: where the source images were when it was written.
        plan: with its source's identifiers and voxel hash.
        vertebrae, structures: label maps on the source's grid.
        confidence: of each vertebra's name, by VerSe number.
        evidence: what the names stand on.
        levels: what was measured on these label maps and voxels; None where that must be done anew.
    """

    folder: Path
    plan: Plan
    vertebrae: LabelVolume
    structures: LabelVolume
    confidence: dict[int, float]
    evidence: LevelEvidence
    levels: tuple[VertebraAnatomy, ...] | None

    def source_changed(self, voxel_sha256: str) -> bool:
        """Whether the images now at hand differ from those the plan was made on."""
        return voxel_sha256 != self.plan.source.voxel_sha256


def write_case_file(path: Path, folder: Path, plan: Plan, segmentation: SpineSegmentation) -> None:
    """Write a case file whole or not at all; ``folder`` is where the source images lie."""
    case = {"schema": 1, "app_version": app_version(), "folder": str(folder)}
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_CASE, json.dumps(case, indent=1))
        archive.writestr(_PLAN, plan_to_text(plan, segmentation))
        labels = [_packed(segmentation.vertebrae), _packed(segmentation.structures)]
        archive.writestr(_VERTEBRAE, labels[0], zipfile.ZIP_STORED)
        archive.writestr(_STRUCTURES, labels[1], zipfile.ZIP_STORED)
        key = key_of(labels, plan.source.voxel_sha256)
        archive.writestr(_ANATOMY, anatomy_to_text(segmentation.levels, key))


_kept: WeakKeyDictionary[LabelVolume, bytes] = WeakKeyDictionary()


def _packed(labels: LabelVolume) -> bytes:
    """A label map as the bytes of a NIfTI file; packed once, since a case is saved many times."""
    from imaging.sitk_bridge import write_labels

    if labels not in _kept:
        with tempfile.TemporaryDirectory() as scratch:
            write_labels(labels, Path(scratch) / _VERTEBRAE)
            _kept[labels] = (Path(scratch) / _VERTEBRAE).read_bytes()
    return _kept[labels]


def read_case_file(path: Path) -> CaseFile:
    """Read a case file; PlannerError ``bad_case_file`` says what is wrong with it. Nothing is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive)
            parts = {name: archive.read(name) for name in _MEMBERS}
            kept = archive.read(_ANATOMY) if _ANATOMY in archive.namelist() else b""
    except FileNotFoundError as error:
        raise PlannerError("missing_case_file", f"There is no case file {path}.") from error
    except OSError as error:
        raise PlannerError("bad_case_file", f"{path} cannot be read: {error.strerror}.") from error
    except _DAMAGE as error:
        raise PlannerError("bad_case_file", f"{path} is damaged or not a case file: {error}.") from error
    case, document = _json(path, parts[_CASE]), _json(path, parts[_PLAN])
    if isinstance(case.get("schema"), int) and case["schema"] > 1:
        text = f"{path} was written by a newer version of the program, so it is not opened."
        raise PlannerError("newer_case_file", text)
    if case.get("schema") != 1 or not isinstance(case.get("folder"), str):
        raise PlannerError("bad_case_file", f"{path} was not written as a case of version 1.")
    plan = plan_from_dict(document)
    frame = plan.source.frame_of_reference_uid
    vertebrae, structures = (_labels(path, name, parts[name], frame) for name in (_VERTEBRAE, _STRUCTURES))
    if not vertebrae.grid.same_as(structures.grid):
        raise PlannerError("bad_case_file", f"{path} is damaged: its two label maps lie on different grids.")
    confidence = {int(v["verse"]): float(v["confidence"]) for v in document.get("vertebrae", [])}
    key = key_of((parts[_VERTEBRAE], parts[_STRUCTURES]), plan.source.voxel_sha256)
    return CaseFile(
        Path(case["folder"]),
        plan,
        vertebrae,
        structures,
        confidence,
        evidence_from_dict(document),
        anatomy_from_bytes(kept, key),
    )


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    missing = [name for name in _MEMBERS if name not in names]
    foreign = [name for name in names if name not in (*_MEMBERS, _ANATOMY)]
    if missing:
        raise PlannerError("bad_case_file", f"{path} is not a case file: {missing[0]} is missing in it.")
    if foreign or len(names) != len(set(names)):
        raise PlannerError("bad_case_file", f"{path} holds parts that no case file has, so it is not opened.")
    if any(info.file_size > _LARGEST_MEMBER for info in infos):
        raise PlannerError("bad_case_file", f"{path} holds a part of more than 1 GiB, so it is not opened.")


def _json(path: Path, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise PlannerError("bad_case_file", f"{path} is damaged: {error}.") from error
    if not isinstance(value, dict):
        raise PlannerError("bad_case_file", f"{path} is damaged: a part of it is no JSON object.")
    return value


def _labels(path: Path, name: str, data: bytes, frame: str) -> LabelVolume:
    from imaging.nifti import read_nifti
    from imaging.sitk_bridge import labels_from_image

    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / name
        file.write_bytes(data)
        try:
            return labels_from_image(read_nifti(file), frame)
        except (PlannerError, RuntimeError, ValueError) as error:
            raise PlannerError("bad_case_file", f"{path} is damaged: {name} in it cannot be read.") from error
