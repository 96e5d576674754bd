"""How the tool moves: what it is in decides how far a tap drives it.

The resistances are proposals [P] for practising, tuned so that a tap moves about 5 mm in soft tissue, 2 to
3 mm in healthy cancellous bone and less than 1 mm in cortex; they follow the CT under the tip.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from planner.practice.room import Hand
from planner.practice.scenario import Scenario
from planner.practice.tool import turned
from planner.trajectory.target import as_point

Array = NDArray[np.float64]
Tissue = Literal["outside", "soft tissue", "cortex", "cancellous bone"]
STEP_MM = 0.1
LONGEST_MM = 8.0
CORTEX_HU = 420.0
TAP_ENERGY = 1.0
PUSH_ENERGY_PER_MM = 0.45
SOFT_PER_MM, CORTEX_PER_MM, CANCELLOUS_PER_MM = 0.2, 1.3, 0.4
HEALTHY_HU = 190.0
BEVEL_DEG_PER_MM = 0.25
DOCKED_MM = 3.0


def tissue_at(scenario: Scenario, points_lps_mm: Array) -> NDArray[np.int8]:
    """0 outside, 1 soft tissue, 2 cortex, 3 cancellous bone at (N, 3)."""
    hu = scenario.hu(points_lps_mm)
    bone = scenario.label(points_lps_mm) > 0
    kind = np.where(bone, np.where(hu >= CORTEX_HU, 2, 3), np.where(hu < -300, 0, 1))
    return np.asarray(kind, np.int8)


def tissue_name(scenario: Scenario, hand: Hand) -> Tissue:
    """What the introducer's tip is in."""
    if hand.skin_lps_mm is None or hand.inserted_mm <= 0:
        return "outside"
    tip = np.array(hand.skin_lps_mm) + hand.inserted_mm * np.array(hand.direction_lps)
    names: tuple[Tissue, ...] = ("outside", "soft tissue", "cortex", "cancellous bone")
    return names[int(tissue_at(scenario, tip[None])[0])]


def cost_per_mm(scenario: Scenario, points_lps_mm: Array) -> Array:
    """(N,) share of a tap's energy that a millimetre takes there; thinner bone resists less."""
    kind = tissue_at(scenario, points_lps_mm)
    dense = np.clip(scenario.hu(points_lps_mm) / HEALTHY_HU, 0.5, 1.6)
    table = np.array([0.12, SOFT_PER_MM, CORTEX_PER_MM, 0.0])[kind]
    return np.asarray(np.where(kind == 3, CANCELLOUS_PER_MM * dense, table))


def advance_mm(
    scenario: Scenario, tip_lps_mm: Array, direction_lps: Array, energy: float, most_mm: float = LONGEST_MM
) -> float:
    """How far ``energy`` (1 is a tap) drives a tip along a direction, at most ``most_mm``."""
    way = np.arange(STEP_MM / 2, max(most_mm, STEP_MM), STEP_MM)
    cost = np.cumsum(cost_per_mm(scenario, tip_lps_mm + way[:, None] * direction_lps)) * STEP_MM
    whole = int(np.searchsorted(cost, energy, side="right"))
    spent = float(cost[whole - 1]) if whole else 0.0
    rest = 0.0
    if whole < len(way):
        rest = min(STEP_MM, (energy - spent) / max(1e-9, (float(cost[whole]) - spent) / STEP_MM))
    return float(min(most_mm, whole * STEP_MM + rest))


def bone_contact_mm(scenario: Scenario, hand: Hand, reach_mm: float | None = None) -> float | None:
    """Distance from the skin to the first bone on the tool's line, up to its tip; None where it met none."""
    if hand.skin_lps_mm is None:
        return None
    reach = hand.inserted_mm if reach_mm is None else reach_mm
    along = np.arange(0.0, reach + STEP_MM / 2, 0.25)
    points = np.array(hand.skin_lps_mm) + along[:, None] * np.array(hand.direction_lps)
    bone = scenario.label(points) > 0
    hits = np.flatnonzero(bone)
    return float(along[hits[0]]) if len(hits) else None


def bone_depth_mm(scenario: Scenario, hand: Hand) -> float:
    """How far the introducer's tip is past its first bone; 0 outside bone."""
    contact = bone_contact_mm(scenario, hand)
    return 0.0 if contact is None else max(0.0, hand.inserted_mm - contact)


def driven(scenario: Scenario, hand: Hand, way_mm: float) -> Hand:
    """The introducer ``way_mm`` further; in bone a bevelled tip turns it about the point where it entered."""
    moved = replace(hand, inserted_mm=hand.inserted_mm + way_mm)
    if hand.bevel_deg is None or hand.skin_lps_mm is None:
        return moved
    contact = bone_contact_mm(scenario, moved)
    if contact is None:
        return moved
    in_bone = min(way_mm, moved.inserted_mm - contact)
    return turned_about(moved, contact, turned(scenario.side, hand.direction_lps, hand.bevel_deg),
                        BEVEL_DEG_PER_MM * in_bone)  # fmt: skip


def turned_about(hand: Hand, pivot_mm: float, towards_lps: Array, angle_deg: float) -> Hand:
    """The tool turned by ``angle_deg`` towards a unit vector square to it, about a point on its line."""
    if hand.skin_lps_mm is None:
        return hand
    old = np.array(hand.direction_lps)
    angle = np.deg2rad(angle_deg)
    new = np.cos(angle) * old + np.sin(angle) * towards_lps
    return pointed(hand, pivot_mm, new)


def pointed(hand: Hand, pivot_mm: float, direction_lps: Array) -> Hand:
    """The tool in a new direction, the point of its line ``pivot_mm`` past the skin held still."""
    if hand.skin_lps_mm is None:
        return replace(hand, direction_lps=as_point(direction_lps / np.linalg.norm(direction_lps)))
    new = np.asarray(direction_lps, float) / np.linalg.norm(direction_lps)
    pivot = np.array(hand.skin_lps_mm) + pivot_mm * np.array(hand.direction_lps)
    return replace(hand, skin_lps_mm=as_point(pivot - pivot_mm * new), direction_lps=as_point(new))
