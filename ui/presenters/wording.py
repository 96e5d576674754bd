"""Numbers of a plan in words, each with its limit and its band."""

from __future__ import annotations

import numpy as np

from imaging.anatomy import VertebraAnatomy
from imaging.findings import SEVERITY_ORDER, Finding
from planner.domain.bands import (
    MR_INTERVAL,
    JudgedClearance,
    binding,
    gertzbein_robbins,
    judged_clearances,
    judged_wall,
    least_of,
)
from planner.domain.limits import Limits
from planner.domain.plan import LevelPlan, Plan, Trajectory
from ui.widgets import mm


def all_findings(plan: Plan, level: LevelPlan, trajectory: Trajectory | None) -> list[Finding]:
    """Findings that concern a trajectory, worst first, each once."""
    found = (*(trajectory.findings if trajectory else ()), *level.findings, *plan.findings)
    unique = list({(f.code, f.text): f for f in found}.values())
    return sorted(unique, key=lambda f: SEVERITY_ORDER.index(f.severity))


def worst(findings: list[Finding]) -> str:
    """Shape of the worst finding."""
    severities = {f.severity for f in findings}
    return "stop" if "stop" in severities else "caution" if "caution" in severities else "good"


def demanded(trajectory: Trajectory, limits: Limits) -> list[JudgedClearance]:
    """The clearances of which something is needed, and any that is a stop."""
    return [c for c in judged_clearances(trajectory, limits) if c.needed_mm > 0 or c.band == "stop"]


def binding_sentence(trajectory: Trajectory, limits: Limits) -> tuple[str, str, str]:
    """Band, the strong part and the rest of the sentence that says what binds."""
    least = least_of(trajectory, limits)
    if least is None:
        return "none", "Not measurable.", " The clearance along the tool is not known."
    own = judged_wall(trajectory, least, limits)
    binds = binding(trajectory, limits) or own
    narrowest = f"{mm(*own.shown)} at the narrowest point"
    where = f"{least.toward}, " if least.toward else ""
    where += f"{mm(least.depth_mm)} after docking."
    grade = f" Grade {trajectory.gertzbein_robbins}" if trajectory.gertzbein_robbins else ""
    if grade and trajectory.gertzbein_robbins != gertzbein_robbins(max(0.0, -least.clearance_mm)):
        grade += ", counting what the segmented edge needs"
    if grade and any(f.code == MR_INTERVAL for f in trajectory.findings):
        grade += " of a model fitted to the MR, not of this pedicle"
    grade += "." if grade else ""
    needs = f", needs {limits.needed_words(binds.wanted_mm)}"
    if binds == own:
        return own.band, narrowest, f"{needs}; {where}{grade}"
    return binds.band, f"{binds.name} {mm(*binds.shown)}", f"{needs}. {narrowest}, {where}{grade}"


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
        rows.append(("Convergence to the body", f"{np.rad2deg(np.arctan2(abs(left), -back)):.1f}°"))
        tilt = float(np.rad2deg(np.arcsin(np.clip(up, -1, 1))))
        rows.append((f"Tilt to the body, {'cephalad' if tilt >= 0 else 'caudad'}", f"{abs(tilt):.1f}°"))
    rows.append(("Straight from docking", mm(trajectory.parameters.straight_mm)))
    rows.append(("Turn", f"{trajectory.parameters.turn_deg:.1f}°"))
    if trajectory.skin_entry_lps_mm is not None:
        skin = float(np.linalg.norm(entry - np.array(trajectory.skin_entry_lps_mm)))
        rows.append(("Skin to bone", mm(skin)))
    if level.target is not None:
        rows.append(("Depth of target", f"{100 * level.target.depth_fraction:.0f}\u202f%"))
    rows.append(("Target covered", f"{100 * trajectory.lesion.target_coverage:.0f}\u202f%"))
    return rows
