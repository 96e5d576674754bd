"""Confusion table of the suggested Modic type against the phantom's truth, over seeds: truth in rows."""

from __future__ import annotations

import argparse
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np

from imaging.mr.modic import suggest
from planner.domain.modic import ENDPLATES
from sample_dicom.magnetic import build_mr
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import build_phantom


def main() -> None:
    """Build phantoms with random types at random endplates and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    table: Counter[tuple[int, str]] = Counter()
    for seed in range(seeds):
        phantom = build_phantom(PhantomParameters.small(seed=100 + seed))
        random = np.random.default_rng(seed)
        places = [p for p in ENDPLATES if p[0] in phantom.truth]
        types: dict[Any, int] = {p: int(random.integers(0, 3)) for p in places}
        drawn = {p: t for p, t in types.items() if t}
        images = {name: build_mr(phantom, name, modic=drawn) for name in ("T1", "T2", "STIR")}
        for place in places:
            anatomy: Any = SimpleNamespace(body=phantom.truth[place[0]].body)
            table[types[place], str(suggest(anatomy, place[1], images).kind)] += 1
    kinds = ("0", "1", "2", "3")
    print("truth   " + "".join(f"{k:>6}" for k in kinds))
    for truth in (0, 1, 2):
        print(f"type {truth}  " + "".join(f"{table[truth, k]:6d}" for k in kinds))


if __name__ == "__main__":
    main()
