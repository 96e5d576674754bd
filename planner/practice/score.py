"""The score: gates first, then parts, from what the judge has seen."""

from __future__ import annotations

import numpy as np

from imaging.labels import NAME_FROM_VERSE
from planner.practice.advice import advice
from planner.practice.judge import Judge
from planner.practice.result import NOTHING_ENTERED, Gate, Part, Score
from planner.practice.room import Hand, RoomState
from planner.practice.scenario import Scenario
from planner.practice.tool import roll_of
from planner.practice.truth import ToolTruth, lesion_made, tool_truth
from planner.practice.weights import Weights, default_weights


def planned_hand(scenario: Scenario) -> Hand:
    """The tool where the plan has it, with its skin entry 60 mm outside where the image has no skin."""
    p = scenario.plan.parameters
    entry, direction = np.array(p.entry_lps_mm), np.array(p.direction_lps)
    skin = scenario.plan.skin_entry_lps_mm
    outside = float(np.linalg.norm(np.array(skin) - entry)) if skin is not None else 60.0
    point = entry - outside * direction
    return Hand(
        skin_lps_mm=(float(point[0]), float(point[1]), float(point[2])),
        direction_lps=p.direction_lps,
        inserted_mm=outside + p.straight_mm,
        lumen="probe",
        roll_deg=roll_of(scenario.side, p.direction_lps, p.bend_lps),
        turn_deg=p.turn_deg,
        tip_mm=p.tip_mm,
    )


def score(judge: Judge, state: RoomState, weights: Weights | None = None) -> Score:
    """The result of what the judge has seen until ``state``."""
    w = weights or default_weights()
    scenario = judge.scenario
    used = _used(judge)
    gates = _gates(judge, used, w)
    values = _values(judge, state, used)
    plan_truth = tool_truth(scenario, planned_hand(scenario))
    parts = []
    for p in w.parts:
        full, zero = p.full, p.zero
        # No pedicle and no curve gives more room or cover than the best way through it.
        if p.key == "clearance" and plan_truth.clearance_mm is not None:
            full = min(full, plan_truth.clearance_mm - 0.2)
            zero = min(zero, full - 1.5)
        if p.key == "coverage":
            full = min(full, 98.0 * scenario.plan.lesion.target_coverage)
        value = values[p.key]
        share = 0.0 if value is None else float(np.clip((value - zero) / (full - zero), 0.0, 1.0))
        parts.append(Part(p.key, p.title, value, p.unit, round(share * p.points, 2), p.points))
    axes = used.error_axes_mm if used is not None else None
    return Score(
        w.name,
        gates,
        tuple(parts),
        tuple(judge.breaks),
        axes,
        tuple(advice(judge, gates, tuple(parts), used)),
    )


def _used(judge: Judge) -> ToolTruth | None:
    """Where the electrode was when it heated, or where it ended without heating."""
    if judge.lesion_truth is not None:
        return judge.lesion_truth
    beyond = [
        s for s in judge.samples if s.hand.lumen != "trocar" and (s.hand.turn_deg > 0 or s.hand.tip_mm > 0)
    ]
    return beyond[-1].truth if beyond else None


def _gates(judge: Judge, used: ToolTruth | None, w: Weights) -> tuple[Gate, ...]:
    spec = judge.scenario.spec
    place = used or judge.wrong_bone or judge.truth
    right = (
        place is not None
        and judge.wrong_bone is None
        and place.verse == spec.verse
        and place.side == spec.side
    )
    if judge.wrong_bone is not None:
        place = judge.wrong_bone
    where = NOTHING_ENTERED if place is None or not place.verse else (
        f"{NAME_FROM_VERSE[place.verse]} {place.side}"
    )  # fmt: skip
    breach = max((s.truth.breach_mm for s in judge.samples), default=0.0)
    gates = [
        Gate("level", "Right level and side", right, where),
        Gate(
            "breach",
            f"No medial or inferior breach of {w.breach_mm:g} mm",
            breach < w.breach_mm,
            f"{breach:.1f} mm" if breach > 0 else "none",
        ),
    ]
    if used is not None:
        distance = used.electrode_to_canal_mm
        gates.append(
            Gate(
                "canal",
                f"Electrode to canal, at least {w.electrode_to_canal_mm:g} mm",
                distance >= w.electrode_to_canal_mm,
                f"{distance:.1f} mm",
            )
        )
    return tuple(gates)


def _values(judge: Judge, state: RoomState, used: ToolTruth | None) -> dict[str, float | None]:
    coverage: float | None = 0.0
    if judge.lesion_hand is not None and state.lesion is not None:
        lesion = lesion_made(judge.scenario, judge.lesion_hand, state.lesion, state.time_s)
        coverage = 100.0 * lesion.target_coverage if lesion is not None else 0.0
    clear = [s.truth.clearance_mm for s in judge.samples if s.truth.clearance_mm is not None]
    return {
        "target_error": None if used is None else used.target_error_mm,
        "coverage": coverage,
        "clearance": min(clear) if clear else None,
        "views": _view_error(judge),
        "rules": float(len(judge.breaks)),
        "redirections": float(judge.redirections),
        "shots": float(state.exposure.presses),
        "beam": state.exposure.beam_s,
        "kerma": state.exposure.kerma_mgy,
        "time": state.worked_s / 60.0,
    }


def _view_error(judge: Judge) -> float | None:
    """The worse of the medians of AP and lateral pictures taken with the tool in; None without either."""
    medians = []
    for kind in ("AP", "lateral"):
        off = [v.off_deg for v in judge.views if v.kind == kind and v.end_on_deg is not None]
        if not off:
            return None
        medians.append(float(np.median(off)))
    return max(medians)
