"""Numbers of a plan in words, each with its limit and its band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.findings import SEVERITY_ORDER, Finding
from planner.domain.limits import DEFAULT_LIMITS
from planner.domain.plan import LevelPlan, Plan, ProfilePoint, Trajectory
from ui.widgets import mm


@dataclass(frozen=True)
class ClearanceRow:
    """One clearance: its name, value and limit in mm, and its band (good, caution, stop, none)."""

    name: str
    value_mm: float | None
    limit_mm: float
    band: str


L = DEFAULT_LIMITS
ROWS: tuple[tuple[str, str, float, float], ...] = (
    ("Medial", "medial", L.medial_inferior_mm, L.medial_inferior_low_mm),
    ("Inferior", "inferior", L.medial_inferior_mm, L.medial_inferior_low_mm),
    ("Lateral", "lateral", L.lateral_superior_mm, 0.0),
    ("Superior", "superior", L.lateral_superior_mm, 0.0),
    ("Endplates", "endplates", L.endplate_mm, 0.0),
    ("Anterior wall", "anterior", L.anterior_mm, 0.0),
    ("Electrode to canal", "electrode_to_canal", L.electrode_to_canal_stop_mm, L.electrode_to_canal_stop_mm),
    ("Lesion to canal", "lesion_to_canal", L.lesion_to_canal_caution_mm, L.lesion_to_canal_stop_mm),
)


def band_of_wall(value_mm: float | None, toward: str = "medial") -> str:
    """Band of a distance to a pedicle wall; medial and inferior walls weigh most."""
    if value_mm is None:
        return "none"
    outer = toward in ("lateral", "superior")
    good = L.lateral_superior_mm if outer else L.medial_inferior_mm
    stop = 0.0 if outer else L.medial_inferior_low_mm
    return "good" if value_mm >= good else "caution" if value_mm >= stop else "stop"


def band_at(trajectory: Trajectory, value_mm: float | None, toward: str = "medial") -> str:
    """Band of a distance to a wall; never good where the wall was not seen but modelled (MR)."""
    return _as_seen(trajectory, band_of_wall(value_mm, toward))


def _as_seen(trajectory: Trajectory, band: str) -> str:
    modelled = any(f.code == "mr_interval" for f in trajectory.findings)
    return "caution" if modelled and band == "good" else band


def walls(trajectory: Trajectory) -> tuple[ProfilePoint, ...]:
    """The clearance along the tool without the first millimetres, where its rim still crosses the cortex."""
    return tuple(q for q in trajectory.profile if q.depth_mm >= L.docking_mm)


def least_of(trajectory: Trajectory) -> ProfilePoint | None:
    """Where the tool passes nearest to a wall, docking left out."""
    return min(walls(trajectory), key=lambda q: q.clearance_mm, default=None)


def clearance_rows(trajectory: Trajectory) -> list[ClearanceRow]:
    """All clearances in fixed order."""
    rows = []
    for name, field, good, stop in ROWS:
        value = getattr(trajectory.clearance_mm, field)
        band = (
            "none" if value is None else "good" if value >= good else "caution" if value >= stop else "stop"
        )
        rows.append(ClearanceRow(name, value, good, _as_seen(trajectory, band)))
    return rows


def all_findings(plan: Plan, level: LevelPlan, trajectory: Trajectory | None) -> list[Finding]:
    """Findings that concern a trajectory, worst first, each once."""
    found = (*(trajectory.findings if trajectory else ()), *level.findings, *plan.findings)
    unique = list({(f.code, f.text): f for f in found}.values())
    return sorted(unique, key=lambda f: SEVERITY_ORDER.index(f.severity))


def worst(findings: list[Finding]) -> str:
    """Shape of the worst finding."""
    severities = {f.severity for f in findings}
    return "stop" if "stop" in severities else "caution" if "caution" in severities else "good"


def binding_sentence(trajectory: Trajectory) -> tuple[str, str, str]:
    """Band, the strong part and the rest of the sentence that says what binds."""
    least = least_of(trajectory)
    if least is None:
        return "none", "Not measurable.", " The clearance along the tool is not known."
    where = f"{least.toward}, " if least.toward else ""
    grade = f" Grade {trajectory.gertzbein_robbins}." if trajectory.gertzbein_robbins else ""
    return (
        band_at(trajectory, least.clearance_mm, least.toward),
        f"{mm(least.clearance_mm)} at the narrowest point",
        f", {where}{mm(least.depth_mm)} after docking.{grade}",
    )


def numbers(
    trajectory: Trajectory, level: LevelPlan, anatomy: VertebraAnatomy | None
) -> list[tuple[str, str]]:
    """The trajectory's numbers as they are read out: name and value with unit."""
    d = np.array(trajectory.parameters.direction_lps, float)
    entry = np.array(trajectory.bone_entry_lps_mm, float)
    rows: list[tuple[str, str]] = []
    if anatomy is not None:
        body = anatomy.body
        off = float((entry - body.centre_lps_mm) @ body.left)
        left, back, up = float(d @ body.left), float(d @ body.posterior), float(d @ body.superior)
        rows.append(("Bone entry from midline", mm(abs(off))))
        rows.append(("Convergence", f"{np.rad2deg(np.arctan2(abs(left), -back)):.1f}°"))
        tilt = float(np.rad2deg(np.arcsin(np.clip(up, -1, 1))))
        rows.append(("Tilt, cephalad" if tilt >= 0 else "Tilt, caudad", f"{abs(tilt):.1f}°"))
    rows.append(("Straight from docking", mm(trajectory.parameters.straight_mm)))
    rows.append(("Turn", f"{trajectory.parameters.turn_deg:.1f}°"))
    if trajectory.skin_entry_lps_mm is not None:
        skin = float(np.linalg.norm(entry - np.array(trajectory.skin_entry_lps_mm)))
        rows.append(("Skin to bone", mm(skin)))
    if level.target is not None:
        rows.append(("Depth of target", f"{100 * level.target.depth_fraction:.0f}\u202f%"))
    rows.append(("Target covered", f"{100 * trajectory.lesion.target_coverage:.0f}\u202f%"))
    return rows
