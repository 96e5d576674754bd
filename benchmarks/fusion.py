"""MR onto CT on phantoms whose MR is moved, turned and bent at every joint: errors and residuals.

usage: fusion.py OUT.jsonl [--first N] [--count N] [--mm 1.2]

A seed is one line of OUT.jsonl; what is there already is not done again. Five seeds share a phantom; the
sequence goes round T1, T2, STIR, and the Modic changes of the sample are drawn in. Both images are
segmented by the program. The MR is made from the phantom's own tissue: real contrast is less kind. The
table is printed at the end, also of an unfinished file (--count 0).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from imaging.errors import PlannerError
from imaging.fusion.fuse import MOST_RESIDUAL_MM, fuse
from imaging.fusion.start import moved
from imaging.labels import NAME_FROM_VERSE, SACRUM
from imaging.mr.spine import segment_mr_spine
from imaging.segmentation.anatomy import measure_anatomy
from imaging.segmentation.result import SpineSegmentation
from imaging.segmentation.spine import label_spine
from sample_dicom.magnetic import build_mr
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import Phantom, build_phantom
from sample_dicom.posed import random_pose

SHARED = 5
LEVELS = (20, 21, 22, 23, 24, SACRUM)
NOTICED_MM = 3.0


def on_ct(number: int, mm: float) -> tuple[Phantom, SpineSegmentation]:
    """A phantom and what the program finds on its CT."""
    phantom = build_phantom(
        PhantomParameters(
            seed=500 + number,
            levels=LEVELS,
            spacing_mm=mm,
            slice_mm=mm,
            field_mm=(150.0, 150.0),
            marker="back",
        )
    )
    labels = label_spine(phantom.volume)
    anatomy = measure_anatomy(labels.vertebrae, labels.structures, None, labels.confidence)
    return phantom, SpineSegmentation(
        labels.vertebrae, labels.structures, anatomy, labels.findings, labels.evidence
    )


def measure(seed: int, phantom: Phantom, found: SpineSegmentation) -> dict[str, Any]:
    """One line of the file."""
    pose = random_pose(phantom, np.random.default_rng([seed, 77]))
    sequence = ("T1", "T2", "STIR")[seed % 3]
    mr = build_mr(phantom, sequence, pose=pose)
    line: dict[str, Any] = {"seed": seed, "sequence": sequence, "levels": {}}
    start = time.perf_counter()
    try:
        mr_found = segment_mr_spine(mr)
        line["seconds_mr"] = round(time.perf_counter() - start, 1)
        fit = fuse(phantom.volume, found, mr, mr_found)
    except PlannerError as error:
        return line | {"refused": error.code}
    line["seconds"] = round(time.perf_counter() - start, 1)
    line["shift"] = fit.shift
    for level in fit.levels:
        truth = phantom.truth.get(level.verse)
        if truth is None:
            continue
        there = pose.place(level.verse, truth.target_lps_mm)
        error_mm = float(np.linalg.norm(moved(level.ct_from_mr, there) - truth.target_lps_mm))
        line["levels"][NAME_FROM_VERSE[level.verse]] = {
            "error_mm": round(error_mm, 2),
            "surface_mm": None if level.surface_mm is None else round(level.surface_mm, 2),
            "step_mm": round(level.step_mm, 2),
            "trusted": level.trusted,
            "whole_mm": round(float(np.linalg.norm(moved(fit.ct_from_mr, there) - truth.target_lps_mm)), 2),
            "apart_mm": round(level.apart_mm, 2),
            "residual_mm": round(level.residual_mm, 2),
        }
    return line


def table(lines: list[dict[str, Any]]) -> None:
    """Errors of the levels that the residual trusts, and what it noticed."""
    print(f"seeds {len(lines)}, refused {sum('refused' in line for line in lines)}")
    for line in lines:
        if "refused" in line:
            print(f"  seed {line['seed']} ({line['sequence']}): {line['refused']}")
    rows = [(name, r, line["seed"]) for line in lines for name, r in line["levels"].items()]
    if not rows:
        return
    every = np.array([r["error_mm"] for _, r, _ in rows])
    trusted = [(n, r, s) for n, r, s in rows if r["trusted"]]
    kept = np.array([r["error_mm"] for _, r, _ in trusted])
    print(
        f"levels {len(rows)}: median {np.median(every):.2f}, 95 % {np.percentile(every, 95):.2f}, "
        f"most {every.max():.2f} mm"
    )
    print(
        f"trusted {len(kept)}: median {np.median(kept):.2f}, 95 % {np.percentile(kept, 95):.2f}, "
        f"most {kept.max():.2f} mm"
    )
    whole = np.array([r["whole_mm"] for _, r, _ in rows])
    print(f"one rigid motion for all: median {np.median(whole):.2f}, most {whole.max():.2f} mm")
    bad = [(n, r, s) for n, r, s in rows if r["error_mm"] > NOTICED_MM]
    noticed = sum(not r["trusted"] for _, r, _ in bad)
    print(
        f"off by more than {NOTICED_MM:g} mm: {len(bad)}, noticed {noticed} (limit {MOST_RESIDUAL_MM:g} mm)"
    )
    for n, r, s in bad:
        print(f"  seed {s} {n}: {r}")
    for name in ("L1", "L2", "L3", "L4", "L5", "S1"):
        own = [r for n, r, _ in rows if n == name]
        if own:
            e = np.array([r["error_mm"] for r in own])
            t = sum(r["trusted"] for r in own)
            print(f"{name}: n {len(own)}, trusted {t}, median {np.median(e):.2f}, most {e.max():.2f}")
    seconds = [line["seconds"] for line in lines if "seconds" in line]
    print(f"seconds for MR segmentation and fusion: median {np.median(seconds):.0f}, most {max(seconds):.0f}")


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--mm", type=float, default=1.2)
    options = parser.parse_args()
    lines = [json.loads(x) for x in options.out.read_text().splitlines()] if options.out.is_file() else []
    done = {line["seed"] for line in lines}
    built: tuple[int, tuple[Phantom, SpineSegmentation]] | None = None
    for seed in range(options.first, options.first + options.count):
        if seed in done:
            continue
        if built is None or built[0] != seed // SHARED:
            built = (seed // SHARED, on_ct(seed // SHARED, options.mm))
        lines.append(measure(seed, *built[1]))
        with options.out.open("a") as file:
            file.write(json.dumps(lines[-1]) + "\n")
    table(lines)


if __name__ == "__main__":
    main()
