"""De-identified copies of images by PS3.15's Basic Application Level Confidentiality Profile.

The table of attributes and actions is that of dicom-anonymizer (edition 2026c of the standard). It is applied
at every depth of every sequence, with one map of UIDs for all files, so that references stay whole.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.uid import generate_uid

from imaging.dicom.headers import readable_folder
from imaging.dicom.inputs import is_archive, unpacked
from imaging.errors import PlannerError
from imaging.progress import NULL_PROGRESS, Progress
from planner.storage.atomic import whole_folder
from planner.version import app_version

_EDITION = "dicomfields_2026c"
_IMAGES = {
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.4.1",
}
_TEXT_PIXELS = 30
_LOOKED_AT = 40


@dataclass(frozen=True)
class Deidentified:
    """What was written: count of files, and sentences on what was left out or may still show who it is."""

    files: int
    warnings: tuple[str, ...]


def deidentify_folder(
    source: Path, out: Path, name: str = "ANONYMOUS", progress: Progress = NULL_PROGRESS
) -> Deidentified:
    """Write de-identified copies of the CT and MR images below ``source`` into the new folder ``out``.

    Reports, documents and captures are left out, since their text or pixels may name the patient. ``source``
    is not changed. ``name`` becomes patient name and ID.

    Raises:
        PlannerError: folder_missing, foreign_out, folder_no_dicom, cannot_write.
        TaskCancelledError: through ``progress``; nothing is left then.
    """
    if is_archive(source):
        source = unpacked(source, progress)
    if not source.is_dir() or not readable_folder(source):
        raise PlannerError("folder_missing", f"There is no folder {source} that may be read.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise PlannerError("foreign_out", f"{out} is not empty. Choose a new folder.")
    if out.resolve().is_relative_to(source.resolve()):
        raise PlannerError("foreign_out", "The copies may not lie among the images. Choose another folder.")
    paths = [Path(root) / file for root, _, files in os.walk(source) for file in sorted(files)]
    left_out: dict[str, int] = {}
    marked: list[str] = []
    rules = _rules(_UidMap())
    count = 0
    with whole_folder(out.resolve()) as folder:
        for n, path in enumerate(paths):
            if n % 10 == 0:
                progress.step(n / len(paths), f"De-identifying, {n} of {len(paths)} files")
            dataset = _image(path, left_out)
            if dataset is None:
                continue
            count += 1
            if count <= _LOOKED_AT and _may_show_text(dataset):
                marked.append(f"{count:05d}.dcm")
            deidentify(dataset, rules, name)
            dataset.save_as(folder / f"{count:05d}.dcm", enforce_file_format=True)
        if count == 0:
            raise PlannerError("folder_no_dicom", f"No CT or MR images in {source}.")
    warnings = [f"{number} files left out: {why}." for why, number in left_out.items()]
    if marked:
        text = f"{len(marked)} images may have text burnt into their pixels, e.g. {marked[0]}. Look at them."
        warnings.append(text)
    return Deidentified(count, tuple(warnings))


def _image(path: Path, left_out: dict[str, int]) -> Any:
    def leave(why: str) -> None:
        left_out[why] = left_out.get(why, 0) + 1

    try:
        dataset = pydicom.dcmread(path)
        kind = str(dataset.get("SOPClassUID", ""))
    except Exception:
        leave("they are no readable DICOM")
        return None
    if kind not in _IMAGES:
        leave("they are no CT or MR images, and their text or pixels may name the patient")
        return None
    return dataset


class _UidMap:
    """New UIDs for old ones: the same for the same, and not to be guessed from outside."""

    def __init__(self) -> None:
        self._secret = secrets.token_hex(16)

    def __call__(self, old: str) -> str:
        if not old or old.startswith("1.2.840.10008."):
            return old
        return str(generate_uid(entropy_srcs=[self._secret, old]))


Rules = dict[tuple[int, ...], Callable[[Any, Any], None]]


def _rules(new_uid: _UidMap) -> Rules:
    from dicomanonymizer.simpledicomanonymizer import initialize_actions, replace_UID

    def uid(dataset: Any, tag: Any) -> None:
        element = dataset.get(tag)
        if element is None:
            return
        many = isinstance(element.value, list | pydicom.multival.MultiValue)
        element.value = [new_uid(str(v)) for v in element.value] if many else new_uid(str(element.value))

    actions: Rules = dict(initialize_actions(_EDITION))
    return {tag: (uid if action is replace_UID else action) for tag, action in actions.items()}


def deidentify(dataset: Any, rules: Rules, name: str) -> None:
    """Apply the profile to one data set, in place."""
    from dicomanonymizer import anonymize_dataset

    for one in [*_nested(dataset), dataset]:
        anonymize_dataset(one, base_rules_gen=lambda: rules)
        one.remove_private_tags()
    dataset.PatientName = dataset.PatientID = name
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = f"PS3.15 Basic Profile, bvn-planner {app_version()}"[:64]
    code = pydicom.Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "113100", "DCM"
    code.CodeMeaning = "Basic Application Confidentiality Profile"
    dataset.DeidentificationMethodCodeSequence = [code]
    dataset.LongitudinalTemporalInformationModified = "REMOVED"
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta = meta
    dataset.preamble = bytes(128)


def _nested(dataset: Any) -> Iterator[Any]:
    """Data sets within sequences, innermost first."""
    for element in list(dataset):
        if element.VR == "SQ":
            for item in element.value:
                yield from _nested(item)
                yield item


def _may_show_text(dataset: Any) -> bool:
    """Whether the header says so, or bright strokes stand on background in a corner of the picture."""
    if str(dataset.get("BurnedInAnnotation", "")).upper() == "YES":
        return True
    try:
        pixels: NDArray[Any] = np.asarray(dataset.pixel_array)
    except Exception:
        return True
    picture = pixels.reshape(-1, *pixels.shape[-2:])[0].astype(np.float32)
    low, high = float(picture.min()), float(picture.max())
    if high <= low:
        return False
    bright = picture > high - 0.02 * (high - low)
    rows, columns = (max(1, n // 5) for n in picture.shape)
    for j in (slice(0, rows), slice(-rows, None)):
        for i in (slice(0, columns), slice(-columns, None)):
            dark = np.median(picture[j, i]) < low + 0.15 * (high - low)
            if dark and int(bright[j, i].sum()) > min(_TEXT_PIXELS, 0.1 * bright[j, i].size):
                return True
    return False
