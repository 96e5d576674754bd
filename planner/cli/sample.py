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
    parser.add_argument(
        "--variant", metavar="NAME", default="plain", help="which spine; 'list' names them all"
    )
    parser.add_argument("--seed", type=int, default=7, help="another patient of the same kind (default 7)")


def run(options: argparse.Namespace) -> int:
    """Write the study whole or not at all."""
    from sample_dicom.study import write_sample
    from sample_dicom.variants import VARIANTS

    if options.variant == "list":
        for variant in VARIANTS.values():
            say(f"{variant.name:20} {variant.title}: {variant.shows}")
        return 0
    if options.variant not in VARIANTS:
        raise PlannerError(
            "bad_variant", f"There is no sample variant {options.variant}. Known: {', '.join(VARIANTS)}."
        )
    progress = ConsoleProgress()
    try:
        write_sample(options.out, progress, VARIANTS[options.variant].parameters(options.seed))
    finally:
        progress.close()
    say(f"The sample study is in {options.out}.")
    return 0
