"""How a clearance stands against the plan's limits: one judgement for the app, the report and approval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from planner.domain.limits import Limits
from planner.domain.plan import ProfilePoint, Trajectory

Band = Literal["good", "caution", "stop", "none"]


@dataclass(frozen=True)
class JudgedClearance:
    """One clearance as measured (mm; None where not measurable) and what it needs.

    ``wanted_mm`` is the limit (0 where only a breach counts), ``needed_mm`` the limit and the reserve for
    the segmented edge: from there on the clearance is good.
    """

    name: str
    value_mm: float | None
    wanted_mm: float
    needed_mm: float
    band: Band


def _band(value_mm: float | None, wanted_mm: float, stop_mm: float, limits: Limits) -> Band:
    if value_mm is None:
        return "none"
    if value_mm < limits.needed_mm(stop_mm):
        return "stop"
    return "caution" if value_mm < limits.needed_mm(wanted_mm) else "good"


def _as_seen(trajectory: Trajectory, band: Band) -> Band:
    """Never good where the wall was not seen but modelled (MR)."""
    modelled = any(f.code == "mr_interval" for f in trajectory.findings)
    return "caution" if modelled and band == "good" else band


def wall_wanted_mm(toward: str, limits: Limits) -> float:
    """What is wanted of a distance to a pedicle wall; medial and inferior walls weigh most [P]."""
    return limits.lateral_superior_mm if toward in ("lateral", "superior") else limits.medial_inferior_mm


def wall_band(trajectory: Trajectory, value_mm: float | None, toward: str, limits: Limits) -> Band:
    """Band of a measured distance to a pedicle wall."""
    stop = 0.0 if toward in ("lateral", "superior") else limits.medial_inferior_low_mm
    return _as_seen(trajectory, _band(value_mm, wall_wanted_mm(toward, limits), stop, limits))


def judged_clearances(trajectory: Trajectory, limits: Limits) -> tuple[JudgedClearance, ...]:
    """All clearances of a trajectory, in fixed order."""
    c = trajectory.clearance_mm
    electrode = limits.electrode_to_canal_stop_mm
    rows = (
        ("Medial", c.medial, limits.medial_inferior_mm, limits.medial_inferior_low_mm),
        ("Inferior", c.inferior, limits.medial_inferior_mm, limits.medial_inferior_low_mm),
        ("Lateral", c.lateral, limits.lateral_superior_mm, 0.0),
        ("Superior", c.superior, limits.lateral_superior_mm, 0.0),
        ("Tool to canal", c.canal, 0.0, 0.0),
        ("Endplates", c.endplates, limits.endplate_mm, 0.0),
        ("Anterior wall", c.anterior, limits.anterior_mm, 0.0),
        ("Electrode to canal", c.electrode_to_canal, electrode, electrode),
        (
            "Lesion to canal",
            c.lesion_to_canal,
            limits.lesion_to_canal_caution_mm,
            limits.lesion_to_canal_stop_mm,
        ),
    )
    return tuple(
        JudgedClearance(
            name,
            value,
            wanted,
            limits.needed_mm(wanted),
            _as_seen(trajectory, _band(value, wanted, stop, limits)),
        )
        for name, value, wanted, stop in rows
    )


def walls(trajectory: Trajectory, limits: Limits) -> tuple[ProfilePoint, ...]:
    """The clearance along the tool without the first millimetres, where its rim still crosses the cortex."""
    return tuple(q for q in trajectory.profile if q.depth_mm >= limits.docking_mm)


def least_of(trajectory: Trajectory, limits: Limits) -> ProfilePoint | None:
    """Where the tool passes nearest to a wall, docking left out."""
    return min(walls(trajectory, limits), key=lambda q: q.clearance_mm, default=None)
