"""Several levels as one procedure: which side, in which order, with how few C-arm moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imaging.geometry.carm import direction_lps, pose_words
from imaging.labels import SIDES
from planner.domain.limits import Limits
from planner.domain.plan import STATES, LevelPlan, Plan, Procedure, ProcedureStep, Trajectory, ViewName

Array = NDArray[np.float64]
SHARED_DEG = 3.0
EQUAL_MM = 0.1
"""Room that differs by less is called equal, and the chance of a breach decides."""
ORDER: tuple[ViewName, ...] = ("en_face", "ap", "lateral")
WORDS: dict[str, str] = {"en_face": "Down the tool", "ap": "AP", "lateral": "Lateral"}
_STATE_WORDS = {"draft": "a draft", "reviewed": "only reviewed"}


def with_procedure(plan: Plan) -> Plan:
    """The plan with its procedure worked out anew; None where nothing is planned."""
    return replace(plan, procedure=make_procedure(plan))


def spare_mm(t: Trajectory, limits: Limits) -> float:
    """By how much (mm) the least of the trajectory's clearances exceeds what it needs."""
    c = t.clearance_mm
    wanted = (
        (c.medial, limits.medial_inferior_mm),
        (c.inferior, limits.medial_inferior_mm),
        (c.lateral, limits.lateral_superior_mm),
        (c.superior, limits.lateral_superior_mm),
        (c.endplates, limits.endplate_mm),
        (c.anterior, limits.anterior_mm),
        (c.electrode_to_canal, limits.electrode_to_canal_stop_mm),
        (c.neighbour, limits.neighbour_mm),
    )
    return min((value - limits.needed_mm(limit) for value, limit in wanted if value is not None), default=0.0)


def make_procedure(plan: Plan) -> Procedure | None:
    """One side a level (both of a pair), top to bottom, views shared within 3°.

    An approved side goes before a reviewed one, that before a draft; of equal ones the better margin decides,
    and of equal margins the smaller chance of a breach.
    """
    chosen = [(level, t, why) for level in plan.levels for t, why in _sides(level, plan.limits)]
    if not chosen:
        return None
    places = [_Place() for _ in ORDER]
    moves: list[list[str]] = [[] for _ in chosen]
    count = 0
    for view, place in zip(ORDER, places, strict=True):
        for index, (level, t, _why) in enumerate(chosen):
            if not any(name == view for name, _, _ in t.carm):
                continue
            angles = t.view_angles(view)
            with_whom = place.find(angles)
            title = f"{level.name} {t.side}"
            if with_whom is None:
                place.add(angles, title)
                count += 1
                moves[index].append(f"{WORDS[view]}: {pose_words(*angles).removeprefix('AP, ')}")
            else:
                moves[index].append(f"{WORDS[view]}: stays as for {with_whom}")
    steps = tuple(
        ProcedureStep(level.verse, t.side, why, tuple(m))
        for (level, t, why), m in zip(chosen, moves, strict=True)
    )
    lesions = sum(1 for _, t, _ in chosen if t.access != "bipedicular" or t.side == "left")
    return Procedure(steps, lesions, count, sum(len(m) for m in moves))


def _sides(level: LevelPlan, limits: Limits) -> list[tuple[Trajectory, str]]:
    planned = [t for side in SIDES if (t := level.trajectory(side)) is not None]
    pair = [t for t in planned if t.access == "bipedicular"]
    if pair:
        return [(t, "Both sides of a pair.") for t in pair]
    if not planned:
        return []
    if len(planned) == 1:
        other = "right" if planned[0].side == "left" else "left"
        refused = any(r.side == other for r in level.refused)
        return [(planned[0], f"The {other} side is {'refused' if refused else 'not asked for'}.")]
    room = {t.side: spare_mm(t, limits) for t in planned}
    is_equal = abs(room["left"] - room["right"]) < EQUAL_MM
    best, second = sorted(
        planned,
        key=lambda t: (-STATES.index(t.state), 0.0 if is_equal else -room[t.side], t.breach_probability),
    )
    if best.state != second.state:
        return [
            (best, f"{best.side.capitalize()} is {best.state}, {second.side} {_STATE_WORDS[second.state]}.")
        ]
    gain = room[best.side] - room[second.side]
    why = (
        f"{gain:.1f} mm more beyond what is needed than {second.side}."
        if not is_equal
        else f"Room equal; a breach in {100 * best.breach_probability:.1f} % against "
        f"{100 * second.breach_probability:.1f} % of simulated insertions."
    )
    return [(best, why)]


@dataclass
class _Place:
    """Positions of one kind of view that the C-arm has been brought to."""

    def __post_init__(self) -> None:
        self.directions: list[Array] = []
        self.names: list[str] = []

    def find(self, angles: tuple[float, float]) -> str | None:
        """For whom the C-arm stood within 3° of these angles."""
        d = direction_lps(*angles)
        for other, name in zip(self.directions, self.names, strict=True):
            if np.rad2deg(np.arccos(np.clip(d @ other, -1, 1))) <= SHARED_DEG:
                return name
        return None

    def add(self, angles: tuple[float, float], name: str) -> None:
        """A new position."""
        self.directions.append(direction_lps(*angles))
        self.names.append(name)
