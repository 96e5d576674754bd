"""The report's numbers in words and units; what a base PDF font cannot show is replaced."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import VertebraAnatomy
from imaging.findings import Finding
from planner.domain.bands import judged_clearances
from planner.domain.dates import moment_words
from planner.domain.device import DeviceProfile
from planner.domain.doubt import Seen, needs_a_look
from planner.domain.limits import Limits
from planner.domain.plan import Trajectory

Array = NDArray[np.float64]
Row = tuple[str, str]
NBSP = "\u00a0"


def looked_at(finding: Finding, verse: int, seen: Iterable[Seen]) -> str:
    """Who looked at a doubt of a vertebra (0: of the case) and when; empty where nobody needs to."""
    if not needs_a_look(finding):
        return ""
    looks = [s for s in seen if (s.verse, s.code) == (verse, finding.code)]
    if not looks:
        return "Nobody has looked at this yet."
    return f"Looked at by {looks[0].who or 'a person without a name'}, {moment_words(looks[0].when)}."


def printable(text: str) -> str:
    """``text`` in the characters of the base fonts (Windows-1252); a true minus becomes a dash."""
    for wrong, right in (
        ("\u2212", "\u2013"),
        ("\u2009", NBSP),
        ("\u202f", NBSP),
        ("≥", "at least "),
        ("≤", "at most "),
    ):
        text = text.replace(wrong, right)
    return text.encode("cp1252", "replace").decode("cp1252")


def mm(value: float | None, digits: int = 1) -> str:
    """``3.5 mm``, or that it is not measurable."""
    return "not measurable" if value is None else f"{value:z.{digits}f}{NBSP}mm".replace("-", "\u2013")


def patient_name(dicom_name: str) -> str:
    """``SPECIMEN, Anna`` of a DICOM person name; only its alphabetic part."""
    family, _, rest = dicom_name.split("=")[0].partition("^")
    given = " ".join(part for part in rest.split("^")[:2] if part)
    return ", ".join(part for part in (family.strip(), given.strip()) if part) or "Name unknown"


def depth_of(t: Trajectory, point_lps_mm: Array) -> float:
    """Length of tool from bone entry to the place nearest to a point, in mm."""
    path = np.array(t.path_lps_mm)
    s = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))]
    return float(s[np.linalg.norm(path - point_lps_mm, axis=1).argmin()])


def tool_length_mm(t: Trajectory) -> float:
    """From bone entry to tip along the tool."""
    return float(np.linalg.norm(np.diff(np.array(t.path_lps_mm), axis=0), axis=1).sum())


def wall_depth_mm(t: Trajectory, a: VertebraAnatomy) -> float | None:
    """Length of tool from bone entry to the body's midline posterior wall; None if never passed."""
    path = np.array(t.path_lps_mm)
    behind = (path - a.body.posterior_wall_lps_mm) @ a.body.posterior
    passed = np.flatnonzero(behind <= 0)
    return depth_of(t, path[passed[0]]) if len(passed) else None


def _beside(point: Array, a: VertebraAnatomy) -> str:
    x = float((point - a.body.centre_lps_mm) @ a.body.left)
    return f"{abs(x):.1f}{NBSP}mm {'left' if x > 0 else 'right'}"


def convergence_words(t: Trajectory) -> str:
    """``23° inward, 1° cephalad``: the straight part's direction against the patient's axes."""
    x, y, z = t.parameters.direction_lps
    inward = math.degrees(math.atan2(-x if t.side == "left" else x, -y))
    tilt = math.degrees(math.asin(max(-1.0, min(1.0, z))))
    first = f"{abs(inward):.0f}° {'inward' if inward >= 0 else 'outward'}"
    return f"{first}, {abs(tilt):.0f}° {'cephalad' if tilt >= 0 else 'caudad'}"


def entry_rows(t: Trajectory, a: VertebraAnatomy) -> list[Row]:
    """Entry and depths, counted from the bone."""
    entry = np.array(t.bone_entry_lps_mm)
    wall = wall_depth_mm(t, a)
    rows = [("Bone entry from midline", _beside(entry, a))]
    if t.skin_entry_lps_mm is None:
        rows.append(("Skin entry", "not in the image"))
    else:
        skin = np.array(t.skin_entry_lps_mm)
        rows.append(("Skin entry from midline", _beside(skin, a)))
        rows.append(("Skin to bone", mm(float(np.linalg.norm(skin - entry)))))
    rows.append(("Angle to the patient", convergence_words(t)))
    pedicle = a.pedicles.get(t.side)
    if pedicle is not None:
        rows.append(("Mid-pedicle, past bone entry", mm(depth_of(t, pedicle.isthmus_centre_lps_mm))))
    rows.append(("Posterior wall", mm(wall) if wall is not None else "not passed"))
    if t.parameters.turn_deg > 0.5:
        rows.append(("Turn the stylet at", mm(t.parameters.straight_mm)))
    rows.append(("Tip", mm(tool_length_mm(t))))
    return rows


def clearance_rows(t: Trajectory, limits: Limits) -> list[tuple[str, str, str]]:
    """(label with what it needs, value, good|caution|stop|none) of every clearance."""
    return [
        (
            f"{c.name}, needs {c.needed_mm:g}" if c.needed_mm else c.name,
            mm(*c.shown),
            c.band,
        )
        for c in judged_clearances(t, limits)
    ]


def instrument_rows(
    t: Trajectory, level_target: Iterable[Row], device: DeviceProfile | None, limits: Limits
) -> list[Row]:
    """Instrument, target and what the plan says of them."""
    p = t.parameters
    rows: list[Row] = []
    if device is not None:
        rows.append(("Introducer", f"{device.outer_diameter_mm:.1f}{NBSP}mm"))
        if device.bend_radius_mm is not None and p.turn_deg > 0.5:
            rows.append(("Stylet", f"radius {device.bend_radius_mm:.0f}{NBSP}mm, {p.turn_deg:.0f}°"))
    if p.turn_deg > 0.5:
        rows.append(("Straight after the bend", mm(p.tip_mm)))
    rows += list(level_target)
    across, _, along = (2 * v for v in t.lesion.semi_axes_mm)
    rows.append(("Lesion, illustrative", f"{across:.0f} × {along:.0f}{NBSP}mm"))
    rows.append(("Target covered", f"{100 * t.lesion.target_coverage:.0f}{NBSP}%"))
    chance = 100 * t.breach_probability
    shown = f"{chance:.1f}{NBSP}%" if chance < 10 else f"{chance:.0f}{NBSP}%"
    rows.append((f"Breach, SD {limits.entry_sd_mm:g} mm and {limits.direction_sd_deg:g}°", shown))
    rows.append(("Gertzbein-Robbins", t.gertzbein_robbins))
    return rows
