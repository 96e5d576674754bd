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
        temporary.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder to fill; it takes ``path``'s place at the end or vanishes on exceptions.

    An existing ``path`` is replaced: whether it may be is the caller's to check first.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}-", dir=path.parent))
    except OSError as error:
        raise _cannot_write(path, error) from error
    old: Path | None = None
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}-old-", dir=path.parent))
            path.replace(old)
        try:
            temporary.replace(path)
        except BaseException:
            if old is not None:
                old.replace(path)
            raise
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if old is not None and path.exists():
            shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
