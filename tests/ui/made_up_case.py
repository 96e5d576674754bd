"""A tiny made-up vertebra with a hand-made plan, and services that answer from it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from imaging.anatomy import BodyGeometry, PedicleGeometry, VertebraAnatomy
from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.geometry.carm import CArm, CArmPose, Projection
from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import LabelVolume, Volume
from planner.domain.plan import (
    Clearances,
    HeatResult,
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
from planner.trajectory.entry_map import EntryMap
from planner.trajectory.reach import ReachSurface
from ui.presenters.planner_services import aimed
from ui.presenters.services import PatientWords, XrayPicture

MARKER_HU = 3000


def made_volume() -> tuple[Volume, SpineSegmentation]:
    """One L4 about the origin, 1 mm voxels; a dense marker 30 mm to the patient's LEFT, 20 mm posterior."""
    grid = VolumeGrid.from_parts((50, 110, 110), (-54.5, -44.5, -24.5), (1, 1, 1))
    k, j, i = np.indices(grid.shape_kji)
    x, y, z = i - 54.5, j - 44.5, k - 24.5
    body = (np.hypot(x / 22, y / 15) < 1) & (np.abs(z) < 13)
    pedicles = (np.abs(np.abs(x) - 14) < 5.5) & (y > 8) & (y < 32) & (np.abs(z - 5) < 7)
    arch = (np.abs(x) < 20) & (y >= 30) & (y < 38) & (np.abs(z - 2) < 10)
    bone = body | pedicles | arch
    values = np.where(bone, 500, 40).astype(np.int16)
    marker = (np.abs(x - 30) < 4) & (np.abs(y - 20) < 4)
    values[marker] = MARKER_HU
    structures = np.zeros(grid.shape_kji, np.uint8)
    structures[arch] = 2
    structures[pedicles & (x < 0)] = 3
    structures[pedicles & (x > 0)] = 4
    structures[body] = 1
    axes = np.eye(3)
    anatomy = VertebraAnatomy(
        23,
        0.8,
        BodyGeometry(
            np.zeros(3),
            axes,
            44,
            30,
            26,
            np.array([0, 15.0, 0]),
            np.array([0, -15.0, 0]),
            np.array([[0, 0, 13.0], [0, 0, 1]]),
            np.array([[0, 0, -13.0], [0, 0, -1]]),
        ),
        {
            side: PedicleGeometry(np.array([sign * 14.0, 22, 5]), np.array([0, -1.0, 0]), 11, 14, 120)
            for side, sign in (("left", 1), ("right", -1))
        },
    )
    vertebrae = LabelVolume(grid, np.where(bone, 23, 0).astype(np.uint8))
    found = SpineSegmentation(vertebrae, LabelVolume(grid, structures), (anatomy,), ())
    return Volume(grid, values), found


def made_trajectory(parameters: TrajectoryParameters | None = None) -> Trajectory:
    """A straight and bent left tool from the arch to the middle of the body."""
    p = parameters or TrajectoryParameters(
        (16.0, 38.0, 6.0), (-0.16, -0.973, -0.164), 26.0, (-1.0, 0.16, 0.0), 40.0, 6.0
    )
    d = np.array(p.direction_lps) / np.linalg.norm(p.direction_lps)
    b = np.array(p.bend_lps) - d * (np.array(p.bend_lps) @ d)
    b /= np.linalg.norm(b)
    turn, radius = np.deg2rad(p.turn_deg), 13.0
    path = [np.array(p.entry_lps_mm) + d * s for s in np.arange(0, p.straight_mm, 0.5)]
    start = np.array(p.entry_lps_mm) + d * p.straight_mm
    path += [start + radius * (np.sin(a) * d + (1 - np.cos(a)) * b) for a in np.linspace(0, turn, 20)]
    end = np.cos(turn) * d + np.sin(turn) * b
    path += [path[-1] + end * s for s in np.arange(0.5, p.tip_mm + 0.1, 0.5)]
    points = tuple(tuple(float(v) for v in q) for q in path)
    length = float(np.linalg.norm(np.diff(np.array(points), axis=0), axis=1).sum())
    profile = tuple(
        ProfilePoint(float(s), 3.0 + float(np.sin(s / 6)), "medial") for s in np.arange(0, length, 1.0)
    )
    clear = Clearances(3.0, 3.2, 4.0, 2.5, 3.0, 11.0, 8.9, 12.0, 6.0)
    return Trajectory(
        "left",
        "transpedicular",
        "curved-8g",
        p,
        None,
        points[0],
        points[-1],
        points,
        (4.2,) * len(points),
        Lesion(points[-1], tuple(float(v) for v in end), (5.0, 5.0, 7.0), 0.9),
        clear,
        profile,
        points[30],
        "A",
        0.02,
        (
            Finding(
                "caution",
                "lesion_to_canal",
                "Lesion edge is 8.9 mm from the canal. Caution below 10 mm.",
                8.9,
                10,
                "mm",
            ),
        ),
        (("ap", 180.0, 0.0), ("lateral", 90.0, 0.0), ("oblique", 160.0, 0.0), ("en_face", 165.0, -5.0)),
    )


def made_plan() -> Plan:
    """L4 left planned, L4 right refused, level count open."""
    target = Target((0.0, 2.0, 0.0), 0.4, 0.5, 0.0, 5.0, "made up")
    refusal = Refusal("right", "pedicle_narrow", "L4 right is not planned: the pedicle is 4.1 mm wide.")
    level = LevelPlan(23, 0.8, target, (made_trajectory(),), (refusal,))
    doubt = Finding("stop", "level_count_unconfirmed", "The sacrum is not in the image.")
    return Plan(Source("1", "2", "3", "CT", "0" * 64), (level,), (doubt,))


@dataclass(frozen=True, eq=False)
class FakeSeries:
    """What the browser reads of a series."""

    title: str = "Lumbar bone"
    verdict: str = "best"
    reasons: tuple[Finding, ...] = ()
    patient_name: str = "SPECIMEN^Anna"
    patient_id: str = "TEST-0042"
    patient_birth_date: str = "19720312"
    patient_sex: str = "F"
    study_date: str = "20261118"
    modality: str = "CT"
    slices: int = 180
    spacing_mm: float = 1.0
    pixel_mm: tuple[float, float] = (1.0, 1.0)
    orientation: str = "axial"
    extent_lps_mm: tuple[float, float, float] = (110.0, 110.0, 50.0)
    score: float = 1.0
    plannable: bool = True
    fillable: bool = False


@dataclass(frozen=True, eq=False)
class FakeScan:
    """What a folder holds."""

    series: tuple[FakeSeries, ...]
    skipped: tuple[object, ...] = ()
    other_files: int = 0


def _take(seconds, words, progress):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        progress.step(0.5, words)
        time.sleep(0.02)


class FakeServices:
    """Answers at once from the made-up vertebra; ``slow_s`` makes the segmentation take its time.

    ``planning_s`` does the same for planning what was found.
    """

    def __init__(self) -> None:
        self.volume, self.found = made_volume()
        self.slow_s = 0.0
        self.planning_s = 0.0
        self.saved: list[Path] = []
        self.segmenting = False

    def scan(self, folder, progress, seen=None):
        if not folder.exists():
            raise PlannerError("folder_missing", f"There is no folder {folder}.")
        if not any(folder.iterdir()):
            raise PlannerError("folder_empty", f"{folder.name} is empty. Choose a folder with DICOM images.")
        bad = Finding("stop", "gap", "12 of 180 slices are missing between 41 and 54 mm.")
        return FakeScan((FakeSeries(), FakeSeries("Damaged", "unusable", (bad,), score=0.0, plannable=False)))

    def sample_folder(self, progress):
        raise PlannerError("output_not_writable", "The sample cannot be written here.")

    def open_series(self, series, progress, fill_missing=False):
        return object()

    def preview(self, series, progress):
        return self.volume

    def volume_of(self, case):
        return self.volume

    def patient_of(self, case):
        return PatientWords("SPECIMEN, Anna", "TEST-0042", "F, 54 y", "Study 18 Nov 2026", "CT 1.0 mm")

    def segment(self, case, progress):
        self.segmenting = True
        _take(self.slow_s, "Finding the canal", progress)
        return self.found

    def get_ready(self):
        pass

    def load_ahead(self, progress):
        pass

    def close(self):
        pass

    def find(self, case, progress):
        return self.segment(case, progress)

    def plan_found(self, case, segmentation, progress):
        _take(self.planning_s, "Planning L4", progress)
        return self.propose(case, segmentation, progress)

    def propose(self, case, segmentation, progress):
        return made_plan()

    def moved(self, case, segmentation, plan, verse, side, handle, point, quick=False):
        t = plan.level(verse).trajectory(side)
        changed = made_trajectory(aimed(t.parameters, t.tip_lps_mm, handle, point))
        return plan.with_trajectory(verse, replace(changed, state="draft"))

    def devices(self, plan):
        return [("curved-8g", "Curved 8G, J-stylet"), ("bipedicular-10g", "Bipedicular pair 10G")]

    def plan_again(self, case, segmentation, plan, verse, side, device_id, access, choice, progress):
        progress.step(0.5, "Searching")
        t = plan.level(verse).trajectory(side)
        return plan.with_trajectory(verse, replace(t, device=device_id, access=access))

    def target_moved(self, case, segmentation, plan, verse, point, quick):
        level = plan.level(verse)
        return plan.with_level(replace(level, target=replace(level.target, centre_lps_mm=point)))

    def target_changed(self, case, segmentation, plan, verse, target):
        return plan.with_level(replace(plan.level(verse), target=target))

    def heat(self, case, segmentation, plan, verse, side, progress):
        t = plan.level(verse).trajectory(side)
        return plan.with_trajectory(verse, replace(t, heat=HeatResult(15, 85, 10.7, 15.9, 0.97, 41.2, None)))

    def entry_map(self, case, segmentation, plan, verse, side):
        margin = np.linspace(-2, 4, 49)[None] * np.ones((49, 1))
        return EntryMap(margin, np.zeros(3), np.array([-1.0, 0, 0]), np.array([0, 0, -1.0]), 0.5)

    def reach(self, case, segmentation, plan, verse, side):
        corners = np.array([[0.0, 0, 0], [10, 0, 0], [0, 10, 0]])
        return ReachSurface(corners, np.array([[0, 1, 2]]), 2.0)

    def xray(self, case, segmentation, plan, verse, side, view, size_px, progress):
        angles = plan.level(verse).trajectory(side).view_angles(view)
        projection = Projection.of(CArm().resized(size_px), CArmPose(*angles, np.zeros(3)))
        pixels = np.full((size_px, size_px, 3), 150, np.uint8)
        return XrayPicture(pixels, projection, "AP" if view == "ap" else "left lateral")

    def save(self, path, case, segmentation, plan):
        path.write_text("saved")
        self.saved.append(path)

    def load(self, path, progress, images=None, plan=None):
        raise PlannerError("bad_case_file", f"{path} is damaged or not a case file.")

    def export(self, folder, case, segmentation, plan, progress):
        return f"Exported to {folder}"
