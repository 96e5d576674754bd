"""Margins and limits of a plan. Proposals to be confirmed by a physician against the instructions for use."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Limits:
    """All lengths in mm, measured from surfaces unless said otherwise.

    Stops are limits that no setting and no approval lifts; the other values cause cautions. Medial and
    inferior walls weigh most, because neural tissue lies nearest there.

    Attributes:
        medial_inferior_mm, medial_inferior_low_mm: wanted margin to the medial and inferior pedicle wall,
            and the margin below which the caution is worded as low.
        lateral_superior_mm: wanted margin to the other walls, and each side's margin in the width rule.
        docking_mm: the tool's first millimetres in bone, where its rim still crosses the cortex.
        cortex_reserve_mm: added to what is wanted of every distance to a segmented surface, hard stops
            included, because such a surface is off by parts of a voxel and the search finds the places
            where it errs outwards. Distances are reported as measured.
        neighbour_mm: wanted distance to the facet joint's other partner and every other vertebra.
        electrode_to_canal_stop_mm, lesion_to_canal_stop_mm, lesion_to_canal_caution_mm: see the ambiguity
            of the 10 mm rule in the documentation; both distances are reported.
        hub_reserve_mm: how much of the introducer must stay outside the skin.
        carm_oblique_deg, carm_tilt_deg: what a C-arm reaches to look down the tool.
        entry_sd_mm, direction_sd_deg, depth_sd_mm, roll_sd_deg, cortex_sd_mm: errors of the hand, of the
            patient's roll and of the segmented cortex, for the simulated insertions.
    """

    medial_inferior_mm: float = 2.0
    medial_inferior_low_mm: float = 1.0
    lateral_superior_mm: float = 1.0
    endplate_mm: float = 3.0
    lesion_endplate_mm: float = 2.0
    anterior_mm: float = 5.0
    neighbour_mm: float = 1.0
    electrode_to_canal_stop_mm: float = 10.0
    lesion_to_canal_stop_mm: float = 5.0
    lesion_to_canal_caution_mm: float = 10.0
    docking_mm: float = 6.0
    cortex_reserve_mm: float = 0.3
    bend_past_wall_mm: float = 1.0
    depth_low: float = 0.30
    depth_high: float = 0.50
    lateral_good_mm: float = 3.0
    lateral_accept_mm: float = 5.0
    coverage_caution: float = 0.8
    silhouette_trap_mm: float = 2.0
    hub_reserve_mm: float = 10.0
    carm_oblique_deg: float = 45.0
    carm_tilt_deg: float = 40.0
    breach_probability_caution: float = 0.10
    missed_probability_caution: float = 0.10
    entry_sd_mm: float = 1.0
    direction_sd_deg: float = 1.5
    depth_sd_mm: float = 1.0
    roll_sd_deg: float = 1.5
    cortex_sd_mm: float = 0.4
    draws: int = 8192

    def needed_mm(self, wanted_mm: float) -> float:
        """What a measured distance to a segmented surface must reach: what is wanted and the reserve."""
        return wanted_mm + self.cortex_reserve_mm

    def needed_words(self, wanted_mm: float) -> str:
        """``2.3 mm (2 and 0.3 for the segmented edge)``."""
        reserve = self.cortex_reserve_mm
        if not reserve:
            return f"{wanted_mm:g} mm"
        if not wanted_mm:
            return f"{reserve:g} mm for the segmented edge"
        return f"{self.needed_mm(wanted_mm):g} mm ({wanted_mm:g} and {reserve:g} for the segmented edge)"

    def measured_words(self) -> str:
        """How shown distances and grades stand to the reserve, in a sentence."""
        if not self.cortex_reserve_mm:
            return "Distances are as measured from the tool's surface."
        return (
            "Distances are as measured from the tool's surface. What they need and the grade include "
            f"{self.cortex_reserve_mm:g} mm for the segmented edge."
        )


def as_shown(value_mm: float | None, *needed_mm: float) -> tuple[float | None, int]:
    """A distance and the digits to show it with, so that it never reads as a demand it falls short of.

    One digit, rounded; two, rounded down, where the rounded one would reach such a demand.
    """
    if value_mm is None:
        return None, 1
    missed = [n for n in needed_mm if value_mm < n]
    if all(round(value_mm, 1) < n - 1e-9 for n in missed):
        return value_mm, 1
    hundredths = math.floor(round(100 * value_mm, 6))
    if hundredths / 100 >= min(missed) - 1e-9:
        hundredths -= 1  # short by less than can be told from rounding
    return hundredths / 100, 2


def figure(value_mm: float, *needed_mm: float) -> str:
    """A distance's digits beside what it needs: ``1.8``, or ``2.29`` where 2.3 is needed."""
    shown, digits = as_shown(value_mm, *needed_mm)
    return f"{shown:z.{digits}f}"


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class LimitSpec:
    """How one limit may be set: in words, with its unit, range and evidence.

    ``locked`` limits are hard stops: a value that would loosen them is refused, a stricter one is allowed.
    """

    name: str
    words: str
    unit: str
    low: float
    high: float
    evidence: str
    locked: bool = False


def _spec(
    name: str, words: str, unit: str, low: float, high: float, evidence: str = "[P]", locked: bool = False
) -> LimitSpec:
    return LimitSpec(name, words, unit, low, high, evidence, locked)


LIMIT_SPECS: tuple[LimitSpec, ...] = (
    _spec("medial_inferior_mm", "Margin to the medial and inferior pedicle wall", "mm", 0.5, 6),
    _spec("medial_inferior_low_mm", "Margin there below which nothing is approved", "mm", 0, 4),
    _spec("lateral_superior_mm", "Margin to the other pedicle walls", "mm", 0, 6),
    _spec("endplate_mm", "Tool to endplate", "mm", 0, 10),
    _spec("lesion_endplate_mm", "Lesion to the body's surface", "mm", 0, 10),
    _spec("anterior_mm", "Tip to the anterior wall", "mm", 0, 20),
    _spec("neighbour_mm", "Tool to another vertebra or facet joint", "mm", 0, 6),
    _spec("electrode_to_canal_stop_mm", "Electrode to canal", "mm", 10, 20,
          "[P] from [F:18], its wording is ambiguous", True),
    _spec("lesion_to_canal_stop_mm", "Lesion to canal, hard stop", "mm", 5, 20, "[P]", True),
    _spec("lesion_to_canal_caution_mm", "Lesion to canal, caution", "mm", 5, 25, "[F:18]"),
    _spec("docking_mm", "Docking length that no clearance is judged on", "mm", 2, 6, "[P]"),
    _spec("cortex_reserve_mm", "Reserve for the segmented edge, added to every distance needed", "mm",
          0, 2, "[C]"),
    _spec("bend_past_wall_mm", "Curve begins past the true posterior wall by", "mm", 0, 8),
    _spec("depth_low", "Least depth of the tip", "of the body", 0.2, 0.45, "[K~]"),
    _spec("depth_high", "Greatest depth of the tip", "of the body", 0.35, 0.7, "[K~]"),
    _spec("lateral_good_mm", "Tip off the midline, good", "mm", 0.5, 8),
    _spec("lateral_accept_mm", "Tip off the midline, accepted", "mm", 1, 10),
    _spec("coverage_caution", "Share of the target that the lesion covers", "1", 0, 1),
    _spec("silhouette_trap_mm", "Lateral line behind the true wall", "mm", 0.5, 6, "[P] from [F:9]"),
    _spec("hub_reserve_mm", "Introducer that stays outside the skin", "mm", 0, 50),
    _spec("carm_oblique_deg", "Oblique that the C-arm reaches", "deg", 20, 90),
    _spec("carm_tilt_deg", "Tilt that the C-arm reaches", "deg", 10, 60),
    _spec("breach_probability_caution", "Probability of a breach", "1", 0, 1),
    _spec("missed_probability_caution", "Probability of a missed target", "1", 0, 1),
    _spec("entry_sd_mm", "Error of the entry, standard deviation", "mm", 0, 5),
    _spec("direction_sd_deg", "Error of the direction, standard deviation", "deg", 0, 10),
    _spec("depth_sd_mm", "Error of the depth, standard deviation", "mm", 0, 5),
    _spec("roll_sd_deg", "Unseen roll of the patient, standard deviation", "deg", 0, 10),
    _spec("cortex_sd_mm", "Error of the segmented cortex, standard deviation", "mm", 0, 3),
    _spec("draws", "Simulated insertions", "", 2000, 50000),
)  # fmt: skip


def limit_spec(name: str) -> LimitSpec:
    """The specification of a limit; KeyError for an unknown name."""
    return next(spec for spec in LIMIT_SPECS if spec.name == name)


def changed_limits(limits: Limits) -> tuple[tuple[LimitSpec, float, float], ...]:
    """(specification, value, default) of every limit that is not at its default."""
    names = [f.name for f in fields(Limits)]
    return tuple(
        (limit_spec(name), getattr(limits, name), getattr(DEFAULT_LIMITS, name))
        for name in names
        if getattr(limits, name) != getattr(DEFAULT_LIMITS, name)
    )


def limit_problem(spec: LimitSpec, value: object) -> str | None:
    """Why a value cannot be set, in a sentence; None where it can."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{spec.name} must be a number."
    if spec.locked and value < spec.low:
        return (
            f"{spec.words} cannot be set to {value:g} {spec.unit}: it is a hard stop and no setting lifts it "
            f"below {spec.low:g} {spec.unit}."
        )
    if not spec.low <= value <= spec.high:
        return f"{spec.name} is {value:g}, a number from {spec.low:g} to {spec.high:g} {spec.unit} is needed."
    return None
