"""The device profiles that come with the package, and those a user adds."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from pathlib import Path

import platformdirs

from imaging.errors import PlannerError
from planner.devices.profile_file import parse_profile, read_profile
from planner.domain.device import DeviceProfile

DEFAULT_DEVICE = "curved-8g"


@lru_cache(maxsize=1)
def load_devices() -> tuple[DeviceProfile, ...]:
    """All profiles of the package, the default first, then by id.

    Raises:
        PlannerError: "device_profile_broken" where a data file lacks a number or the evidence of one.
    """
    found = []
    for entry in resources.files("planner.devices").iterdir():
        if entry.name.endswith(".json"):
            found.append(parse_profile(entry.name, entry.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda d: (d.id != DEFAULT_DEVICE, d.id)))


def read_devices(path: Path) -> tuple[DeviceProfile, ...]:
    """Profiles of a user's own file, or of all JSON files in a folder, in the order of their names.

    Raises:
        PlannerError: device_file_unreadable, device_profile_broken, device_name_taken.
    """
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() == ".json")
        if not files:
            raise PlannerError("device_file_unreadable", f"There is no device profile (*.json) in {path}.")
    else:
        files = [path]
    profiles = tuple(read_profile(file) for file in files)
    taken = {d.id: "the planner itself" for d in load_devices()}
    for profile, file in zip(profiles, files, strict=True):
        if profile.id in taken:
            text = f"The device profile {file.name} calls itself '{profile.id}', which is taken by "
            raise PlannerError("device_name_taken", f"{text}{taken[profile.id]}. Give it an id of its own.")
        taken[profile.id] = file.name
    return profiles


def user_folder() -> Path:
    """Where a user's own profiles lie, one JSON file each."""
    return platformdirs.user_config_path("bvn-planner") / "devices"


def user_devices() -> tuple[DeviceProfile, ...]:
    """Profiles of the user's folder; none where there is no such folder or nothing in it.

    Raises:
        PlannerError: as ``read_devices``.
    """
    folder = user_folder()
    if not folder.is_dir() or not any(folder.glob("*.json")):
        return ()
    return read_devices(folder)


def device_by_id(id: str = DEFAULT_DEVICE, more: Iterable[DeviceProfile] = ()) -> DeviceProfile:
    """One profile by its id, or by its name; ``more`` are profiles beside the package's.

    Raises:
        PlannerError: "unknown_device", naming those that exist.
    """
    every = (*more, *load_devices())
    for device in every:
        if id.lower() in (device.id.lower(), device.name.lower()):
            return device
    known = ", ".join(dict.fromkeys(d.id for d in every))
    raise PlannerError("unknown_device", f"There is no device profile '{id}'. Known profiles: {known}.")
