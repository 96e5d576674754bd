"""``bvn-planner deidentify``: copies of images without who they are of."""

from __future__ import annotations

import argparse
from pathlib import Path

from planner.cli.console import ConsoleProgress, say

HELP = "write copies of the CT and MR images without the patient's identity (PS3.15 Basic Profile)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="searched recursively; or a zip archive")
    parser.add_argument("--out", metavar="OUT", type=Path, required=True, help="a new folder")
    parser.add_argument("--name", default="ANONYMOUS", help="patient name and ID of the copies")


def run(options: argparse.Namespace) -> int:
    """Write the copies whole or not at all; 3 where something should be looked at."""
    from planner.services.deidentify import deidentify_folder

    progress = ConsoleProgress()
    try:
        done = deidentify_folder(options.folder, options.out, options.name, progress)
    finally:
        progress.close()
    for warning in done.warnings:
        say(f"caution: {warning}")
    say(f"{done.files} images without identity are in {options.out}.")
    return 3 if done.warnings else 0
