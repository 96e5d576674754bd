"""Where the tool truly is: 3D distances that nobody sees in the room."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imaging.labels import Side
from planner.domain.limits import DEFAULT_LIMITS
from planner.domain.plan import Lesion
from planner.practice.room import Hand, LesionRun
from planner.practice.scenario import Scenario
from planner.practice.tool import tool_axis
from planner.trajectory.clearance import WORDS, word_axes
from planner.trajectory.lesion import make_lesion
from planner.trajectory.target import as_point, place_in_body

Array = NDArray[np.float64]
HELD_MM = 4.0
"""A tool that runs this far in a vertebra's bone has entered it; less is a graze."""
PEDICLE_BACK_MM = 3.0
"""From this far behind the isthmus on walls are measured; further back bone opens into the lamina [P]."""
SEVEN_MINUTE_SHARE = 0.9


@dataclass(frozen=True)
class ToolTruth:
    """One place of the tool.

    Attributes:
        verse: vertebra in whose bone most of the tool lies, 0 for none; verse_mm: how much; side: of its
            entry there.
        in_bone_mm: tip past the entry into the task's vertebra, along the tool; 0 outside.
        clearance_mm: least distance from the tool's surface to the bone's from the pedicle on; toward: its
            word.
        breach_mm: greatest way out of the bone towards medial or inferior, or into the canal.
        other_breach_mm: out of the bone otherwise.
        depth, height, lateral_mm: place of the tip in the body.
        past_wall: the introducer's tip lies in the body; past_wall_on_lateral: past the wall's line there.
        past_medial_mm: introducer's tip past the medial pedicle border of the true AP; negative is lateral.
        past_isthmus_mm: introducer's tip past the pedicle's middle.
        electrode_to_canal_mm: of the last electrode length, from its surface.
        target_error_mm: from the electrode's middle to the target, and along left, posterior, superior.
    """

    verse: int
    verse_mm: float
    side: Side
    in_bone_mm: float
    clearance_mm: float | None
    toward: str
    breach_mm: float
    other_breach_mm: float
    depth: float
    height: float
    lateral_mm: float
    past_wall: bool
    past_wall_on_lateral: bool
    past_medial_mm: float
    past_isthmus_mm: float
    electrode_to_canal_mm: float
    target_error_mm: float
    error_axes_mm: tuple[float, float, float]
    tip_lps_mm: tuple[float, float, float]


def tool_truth(scenario: Scenario, hand: Hand) -> ToolTruth:
    """Everything true of one place of the tool; ValueError before a skin entry."""
    device, fields, anatomy = scenario.device, scenario.fields, scenario.anatomy
    points, diameters, electrode = tool_axis(hand, scenario.side, device)
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    verse, verse_mm, entry_side = _vertebra(scenario, points, along)
    bone = fields.bone(points)
    entry = _entry(bone > 0, along)
    clearance, toward, breach, other = None, "", 0.0, 0.0
    pedicle = anatomy.pedicles[scenario.side]
    canal_way = diameters / 2 - fields.canal(points)
    past_skin = along > 12.0
    intrusion = float(np.max(np.where(past_skin, canal_way, -np.inf)))
    in_bone = 0.0
    if entry is not None:
        in_bone = float(along[-1] - along[entry])
        # Behind the pedicle the rim crosses the lamina's back, where no nerve lies: docking, not a breach.
        in_pedicle = (points - pedicle.isthmus_centre_lps_mm) @ pedicle.axis_lps >= -PEDICLE_BACK_MM
        used = (along >= along[entry] + DEFAULT_LIMITS.docking_mm) & in_pedicle
        at = np.flatnonzero(used)
        if len(at):
            clear = bone[at] - diameters[at] / 2
            axes = word_axes(fields, scenario.side)
            words = np.argmax(fields.outward(points[at]) @ axes.T, axis=1)
            clearance, toward = float(clear.min()), WORDS[int(words[int(np.argmin(clear))])]
            bad = (words == WORDS.index("medial")) | (words == WORDS.index("inferior"))
            breach = float(np.max(-clear, where=bad, initial=0.0))
            other = float(np.max(-clear, where=~bad, initial=0.0))
    breach = max(breach, intrusion, 0.0)
    tip_at = int(np.searchsorted(along, hand.inserted_mm + 10.0 - 1e-6))
    tip = points[min(tip_at, len(points) - 1)]
    local = fields.local(tip)
    sign = 1.0 if scenario.side == "left" else -1.0
    border = sign * fields.local(pedicle.isthmus_centre_lps_mm)[0]
    border -= pedicle.width_mm / 2 * float(np.sqrt(1 - (pedicle.axis_lps @ anatomy.body.left) ** 2))
    row = int(
        np.clip(
            round((local[2] + fields.centre_offset_mm) / fields.step_mm), 0, len(fields.silhouette_mm) - 1
        )
    )
    depth, height, lateral = place_in_body(anatomy.body, points[-1])
    middle = electrode[len(electrode) // 2]
    error = anatomy.body.axes_lps @ (middle - np.asarray(scenario.target.centre_lps_mm))
    return ToolTruth(
        verse=verse,
        verse_mm=verse_mm,
        side=entry_side,
        in_bone_mm=in_bone,
        clearance_mm=clearance,
        toward=toward,
        breach_mm=breach,
        other_breach_mm=other,
        depth=depth,
        height=height,
        lateral_mm=lateral,
        past_wall=bool(fields.body(tip) > 0.3),
        past_wall_on_lateral=bool(local[1] < fields.silhouette_mm[row]),
        past_medial_mm=float(border - sign * local[0]),
        past_isthmus_mm=float((tip - pedicle.isthmus_centre_lps_mm) @ pedicle.axis_lps),
        electrode_to_canal_mm=float(fields.canal(electrode).min()) - device.stylet_diameter_mm / 2,
        target_error_mm=float(np.linalg.norm(error)),
        error_axes_mm=as_point(error),
        tip_lps_mm=as_point(points[-1]),
    )


def lesion_made(scenario: Scenario, hand: Hand, run: LesionRun, now_s: float) -> Lesion | None:
    """The illustrative lesion at ``now_s``; None before it has begun.

    15 minutes give the device's ellipsoid, 7 minutes nine tenths of its diameter [P]; before that the
    diameter grows with the cube root of time [P].
    """
    minutes = run.done_minutes(now_s)
    if minutes <= 0:
        return None
    if minutes < 7:
        share = SEVEN_MINUTE_SHARE * (minutes / 7) ** (1 / 3)
    else:
        share = SEVEN_MINUTE_SHARE + (1 - SEVEN_MINUTE_SHARE) * min(1.0, (minutes - 7) / 8)
    full = scenario.device.lesions[0]
    size = replace(full, diameter_mm=full.diameter_mm * share, length_mm=full.length_mm * share)
    device = replace(scenario.device, lesions=(size,))
    return make_lesion(tool_axis(hand, scenario.side, device)[2], device, scenario.target)


def _entry(inside: NDArray[np.bool_], along: Array) -> int | None:
    """First index of the first run of at least HELD_MM in bone (or of any run that reaches the tip)."""
    edges = np.flatnonzero(np.diff(np.r_[False, inside, False].astype(int)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop == len(inside) or along[stop - 1] - along[start] >= HELD_MM:
            return int(start)
    return None


def _vertebra(scenario: Scenario, points: Array, along: Array) -> tuple[int, float, Side]:
    labels = scenario.label(points)
    step = float(along[1] - along[0])
    best, most = 0, HELD_MM
    for verse in np.unique(labels[labels > 0]):
        length = float((labels == verse).sum()) * step
        if length > most:
            best, most = int(verse), length
    known = next((a for a in scenario.levels if a.verse == best), scenario.anatomy)
    hits = np.flatnonzero(labels == best) if best else np.array([len(points) - 1])
    lateral = (points[hits[0]] - known.body.centre_lps_mm) @ known.body.left
    return best, most if best else 0.0, "left" if lateral > 0 else "right"
