"""What a finding advises would in fact do."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from planner.domain.limits import DEFAULT_LIMITS
from planner.trajectory.checks import _canal


@pytest.mark.parametrize(("lesion_mm", "depth"), [(10.29, 0.40), (9.0, 0.40), (8.83, 0.41), (7.2, 0.36)])
def test_the_way_forward_that_is_advised_gives_the_distance_promised(lesion_mm: float, depth: float) -> None:
    """In tenths of a millimetre, never none; as a depth it was wrong for a tool off its target."""
    m = SimpleNamespace(
        clearances=SimpleNamespace(canal=4.0, electrode_to_canal=13.0, lesion_to_canal=lesion_mm),
        target=SimpleNamespace(depth_fraction=depth),
        body_depth_mm=33.0,
        name="L4",
        side="left",
    )
    (finding,) = _canal(m, DEFAULT_LIMITS)  # type: ignore[arg-type]
    said = re.search(r"tool ([\d.]+) mm further forward it would be ([\d.]+) mm", finding.text)
    assert said is not None
    further, promised = float(said[1]), float(said[2])
    assert further > 0
    assert lesion_mm + further >= promised - 1e-9
