"""The graphics card beside our projector: `python -m benchmarks.gpu [SLICES ROWS COLUMNS]`.

Milliseconds a picture of 512x512 and the difference, by what draws OpenGL here (Mesa's llvmpipe, on
the processor, where there is no card), and whether the app would use it. Needs the extra "gpu".
"""

from __future__ import annotations

import sys

import numba

from benchmarks.fluoro import CARM, POSES, best, synthetic_volume
from imaging.fluoro.card import Card, agreement
from imaging.fluoro.engine import FluoroEngine
from imaging.fluoro.projector import Projector
from imaging.geometry.carm import CArmPose, Projection


def main(shape_kji: tuple[int, int, int]) -> None:
    """Print both times and the difference at every pose, and the trial's verdict."""
    volume = synthetic_volume(shape_kji)
    card, projector = Card(), Projector(volume)
    loaded = projector.loaded(card)
    k, j, i = shape_kji
    print(f"{card.name}, {i}x{j}x{k} voxels, {numba.get_num_threads()} threads beside it")
    if loaded is None:
        print("  does not hold this volume")
        return
    for name, (primary, secondary) in POSES.items():
        projection = Projection.of(CARM, CArmPose(primary, secondary, volume.grid.centre_lps_mm))
        drawn, ours = projector.card_line_integrals(loaded, projection), projector.line_integrals(projection)
        theirs, _ = best(lambda p=projection: projector.card_line_integrals(loaded, p), 3)  # type: ignore[misc]
        wall, _ = best(lambda p=projection: projector.line_integrals(p), 8)  # type: ignore[misc]
        off = 100 * agreement(ours, drawn)
        print(f"  {name:14} card {theirs:7.1f} ms, ours {wall:5.1f} ms, p99.9 {off:.3f} % of the maximum")
    loaded.release()
    trial = FluoroEngine(volume, CARM).try_card(card)
    verdict = "would be used" if trial.is_passed and not card.is_software else "would not be used"
    seconds = f"{trial.card_s:.2f} s against {trial.processor_s:.2f} s"
    print(f"  worst difference {100 * trial.difference:.3f} %, {seconds}: {verdict}")


if __name__ == "__main__":
    main((int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])) if len(sys.argv) > 3 else (300, 512, 512))
