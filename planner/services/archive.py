"""Query, fetch and send by whichever way an archive offers; what the app and the command line both call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from imaging.errors import PlannerError
from imaging.progress import NULL_PROGRESS, Progress
from planner.network import dimse, web
from planner.network.dimse import Found
from planner.network.inbox import Inbox
from planner.network.settings import Archive
from planner.storage.atomic import whole_folder


def find(
    archive: Archive, patient_id: str = "", patient_name: str = "", study_uid: str = "", date: str = ""
) -> tuple[Found, ...]:
    """Studies that match (wildcards allowed), or the series of one study."""
    way = dimse.find if archive.host else web.find
    return way(archive, patient_id, patient_name, study_uid, date)


def fetch(
    archive: Archive,
    study_uid: str,
    series_uid: str,
    out: Path,
    by: str | None = None,
    progress: Progress = NULL_PROGRESS,
) -> int:
    """Fetch a study or series into a new folder, whole or not at all; returns the number of files.

    ``by`` is get, move or web; by default get, or web where the archive has no DICOM host.

    Raises:
        PlannerError: foreign_out, nothing_came, and those of the way taken.
        TaskCancelledError: through ``progress``; nothing is left then.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise PlannerError("foreign_out", f"{out} is not empty. Choose a new folder.")
    ways = {"get": dimse.get, "move": dimse.move, "web": web.get}
    with whole_folder(out.resolve()) as folder:
        count = ways[by or ("get" if archive.host else "web")](
            archive, study_uid, series_uid, Inbox(folder), progress
        )
        if count == 0:
            raise PlannerError("nothing_came", f"{archive.name} sent nothing. Look for the study again.")
    return count


def send(
    archive: Archive, paths: Sequence[Path], by: str | None = None, progress: Progress = NULL_PROGRESS
) -> int:
    """Send DICOM files, or all ``*.dcm`` of folders; returns their number."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(path.rglob("*.dcm"))
        elif path.is_file():
            files.append(path)
        else:
            raise PlannerError("nothing_to_send", f"There is no file {path}.")
    way = web.send if (by or ("store" if archive.host else "web")) == "web" else dimse.send
    return way(archive, files, progress)
