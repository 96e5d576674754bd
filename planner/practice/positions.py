"""Where the C-arm goes on a key, and what guided practice shows as the next view to expect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from planner.practice.room import CArmSetting, Grade, Hand
from planner.practice.scenario import Scenario
from planner.practice.score import planned_hand

PresetView = Literal["ap", "lateral", "oblique"]
PLAIN_OBLIQUE_DEG = 25.0


def preset(scenario: Scenario, grade: Grade, view: PresetView) -> dict[str, Any]:
    """Changes of the C-arm for a key: guided goes to the vertebra's own views and centres them; else the
    plain square positions are taken, and squaring is the learner's work."""
    if grade != "guided":
        side = 1.0 if scenario.side == "left" else -1.0
        orbit = {"ap": 0.0, "lateral": 90.0, "oblique": side * PLAIN_OBLIQUE_DEG}[view]
        return {"orbit_deg": orbit, "tilt_deg": 0.0}
    return planned_view(scenario, "en_face" if view == "oblique" else view)


def planned_view(scenario: Scenario, view: Literal["ap", "lateral", "oblique", "en_face"]) -> dict[str, Any]:
    """C-arm and table of a view of the plan, centred on the target; whole tenths of a degree and of a mm."""
    primary, secondary = scenario.plan.view_angles(view)
    shift = np.round(scenario.start_lps_mm - np.array(scenario.target.centre_lps_mm), 1)
    return {
        "orbit_deg": round((180.0 - primary + 180.0) % 360.0 - 180.0, 1),
        "tilt_deg": round(secondary, 1),
        "across_mm": float(shift[0]),
        "height_mm": float(shift[1]),
        "along_mm": float(shift[2]),
    }


def expected(scenario: Scenario, step: str) -> tuple[tuple[str, CArmSetting, Hand], ...]:
    """(caption, C-arm, tool) of the pictures that show a step's end; none where there is none."""
    goal = planned_hand(scenario)
    p = scenario.plan.parameters
    docked = goal.inserted_mm - p.straight_mm
    tool = replace(goal, lumen="trocar", turn_deg=0.0, tip_mm=0.0)
    isthmus = scenario.anatomy.pedicles[scenario.side].isthmus_centre_lps_mm
    half = float((isthmus - np.array(p.entry_lps_mm)) @ np.array(p.direction_lps))
    hands: dict[str, Hand] = {
        "views": Hand(),
        "dock": replace(tool, inserted_mm=docked + 1.0),
        "pedicle": replace(tool, inserted_mm=docked + max(2.0, half)),
        "wall": tool,
        "turn": replace(goal, lumen="stylet", tip_mm=0.0),
        "probe": goal,
        "lesion": goal,
    }
    near = CArmSetting(field_mm=230.0)
    if step == "count":
        return (("AP with the sacrum", replace(CArmSetting(), along_mm=_counting(scenario)), Hand()),)
    if step == "entry":
        view = replace(near, **planned_view(scenario, "en_face"))
        return (("End-on in the ring", view, replace(tool, inserted_mm=0.0)),)
    if step not in hands:
        return ()
    pair: tuple[tuple[str, Literal["ap", "lateral"]], ...] = (("AP", "ap"), ("Lateral", "lateral"))
    return tuple((name, replace(near, **planned_view(scenario, view)), hands[step]) for name, view in pair)


def _counting(scenario: Scenario) -> float:
    lowest = scenario.levels[-1].body.centre_lps_mm[2]
    middle = float((lowest + scenario.anatomy.body.centre_lps_mm[2]) / 2)
    return round(float(scenario.start_lps_mm[2]) - middle, 1)
