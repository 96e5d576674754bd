"""How real CTs are named and delineated after a change that another patient or scanner could have made.

usage: changed_copies.py DATA_DIR OUT.jsonl [CASE[:CHANGE] ...] [--list]

Each copy is changed with its truth, written as DICOM into a temporary folder, opened and segmented as a
patient's CT is. One line of OUT.jsonl each; what is there already is not done again. The table is printed at
the end. "asked" means that nothing can be approved before a person has confirmed the names.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.changes import CASES, Copy, copies_of, read_original, write_copy
from imaging.errors import PlannerError
from imaging.labels import NAME_FROM_VERSE, VERSE_FROM_NAME
from imaging.segmentation.result import SpineLabels
from imaging.segmentation.spine import label_spine
from planner.services.open_case import open_case

ON_THE_EDGE = 0.02
"""Share of a vertebra's voxels in the image's outermost layers from which it counts as cut."""


def measure(copy: Copy) -> dict[str, Any]:
    """Names and Dice of one copy, or the error it ends in."""
    with tempfile.TemporaryDirectory() as name:
        write_copy(copy, Path(name))
        start = time.perf_counter()
        try:
            case = open_case(Path(name))
            found = label_spine(case.volume, anchor=copy.anchor)
        except PlannerError as error:
            return {"error": f"{error.code}: {error}"}
        seconds = time.perf_counter() - start
    row = compared(found, copy.truth_on(case.volume.grid))
    return row | {"seconds": round(seconds, 1), "read": [f.code for f in case.findings]}


def compared(found: SpineLabels, true: np.ndarray) -> dict[str, Any]:
    """For each true vertebra the name most of it got and its Dice with that label; cut ones in brackets."""
    mine = found.vertebrae.labels
    rows = {}
    for verse in (int(v) for v in np.unique(true) if v >= VERSE_FROM_NAME["T10"]):
        own = true == verse
        inside = mine[own]
        got = int(np.bincount(inside[inside > 0]).argmax()) if (inside > 0).sum() > 0.2 * own.sum() else 0
        core = own[1:-1, 1:-1, 1:-1].sum()
        cut = 1 - core / own.sum() > ON_THE_EDGE
        dice = 2 * float((own & (mine == got)).sum()) / float(own.sum() + (mine == got).sum()) if got else 0.0
        rows[NAME_FROM_VERSE[verse]] = [NAME_FROM_VERSE.get(got), round(dice, 3), bool(cut), int(own.sum())]
    stops = sorted({f.code for f in found.findings if f.severity != "info"})
    return {
        "rows": rows,
        "named": [NAME_FROM_VERSE[int(v)] for v in np.unique(mine) if v],
        "stops": stops,
        "used": found.evidence.used,
        "sure": found.evidence.confidence,
        "others": [o.shift for o in found.evidence.others],
    }


def verdict(row: dict[str, Any]) -> str:
    """right, asked or WRONG IN SILENCE, over the vertebrae that lie wholly in the image."""
    if "error" in row:
        return row["error"][:60]
    whole = {n: got for n, (got, _, cut, _) in row["rows"].items() if not cut}
    wrong = [n for n, got in whole.items() if got not in (n, None)]
    lost = [n for n, got in whole.items() if got is None and n not in ("T10", "T11")]
    asked = "level_count_unconfirmed" in row["stops"]
    text = "right" if not wrong else "wrong, asked" if asked else "WRONG IN SILENCE"
    return text + (f", lost {' '.join(lost)}" if lost else "") + ("" if not asked or wrong else ", asked")


def table(lines: dict[str, dict[str, Any]]) -> None:
    """Print what was measured; after each Dice its change from the unchanged original's."""
    for key, row in lines.items():
        base = lines.get(key.split(":")[0] + ":as is", {}).get("rows", {})
        cells = []
        for name, (got, dice, cut, _) in row.get("rows", {}).items():
            if got is None:
                cells.append(f"({name} -)" if cut else f"{name} LOST")
                continue
            was = base.get(name)
            drop = "" if was is None or cut else f"{dice - was[1]:+.3f}"
            as_ = "" if got == name else f"={got}"
            cell = f"{name}{as_} {dice:.3f}{drop}"
            cells.append(f"({cell})" if cut else cell)
        print(f"{key:34} {verdict(row):24} {row.get('used', ''):8} {', '.join(cells)}")


def main() -> None:
    """Measure what is not yet measured and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("only", nargs="*", help="CASE or CASE:CHANGE (its beginning)")
    parser.add_argument("--list", action="store_true", help="print the copies' names")
    parser.add_argument("--count", type=int, default=10**6, help="measure at most so many")
    options = parser.parse_args()
    if not (options.data / CASES[0]).is_dir():
        sys.exit(f"skipped: there are no real CTs in {options.data}")
    lines: dict[str, dict[str, Any]] = {}
    if options.out.exists():
        for text in options.out.read_text().splitlines():
            lines |= json.loads(text)
    left = options.count
    for name in CASES:
        short = name.removeprefix("ct_")
        if options.only and not any(o.split(":")[0] == short for o in options.only):
            continue
        original = read_original(options.data / name)
        for change, make in copies_of(short).items():
            key = f"{short}:{change}"
            if options.only and not any(key.startswith(o) for o in options.only):
                continue
            if options.list:
                print(key)
                continue
            if key in lines or left <= 0:
                continue
            left -= 1
            lines[key] = measure(make(original))
            with options.out.open("a") as stream:
                stream.write(json.dumps({key: lines[key]}) + "\n")
    if not options.list:
        table(lines)


if __name__ == "__main__":
    main()
