"""What may be opened besides a folder: a DICOMDIR, a zip archive. Archives are unpacked within bounds."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

import pydicom

from imaging.dicom.header_cache import cache_folder
from imaging.errors import PlannerError
from imaging.progress import NULL_PROGRESS, Progress

MOST_BYTES = 8 << 30
MOST_MEMBERS = 100_000
MOST_RATIO = 200
_KEPT_ARCHIVES = 3
_CHUNK = 1 << 20
_DONE = ".unpacked"


def is_archive(path: Path) -> bool:
    """Whether ``path`` is a file that says it is a zip archive."""
    return path.is_file() and path.suffix.lower() == ".zip"


def is_directory_file(path: Path) -> bool:
    """Whether ``path`` is a DICOMDIR."""
    return path.is_file() and path.name.upper() == "DICOMDIR"


def directory_files(path: Path) -> tuple[list[Path], list[Path]]:
    """Files a DICOMDIR names, below its own folder: (those there, those missing). Names outside are dropped.

    Raises:
        PlannerError: bad_dicomdir.
    """
    try:
        records = pydicom.dcmread(path).get("DirectoryRecordSequence") or []
        named = [_parts(record.get("ReferencedFileID")) for record in records]
    except Exception as error:
        text = f"{path} is damaged: its list of files cannot be read. Open the folder it lies in instead."
        raise PlannerError("bad_dicomdir", text) from error
    base = path.parent.resolve()
    present: dict[Path, None] = {}
    missing: dict[Path, None] = {}
    for parts in named:
        if not parts or any(part in ("", ".", "..") or "/" in part or "\0" in part for part in parts):
            continue
        found = _as_written(base, parts)
        if found is None:
            missing[base.joinpath(*parts)] = None
        elif found.resolve().is_relative_to(base):
            present[found] = None
    return list(present), list(missing)


def _parts(value: object) -> list[str]:
    if value is None:
        return []
    return str(value).split("\\") if isinstance(value, str) else [str(v) for v in value]  # type: ignore[attr-defined]


def _as_written(base: Path, parts: list[str]) -> Path | None:
    """The file, also where a copy changed the case of names or added the version that ISO 9660 has."""
    for variant in (parts, [p.lower() for p in parts], [*parts[:-1], parts[-1] + ";1"]):
        path = base.joinpath(*variant)
        if path.is_file():
            return path
    return None


def unpacked(archive: Path, progress: Progress = NULL_PROGRESS) -> Path:
    """Folder in the user's cache that holds the archive's files, unpacked once.

    Only plain files with names below the archive's root are written; links, absolute names and names that
    climb out are refused, as is what unpacks to more than 8 GiB, 100 000 files or 200 times its size.

    Raises:
        PlannerError: bad_archive, unsafe_archive, cannot_unpack.
        TaskCancelledError: through ``progress``; nothing is left then.
    """
    try:
        status = archive.stat()
        facts = f"{archive.resolve()}|{status.st_size}|{status.st_mtime_ns}"
        home = cache_folder() / "unpacked"
        folder = home / hashlib.sha256(facts.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        if (folder / _DONE).is_file():
            os.utime(folder)
            return folder
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with zipfile.ZipFile(archive) as opened:
            members = _checked(archive, opened, status.st_size)
            scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
            try:
                _write(archive, opened, members, scratch, progress)
                (scratch / _DONE).touch()
                shutil.rmtree(folder, ignore_errors=True)
                scratch.replace(folder)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
        _prune(home)
        return folder
    except FileNotFoundError as error:
        raise PlannerError("folder_missing", f"There is no file {archive}. Check its name.") from error
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError) as error:
        text = f"{archive} is damaged or not a zip archive ({error}). Copy it again from its source."
        raise PlannerError("bad_archive", text) from error
    except RuntimeError as error:
        text = f"{archive} is locked with a password. Unpack it yourself and open the folder."
        raise PlannerError("bad_archive", text) from error
    except OSError as error:
        text = f"{archive} cannot be unpacked: {error.strerror or type(error).__name__}."
        raise PlannerError("cannot_unpack", text) from error
    except Exception as error:
        if isinstance(error, PlannerError) or type(error).__module__.startswith("imaging"):
            raise
        # zlib.error and its kin: the compressed data are damaged.
        text = f"{archive} is damaged ({error}). Copy it again from its source."
        raise PlannerError("bad_archive", text) from error


def _checked(archive: Path, opened: zipfile.ZipFile, size: int) -> list[zipfile.ZipInfo]:
    infos = opened.infolist()
    if len(infos) > MOST_MEMBERS:
        raise _unsafe(archive, f"it holds {len(infos)} files, the limit is {MOST_MEMBERS}")
    for info in infos:
        name = info.filename
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if name.startswith(("/", "\\")) or ".." in parts or (parts and ":" in parts[0]) or "\0" in name:
            raise _unsafe(archive, f"the name {name[:60]!r} in it leads outside")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _unsafe(archive, f"{name[:60]!r} in it is a link or a device, not a file")
    total = sum(info.file_size for info in infos)
    if total > MOST_BYTES or total > MOST_RATIO * max(size, 1 << 16):
        raise _unsafe(archive, f"it would unpack to {total / 1e9:.1f} GB")
    return [info for info in infos if not info.is_dir()]


def _unsafe(archive: Path, why: str) -> PlannerError:
    return PlannerError("unsafe_archive", f"{archive.name} is not opened: {why}.")


def _write(
    archive: Path,
    opened: zipfile.ZipFile,
    members: list[zipfile.ZipInfo],
    folder: Path,
    progress: Progress,
) -> None:
    for n, info in enumerate(members):
        if n % 10 == 0:
            progress.step(n / len(members), f"Unpacking {archive.name}, {n} of {len(members)} files")
        # Own names: what a member is called can then neither clash nor escape.
        target = folder / f"{n // 1000:03d}" / f"{n:06d}{_suffix(info.filename)}"
        target.parent.mkdir(exist_ok=True)
        left = info.file_size
        with opened.open(info) as source, target.open("xb") as sink:
            while chunk := source.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise _unsafe(archive, f"{info.filename[:60]!r} in it is longer than it claims")
                sink.write(chunk)


def _suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix[1:].isalnum() and len(suffix) <= 6 else ""


def _prune(home: Path) -> None:
    folders = [p for p in home.iterdir() if p.is_dir() and not p.name.startswith(".")]
    folders.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    for old in folders[_KEPT_ARCHIVES:]:
        with contextlib.suppress(OSError):
            shutil.rmtree(old)
