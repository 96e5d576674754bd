"""What a finding advises would in fact do."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from planner.domain.limits import DEFAULT_LIMITS
from planner.trajectory.checks import _canal


@pytest.mark.parametrize(("lesion_mm", "depth"), [(10.29, 0.40), (9.0, 0.40), (8.83, 0.41), (7.2, 0.36)])
def test_the_depth_advised_gives_the_distance_promised(lesion_mm: float, depth: float) -> None:
    """Rounded to the nearest percent it fell short, or was the depth that the target has."""
    body_depth_mm = 33.0
    m = SimpleNamespace(
        clearances=SimpleNamespace(canal=4.0, electrode_to_canal=13.0, lesion_to_canal=lesion_mm),
        target=SimpleNamespace(depth_fraction=depth),
        body_depth_mm=body_depth_mm,
        name="L4",
        side="left",
    )
    (finding,) = _canal(m, DEFAULT_LIMITS)  # type: ignore[arg-type]
    said = re.search(r"Target at (\d+) % depth would give ([\d.]+) mm", finding.text)
    assert said is not None
    advised, promised = float(said[1]) / 100, float(said[2])
    assert advised > depth
    assert lesion_mm + (advised - depth) * body_depth_mm >= promised
