"""Plans on MR alone, judged on the phantom's own labels: do true clearances lie in the stated intervals?

usage: mr_intervals.py OUT.jsonl [--first N] [--count N] [--calibrate N] [--slice MM]

A seed is one line of OUT.jsonl; what is there already is not done again. Each is a random phantom (L3 to
S1, 4 mm sagittal T1, T2 or STIR, every fifth endplate with a Modic change), segmented by the program from
the MR and named by a point in L5; both sides of each level are searched, and each tool found is measured on
the true labels. The table gives the share within the interval for seeds from --calibrate on; the seeds
below it are those that the widths were set on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.labels import SACRUM, SIDES
from imaging.mr.spine import segment_mr_spine
from planner.devices.catalogue import device_by_id
from planner.domain.modic import ENDPLATES
from planner.domain.plan import Refusal
from planner.services.mr_intervals import NAMES, intervals_mm
from planner.trajectory.evaluate import evaluate
from planner.trajectory.fields import prepare_fields
from planner.trajectory.search import plan_side
from planner.trajectory.target import default_target
from sample_dicom.magnetic import build_mr
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import build_phantom

DEVICE = device_by_id("curved-8g")
SLICE_MM = 4.0
LEVELS = (22, 23, 24, SACRUM)


def run_one(seed: int, slice_mm: float = SLICE_MM) -> dict[str, Any]:
    """Every side's clearances on MR and in truth."""
    random = np.random.default_rng([seed, 91])
    phantom = build_phantom(PhantomParameters.small(seed=3000 + seed, variation=2.0))
    drawn: dict[Any, int] = {p: int(random.integers(1, 3)) for p in ENDPLATES if random.random() < 0.2}
    mr = build_mr(phantom, ("T1", "T2", "STIR")[seed % 3], slice_mm, modic=drawn)
    try:
        found = segment_mr_spine(mr, anchor=(24, phantom.truth[24].body.centre_lps_mm))
    except PlannerError as error:
        return {"seed": seed, "refused": error.code, "rows": []}
    rows = []
    for verse in LEVELS:
        anatomy, truth = found.level(verse), phantom.truth[verse]
        if anatomy is None or np.linalg.norm(anatomy.body.centre_lps_mm - truth.body.centre_lps_mm) > 15:
            rows.append({"level": verse, "missed": True})
            continue
        fields = prepare_fields(anatomy, found.vertebrae, found.structures)
        exact = VertebraAnatomy(verse, 1.0, truth.body, truth.pedicles, truth.foramen)
        true_fields = prepare_fields(exact, phantom.vertebrae, phantom.structures)
        target = default_target(anatomy)
        for side in SIDES:
            aim = plan_side(fields, anatomy, target, side, DEVICE)
            if isinstance(aim, Refusal):
                rows.append({"level": verse, "side": side, "refused": aim.code})
                continue
            claimed = evaluate(fields, anatomy, target, side, DEVICE, aim, draws=False).clearance_mm
            true = evaluate(true_fields, exact, target, side, DEVICE, aim, draws=False).clearance_mm
            pairs = {n: (getattr(claimed, n), getattr(true, n)) for n in NAMES}
            kept = {n: [round(a, 2), round(b, 2)] for n, (a, b) in pairs.items() if None not in (a, b)}
            rows.append({"level": verse, "side": side, "clearance": kept})
    return {"seed": seed, "rows": rows}


def table(lines: list[dict[str, Any]], first_tested: int, slice_mm: float = SLICE_MM) -> None:
    """Coverage by clearance, and what the errors are."""
    from types import SimpleNamespace

    for words, chosen in (
        ("calibration", [x for x in lines if x["seed"] < first_tested]),
        ("tested", [x for x in lines if x["seed"] >= first_tested]),
    ):
        rows = [r for x in chosen for r in x["rows"]]
        sides = [r for r in rows if "clearance" in r]
        print(
            f"{words}: {len(chosen)} seeds "
            f"({sum('refused' in x for x in chosen)} in which L5 was not found), "
            f"{len(sides)} tools, refused {sum('refused' in r for r in rows)}, "
            f"levels missed {sum('missed' in r for r in rows)}"
        )
        total, inside = 0, 0
        whole = 0
        for r in sides:
            claimed = SimpleNamespace(**dict.fromkeys(NAMES) | {n: v[0] for n, v in r["clearance"].items()})
            spans = intervals_mm(claimed, slice_mm, r["level"])  # type: ignore[arg-type]
            held = {n: spans[n][0] <= v[1] <= spans[n][1] for n, v in r["clearance"].items()}
            r["held"] = held
            total, inside = total + len(held), inside + sum(held.values())
            whole += all(held.values())
        for name in NAMES:
            own = [r for r in sides if name in r["clearance"]]
            if own:
                off = np.array([r["clearance"][name][0] - r["clearance"][name][1] for r in own])
                share = np.mean([r["held"][name] for r in own])
                print(
                    f"  {name:18} n {len(own):4}  inside {share:6.1%}  claimed less true: "
                    f"mean {off.mean():+.2f}, sd {off.std():.2f}, "
                    f"2.5/97.5 % {np.percentile(off, 2.5):+.2f} {np.percentile(off, 97.5):+.2f}"
                )
        if total:
            print(
                f"  all clearances: inside {inside / total:.1%}; "
                f"tools with every one inside {whole / len(sides):.1%}"
            )


def main() -> None:
    """Run what is missing and print."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("out", type=Path)
    ask.add_argument("--first", type=int, default=0)
    ask.add_argument("--count", type=int, default=200)
    ask.add_argument("--calibrate", type=int, default=0)
    ask.add_argument("--slice", type=float, default=SLICE_MM, help="mm; one OUT.jsonl for each")
    options = ask.parse_args()
    lines = [json.loads(x) for x in options.out.read_text().splitlines()] if options.out.is_file() else []
    done = {x["seed"] for x in lines}
    for seed in range(options.first, options.first + options.count):
        if seed not in done:
            lines.append(run_one(seed, options.slice))
            with options.out.open("a") as file:
                file.write(json.dumps(lines[-1]) + "\n")
    table(lines, options.calibrate, options.slice)


if __name__ == "__main__":
    main()
