"""How a clearance stands against the plan's limits: one judgement for the app, the report and approval."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from planner.domain.limits import Limits, as_shown
from planner.domain.plan import ProfilePoint, Trajectory

Band = Literal["good", "caution", "stop", "none"]
MR_INTERVAL = "mr_interval"
"""A finding of trajectories planned on MR: between what and what each wall's clearance may lie."""
WALL_ROWS = ("Medial", "Inferior", "Lateral", "Superior")
BONE_ROWS = (*WALL_ROWS, "Endplates", "Anterior wall")
WORST_FIRST: tuple[Band, ...] = ("stop", "caution", "good", "none")


@dataclass(frozen=True)
class JudgedClearance:
    """One clearance as measured (mm; None where not measurable) and what it needs.

    ``wanted_mm`` is the limit (0 where only a breach counts), ``needed_mm`` the limit and the reserve for
    the segmented edge: from there on the clearance is good. ``demands_mm`` are all that it is held against,
    the hard stop's included.
    """

    name: str
    value_mm: float | None
    wanted_mm: float
    needed_mm: float
    band: Band
    demands_mm: tuple[float, ...]

    @property
    def shown(self) -> tuple[float | None, int]:
        """Value and digits to show it with: it never reads as what it falls short of."""
        return as_shown(self.value_mm, *self.demands_mm)

    @property
    def over_mm(self) -> float:
        """By how much it exceeds what it needs; infinite where it is not measurable."""
        return math.inf if self.value_mm is None else self.value_mm - self.needed_mm


def gertzbein_robbins(breach_mm: float) -> str:
    """A 0, B < 2, C < 4, D < 6, E >= 6 mm outside bone (Gertzbein and Robbins, modern use)."""
    if breach_mm <= 0:
        return "A"
    return "B" if breach_mm < 2 else "C" if breach_mm < 4 else "D" if breach_mm < 6 else "E"


def _band(value_mm: float | None, wanted_mm: float, stop_mm: float, limits: Limits) -> Band:
    if value_mm is None:
        return "none"
    if value_mm < limits.needed_mm(stop_mm):
        return "stop"
    return "caution" if value_mm < limits.needed_mm(wanted_mm) else "good"


def _as_seen(trajectory: Trajectory, band: Band) -> Band:
    """Never good where the wall was not seen but modelled (MR)."""
    modelled = any(f.code == MR_INTERVAL for f in trajectory.findings)
    return "caution" if modelled and band == "good" else band


def wall_wanted_mm(toward: str, limits: Limits) -> float:
    """What is wanted of a distance to a pedicle wall; medial and inferior walls weigh most [P]."""
    return limits.lateral_superior_mm if toward in ("lateral", "superior") else limits.medial_inferior_mm


def judged_wall(trajectory: Trajectory, point: ProfilePoint, limits: Limits) -> JudgedClearance:
    """A point of the tool held against the pedicle's wall it is nearest to; named ``medial`` and so on."""
    stop = 0.0 if point.toward in ("lateral", "superior") else limits.medial_inferior_low_mm
    wanted = wall_wanted_mm(point.toward, limits)
    return _judged(trajectory, point.toward, point.clearance_mm, wanted, stop, limits)


def _judged(
    trajectory: Trajectory,
    name: str,
    value_mm: float | None,
    wanted_mm: float,
    stop_mm: float,
    limits: Limits,
) -> JudgedClearance:
    needed = limits.needed_mm(wanted_mm)
    band = _as_seen(trajectory, _band(value_mm, wanted_mm, stop_mm, limits))
    return JudgedClearance(name, value_mm, wanted_mm, needed, band, (needed, limits.needed_mm(stop_mm)))


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
    return tuple(_judged(trajectory, *row, limits) for row in rows)


def walls(trajectory: Trajectory, limits: Limits) -> tuple[ProfilePoint, ...]:
    """The clearance along the tool without the first millimetres, where its rim still crosses the cortex."""
    return tuple(q for q in trajectory.profile if q.depth_mm >= limits.docking_mm)


def least_of(trajectory: Trajectory, limits: Limits) -> ProfilePoint | None:
    """Where the tool passes nearest to a wall, docking left out."""
    return min(walls(trajectory, limits), key=lambda q: q.clearance_mm, default=None)


def judged_least(trajectory: Trajectory, limits: Limits) -> JudgedClearance | None:
    """The tool's narrowest point, named by the wall it is nearest to; None where nothing is known.

    Its band is the worst of all distances to bone: inside the body the point is nearest to an endplate or the
    anterior wall, which need more than a pedicle's wall, and another wall may need more than the nearest one.
    """
    least = least_of(trajectory, limits)
    if least is None:
        return None
    own = judged_wall(trajectory, least, limits)
    rest = [c for c in judged_clearances(trajectory, limits) if c.name in BONE_ROWS]
    band = min((c.band for c in (own, *rest)), key=WORST_FIRST.index)
    missed = [mm for c in rest if c.band in ("stop", "caution") for mm in c.demands_mm]
    return replace(own, band=band, demands_mm=(*own.demands_mm, *missed))


def binding(trajectory: Trajectory, limits: Limits) -> JudgedClearance | None:
    """What binds: the worst band, in it the least excess over what is needed; None where nothing is known.

    Distances to the canal count only where they are a stop: their cautions are findings of their own, and the
    lesion's would hide on most plans how the tool lies in bone. The narrowest point (named as ``judged_wall``
    does) stands for its own wall's row of the same band.
    """
    least = least_of(trajectory, limits)
    own = None if least is None else judged_wall(trajectory, least, limits)
    rows = [
        c
        for c in judged_clearances(trajectory, limits)
        if c.band == "stop" or (c.value_mm is not None and c.name in BONE_ROWS)
    ]
    if own is not None:
        same = (own.name.capitalize(), own.band)
        rows = [own, *(c for c in rows if (c.name, c.band) != same)]
    return min(rows, key=lambda c: (WORST_FIRST.index(c.band), c.over_mm), default=None)
