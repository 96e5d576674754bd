"""``bvn-planner devices``: the instrument profiles and where each of their numbers comes from."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from planner.domain.device import DeviceProfile

HELP = "list the device profiles known, with the evidence tag of each number"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("--json", action="store_true", help="machine-readable")
    parser.add_argument(
        "--device", metavar="FILE", type=Path, help="also check and show this profile, or a folder of them"
    )


def run(options: argparse.Namespace) -> int:
    """Print the profiles."""
    from planner.devices.catalogue import load_devices, read_devices

    own = read_devices(options.device) if options.device else ()
    profiles: list[DeviceProfile] = [*load_devices(), *own]
    if options.json:
        print(json.dumps([_row(p) for p in profiles], indent=1, ensure_ascii=False))
        return 0
    for profile in profiles:
        print(f"{profile.id}: {profile.name}")
        for name, value in _row(profile).items():
            if name not in ("id", "name", "evidence"):
                print(f"  {name:22} {_shown(value):>24}  {profile.evidence.get(name, '')}")
    return 0


def _row(profile: DeviceProfile) -> dict[str, Any]:
    from planner.devices.profile_file import profile_document

    return profile_document(profile)


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        first = value[0]
        return f"{first['diameter_mm']:g} x {first['length_mm']:g} mm, {first['minutes']:g} min"
    if isinstance(value, list):
        return " to ".join(f"{v:g}" for v in value)
    return value if isinstance(value, str) else f"{value:g}"
