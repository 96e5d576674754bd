"""Instrument profiles: numbers with their evidence, never code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DeviceProfile:
    """Geometry of an introducer, its curved stylet and its probe; lengths in mm, angles in degrees.

    ``bend_radius_mm`` and ``max_turn_deg`` are None for straight tools. ``evidence`` maps a field's name
    to its tag and source.
    """

    id: str
    name: str
    outer_diameter_mm: float
    stylet_diameter_mm: float
    bend_radius_mm: float | None
    max_turn_deg: float
    max_straight_tip_mm: float
    electrode_length_mm: float
    lesion_diameter_mm: float
    lesion_length_mm: float
    introducer_length_mm: float
    evidence: Mapping[str, str] = field(default_factory=dict)
