"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imaging.errors import PlannerError


def _cannot_write(path: Path, error: OSError) -> PlannerError:
    return PlannerError("cannot_write", f"{path} cannot be written: {error.strerror or error}.")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary sibling to write; it takes ``path``'s place at the end, or vanishes on any exception.

    Raises PlannerError ``cannot_write`` where the folder is missing or not writable.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        _to_disc(temporary)
        temporary.replace(path)
        if os.name != "nt":
            _to_disc(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder to fill; it takes ``path``'s place at the end or vanishes on exceptions.

    An existing ``path`` is replaced: whether it may be is the caller to check. Where ``path`` is a mount
    point and cannot be renamed, its contents are exchanged instead.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}-", dir=_staging_parent(path)))
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        _put_in_place(temporary, path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _staging_parent(path: Path) -> Path:
    """Beside ``path``, or inside it where it is a mount point or its parent may not be written."""
    if path.is_dir() and (path.is_mount() or not os.access(path.parent, os.W_OK)):
        return path
    return path.parent


def _put_in_place(temporary: Path, path: Path) -> None:
    if temporary.parent == path:
        for old in [entry for entry in path.iterdir() if entry != temporary]:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        for entry in list(temporary.iterdir()):
            entry.replace(path / entry.name)
        return
    if not path.exists():
        temporary.replace(path)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}-old-", dir=path.parent))
    path.replace(aside)
    try:
        temporary.replace(path)
    except BaseException:
        aside.replace(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _to_disc(path: Path) -> None:
    """Have the system write a file or folder out, so that a loss of power leaves no empty file."""
    handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
