"""``bvn-planner passport``: what a plan stands on, and whether images at hand are those."""

from __future__ import annotations

import argparse
from pathlib import Path

from planner.cli.console import ConsoleProgress, say

HELP = "print what a plan stands on, and check images against it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("plan", metavar="OUT/plan.json", type=Path)
    parser.add_argument("folder", metavar="DIR", type=Path, nargs="?", help="images to check against it")
    parser.add_argument("--images", action="store_true", help="list UID and SHA-256 of every source image")


def run(options: argparse.Namespace) -> int:
    """Print the passport; 3 where the images differ."""
    from planner.services.open_case import agreed_to_fill, open_case
    from planner.services.passport import SOURCE_IMAGE, image_changes, passport_lines
    from planner.storage.plan_json import read_plan

    plan = read_plan(options.plan)
    for name, value in passport_lines(plan):
        if options.images or name != SOURCE_IMAGE:
            print(f"{name}: {value}")
    if not options.images:
        print(f"Source images: {len(plan.source.images)}, listed with --images")
    if options.folder is None:
        return 0
    progress = ConsoleProgress()
    try:
        uid = plan.source.series_instance_uid
        case = open_case(options.folder, uid, progress, fill_missing=agreed_to_fill(plan))
    finally:
        progress.close()
    changes = image_changes(plan.source.images, case.source.images)
    same = case.source.voxel_sha256 == plan.source.voxel_sha256
    if not changes and same:
        say("The images are those the plan was made on.")
        return 0
    say(changes or "The files are the same.")
    say("The voxels are the same." if same else "The voxels differ: the plan does not hold here.")
    return 3
