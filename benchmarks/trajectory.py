"""Time anatomy, distances, search and evaluation on the phantom, step by step, then all levels as a plan
makes them, side by side: python benchmarks/trajectory.py."""

from __future__ import annotations

import time

from imaging.anatomy import VertebraAnatomy
from imaging.progress import NULL_PROGRESS, Progress
from imaging.segmentation.anatomy import measure_anatomy
from imaging.side_by_side import side_by_side
from planner.devices.catalogue import device_by_id
from planner.domain.plan import LevelPlan, Refusal
from planner.trajectory.evaluate import evaluate
from planner.trajectory.fields import prepare_fields
from planner.trajectory.plan_level import Wish, plan_level
from planner.trajectory.search import plan_side
from planner.trajectory.target import default_target
from sample_dicom.phantom import PhantomParameters, build_phantom


def main() -> None:
    """Print seconds and milliseconds."""
    phantom = build_phantom(PhantomParameters.small(seed=1))
    device = device_by_id()
    start = time.perf_counter()
    levels = measure_anatomy(phantom.vertebrae, phantom.structures, phantom.volume, {})
    print(f"anatomy {(time.perf_counter() - start) / len(levels):.2f} s a vertebra")
    for anatomy in levels:
        start = time.perf_counter()
        fields = prepare_fields(anatomy, phantom.vertebrae, phantom.structures, volume=phantom.volume)
        prepared = time.perf_counter()
        target = default_target(anatomy)
        found = plan_side(fields, anatomy, target, "left", device)
        searched = time.perf_counter()
        line = f"{anatomy.name}: fields {prepared - start:.2f} s, search {searched - prepared:.2f} s"
        if not isinstance(found, Refusal):
            for _ in range(10):
                evaluate(fields, anatomy, target, "left", device, found)
            line += f", evaluate {(time.perf_counter() - searched) * 100:.1f} ms"
        print(line)
    wish = Wish(device)

    def one(anatomy: VertebraAnatomy, progress: Progress) -> LevelPlan:
        maps = phantom.vertebrae, phantom.structures, phantom.volume
        return plan_level(anatomy, *maps, ("left", "right"), wish, progress, anatomies=levels)

    start = time.perf_counter()
    plans = side_by_side(one, levels, NULL_PROGRESS)
    count = sum(len(plan.trajectories) for plan in plans)
    print(f"{count} trajectories, {(time.perf_counter() - start) / count:.2f} s each")


if __name__ == "__main__":
    main()
