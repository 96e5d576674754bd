"""What a folder of DICOM files holds, from headers alone."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from imaging.dicom.checks import is_bone_kernel
from imaging.dicom.grouping import summarise_series, with_best
from imaging.dicom.header_cache import HeaderCache
from imaging.dicom.headers import DamagedFileError, NotDicomError, SliceHeader, readable_folder
from imaging.dicom.inputs import directory_files, is_archive, is_directory_file, unpacked
from imaging.dicom.series import ScanResult, SeenSeries, SeriesSummary, SkippedFile
from imaging.errors import PlannerError
from imaging.progress import NULL_PROGRESS, Progress, SubProgress

Seen = Callable[[tuple[SeenSeries, ...]], None]
SEEN_EVERY_S = 0.4


def scan_folder(folder: Path, progress: Progress = NULL_PROGRESS, seen: Seen | None = None) -> ScanResult:
    """Find every volume below a folder, in a zip archive, or named by a DICOMDIR; reads headers only.

    ``seen`` is told now and then what was found so far, in the order in which it was found.

    Nothing is written beside the images. Headers are remembered in the user's cache folder, where archives
    are unpacked too.

    Raises:
        PlannerError: folder_missing, folder_no_permission, folder_empty, folder_no_dicom, bad_dicomdir, and
            those of ``inputs.unpacked``.
        TaskCancelledError: through ``progress``.
    """
    folder = Path(folder)
    missing: list[Path] = []
    closed: list[Path] = []
    if is_archive(folder):
        folder = unpacked(folder, SubProgress(progress, 0.0, 0.4))
        progress = SubProgress(progress, 0.4, 1.0)
    if is_directory_file(folder):
        paths, missing = directory_files(folder)
        folder = folder.parent
    else:
        paths, closed = _files(folder, progress)
    cache = HeaderCache(folder)
    by_series: dict[str, list[SliceHeader]] = defaultdict(list)
    skipped = [SkippedFile(path, "may not be opened: permission denied") for path in closed]
    skipped += [SkippedFile(path, "is named by the DICOMDIR and not there") for path in missing]
    others = 0
    told = time.monotonic()
    for n, path in enumerate(paths):
        if n % 10 == 0:
            progress.step(0.95 * n / len(paths), f"Reading headers, {n} of {len(paths)} files")
            if seen is not None and by_series and time.monotonic() > told + SEEN_EVERY_S:
                told = time.monotonic()
                seen(_so_far(by_series))
        try:
            for header in cache.slices(path):
                by_series[header.image.series_uid].append(header)
        except NotDicomError:
            others += 1
        except DamagedFileError as error:
            skipped.append(SkippedFile(path, str(error)))
        except PermissionError:
            skipped.append(SkippedFile(path, "may not be read: permission denied"))
        except OSError as error:
            skipped.append(SkippedFile(path, f"cannot be read ({error.strerror or type(error).__name__})"))
    cache.save()
    if not by_series:
        raise _nothing_found(folder, len(paths), skipped)
    progress.step(0.96, "Sorting slices")
    damaged = _damaged_by_series(by_series, skipped)
    series = [
        s for uid, headers in by_series.items() for s in summarise_series(headers, damaged.get(uid, []))
    ]
    progress.step(1.0, f"Found {len(series)} series")
    return ScanResult(tuple(with_best(series)), tuple(skipped), others)


def _so_far(by_series: dict[str, list[SliceHeader]]) -> tuple[SeenSeries, ...]:
    return tuple(
        SeenSeries(first.patient_name, first.patient_id, first.modality, first.description, len(headers))
        for headers in by_series.values()
        for first in (headers[0].image,)
    )


def _files(folder: Path, progress: Progress) -> tuple[list[Path], list[Path]]:
    try:
        present, is_folder = folder.exists(), folder.is_dir()
    except PermissionError:
        raise _no_permission(folder) from None
    if not present:
        raise PlannerError("folder_missing", f"The folder {folder} does not exist. Check its name.")
    if not is_folder:
        text = f"{folder.name} is a file, not a folder. Give the folder that holds the images."
        raise PlannerError("folder_missing", text)
    if not readable_folder(folder):
        raise _no_permission(folder)
    paths: list[Path] = []
    closed: list[Path] = []
    for root, names, files in os.walk(folder, onerror=lambda error: closed.append(Path(str(error.filename)))):
        names[:] = sorted(name for name in names if not name.startswith("."))
        paths += [Path(root) / name for name in sorted(files) if not name.startswith(".")]
        progress.step(0.0, f"Looking for files, {len(paths)} found")
    return paths, closed


def _no_permission(folder: Path) -> PlannerError:
    text = f"The folder {folder} may not be opened: permission is denied. Copy the images elsewhere."
    return PlannerError("folder_no_permission", text)


def _nothing_found(folder: Path, count: int, skipped: list[SkippedFile]) -> PlannerError:
    if count == 0 and not skipped:
        return PlannerError(
            "folder_empty", f"The folder {folder} holds no files. Choose the folder with the images."
        )
    if skipped and all("permission" in file.reason for file in skipped):
        return _no_permission(folder)
    text = f"No DICOM images in {folder}: {count} file{'' if count == 1 else 's'} looked at."
    if skipped:
        text += f" {len(skipped)} could not be used, e.g. {skipped[0].path.name} {skipped[0].reason}."
    return PlannerError("folder_no_dicom", text + " Choose the folder with the images.")


def _damaged_by_series(
    by_series: dict[str, list[SliceHeader]], skipped: list[SkippedFile]
) -> dict[str, list[str]]:
    """Names of damaged files, by the one series that lives in their folder."""
    homes: dict[Path, set[str]] = defaultdict(set)
    for uid, headers in by_series.items():
        for header in headers:
            homes[header.image.path.parent].add(uid)
    found: dict[str, list[str]] = defaultdict(list)
    for file in skipped:
        uids = homes.get(file.path.parent, set())
        # A file that says it holds something else than an image is no loss to the series.
        if len(uids) == 1 and "holds no image" not in file.reason:
            found[next(iter(uids))].append(file.path.name)
    return found


def choose_best(series: Sequence[SeriesSummary], fill_missing: bool = False) -> tuple[SeriesSummary, str]:
    """The series to plan on and one sentence why.

    ``fill_missing`` takes one with a few missing slices where no whole one is there.

    Raises:
        PlannerError: no_usable_series, with the gravest reason of the most promising one.
    """
    usable = [s for s in series if s.plannable]
    if not usable and fill_missing:
        usable = [s for s in series if s.fillable]
    if not usable:
        raise PlannerError("no_usable_series", _why_none(series))
    best = max(usable, key=lambda s: (s.score, s.modality == "CT", s.slices))
    kind = (
        "thinnest"
        if all(best.spacing_mm <= s.spacing_mm for s in usable if s.modality == best.modality)
        else ""
    )
    what = f"{kind + ' ' if kind and len(usable) > 1 else ''}{best.modality}"
    kernel = ", bone kernel" if is_bone_kernel(best.kernel, best.description) else ""
    facts = (
        f"{best.slices} {best.orientation} slices {best.spacing_mm:.2g} mm apart, "
        f"{max(best.pixel_mm):.2g} mm pixels{kernel}"
    )
    if len(usable) == 1:
        return best, f"{best.title} is the only series that can be planned: {what}, {facts}."
    return best, f"{best.title} is taken, the best of {len(usable)} usable series: {what}, {facts}."


def _why_none(series: Sequence[SeriesSummary]) -> str:
    ranked = sorted(series, key=lambda s: (s.modality == "CT", s.modality == "MR", s.slices), reverse=True)
    count = len(series)
    start = "The only series" if count == 1 else f"None of the {count} series"
    first = ranked[0] if ranked else None
    reason = f" {first.title}: {first.reasons[0].text}" if first is not None and first.reasons else ""
    return f"{start} can{'not' if count == 1 else ''} be planned.{reason}"
