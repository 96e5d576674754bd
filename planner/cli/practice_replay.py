"""``bvn-planner practice-replay LOG``: a practice session's score, computed again from its log."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from planner.cli.console import ConsoleProgress, say

HELP = "compute the score of a practice session again from its log"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("log", metavar="LOG", type=Path, help="a .bvnlog file")
    parser.add_argument("--pack", metavar="FILE", type=Path, help="the case pack it was made on, if any")
    parser.add_argument("--weights", metavar="FILE", type=Path, help="a weights file other than the default")
    parser.add_argument("--pictures", action="store_true", help="make the pictures again and compare them")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Print gates and parts; 0, or 3 where pictures were compared and differ."""
    from planner.practice.cases import scenario_of
    from planner.practice.log import read_log
    from planner.practice.replay import compared_pictures, rescored
    from planner.practice.weights import default_weights, read_weights
    from planner.practice.words import score_lines

    log = read_log(options.log)
    weights = read_weights(options.weights) if options.weights else default_weights()
    progress = ConsoleProgress()
    try:
        scenario = scenario_of(log.spec, options.pack, progress)
        result = rescored(scenario, log, weights)
        same = compared_pictures(scenario, log, progress) if options.pictures else None
    finally:
        progress.close()
    document = {"task": log.spec.task, "scenario": log.spec.title, "grade": log.grade, **result.as_dict()}
    if same is not None:
        document["pictures_same"], document["pictures"] = sum(same), len(same)
    if options.json:
        print(json.dumps(document, indent=1))
    else:
        print(f"{log.spec.task}, {log.spec.title}, {log.grade}")
        print("\n".join(score_lines(result)))
        if same is not None:
            print(f"{sum(same)} of {len(same)} pictures are the same bit for bit.")
    if same is not None and not all(same):
        say("The pictures made here differ from those of the session.")
        return 3
    return 0
