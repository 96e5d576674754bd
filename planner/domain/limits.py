"""Margins and limits of a plan. Proposals to be confirmed by a physician against the instructions for use."""

from __future__ import annotations

from dataclasses import dataclass


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
        electrode_to_canal_stop_mm, lesion_to_canal_stop_mm, lesion_to_canal_caution_mm: see the ambiguity
            of the 10 mm rule in the documentation; both distances are reported.
        entry_sd_mm, direction_sd_deg: execution error for the breach probability.
    """

    medial_inferior_mm: float = 2.0
    medial_inferior_low_mm: float = 1.0
    lateral_superior_mm: float = 1.0
    endplate_mm: float = 3.0
    lesion_endplate_mm: float = 2.0
    anterior_mm: float = 5.0
    electrode_to_canal_stop_mm: float = 10.0
    lesion_to_canal_stop_mm: float = 5.0
    lesion_to_canal_caution_mm: float = 10.0
    docking_mm: float = 6.0
    bend_past_wall_mm: float = 1.0
    depth_low: float = 0.30
    depth_high: float = 0.50
    lateral_good_mm: float = 3.0
    lateral_accept_mm: float = 5.0
    coverage_caution: float = 0.8
    silhouette_trap_mm: float = 2.0
    breach_probability_caution: float = 0.05
    entry_sd_mm: float = 1.0
    direction_sd_deg: float = 1.5
    draws: int = 2000


DEFAULT_LIMITS = Limits()
