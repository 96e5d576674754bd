"""``bvn-planner series``: what a folder holds and which of it can be planned on."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from planner.cli.console import ConsoleProgress, say

HELP = "list the series in a folder, each with its verdict"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the verb."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="searched recursively")
    parser.add_argument("--json", action="store_true", help="machine-readable")


def run(options: argparse.Namespace) -> int:
    """Print the series."""
    from planner.services.open_case import scan

    progress = ConsoleProgress()
    try:
        result = scan(options.folder, progress)
    finally:
        progress.close()
    if options.json:
        document = {
            "series": [_row(s) for s in result.series],
            "skipped": [{"path": str(f.path), "reason": f.reason} for f in result.skipped],
            "other_files": result.other_files,
        }
        print(json.dumps(document, indent=1, ensure_ascii=False))
        return 0
    for s in result.series:
        rows = f"{s.columns}x{s.rows}x{s.slices}"
        size = f"{rows}, {s.pixel_mm[1]:.2f}x{s.pixel_mm[0]:.2f}x{s.spacing_mm:.2f} mm"
        print(f"{s.verdict:9} {s.modality:3} {s.key}")
        print(f"{'':13} {s.title}; {s.orientation or 'no geometry'}; {size}")
        for finding in s.reasons:
            print(f"{'':13} {finding.severity}: {finding.text}")
    for skipped in result.skipped:
        say(f"left out: {skipped.path} {skipped.reason}")
    return 0


def _row(s: Any) -> dict[str, Any]:
    return {
        "key": s.key,
        "study_instance_uid": s.study_instance_uid,
        "series_instance_uid": s.series_instance_uid,
        "part": s.part,
        "frame_of_reference_uid": s.frame_of_reference_uid,
        "modality": s.modality,
        "description": s.description,
        "number": s.number,
        "orientation": s.orientation,
        "rows": s.rows,
        "columns": s.columns,
        "slices": s.slices,
        "pixel_mm": list(s.pixel_mm),
        "spacing_mm": s.spacing_mm,
        "thickness_mm": s.thickness_mm,
        "extent_lps_mm": list(s.extent_lps_mm),
        "verdict": s.verdict,
        "usable": s.plannable,
        "findings": [asdict(f) for f in s.reasons],
        "score": s.score,
    }
