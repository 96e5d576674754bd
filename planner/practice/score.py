"""The score sheet: gates first, then parts, with weights from a file; never a number without its parts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from imaging.errors import PlannerError
from imaging.labels import NAME_FROM_VERSE
from planner.practice.judge import Judge, RuleBreak
from planner.practice.room import Hand, RoomState
from planner.practice.scenario import Scenario
from planner.practice.tool import roll_of
from planner.practice.truth import ToolTruth, lesion_made, tool_truth


@dataclass(frozen=True)
class PartWeight:
    """One part: points at ``full`` or better, none at ``zero`` or worse, a straight line between."""

    key: str
    title: str
    unit: str
    points: float
    full: float
    zero: float


@dataclass(frozen=True)
class Weights:
    """A score sheet's weights."""

    name: str
    breach_mm: float
    electrode_to_canal_mm: float
    parts: tuple[PartWeight, ...]


@dataclass(frozen=True)
class Gate:
    """A condition that must hold, with what was measured."""

    key: str
    title: str
    passed: bool
    value: str


@dataclass(frozen=True)
class Part:
    """Points of one part; ``value`` None is not reached."""

    key: str
    title: str
    value: float | None
    unit: str
    points: float
    of: float


@dataclass(frozen=True)
class Score:
    """A session's result. ``total`` is 0 where a gate is failed; the parts stay."""

    weights: str
    gates: tuple[Gate, ...]
    parts: tuple[Part, ...]
    breaks: tuple[RuleBreak, ...]
    error_axes_mm: tuple[float, float, float] | None
    advice: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all gates are passed."""
        return all(g.passed for g in self.gates)

    @property
    def sum(self) -> float:
        """Points of all parts, gates aside."""
        return float(sum(p.points for p in self.parts))

    @property
    def total(self) -> float:
        """Points, 0 where a gate is failed."""
        return round(self.sum, 1) if self.passed else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "passed": self.passed, "total": self.total}


@lru_cache(maxsize=1)
def default_weights() -> Weights:
    """The weights that come with the package."""
    return weights_from(resources.files("planner.practice").joinpath("weights.json").read_text("utf-8"))


def weights_from(text: str) -> Weights:
    """Weights of a JSON text; PlannerError ``bad_weights`` says what is wrong."""
    try:
        data = json.loads(text)
        parts = tuple(PartWeight(**part) for part in data["parts"])
        weights = Weights(
            data["name"],
            float(data["gates"]["breach_mm"]),
            float(data["gates"]["electrode_to_canal_mm"]),
            parts,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise PlannerError("bad_weights", f"The weights file is incomplete ({error}).") from error
    known = {"target_error", "coverage", "clearance", "views", "rules", "redirections", "shots", "beam",
             "kerma", "time"}  # fmt: skip
    if {p.key for p in parts} != known or len(parts) != len(known):
        raise PlannerError("bad_weights", "The weights file must weigh each part once: " + ", ".join(sorted(known)))
    if abs(sum(p.points for p in parts) - 100.0) > 1e-6 or any(p.full == p.zero for p in parts):
        raise PlannerError("bad_weights", "The weights must add up to 100, and full and zero must differ.")
    return weights


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
        w.name, gates, tuple(parts), tuple(judge.breaks), axes, _advice(judge, gates, values, tuple(parts), used)
    )


def _used(judge: Judge) -> ToolTruth | None:
    """Where the electrode was when it heated, or where it ended without heating."""
    if judge.lesion_truth is not None:
        return judge.lesion_truth
    beyond = [s for s in judge.samples if s.hand.lumen != "trocar" and (s.hand.turn_deg > 0 or s.hand.tip_mm > 0)]
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
    where = "no vertebra entered" if place is None or not place.verse else (
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


def clock_words(time_s: float) -> str:
    """06:12"""
    return f"{int(time_s) // 60:02d}:{int(time_s) % 60:02d}"


def _advice(
    judge: Judge,
    gates: tuple[Gate, ...],
    values: dict[str, float | None],
    parts: tuple[Part, ...],
    used: ToolTruth | None,
) -> tuple[str, ...]:
    """At most three sentences, the costliest first."""
    said: list[str] = []
    spec = judge.scenario.spec
    for gate in gates:
        if gate.passed:
            continue
        if gate.key == "level":
            said.append(f"The task was {spec.task}; the tool was in: {gate.value}. Count from the sacrum again.")
        elif gate.key == "breach":
            worst = max(judge.samples, key=lambda s: s.truth.breach_mm)
            said.append(
                f"The tool left the bone by {worst.truth.breach_mm:.1f} mm at {clock_words(worst.time_s)}. "
                "Start further lateral and keep to the ring on AP until the lateral shows the wall passed."
            )
        else:
            said.append(f"The electrode lay {gate.value} from the canal. Go further forward before you heat.")
    lost = sorted(parts, key=lambda p: p.points - p.of)
    for part in lost:
        if part.of - part.points < 0.15 * part.of or len(said) >= 3:
            break
        sentence = _sentence(part, judge, used)
        if sentence and sentence not in said:
            said.append(sentence)
    return tuple(said[:3])


def _sentence(part: Part, judge: Judge, used: ToolTruth | None) -> str:
    if part.key == "target_error":
        if used is None:
            return "The target was not reached. Go through the wall, turn the stylet and channel to the midline."
        left, posterior, superior = used.error_axes_mm
        name, way = max(
            (
                ("left" if left > 0 else "right", abs(left)),
                ("behind" if posterior > 0 else "in front", abs(posterior)),
                ("above" if superior > 0 else "below", abs(superior)),
            ),
            key=lambda pair: pair[1],
        )
        where = {"left": "to the left of", "right": "to the right of", "behind": "behind",
                 "in front": "in front of", "above": "above", "below": "below"}[name]  # fmt: skip
        return f"The electrode's middle stopped {way:.1f} mm {where} the target."
    if part.key == "coverage":
        if judge.lesion_hand is None:
            return "No lesion was made. Put the probe in and heat."
        return f"The lesion covers {part.value:.0f} % of the target."
    if part.key == "clearance":
        known = [s for s in judge.samples if s.truth.clearance_mm is not None]
        if not known:
            return "The tool was not driven through the pedicle."
        worst = min(known, key=lambda s: s.truth.clearance_mm or 0.0)
        return (
            f"You came within {worst.truth.clearance_mm:.1f} mm of the {worst.truth.toward} wall at "
            f"{clock_words(worst.time_s)}."
        )
    if part.key == "views":
        if part.value is None:
            return "AP and lateral were not both taken with the tool in. Always look at the pair."
        return f"The views were {part.value:.1f}° off true AP or lateral. Square the endplates first."
    if part.key == "rules" and judge.breaks:
        first = judge.breaks[0]
        return f"At {clock_words(first.time_s)}: {first.text}"
    if part.key == "redirections":
        return f"The tool was redirected {judge.redirections} times. Take more care of the docking point."
    if part.key in ("shots", "beam", "kerma"):
        return "Use fewer and shorter looks: one AP and one lateral a step, collimated."
    return "It took long: keep the C-arm's two places ready."
