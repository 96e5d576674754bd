"""The one folder into which received images go, with bounds on how much may come."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import Any

from imaging.errors import PlannerError

MOST_FILES = 20_000
MOST_BYTES = 16 << 30


class Inbox:
    """Writes each object under a name of our own; what exceeds the bounds is refused.

    Nothing that a sender says (UIDs, names) becomes part of a path.
    """

    def __init__(self, folder: Path, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder.resolve()
        self._most_files, self._most_bytes = most_files, most_bytes
        self._lock = threading.Lock()
        self.files = 0
        self.bytes = 0

    @property
    def room(self) -> int:
        """How many bytes still fit."""
        return self._most_bytes - self.bytes

    def take(self, data: bytes) -> Path:
        """Keep one DICOM file; PlannerError ``inbox_full`` where the bounds are reached."""
        with self._lock:
            if self.files + 1 > self._most_files or self.bytes + len(data) > self._most_bytes:
                text = (
                    f"The inbox is full: {self.files} files, {self.bytes / 1e9:.1f} GB. Empty {self.folder}."
                )
                raise PlannerError("inbox_full", text)
            self.files += 1
            self.bytes += len(data)
        path = self.folder / f"{uuid.uuid4().hex}.dcm"
        with path.open("xb") as sink:
            sink.write(data)
        return path

    def take_event(self, event: Any) -> int:
        """Keep the data set of a pynetdicom C-STORE event; returns the DIMSE status."""
        try:
            self.take(event.encoded_dataset())
        except PlannerError:
            return 0xA700  # out of resources
        except Exception:
            return 0xC000  # cannot understand
        return 0x0000
