"""How soon a cancel takes effect while vertebrae are labelled.

usage: cancel.py DATA_DIR CASE [TRIES]

One whole run tells the time between questions whether to stop, by wall and by processor clock; then TRIES
runs are cancelled at random moments, and the time until each has ended is measured.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import numpy as np
from segmentation import anchor_for, read_case

from imaging.progress import CallbackProgress, TaskCancelledError
from imaging.segmentation.spine import label_spine


def main() -> None:
    """Print silences and latencies."""
    folder = Path(sys.argv[1]) / sys.argv[2]
    volume, truth = read_case(folder)
    anchor = anchor_for(folder, truth)
    marks: list[tuple[float, float, str]] = []

    def mark(_: float, text: str) -> None:
        marks.append((time.perf_counter(), time.process_time(), text))

    label_spine(volume, anchor=anchor, progress=CallbackProgress(mark))
    for name, clock in (("wall", 0), ("processor", 1)):
        gaps = np.diff([m[clock] for m in marks])
        longest = int(gaps.argmax())
        # A moment is the likelier to fall into a silence the longer that is.
        at = np.random.default_rng(0).uniform(0, gaps.sum(), 10_000)
        waits = np.cumsum(gaps)[np.searchsorted(np.cumsum(gaps), at)] - at
        print(
            f"{name}: {len(gaps)} questions in {gaps.sum():.1f} s; waits median {np.median(waits):.3f}, "
            f"95 % {np.percentile(waits, 95):.3f}, longest {gaps[longest]:.2f} s ({marks[longest][2]})"
        )
    whole = marks[-1][0] - marks[0][0]
    dice = random.Random(1)
    latencies = []
    for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 10):
        start, moment = time.perf_counter(), dice.uniform(0.02, 0.95) * whole
        stop = CallbackProgress(
            lambda *_: None, lambda start=start, moment=moment: time.perf_counter() - start > moment
        )  # fmt: skip
        try:
            label_spine(volume, anchor=anchor, progress=stop)
        except TaskCancelledError:
            latencies.append(time.perf_counter() - start - moment)
    ended = " ".join(f"{x:.2f}" for x in sorted(latencies))
    print(f"cancelled {len(latencies)} times, ended after s: {ended}")


if __name__ == "__main__":
    main()
