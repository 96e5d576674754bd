"""Kill -9 at random moments of editing and saving: `python benchmarks/kill.py [50]`."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "services"))

from kill_runs import kill_once


def main(count: int) -> None:
    """Print how much was lost."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as scratch:
        runs = [kill_once(Path(scratch) / str(n), chance.uniform(0.02, 1.5)) for n in range(count)]
    lost = sorted(r.lost_s for r in runs)
    unreadable = sum(not r.readable for r in runs)
    print(f"kills {count}, edits made {sum(r.edits for r in runs)}, unreadable {unreadable}")
    print(f"age of the oldest lost edit: median {lost[count // 2]:.3f} s, most {lost[-1]:.3f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
