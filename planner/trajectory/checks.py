"""Findings of one trajectory, in the words a user reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imaging.findings import SEVERITY_ORDER, Finding
from imaging.labels import Side
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits
from planner.domain.plan import Clearances


@dataclass(frozen=True)
class Measured:
    """What the checks look at; lengths in mm, depth and height as fractions of the body."""

    name: str
    side: Side
    clearances: Clearances
    least_mm: float
    least_toward: str
    least_along_mm: float
    lesion_coverage: float
    lesion_to_endplate_mm: float
    bend_past_wall_mm: float | None
    turn_deg: float
    tip_depth: float
    tip_height: float
    tip_lateral_mm: float
    trap_mm: float | None
    breach_probability: float
    skin_known: bool
    entry_side_mm: float
    target_depth: float
    body_depth_mm: float


def find_all(m: Measured, device: DeviceProfile, limits: Limits) -> tuple[Finding, ...]:
    """All findings, worst first."""
    found = [*_walls(m, limits), *_canal(m, limits), *_body(m, limits), *_tool(m, device, limits)]
    return tuple(sorted(found, key=lambda f: SEVERITY_ORDER.index(f.severity)))


def _walls(m: Measured, limits: Limits) -> list[Finding]:
    found = []
    if m.least_mm < 0:
        text = (
            f"The tool leaves the bone by {-m.least_mm:.1f} mm towards {m.least_toward}, "
            f"{m.least_along_mm:.1f} mm after docking. No setting lifts this. Move entry or direction."
        )
        found.append(Finding("stop", "breach", text, m.least_mm, 0.0, "mm"))
    c = m.clearances
    wanted = limits.medial_inferior_mm, limits.lateral_superior_mm
    for word, value, limit in (
        ("medial", c.medial, wanted[0]),
        ("inferior", c.inferior, wanted[0]),
        ("lateral", c.lateral, wanted[1]),
        ("superior", c.superior, wanted[1]),
    ):
        if value is None or value >= limit:
            continue
        if value < 0 and word in ("medial", "inferior"):
            text = (
                f"{word.capitalize()} pedicle wall breached by {-value:.1f} mm. No setting lifts this limit."
            )
            found.append(Finding("stop", f"{word}_breach", text, value, 0.0, "mm"))
        else:
            low = word in ("medial", "inferior") and value < limits.medial_inferior_low_mm
            state = "is low: " if low else "is "
            text = f"The margin to the {word} pedicle wall {state}{value:.1f} mm, {limit:.0f} mm are wanted."
            found.append(Finding("caution", f"{word}_margin", text, value, limit, "mm"))
    if np.isfinite(m.breach_probability) and m.breach_probability > limits.breach_probability_caution:
        text = (
            f"With {limits.entry_sd_mm:g} mm and {limits.direction_sd_deg:g}° of error in execution the tool "
            f"leaves the bone in {100 * m.breach_probability:.0f} of 100 attempts."
        )
        found.append(
            Finding(
                "caution",
                "breach_probability",
                text,
                m.breach_probability,
                limits.breach_probability_caution,
                "1",
            )
        )
    return found


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
    elif electrode < limits.electrode_to_canal_stop_mm:
        limit = limits.electrode_to_canal_stop_mm
        text = (
            f"Electrode {electrode:.1f} mm from the canal, limit {limit:g} mm. No setting lifts this limit. "
            f"Move the target forward by {np.ceil(limit - electrode):.0f} mm."
        )
        found.append(Finding("stop", "electrode_to_canal", text, electrode, limit, "mm"))
    if tool is not None and tool < 0:
        text = f"The tool enters the spinal canal by {-tool:.1f} mm. No setting lifts this."
        found.append(Finding("stop", "canal_breach", text, tool, 0.0, "mm"))
    if lesion is None:
        return found
    if lesion < limits.lesion_to_canal_stop_mm:
        limit = limits.lesion_to_canal_stop_mm
        text = f"Lesion edge {lesion:.1f} mm from the canal, limit {limit:g} mm. No setting lifts this limit."
        found.append(Finding("stop", "lesion_to_canal", text, lesion, limit, "mm"))
    elif lesion < limits.lesion_to_canal_caution_mm:
        limit = limits.lesion_to_canal_caution_mm
        better = m.target_depth + (limit - lesion) / m.body_depth_mm
        text = f"Lesion edge is {lesion:.1f} mm from the canal. Caution below {limit:g} mm."
        if better <= limits.depth_high:
            text += f" Target at {100 * better:.0f} % depth would give {limit:.1f} mm."
        found.append(Finding("caution", "lesion_to_canal", text, lesion, limit, "mm"))
    return found


def _body(m: Measured, limits: Limits) -> list[Finding]:
    found = []
    c = m.clearances
    if c.endplates is not None and c.endplates < limits.endplate_mm:
        severity = "stop" if c.endplates < 0 else "caution"
        text = f"The tool is {c.endplates:.1f} mm from an endplate, {limits.endplate_mm:g} mm are wanted."
        found.append(Finding("stop" if severity == "stop" else "caution", "endplates", text, c.endplates,
                             limits.endplate_mm, "mm"))  # fmt: skip
    if c.anterior is not None and c.anterior < limits.anterior_mm:
        text = f"The tip is {c.anterior:.1f} mm from the anterior wall, {limits.anterior_mm:g} mm are wanted."
        found.append(
            Finding(
                "stop" if c.anterior < 0 else "caution",
                "anterior",
                text,
                c.anterior,
                limits.anterior_mm,
                "mm",
            )
        )
    if m.lesion_to_endplate_mm < limits.lesion_endplate_mm:
        text = (
            f"The lesion's edge is {m.lesion_to_endplate_mm:.1f} mm from the body's surface, "
            f"{limits.lesion_endplate_mm:g} mm are wanted."
        )
        found.append(
            Finding("caution", "lesion_edge", text, m.lesion_to_endplate_mm, limits.lesion_endplate_mm, "mm")
        )
    if m.lesion_coverage < limits.coverage_caution:
        text = (
            f"The lesion covers {100 * m.lesion_coverage:.0f} % of the target, "
            f"{100 * limits.coverage_caution:.0f} % are wanted."
        )
        found.append(
            Finding("caution", "target_coverage", text, m.lesion_coverage, limits.coverage_caution, "1")
        )
    if not limits.depth_low <= m.tip_depth <= limits.depth_high:
        text = (
            f"The tip lies at {100 * m.tip_depth:.0f} % of the body's depth, "
            f"{100 * limits.depth_low:.0f} to {100 * limits.depth_high:.0f} % are wanted."
        )
        edge = limits.depth_low if m.tip_depth < limits.depth_low else limits.depth_high
        found.append(Finding("caution", "tip_depth", text, m.tip_depth, edge, "1"))
    if abs(m.tip_lateral_mm) > limits.lateral_accept_mm:
        off = abs(m.tip_lateral_mm)
        text = f"The tip is {off:.1f} mm off the midline, limit {limits.lateral_accept_mm:g} mm."
        found.append(
            Finding("caution", "tip_lateral", text, abs(m.tip_lateral_mm), limits.lateral_accept_mm, "mm")
        )
    return found


def _tool(m: Measured, device: DeviceProfile, limits: Limits) -> list[Finding]:
    found = []
    if m.bend_past_wall_mm is None:
        text = "The tool does not reach the vertebral body. Advance it or correct its direction."
        found.append(Finding("stop", "body_not_reached", text))
    elif m.turn_deg > 0 and m.bend_past_wall_mm < 0:
        text = (
            f"The curve begins {-m.bend_past_wall_mm:.1f} mm behind the posterior wall at this laterality. "
            "Advance the introducer past the wall before the stylet turns."
        )
        found.append(Finding("stop", "curve_before_wall", text, m.bend_past_wall_mm, 0.0, "mm"))
    if m.turn_deg > device.max_turn_deg + 1e-6:
        text = f"The stylet turns {m.turn_deg:.0f}°, {device.name} reaches {device.max_turn_deg:.0f}°."
        found.append(Finding("stop", "turn_too_large", text, m.turn_deg, device.max_turn_deg, "deg"))
    if m.trap_mm is not None and m.trap_mm > limits.silhouette_trap_mm:
        text = (
            f"On the lateral view the wall's line lies {m.trap_mm:.1f} mm behind the true wall here. "
            f"Go {np.ceil(m.trap_mm):.0f} mm past the line before you turn the stylet."
        )
        found.append(
            Finding("caution", "lateral_silhouette", text, m.trap_mm, limits.silhouette_trap_mm, "mm")
        )
    if (m.entry_side_mm > 0) != (m.side == "left"):
        text = f"The tool enters on the other side of the midline than {m.name} {m.side}. Move the entry."
        found.append(Finding("stop", "wrong_side", text, m.entry_side_mm, 0.0, "mm"))
    if not m.skin_known:
        found.append(Finding("info", "skin_not_in_image", "The skin behind the entry is not in the image."))
    return found
