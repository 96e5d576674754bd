"""Findings about the body, the tool itself and its way from the skin."""

from __future__ import annotations

import numpy as np

from imaging.findings import Finding, Severity
from planner.domain.device import DeviceProfile
from planner.domain.limits import Limits, figure
from planner.trajectory.measured import Measured


def body_findings(m: Measured, limits: Limits) -> list[Finding]:
    found = []
    c = m.clearances
    for code, subject, value, limit in (
        ("endplates", "The tool is {} mm from an endplate", c.endplates, limits.endplate_mm),
        ("anterior", "The tip is {} mm from the anterior wall", c.anterior, limits.anterior_mm),
    ):
        if value is None or value >= limits.needed_mm(limit):
            continue
        severity: Severity = "stop" if value < limits.needed_mm(0.0) else "caution"
        shown = figure(value, limits.needed_mm(limit), limits.needed_mm(0.0))
        text = f"{subject.format(shown)}, needs {limits.needed_words(limit)}."
        found.append(Finding(severity, code, text, value, limits.needed_mm(limit), "mm"))
    edge = m.lesion_to_endplate_mm
    if edge < (needed := limits.needed_mm(limits.lesion_endplate_mm)):
        text = (
            f"The lesion's edge is {figure(edge, needed)} mm from the body's surface, "
            f"needs {limits.needed_words(limits.lesion_endplate_mm)}."
        )
        found.append(Finding("caution", "lesion_edge", text, edge, needed, "mm"))
    if m.lesion_coverage < limits.coverage_caution:
        text = (
            f"The lesion covers {100 * m.lesion_coverage:.0f} % of the target, "
            f"{100 * limits.coverage_caution:.0f} % are wanted."
        )
        found.append(
            Finding("caution", "target_coverage", text, m.lesion_coverage, limits.coverage_caution, "1")
        )
    return found + _tip(m)


def _tip(m: Measured) -> list[Finding]:
    """Where the tip lies in the target's window."""
    found = []
    low, high = m.target.depth_low, m.target.depth_high
    if not low <= m.tip_depth <= high:
        text = (
            f"The tip lies at {100 * m.tip_depth:.0f} % of the body's depth, "
            f"{100 * low:.0f} to {100 * high:.0f} % are wanted."
        )
        edge = low if m.tip_depth < low else high
        found.append(Finding("caution", "tip_depth", text, m.tip_depth, edge, "1"))
    off = abs(m.tip_lateral_mm - m.target.lateral_mm)
    if off > m.target.lateral_tolerance_mm:
        where = "the midline" if abs(m.target.lateral_mm) < 0.05 else "the target"
        limit = m.target.lateral_tolerance_mm
        text = f"The tip is {off:.1f} mm off {where}, limit {limit:g} mm."
        found.append(Finding("caution", "tip_lateral", text, off, limit, "mm"))
    tall = abs(m.tip_height - m.target.height_fraction)
    if tall > m.target.height_tolerance:
        text = (
            f"The tip lies at {100 * m.tip_height:.0f} % of the body's height, the target at "
            f"{100 * m.target.height_fraction:.0f} %."
        )
        found.append(Finding("caution", "tip_height", text, tall, m.target.height_tolerance, "1"))
    return found


def tool_findings(m: Measured, device: DeviceProfile, limits: Limits) -> list[Finding]:
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
    room = m.pedicle_room_mm
    needed = device.outer_diameter_mm + 2 * limits.lateral_superior_mm
    if room is not None and room[0] < needed and m.access != "extrapedicular":
        text = (
            f"The pedicle measures {room[0]:.1f} mm {room[1]} at its isthmus, {device.gauge} with "
            f"{limits.lateral_superior_mm:g} mm a side needs {needed:.1f} mm, yet this way keeps "
            f"{m.least_mm:.1f} mm. Check the pedicle in the slices."
        )
        found.append(Finding("caution", "pedicle_narrow", text, room[0], needed, "mm"))
    if m.straight_short_mm is not None and m.turn_deg > 0:
        off = m.straight_short_mm
        verb = "would come no nearer than" if off > m.target.radius_mm / 2 else "could come within"
        text = f"A straight {device.gauge} tool in this pedicle {verb} {off:.1f} mm to the target's point."
        found.append(Finding("info", "straight_short", text, off, None, "mm"))
    return found


def way_findings(m: Measured, device: DeviceProfile, limits: Limits) -> list[Finding]:
    """Between skin and bone, and whether a C-arm can look down the tool."""
    found = []
    near = m.clearances.neighbour
    if near is not None and near < (needed := limits.needed_mm(limits.neighbour_mm)):
        shown = figure(near, needed).removeprefix("-")
        what = f"passes {shown} mm from" if near >= 0 else f"goes {shown} mm deep through"
        text = (
            f"The tool {what} the facet joint or another vertebra, "
            f"needs {limits.needed_words(limits.neighbour_mm)}."
        )
        found.append(Finding("caution", "neighbour", text, near, needed, "mm"))
    if m.bone_in_way_mm > 0:
        text = (
            f"Other bone lies on the straight way from the skin over {m.bone_in_way_mm:.0f} mm"
            + (", at this level the iliac crest as a rule." if m.name in ("L5", "S1") else ".")
            + " Move the entry or tilt the tool."
        )
        found.append(Finding("caution", "bone_in_way", text, m.bone_in_way_mm, 0.0, "mm"))
    for word, value, limit in (
        ("an oblique", m.oblique_deg, limits.carm_oblique_deg),
        ("a tilt", m.tilt_deg, limits.carm_tilt_deg),
    ):
        if value > limit:
            text = (
                f"To look down the tool the C-arm needs {word} of {value:.0f}°, it reaches {limit:.0f}°. "
                "Work in AP and lateral, or choose another direction."
            )
            found.append(Finding("caution", "en_face_out_of_reach", text, value, limit, "deg"))
    if m.skin_to_bone_mm is None:
        found.append(Finding("info", "skin_not_in_image", "The skin behind the entry is not in the image."))
        return found
    needs = m.skin_to_bone_mm + m.straight_mm + limits.hub_reserve_mm
    if needs > device.introducer_length_mm:
        text = (
            f"The introducer needs {needs:.0f} mm (skin to bone {m.skin_to_bone_mm:.0f}, in bone "
            f"{m.straight_mm:.0f}, outside {limits.hub_reserve_mm:.0f}); {device.name} has "
            f"{device.introducer_length_mm:.0f} mm"
        )
        # A length that nobody has checked may warn; it may not forbid.
        assumed = device.evidence.get("introducer_length_mm", "[P]").startswith(("[P]", "[K?]"))
        text += " in this profile, which is an assumption: measure yours." if assumed else "."
        severity: Severity = "caution" if assumed else "stop"
        found.append(
            Finding(severity, "introducer_too_short", text, device.introducer_length_mm, needs, "mm")
        )
    return found
