"""``bvn-planner sample``: write the bundled sample study."""

from __future__ import annotations

import argparse
from pathlib import Path

from planner.cli.console import ConsoleProgress, say

HELP = "write the bundled sample study (CT and MR DICOM)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="an empty or new folder")


def run(options: argparse.Namespace) -> int:
    """Write the study whole or not at all."""
    from sample_dicom.study import write_sample

    progress = ConsoleProgress()
    try:
        write_sample(options.out, progress)
    finally:
        progress.close()
    say(f"The sample study is in {options.out}.")
    return 0
