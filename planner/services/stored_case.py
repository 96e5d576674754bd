"""Open a saved case: its images are proven by their hash, its file is locked against a second writer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from imaging.errors import PlannerError
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.result import SpineLabels, SpineSegmentation
from planner.devices.catalogue import load_devices
from planner.domain.plan import Plan
from planner.services.approval import recheck
from planner.services.open_case import Case, agreed_to_fill, open_case
from planner.services.passport import image_changes
from planner.services.segment_case import measured
from planner.services.vertebra_fields import segmentation_sha256
from planner.storage.case_file import CaseFile, read_case_file
from planner.storage.lock import WriteLock, beside, holder_of

SOURCE_CHANGED = "The images differ from those this plan was made on. The plan is open for reading only."


@dataclass(frozen=True, eq=False)
class StoredCase:
    """A saved case as it was opened.

    ``read_only`` says why nothing may be changed; ``lock`` is held where it may.
    """

    case: Case
    segmentation: SpineSegmentation
    plan: Plan
    read_only: str = ""
    lock: WriteLock | None = None


def open_stored(
    path: Path,
    images: Path | None = None,
    plan: Plan | None = None,
    progress: Progress = NULL_PROGRESS,
) -> StoredCase:
    """Open a case file with the images it stands on.

    Args:
        path: the case file.
        images: where its images are now, if not where they were.
        plan: shown in place of the file's own (what was kept of it since).

    Raises:
        PlannerError: bad_case_file, source_missing where the images are not there, source_changed where they
            do not even lie on the same grid.
    """
    progress.step(0.0, "Reading the case file")
    stored = read_case_file(path)
    folder = images or stored.folder
    try:
        uid, filled = stored.plan.source.series_instance_uid, agreed_to_fill(stored.plan)
        case = open_case(folder, uid, SubProgress(progress, 0.05, 0.7), fill_missing=filled)
    except PlannerError as error:
        if error.code.startswith("folder_") or error.code in ("unknown_series", "no_usable_series"):
            text = f"The images of this case are not in {folder}. Show where they are now, then it opens."
            raise PlannerError("source_missing", text) from error
        raise
    read_only = ""
    if stored.source_changed(case.source.voxel_sha256):
        read_only = f"{SOURCE_CHANGED} {image_changes(stored.plan.source.images, case.source.images)}".strip()
    if read_only and not case.volume.grid.same_as(stored.vertebrae.grid):
        raise PlannerError("source_changed", "The images are not those this plan was made on.")
    found = _measured(stored, case, SubProgress(progress, 0.7, 1.0))
    lock = None
    if not read_only:
        lock, read_only = lock_case(path)
    checked = recheck(plan or stored.plan, segmentation_sha256(found), load_devices())
    return StoredCase(case, found, checked, read_only, lock)


def _measured(stored: CaseFile, case: Case, progress: Progress) -> SpineSegmentation:
    """The anatomy as it was kept where it was measured on these voxels, else measured anew."""
    notes, evidence = stored.plan.findings, stored.evidence
    if stored.levels is not None and not stored.source_changed(case.source.voxel_sha256):
        return SpineSegmentation(stored.vertebrae, stored.structures, stored.levels, notes, evidence)
    labels = SpineLabels(stored.vertebrae, stored.structures, stored.confidence, notes, evidence)
    return measured(case, labels, progress)


def lock_case(path: Path) -> tuple[WriteLock | None, str]:
    """The lock of a case file, or why it may only be read."""
    try:
        lock = WriteLock.acquire(beside(path))
    except OSError as error:
        return None, f"{path.parent} cannot be written ({error.strerror}). The case is open for reading only."
    if lock is None:
        holder = holder_of(beside(path))
        return None, f"{holder} has this case open. It is open here for reading only."
    return lock, ""
