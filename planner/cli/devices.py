"""``bvn-planner devices``: the instrument profiles and where each of their numbers comes from."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

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
        rows = [{**asdict(p), "evidence": dict(p.evidence)} for p in profiles]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    for profile in profiles:
        print(f"{profile.id}: {profile.name}")
        for name, value in asdict(profile).items():
            if name not in ("id", "name", "evidence"):
                shown = "none (straight)" if value is None else f"{value:g}"
                print(f"  {name:22} {shown:>16}  {profile.evidence.get(name, 'no evidence recorded')}")
    return 0
