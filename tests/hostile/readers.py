"""Every reader that takes a stranger's bytes, as a function of bytes: it may refuse, never break.

``READERS`` serves the tests here and the fuzzer in benchmarks/fuzz.py.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from imaging.dicom.inputs import directory_files, unpacked
from imaging.dicom.pixels import read_values
from imaging.dicom.scan import scan_folder
from imaging.errors import PlannerError
from imaging.nifti import read_nifti
from imaging.progress import NULL_PROGRESS
from imaging.sitk_bridge import labels_from_image
from planner.devices.profile_file import parse_profile
from planner.export.read_back import read_object
from planner.services.read_labels import read_labels
from planner.storage.case_file import read_case_file
from planner.storage.plan_json import plan_from_text

CORPUS = Path(__file__).parent / "corpus"
_scratch = Path(tempfile.mkdtemp(prefix="bvn-planner-hostile-"))
tempfile.tempdir = str(_scratch)
_armed = False


_WATCHED = {"open", "os.remove", "os.rename", "os.mkdir", "os.symlink", "subprocess.Popen", "os.system"}


class WroteOutsideError(AssertionError):
    """A reader opened a file for writing outside its scratch folder."""


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if not _armed or event not in (
        "open",
        "os.remove",
        "os.rename",
        "os.mkdir",
        "os.symlink",
        "subprocess.Popen",
    ):
        return
    if event in ("subprocess.Popen", "os.system"):
        raise WroteOutsideError("a reader started a program")
    if event == "open":
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
            return
    elif isinstance(arguments[-1], int) and arguments[-1] >= 0:
        return  # relative to a folder that was opened, as rmtree does; its opening was seen
    target = arguments[0]
    if isinstance(target, str | bytes | os.PathLike):
        place = os.path.realpath(os.fsdecode(target))
        if not place.startswith((str(_scratch), "/dev/null")):
            raise WroteOutsideError(place)


sys.addaudithook(_watch)


def _file(name: str, data: bytes) -> Path:
    path = _scratch / "in" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def dicom(data: bytes) -> None:
    """A DICOM file: listed, and read where it is a volume."""
    path = _file("one.dcm", data)
    found = scan_folder(path.parent)
    for series in found.series:
        read_values(series.headers, series.modality, NULL_PROGRESS)


def dicomdir(data: bytes) -> None:
    """A DICOMDIR."""
    present, _ = directory_files(_file("DICOMDIR", data))
    assert all(p.resolve().is_relative_to(_scratch) for p in present)


def dicom_object(data: bytes) -> None:
    """A segmentation, structure set, report or registration of ours or another's."""
    read_object(_file("object.dcm", data))


def archive(data: bytes) -> None:
    """A zip archive of images."""
    folder = unpacked(_file("study.zip", data))
    assert folder.is_relative_to(_scratch)
    assert not any(p.is_symlink() for p in folder.rglob("*"))


def case_file(data: bytes) -> None:
    """A case file."""
    read_case_file(_file("a.bvncase", data))


def plan(data: bytes) -> None:
    """A plan.json."""
    plan_from_text(data.decode("utf-8", "replace"))


def profile(data: bytes) -> None:
    """A device profile."""
    parse_profile("a.json", data.decode("utf-8", "replace"))


def nifti(data: bytes) -> None:
    """A label map."""
    labels_from_image(read_nifti(_file("a.nii.gz" if data[:2] == b"\x1f\x8b" else "a.nii", data)))


def labels(data: bytes) -> None:
    """A label map of another program: NIfTI or DICOM SEG."""
    packed = data[:2] == b"\x1f\x8b"
    name = "a.dcm" if data[128:132] == b"DICM" else "a.nii.gz" if packed else "a.nii"
    read_labels(_file(name, data), "verse")


READERS: dict[str, Callable[[bytes], None]] = {
    "dicom": dicom,
    "dicomdir": dicomdir,
    "dicom_object": dicom_object,
    "archive": archive,
    "case_file": case_file,
    "plan": plan,
    "profile": profile,
    "nifti": nifti,
    "labels": labels,
}


def survives(name: str, data: bytes) -> bool:
    """Whether the reader took the data; False where it refused them. Anything else is an error."""
    global _armed
    os.environ["BVN_PLANNER_CACHE"] = str(_scratch / "cache")
    _armed = True
    try:
        READERS[name](data)
        return True
    except PlannerError as error:
        return not error.text
    finally:
        _armed = False
        for path in (_scratch / "in").glob("*"):
            path.unlink()
