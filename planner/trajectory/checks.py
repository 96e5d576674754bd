"""Findings of one trajectory, in the words a user reads."""

from __future__ import annotations

from math import ceil

import numpy as np

from imaging.findings import SEVERITY_ORDER, Finding
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits, figure
from planner.trajectory.checks_tool import body_findings, tool_findings, way_findings
from planner.trajectory.measured import Measured


def find_all(m: Measured, device: DeviceProfile, limits: Limits) -> tuple[Finding, ...]:
    """All findings, worst first."""
    found = [
        *_walls(m, limits),
        *_hand(m, limits),
        *_canal(m, limits),
        *body_findings(m, limits),
        *tool_findings(m, device, limits),
        *way_findings(m, device, limits),
    ]
    return tuple(sorted(found, key=lambda f: SEVERITY_ORDER.index(f.severity)))


def _walls(m: Measured, limits: Limits) -> list[Finding]:
    found = []
    reserve = limits.needed_mm(0.0)
    if m.least_mm < reserve:
        where = f"towards {m.least_toward}, {m.least_along_mm:.1f} mm after docking"
        text = (
            f"The tool leaves the bone by {-m.least_mm:.1f} mm {where}. No setting lifts this."
            if m.least_mm < 0
            else f"The tool keeps {figure(m.least_mm, reserve)} mm of bone {where}, "
            f"needs {limits.needed_words(0.0)}: it counts as a breach."
        )
        found.append(Finding("stop", "breach", f"{text} Move entry or direction.", m.least_mm, reserve, "mm"))
    c = m.clearances
    wanted = limits.medial_inferior_mm, limits.lateral_superior_mm
    if m.least_mm >= reserve and m.access == "extrapedicular":
        text = (
            "Beside the pedicle: the exiting root and the segmental vessels lie near the entry, and the "
            "rule of the medial pedicle border on AP does not hold."
        )
        found.append(Finding("caution", "extrapedicular_rules", text))
    for word, value, limit in (
        ("medial", c.medial, wanted[0]),
        ("inferior", c.inferior, wanted[0]),
        ("lateral", c.lateral, wanted[1]),
        ("superior", c.superior, wanted[1]),
    ):
        needed = limits.needed_mm(limit)
        if value is None or value >= needed:
            continue
        if value < reserve and word in ("medial", "inferior"):
            text = (
                f"{word.capitalize()} pedicle wall breached by {-value:.1f} mm. No setting lifts this limit."
                if value < 0
                else f"{word.capitalize()} pedicle wall {figure(value, reserve)} mm away, "
                f"needs {limits.needed_words(0.0)}: it counts as breached."
            )
            found.append(Finding("stop", f"{word}_breach", text, value, reserve, "mm"))
        else:
            least = limits.needed_mm(limits.medial_inferior_low_mm)
            low = word in ("medial", "inferior") and value < least
            state = "is low: " if low else "is "
            demands = (needed, least) if word in ("medial", "inferior") else (needed,)
            text = (
                f"The margin to the {word} pedicle wall {state}{figure(value, *demands)} mm, "
                f"needs {limits.needed_words(limit)}."
            )
            if low:
                text += f" Below {least:g} mm it cannot be approved."
            found.append(Finding("stop" if low else "caution", f"{word}_margin", text, value, needed, "mm"))
    return found


def _hand(m: Measured, limits: Limits) -> list[Finding]:
    """What the simulated insertions say."""
    f = m.forgiveness
    if f is None:
        return []
    found = []
    cause = f"With {limits.entry_sd_mm:g} mm and {limits.direction_sd_deg:g}° of error in execution"
    limit = limits.breach_probability_caution
    if f.breach > limit:
        text = (
            f"{cause} the tool leaves the bone in {100 * f.breach:.0f} of 100 attempts "
            f"({100 * f.medial:.0f} of them medial, {100 * f.inferior:.0f} inferior)."
        )
        found.append(Finding("caution", "breach_probability", text, f.breach, limit, "1"))
    limit = limits.missed_probability_caution
    if f.missed_target > limit:
        text = f"{cause} the tip misses the target's window in {100 * f.missed_target:.0f} of 100 attempts."
        found.append(Finding("caution", "missed_probability", text, f.missed_target, limit, "1"))
    return found


def _no_setting(value_mm: float, stop_mm: float) -> str:
    """That no setting helps; nothing where only the reserve, which can be set, is missed."""
    return " No setting lifts this limit." if value_mm < stop_mm else ""


def _canal(m: Measured, limits: Limits) -> list[Finding]:
    found = []
    electrode, lesion, tool = (
        m.clearances.electrode_to_canal,
        m.clearances.lesion_to_canal,
        m.clearances.canal,
    )
    if electrode is None:
        text = "The spinal canal is not labelled here, so distances to it cannot be measured."
        found.append(Finding("stop", "canal_unknown", text))
    elif electrode < (needed := limits.needed_mm(limits.electrode_to_canal_stop_mm)):
        text = (
            f"Electrode {figure(electrode, needed)} mm from the canal, "
            f"needs {limits.needed_words(limits.electrode_to_canal_stop_mm)}."
            f"{_no_setting(electrode, limits.electrode_to_canal_stop_mm)} "
            f"Move the target forward by {np.ceil(needed - electrode):.0f} mm."
        )
        found.append(Finding("stop", "electrode_to_canal", text, electrode, needed, "mm"))
    reserve = limits.needed_mm(0.0)
    if tool is not None and tool < reserve:
        text = (
            f"The tool enters the spinal canal by {-tool:.1f} mm. No setting lifts this."
            if tool < 0
            else f"The tool passes {figure(tool, reserve)} mm from the spinal canal, "
            f"needs {limits.needed_words(0.0)}: it counts as entered."
        )
        found.append(Finding("stop", "canal_breach", text, tool, reserve, "mm"))
    if lesion is None:
        return found
    if lesion < (needed := limits.needed_mm(limits.lesion_to_canal_stop_mm)):
        text = (
            f"Lesion edge {figure(lesion, needed)} mm from the canal, "
            f"needs {limits.needed_words(limits.lesion_to_canal_stop_mm)}."
            f"{_no_setting(lesion, limits.lesion_to_canal_stop_mm)}"
        )
        found.append(Finding("stop", "lesion_to_canal", text, lesion, needed, "mm"))
    elif lesion < (needed := limits.needed_mm(limits.lesion_to_canal_caution_mm)):
        further = ceil(10 * (needed - lesion)) / 10
        text = (
            f"Lesion edge is {figure(lesion, needed)} mm from the canal. "
            f"Caution below {limits.needed_words(limits.lesion_to_canal_caution_mm)}."
        )
        if m.target.depth_fraction + further / m.body_depth_mm <= limits.depth_high:
            text += f" With target and tool {further:.1f} mm further forward it would be {needed:.1f} mm."
        found.append(Finding("caution", "lesion_to_canal", text, lesion, needed, "mm"))
    return found
