"""Where a plan comes from: the files it stands on and each change with its time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImagePrint:
    """A source file: its SOP instance UID and the hex SHA-256 of its bytes."""

    sop_instance_uid: str
    sha256: str


@dataclass(frozen=True)
class Edit:
    """One change of the plan: UTC time in ISO 8601, and its name in the undo list."""

    time: str
    text: str
