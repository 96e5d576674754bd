"""Instrument profiles: numbers with their evidence, never code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["curved", "straight", "pair"]


@dataclass(frozen=True)
class LesionSize:
    """Illustrative lesion after ``minutes`` at ``temperature_c``; across and along the electrode in mm."""

    minutes: float
    temperature_c: float
    diameter_mm: float
    length_mm: float


@dataclass(frozen=True)
class DeviceProfile:
    """Geometry of an introducer, its stylet and its probe; lengths in mm, angles in degrees.

    ``bend_radius_mm`` is None and ``max_turn_deg`` 0 for straight tools. ``electrode_to_tip_mm`` is the dead
    length between the electrode's front end and the tool's tip. ``tips_apart_mm`` is, for a pair of tools
    from both sides, how far apart both tips shall lie. ``lesions`` is never empty, the first is the default.
    ``evidence`` maps a field's name to its tag and source.
    """

    id: str
    name: str
    kind: Kind
    gauge: str
    outer_diameter_mm: float
    introducer_length_mm: float
    trocar_tip: str
    stylet_diameter_mm: float
    bend_radius_mm: float | None
    max_turn_deg: float
    max_straight_tip_mm: float
    probe_diameter_mm: float
    electrode_length_mm: float
    electrode_to_tip_mm: float
    lesions: tuple[LesionSize, ...]
    tips_apart_mm: tuple[float, float] | None = None
    evidence: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def lesion_diameter_mm(self) -> float:
        """Of the default lesion, across the electrode."""
        return self.lesions[0].diameter_mm

    @property
    def lesion_length_mm(self) -> float:
        """Of the default lesion, along the electrode."""
        return self.lesions[0].length_mm

    @property
    def channel_diameter_mm(self) -> float:
        """Of what goes beyond the introducer: the wider of stylet and probe."""
        return max(self.stylet_diameter_mm, self.probe_diameter_mm)
