"""``bvn-planner modic``: what the MR of a folder suggests at each endplate; a reader decides."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from planner.cli.console import ConsoleProgress, say

HELP = "measure the signal beside each endplate of an MR study and suggest a Modic type; nothing is entered"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="searched recursively")
    parser.add_argument("--json", action="store_true", help="machine-readable")


def run(options: argparse.Namespace) -> int:
    """Print the suggestions."""
    from planner.domain.modic import endplate_name
    from planner.services.modic import study_of, typable

    progress = ConsoleProgress()
    try:
        study = study_of(options.folder, progress)
    finally:
        progress.close()
    for finding in study.segmentation.findings:
        if finding.severity == "stop":
            say(finding.text)
    if options.json:
        rows = [
            {"endplate": endplate_name(place), "suggestion": s.kind, "ratios": dict(s.ratios), "why": s.why}
            for place, s in study.suggestions.items()
        ]
        print(json.dumps({"sequences": study.why, "endplates": rows}, indent=1, ensure_ascii=False))
        return 0
    for name, reason in study.why.items():
        print(f"{name}: {reason}")
    for place, s in study.suggestions.items():
        kind = "cannot be typed" if s.kind is None else f"suggests type {s.kind}"
        print(f"{endplate_name(place):10} {kind:18} {s.why}")
    if not typable(study):
        say("A type needs T1 and T2 or STIR.")
    say("A measurement, not a diagnosis: a reader enters the type.")
    return 0
