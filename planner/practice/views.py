"""What a picture shows of the task's vertebra, and how square it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from imaging.labels import SACRUM
from planner.practice.room import CArmSetting, Hand
from planner.practice.scenario import Scenario

ViewKind = Literal["AP", "lateral", "oblique"]
NEAR_DEG = 20.0


@dataclass(frozen=True)
class ViewTaken:
    """One picture's view.

    Attributes:
        time_s, pulse: when, and the number of its pulse.
        kind: AP or lateral within 20° of the true view of this vertebra, else oblique.
        off_deg: from the true AP or lateral; of an oblique from the tool's axis (or 0 without a tool).
        turn_deg, tilt_deg: parts of off_deg about and along the spine.
        shows_task, shows_sacrum: whether that bone's middle lies in the open field.
    """

    time_s: float
    pulse: int
    kind: ViewKind
    off_deg: float
    turn_deg: float
    tilt_deg: float
    shows_task: bool
    shows_sacrum: bool
    end_on_deg: float | None


def look(scenario: Scenario, carm: CArmSetting, hand: Hand, time_s: float, pulse: int) -> ViewTaken:
    """What a picture at this setting shows."""
    projection = scenario.projection(carm)
    d = projection.d_lps
    kind: ViewKind = "oblique"
    off = turn = tilt = 0.0
    names: tuple[ViewKind, ViewKind] = ("AP", "lateral")
    up = np.cross(*scenario.true_beams)
    up = up / np.linalg.norm(up)
    for name, beam in zip(names, scenario.true_beams, strict=True):
        dot = float(d @ beam)
        towards = beam if dot >= 0 else -beam
        angle = float(np.rad2deg(np.arccos(np.clip(abs(dot), 0, 1))))
        if angle <= NEAR_DEG:
            kind, off = name, angle
            tilt = float(np.rad2deg(np.arcsin(np.clip(d @ up, -1, 1))))
            flat = d - up * (d @ up)
            flat = flat / np.linalg.norm(flat)
            turn = float(np.rad2deg(np.arccos(np.clip(flat @ towards, -1, 1))))
    end_on = None
    if hand.skin_lps_mm is not None:
        end_on = float(np.rad2deg(np.arccos(np.clip(abs(float(d @ np.array(hand.direction_lps))), 0, 1))))
    radius = 256.0 * carm.iris
    sacrum = next((a for a in scenario.levels if a.verse == SACRUM), None)

    def shown(centre: object) -> bool:
        uv = projection.project(centre)  # type: ignore[arg-type]
        return bool(np.hypot(*(uv - 255.5)) < radius)

    return ViewTaken(
        time_s,
        pulse,
        kind,
        off,
        turn,
        tilt,
        shown(scenario.anatomy.body.centre_lps_mm),
        sacrum is not None and shown(sacrum.body.superior_endplate[0]),
        end_on,
    )
