"""Time anatomy, fields, search and evaluation on the phantom: python benchmarks/trajectory.py."""

from __future__ import annotations

import time

from imaging.segmentation.anatomy import measure_anatomy
from planner.devices.catalogue import device_by_id
from planner.domain.plan import Refusal
from planner.trajectory.evaluate import evaluate
from planner.trajectory.fields import prepare_fields
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


if __name__ == "__main__":
    main()
