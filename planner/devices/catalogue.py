"""The device profiles that come with the package."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from imaging.errors import PlannerError
from planner.domain.device import DeviceProfile

DEFAULT_DEVICE = "curved-8g"


@lru_cache(maxsize=1)
def load_devices() -> tuple[DeviceProfile, ...]:
    """All profiles, the default first, then by id.

    Raises:
        PlannerError: "device_profile_broken" where a data file lacks a number or the evidence of one.
    """
    found = []
    for entry in resources.files("planner.devices").iterdir():
        if entry.name.endswith(".json"):
            found.append(_profile(entry.name, entry.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda d: (d.id != DEFAULT_DEVICE, d.id)))


def device_by_id(id: str = DEFAULT_DEVICE) -> DeviceProfile:
    """One profile by its id, or by its name.

    Raises:
        PlannerError: "unknown_device", naming those that exist.
    """
    for device in load_devices():
        if id.lower() in (device.id, device.name.lower()):
            return device
    known = ", ".join(d.id for d in load_devices())
    raise PlannerError("unknown_device", f"There is no device profile '{id}'. Known profiles: {known}.")


def _profile(file_name: str, text: str) -> DeviceProfile:
    names = {f.name for f in fields(DeviceProfile)}
    try:
        data = json.loads(text)
        numbers = names - {"id", "name", "evidence"}
        if set(data) != names or numbers - set(data["evidence"]):
            raise KeyError(", ".join(sorted((names ^ set(data)) | (numbers - set(data["evidence"])))))
        return DeviceProfile(**{**data, "evidence": MappingProxyType(dict(data["evidence"]))})
    except (ValueError, KeyError, TypeError) as error:
        raise PlannerError(
            "device_profile_broken",
            f"The device profile {file_name} is incomplete ({error}). Correct the file.",
        ) from error
