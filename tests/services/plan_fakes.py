"""Small invented plans and anatomy for the tests of the services."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imaging.anatomy import BodyGeometry, PedicleGeometry, VertebraAnatomy
from imaging.findings import Finding
from imaging.geometry.grid import VolumeGrid
from imaging.labels import SIDES, Side
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import LabelVolume
from planner.domain.plan import (
    Clearances,
    Lesion,
    LevelPlan,
    Plan,
    ProfilePoint,
    Refusal,
    Source,
    Target,
    Trajectory,
    TrajectoryParameters,
)

UNCONFIRMED = Finding("stop", "level_count_unconfirmed", "Nothing proves the count of the levels.")


def trajectory(side: Side = "left", tip_x: float = 0.5, findings: tuple[Finding, ...] = ()) -> Trajectory:
    sign = 1.0 if side == "left" else -1.0
    path = tuple((sign * (25.0 - 0.4 * k), 40.0 - 0.2 * k, 0.1 * k) for k in range(60))
    return Trajectory(
        side=side,
        access="transpedicular",
        device="test-8g",
        parameters=TrajectoryParameters(path[0], (-sign, 0.0, 0.0), 12.0, (0.0, -1.0, 0.0), 30.0, 5.0),
        skin_entry_lps_mm=None,
        bone_entry_lps_mm=path[0],
        tip_lps_mm=(tip_x, 28.2, 5.9),
        path_lps_mm=path,
        outer_diameter_mm=(4.2,) * len(path),
        lesion=Lesion((0.0, 28.0, 6.0), (sign, 0.0, 0.0), (5.0, 5.0, 7.0), 0.8),
        clearance_mm=Clearances(3.0, 2.5, None, 4.0, 6.0, 12.0, 9.0, 15.0, 8.0),
        profile=(ProfilePoint(0.0, 3.0, "medial"), ProfilePoint(5.0, 2.5, "lateral")),
        least_clearance_lps_mm=(12.0, 33.0, 3.0),
        gertzbein_robbins="A",
        breach_probability=0.01,
        findings=findings,
        carm=(("ap", 180.0, 3.0), ("lateral", 90.0, 0.0), ("oblique", 150.0, 2.0), ("en_face", 157.0, 1.0)),
    )


def level(verse: int = 23, sides: tuple[Side, ...] = SIDES) -> LevelPlan:
    return LevelPlan(
        verse=verse,
        confidence=0.9,
        target=Target((0.0, 28.0, 6.0), 0.4, 0.5, 0.0, 5.0, "test"),
        trajectories=tuple(trajectory(side) for side in sides),
        refused=tuple(Refusal(s, "too_narrow", "Pedicle too narrow.") for s in SIDES if s not in sides),
    )


def plan(confirmed: bool = True) -> Plan:
    source = Source("1.2.3", "1.2.3.4", "1.2.3.5", "CT", "ab" * 32)
    findings = () if confirmed else (UNCONFIRMED,)
    return Plan(source, (level(22), level(23, ("left",))), findings, confirmed)


def moved(value: Plan, tip_x: float, verse: int = 23, side: Side = "left") -> Plan:
    chosen = value.level(verse)
    assert chosen is not None
    old = chosen.trajectory(side)
    assert old is not None
    return value.with_trajectory(verse, replace(old, tip_lps_mm=(tip_x, *old.tip_lps_mm[1:])))


def anatomy(verse: int) -> VertebraAnatomy:
    body = BodyGeometry(
        np.array([0.0, 25.0, 5.0]),
        np.eye(3),
        45.0,
        34.0,
        26.0,
        np.array([0.0, 42.0, 5.0]),
        np.array([0.0, 8.0, 5.0]),
        np.array([[0.0, 25.0, 18.0], [0.0, 0.0, 1.0]]),
        np.array([[0.0, 25.0, -8.0], [0.0, 0.0, -1.0]]),
    )
    pedicle = PedicleGeometry(np.array([15.0, 45.0, 8.0]), np.array([0.0, -1.0, 0.0]), 11.0, 15.0, 120.0)
    return VertebraAnatomy(verse, 0.9, body, {"left": pedicle})


def segmentation() -> SpineSegmentation:
    grid = VolumeGrid.from_parts((6, 5, 4), (10.0, 20.0, -30.0), (1.0, 1.0, 2.0), None, "1.2.3.5")
    vertebrae = np.zeros(grid.shape_kji, np.uint8)
    vertebrae[1:3], vertebrae[3:5] = 23, 22
    return SpineSegmentation(
        LabelVolume(grid, vertebrae),
        LabelVolume(grid, (vertebrae > 0).astype(np.uint8)),
        (anatomy(22), anatomy(23)),
        (),
    )
