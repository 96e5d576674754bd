"""``bvn-planner sample``: write the bundled sample study."""

from __future__ import annotations

import argparse
from pathlib import Path

from imaging.errors import PlannerError
from planner.cli.console import ConsoleProgress, say

HELP = "write the bundled sample study (CT and MR DICOM)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="an empty or new folder")


def run(options: argparse.Namespace) -> int:
    """Write the study whole or not at all."""
    from planner.storage.atomic import whole_folder
    from sample_dicom.study import write_sample

    out: Path = options.out.resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise PlannerError("foreign_out", f"{out} exists and is not empty. Choose a new folder.")
    progress = ConsoleProgress()
    try:
        with whole_folder(out) as folder:
            write_sample(folder, progress)
    finally:
        progress.close()
    say(f"The sample study is in {out}.")
    return 0
