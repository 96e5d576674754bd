"""How phantoms are named and delineated: a table over the variants, or over plausible random patients.

usage: phantoms.py variants|seeds OUT.jsonl [--names-only] [--first N] [--count N] [--mm 1.5]

Each case is one line of OUT.jsonl; what is there already is not done again. The table is printed at the end,
also of an unfinished file (--count 0), of several put together by cat as well: two processes take half the
seeds each (--first 0 --count 50, --first 50 --count 50) into files of their own.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.errors import PlannerError
from imaging.labels import NAME_FROM_VERSE, SACRUM, SIDES, Structure
from imaging.progress import NULL_PROGRESS
from imaging.segmentation.anatomy import measure_anatomy
from imaging.segmentation.naming import name_levels
from imaging.segmentation.noise import calmed
from imaging.segmentation.spine import label_spine, locate, model_bodies
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import Phantom, build_phantom
from sample_dicom.variants import VARIANTS, random_parameters

SIGNED = ("outside_mm", "width_mm", "height_mm", "along_mm", "foramen_depth_mm")
FIGURES = ("dice", "target_mm", "across_mm", *SIGNED)

GROUPED = ("dice", "outside_mm")


def names_of(phantom: Phantom) -> dict[str, Any]:
    """Which name each true vertebra got from the naming alone, and what was asked."""
    iso, _, discs = locate(calmed(phantom.volume), NULL_PROGRESS)
    bodies, sacral = model_bodies(iso, discs, NULL_PROGRESS)
    naming = name_levels(iso, discs, bodies, sacral, None)
    column = ([sacral] if sacral is not None else []) + bodies
    given = {}
    for verse, truth in phantom.truth.items():
        at = truth.body.centre_lps_mm
        hit = [n for n, body in enumerate(column) if body.depth(body.frame.to_local(at)[None])[0] < 2]
        given[NAME_FROM_VERSE[verse]] = NAME_FROM_VERSE[naming.numbers[hit[0]]] if hit else None
    stops = sorted({f.code for f in naming.findings if f.severity == "stop"})
    return {"names": given, "used": naming.evidence.used, "sure": naming.evidence.confidence, "stops": stops}


def labels_of(phantom: Phantom) -> dict[str, Any]:
    """Names and overlap of the whole chain, and how far pedicles and targets are off."""
    found = label_spine(phantom.volume)
    true, mine = phantom.vertebrae.labels, found.vertebrae.labels
    given, dice, width, target = {}, {}, {}, {}
    height, along, across, outside, deep = {}, {}, {}, {}, {}
    anatomy = {
        a.verse: a
        for a in measure_anatomy(found.vertebrae, found.structures, phantom.volume, found.confidence)
    }
    for verse, truth in phantom.truth.items():
        name = NAME_FROM_VERSE[verse]
        own = true == verse
        if verse == SACRUM:
            own = own & (phantom.structures.labels == Structure.BODY)
        inside = mine[own]
        inside = inside[inside > 0]
        number = int(np.bincount(inside).argmax()) if inside.size > 0.2 * own.sum() else 0
        given[name] = NAME_FROM_VERSE.get(number)
        if number == 0:
            continue
        a, b = true == verse, mine == number
        dice[name] = round(float(2 * (a & b).sum() / (a.sum() + b.sum())), 4)
        outside[name] = round(outside_mm(b, a, found.vertebrae.grid.spacing_ijk_mm[::-1]), 3)
        measured = anatomy.get(number)
        if measured is None:
            continue
        for side in SIDES:
            if side in measured.pedicles:
                key, exact, own = f"{name} {side}", truth.pedicles[side], measured.pedicles[side]
                width[key] = round(float(own.width_mm - exact.width_mm), 2)
                height[key] = round(float(own.height_mm - exact.height_mm), 2)
                shift = own.isthmus_centre_lps_mm - exact.isthmus_centre_lps_mm
                along[key] = round(float(shift @ exact.axis_lps), 2)
                across[key] = round(float(np.linalg.norm(shift - along[key] * exact.axis_lps)), 2)
        if measured.foramen is not None:
            deep[name] = round(float(measured.foramen.depth_mm - truth.foramen.depth_mm), 2)
        body = measured.body
        spot = body.posterior_wall_lps_mm - 0.4 * body.depth_mm * body.posterior
        target[name] = round(float(np.linalg.norm(spot - truth.target_lps_mm)), 2)
    stops = sorted({f.code for f in found.findings if f.severity == "stop"})
    evidence = found.evidence
    return {
        "names": given, "used": evidence.used, "sure": evidence.confidence, "stops": stops,
        "dice": dice, "outside_mm": outside, "target_mm": target, "width_mm": width, "height_mm": height,
        "along_mm": along, "across_mm": across, "foramen_depth_mm": deep,
    }  # fmt: skip


def outside_mm(
    mine: NDArray[np.bool_], true: NDArray[np.bool_], spacing_kji_mm: NDArray[np.float64]
) -> float:
    """How far my surface lies outside the true one on average (mm, negative inside)."""
    at = np.argwhere(mine | true)
    box = tuple(slice(max(0, int(a) - 2), int(b) + 3) for a, b in zip(at.min(0), at.max(0), strict=True))
    mine, true = mine[box], true[box]
    signed = ndi.distance_transform_edt(~true, sampling=spacing_kji_mm)
    signed = signed - ndi.distance_transform_edt(true, sampling=spacing_kji_mm)
    inner = mine & ~ndi.binary_erosion(mine)
    outer = ~mine & ndi.binary_dilation(mine)
    return float((signed[inner].mean() + signed[outer].mean()) / 2)


def measure(key: str, parameters: PhantomParameters, names_only: bool) -> dict[str, Any]:
    """One line of the file."""
    phantom = build_phantom(parameters)
    start = time.perf_counter()
    try:
        result = names_of(phantom) if names_only else labels_of(phantom)
    except PlannerError as error:
        result = {"names": {}, "refused": error.code, "stops": [error.code]}
    seconds = round(time.perf_counter() - start, 1)
    return {
        "case": key,
        "seconds": seconds,
        "slice_mm": parameters.slice_mm,
        "is": special(parameters),
        **result,
    }


def special(parameters: PhantomParameters) -> list[str]:
    """What is unusual about a phantom, in words."""
    p = parameters
    says = {
        f"{p.lumbar_count} lumbar": p.lumbar_count != 5,
        str(p.transition): p.transition not in (None, "", "none"),
        "fracture": bool(p.fractures),
        "metal": bool(p.screws),
        "scoliosis": abs(p.scoliosis_deg) >= 10,
        "contrast": p.contrast_hu > 0,
        "vacuum": bool(p.vacuum_discs),
        "osteophytes": p.osteophyte_mm > 0,
        "porous": p.osteoporosis >= 0.5,
        "crop without skin": not p.with_skin,
    }
    return [text for text, so in says.items() if so]


def table(lines: list[dict[str, Any]]) -> None:
    """Names right, wrong but asked about, wrong in silence; then the figures' distribution."""
    print(f"n = {len(lines)}")
    print("| case | named on | sure | right | wrong, asked | wrong in silence | not found | asks |")
    print("|---|---|---|---|---|---|---|---|")
    silent = 0
    for line in lines:
        names = line["names"]
        right = sum(a == b for a, b in names.items())
        wrong = [f"{a} as {b}" for a, b in names.items() if b is not None and a != b]
        missing = sum(b is None for b in names.values())
        asked = bool(line["stops"])
        silent += 0 if asked else len(wrong)
        said = ", ".join(line["stops"]) or "no"
        first = ", ".join(wrong[:2]) + (" ..." if len(wrong) > 2 else "")
        print(
            f"| {line['case']} | {line.get('used', '-')} | {line.get('sure', 0):.2f} | {right} "
            f"| {first if asked else ''} | {'' if asked else first} | {missing} | {said} |"
        )
    print(f"names wrong in silence: {silent}")
    groups: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        for word in [f"slices of {line.get('slice_mm', '?')} mm", *line.get("is", [])]:
            groups.setdefault(word, []).append(line)
    for word, some in sorted(groups.items()):
        got = {f: [v for line in some for n, v in line.get(f, {}).items() if n != "S1"] for f in GROUPED}
        if all(got.values()):
            said = "  ".join(f"{f} {np.median(v):.2f} ({min(v):.2f} to {max(v):.2f})" for f, v in got.items())
            print(f"{word:20} n {len(some):3}  T12 to L5: {said}")
    for figure in FIGURES:
        by_level: dict[str, list[float]] = {}
        for line in lines:
            for name, value in line.get(figure, {}).items():
                by_level.setdefault(name.split()[0], []).append(value if figure in SIGNED else abs(value))
        for name, values in sorted(by_level.items()):
            low, middle, high = np.percentile(values, [5, 50, 95])
            print(
                f"{figure:16} {name:4} n {len(values):3}  5% {low:.3f}  median {middle:.3f}  95% {high:.3f}"
            )


def read(path: Path) -> list[dict[str, Any]]:
    """Lines written so far; one cut off by an end in mid-writing is done again."""
    texts = path.read_text().splitlines() if path.is_file() else []
    lines = []
    for text in texts:
        try:
            lines.append(json.loads(text))
        except ValueError:
            print(f"left out, cut off: {text[:60]}")
    if len(lines) < len(texts):
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return lines


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("over", choices=("variants", "seeds"))
    parser.add_argument("out", type=Path)
    parser.add_argument("--names-only", action="store_true")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--mm", type=float, default=1.5)
    options = parser.parse_args()
    lines = read(options.out)
    done = {line["case"] for line in lines}
    if options.over == "variants":
        cases = {n: v.cropped(**_voxels(v.changes, options.mm)) for n, v in VARIANTS.items()}
        cases = dict(list(cases.items())[: options.count])
    else:
        seeds = range(options.first, options.first + options.count)
        cases = {f"seed {s}": random_parameters(s, spacing_mm=options.mm) for s in seeds}
    for key, parameters in cases.items():
        if key in done:
            continue
        lines.append(measure(key, parameters, options.names_only))
        with options.out.open("a") as file:
            file.write(json.dumps(lines[-1]) + "\n")
    table(lines)


def _voxels(changes: Any, mm: float) -> dict[str, float]:
    return {"spacing_mm": mm} | ({} if "slice_mm" in changes else {"slice_mm": mm})


if __name__ == "__main__":
    main()
