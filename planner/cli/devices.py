"""``bvn-planner devices``: the instrument profiles and where each of their numbers comes from."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from typing import Any

from planner.domain.device import DeviceProfile

HELP = "list the device profiles known, with the evidence tag of each number"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("--json", action="store_true", help="machine-readable")


def run(options: argparse.Namespace) -> int:
    """Print the profiles."""
    from planner.devices.catalogue import load_devices

    profiles: list[DeviceProfile] = list(load_devices())
    if options.json:
        rows = [{**_numbers(p), "evidence": dict(p.evidence)} for p in profiles]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    for profile in profiles:
        print(f"{profile.id}: {profile.name}")
        for name, value in _numbers(profile).items():
            if name not in ("id", "name"):
                shown = "none (straight)" if value is None else f"{value:g}"
                print(f"  {name:22} {shown:>16}  {profile.evidence.get(name, 'no evidence recorded')}")
    return 0


def _numbers(profile: DeviceProfile) -> dict[str, Any]:
    return {f.name: getattr(profile, f.name) for f in fields(profile) if f.name != "evidence"}
