"""One writer a file: a lock beside it that the system itself lets go when its holder dies."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import sys
from datetime import datetime
from pathlib import Path
from typing import IO

from planner.domain.dates import moment_words

_BYTE = 1 << 20


class WriteLock:
    """Held from ``acquire`` until ``release`` or until the process ends, however it ends."""

    def __init__(self, path: Path, handle: IO[bytes]) -> None:
        self.path, self._handle = path, handle

    @classmethod
    def acquire(cls, path: Path) -> WriteLock | None:
        """The lock in the file ``path`` (made where missing); None where another holds it.

        Raises OSError where the file cannot be made.
        """
        for _ in range(5):
            handle = path.open("a+b")
            if not _try_lock(handle):
                handle.close()
                return None
            if _is_same(handle, path):
                handle.seek(0)
                handle.truncate()
                handle.write(json.dumps(_me()).encode())
                handle.flush()
                return cls(path, handle)
            handle.close()
        return None

    def release(self) -> None:
        """Let go; can be called twice."""
        if not self._handle.closed:
            if os.name == "nt":  # an open file cannot be removed there
                self._handle.close()
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
            self._handle.close()


def holder_of(path: Path) -> str:
    """Who holds a lock, in words: ``anna on ward-3 since 18 Nov 2026 18:42``."""
    try:
        said = json.loads(path.read_bytes())
        since = moment_words(str(said["since"]))
        return f"{said['user']} on {said['host']} since {since}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another program"


def beside(path: Path) -> Path:
    """Where the lock of a file lies."""
    return path.with_name(f".{path.name}.lock")


def _me() -> dict[str, object]:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "someone"
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    return {"user": user, "host": socket.gethostname(), "pid": os.getpid(), "since": since}


def _is_same(handle: IO[bytes], path: Path) -> bool:
    """Whether the locked file is still the one of that name; its last holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: IO[bytes]) -> bool:
        handle.seek(_BYTE)
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(handle: IO[bytes]) -> bool:
        try:
            fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
