"""Headers read before, kept in the user's cache folder so that a folder is scanned quickly a second time.

A file's entry holds while its path, size and modification time stay the same. Only headers are kept, never
pixels: those are always read from the images. The entries hold what the headers say of the patient, so the
files are readable by their owner alone; deleting the folder loses nothing but time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import platformdirs

from imaging.dicom.headers import DamagedFileError, ImageHeader, NotDicomError, SliceHeader, read_slices

_KEPT_FOLDERS = 40
_FRESH_NS = 2_000_000_000
_IMAGE = tuple(f.name for f in fields(ImageHeader) if f.name != "path")
_SLICE = tuple(f.name for f in fields(SliceHeader) if f.name != "image")
_VERSION = hashlib.sha256(repr(("1", _IMAGE, _SLICE)).encode()).hexdigest()[:16]


def cache_folder() -> Path:
    """Where the program keeps what it may lose: ``BVN_PLANNER_CACHE``, or the user's cache folder."""
    named = os.environ.get("BVN_PLANNER_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("bvn-planner", appauthor=False))


class HeaderCache:
    """Headers of the files below one folder; ``save`` writes what was read anew."""

    def __init__(self, root: Path) -> None:
        self._root = str(root.resolve())
        name = hashlib.sha256(self._root.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self._path = cache_folder() / "headers" / f"{name}.json"
        self._known = self._load()
        self._used: dict[str, list[Any]] = {}
        self._changed = False

    def _load(self) -> dict[str, list[Any]]:
        try:
            document = json.loads(self._path.read_text("utf-8"))
            good = document["version"] == _VERSION and document["root"] == self._root
            return dict(document["files"]) if good else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def slices(self, path: Path) -> list[SliceHeader]:
        """As ``headers.read_slices``, from the cache where the file is the same."""
        status = path.stat()
        key = str(path)
        entry = self._known.get(key)
        if entry is not None and entry[:2] == [status.st_size, status.st_mtime_ns]:
            self._used[key] = entry
            with contextlib.suppress(TypeError, ValueError, IndexError, KeyError):
                return _decoded(path, entry)
            del self._used[key]
        outcome: list[Any]
        try:
            read = read_slices(path)
            outcome = ["image", _encoded(read)]
            return read
        except DamagedFileError as error:
            outcome = ["damaged", str(error)]
            raise
        except NotDicomError:
            outcome = ["other", ""]
            raise
        except BaseException:
            outcome = []
            raise
        finally:
            # A file written within the last moments may change again without a new time stamp.
            if outcome and time.time_ns() - status.st_mtime_ns > _FRESH_NS:
                self._used[key] = [status.st_size, status.st_mtime_ns, *outcome]
                self._changed = True

    def save(self) -> None:
        """Keep the entries that were used; a cache that cannot be written is no error."""
        if not self._changed and len(self._used) == len(self._known):
            return
        document = {"version": _VERSION, "root": self._root, "files": self._used}
        with contextlib.suppress(OSError):
            folder = self._path.parent
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(prefix=".headers-", dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
                json.dump(document, stream, separators=(",", ":"))
            Path(name).replace(self._path)
            by_age = sorted(folder.glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True)
            for old in by_age[_KEPT_FOLDERS:]:
                old.unlink(missing_ok=True)


def _encoded(slices: list[SliceHeader]) -> list[Any]:
    image = slices[0].image
    return [[getattr(image, n) for n in _IMAGE], [[getattr(s, n) for n in _SLICE] for s in slices]]


def _decoded(path: Path, entry: list[Any]) -> list[SliceHeader]:
    kind, payload = entry[2], entry[3]
    if kind == "other":
        raise NotDicomError(path)
    if kind == "damaged":
        raise DamagedFileError(payload)
    facts = dict(zip(_IMAGE, payload[0], strict=True))
    facts["image_type"] = tuple(facts["image_type"])
    image = ImageHeader(path=path, **facts)
    return [_slice(image, row) for row in payload[1]]


def _slice(image: ImageHeader, row: list[Any]) -> SliceHeader:
    frame, position, orientation, pixel, thickness, frame_type, labels = row
    return SliceHeader(
        image,
        frame,
        None if position is None else tuple(position),
        None if orientation is None else tuple(orientation),
        None if pixel is None else tuple(pixel),
        thickness,
        tuple(frame_type),
        tuple((name, value) for name, value in labels),
    )
