"""2D/3D registration of one vertebra: errors, refusals, seconds.

    python -m benchmarks.registration phantom|DICOM_FOLDER [--levels L3,L4,L5] [--runs 20] [--truth FILE]
        [--kind near|far|neighbour|stranger] [--other phantom|DICOM_FOLDER] [--other-truth FILE] [--seed 0]

Pictures have a spectrum, dose, noise, distance and isocentre of their own. Kind near starts up to 10 mm and
10 degrees off. The others are meant to go wrong and to be refused: far starts 25..50 mm and 30..60 degrees
off, neighbour on the vertebra above or below, stranger in pictures of another patient.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from imaging.errors import PlannerError
from imaging.fluoro.engine import FluoroEngine
from imaging.fluoro.picture import PictureSettings
from imaging.fluoro.register import neighbours, register_vertebra
from imaging.fluoro.register_field import VertebraTemplate, XrayView
from imaging.fluoro.technique import Technique
from imaging.geometry.carm import CArm, CArmPose
from imaging.labels import NAME_FROM_VERSE
from imaging.volume import LabelVolume, Volume

PAIRS = (((180.0, 0.0), (90.0, 0.0)), ((180.0, 5.0), (120.0, 0.0)), ((150.0, 0.0), (85.0, 4.0)))
VERSE = {name: verse for verse, name in NAME_FROM_VERSE.items()}
RIGHT_MM = 2.0


@dataclass(frozen=True)
class Run:
    """One registration: error at the body's centre and whether it was believed."""

    error_mm: float
    accepted: bool
    seconds: float
    cpu_s: float


def load(source: str, truth: str | None) -> tuple[Volume, LabelVolume]:
    """The phantom with its truth, or a folder with labels from ``truth`` or our own segmentation."""
    if source == "phantom":
        from sample_dicom.phantom import build_phantom

        phantom = build_phantom()
        return phantom.volume, phantom.vertebrae
    from planner.services.import_segmentation import import_segmentation
    from planner.services.open_case import open_case
    from planner.services.segment_case import segment_case

    case = open_case(Path(source))
    found = import_segmentation(case, Path(truth)) if truth else segment_case(case)
    return case.volume, found.vertebrae


def middle_lps_mm(vertebrae: LabelVolume, verse: int) -> NDArray[np.float64]:
    """Centre of a label's voxels."""
    return vertebrae.grid.lps_from_indices(np.argwhere(vertebrae.labels == verse).mean(0)[::-1])


def offset(
    rng: np.random.Generator, mm: tuple[float, float], deg: tuple[float, float]
) -> NDArray[np.float64]:
    """(6,) rotation vector in degrees and shift in mm of random direction, lengths in these ranges."""
    turn, shift = rng.standard_normal((2, 3))
    turn *= rng.uniform(*deg) / np.linalg.norm(turn)
    shift *= rng.uniform(*mm) / np.linalg.norm(shift)
    return np.r_[turn, shift]


def main() -> None:
    """Print one line a run and the summary."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("--levels", default="L3,L4,L5")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--truth")
    parser.add_argument("--kind", choices=("near", "far", "neighbour", "stranger"), default="near")
    parser.add_argument("--other")
    parser.add_argument("--other-truth")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    volume, vertebrae = load(options.source, options.truth)
    shown, shown_labels = volume, vertebrae
    if options.kind == "stranger":
        shown, shown_labels = load(options.other or "phantom", options.other_truth)
    engine = FluoroEngine(shown)
    rng = np.random.default_rng(options.seed)
    levels = options.levels.split(",")
    rows = []
    for n in range(options.runs):
        level = levels[n % len(levels)]
        template = VertebraTemplate(volume, vertebrae, VERSE[level])
        centre = template.centre_lps_mm
        # Where the pictures are taken, and where the overlay is put in them.
        there = middle_lps_mm(shown_labels, VERSE[level]) if options.kind == "stranger" else centre
        views = []
        carm = CArm(sid_mm=1000.0 + 50 * rng.random()).resized(512)
        for k, angles in enumerate(PAIRS[n % len(PAIRS)]):
            pose = CArmPose(*angles, there + rng.uniform(-15, 15, 3))
            technique = Technique(kv=rng.uniform(70, 100), detector_ngy=rng.uniform(15, 60), beam="spectrum")
            shot = engine.take(pose, PictureSettings(technique=technique, seed=1000 + 2 * n + k), carm=carm)
            views.append(XrayView(shot.pixels, shot.projection))
        if options.kind == "far":
            start = offset(rng, (25, 50), (30, 60))
        else:
            start = offset(rng, (0, 10), (0, 10)) if options.kind == "near" else offset(rng, (0, 4), (0, 4))
            start[3:] += there - centre
        if options.kind == "neighbour":
            others = [v for v in (VERSE[level] - 1, VERSE[level] + 1) if (vertebrae.labels == v).any()]
            start[3:] += middle_lps_mm(vertebrae, others[n % len(others)]) - centre
        begin, used = time.perf_counter(), time.process_time()
        line = f"{level} off {np.linalg.norm(start[3:]):4.1f} mm {np.linalg.norm(start[:3]):4.1f}°"
        try:
            rivals = neighbours(volume, vertebrae, VERSE[level])
            found = register_vertebra(template, views, template.matrix(start), rivals=rivals)
        except PlannerError as error:
            rows.append(Run(np.inf, False, time.perf_counter() - begin, time.process_time() - used))
            print(f"{line}  refused: {error.text}", flush=True)
            continue
        seconds, cpu = time.perf_counter() - begin, time.process_time() - used
        # In another patient's pictures every place is wrong.
        stranger = options.kind == "stranger"
        error_mm = np.inf if stranger else float(np.linalg.norm(found.apply(centre) - centre))
        angle = float(np.rad2deg(Rotation.from_matrix(found.moved_from_ct[:3, :3]).magnitude()))
        rows.append(Run(error_mm, found.accepted, seconds, cpu))
        print(
            f"{line}  error {error_mm:5.2f} mm {angle:4.1f}°  score {found.score:.2f}"
            f" rival {found.rival_share:.2f} residual {found.residual_mm:.2f}"
            f" disagreement {found.disagreement_mm:.2f}"
            f"  {'accepted' if found.accepted else 'refused'}  {seconds:.1f} s wall {cpu:.1f} s cpu",
            flush=True,
        )
    summary(options.kind, rows)


def summary(kind: str, rows: list[Run]) -> None:
    """The figures of all runs on one line."""
    good = np.array([r.error_mm for r in rows if r.accepted and np.isfinite(r.error_mm)])
    wrong = [r for r in rows if r.error_mm > RIGHT_MM]
    believed = [r for r in rows if r.accepted]
    errors = f"{len(rows) - len(believed)} of {len(rows)} refused"
    if len(good):
        worst = f"95 % {np.percentile(good, 95):.2f} mm, worst {good.max():.2f} mm"
        errors += f"; accepted: median {np.median(good):.2f} mm, {worst}"
    shy = sum(not r.accepted for r in rows if r.error_mm <= RIGHT_MM)
    print(
        f"{kind}: {errors}; wrong by over {RIGHT_MM:.0f} mm {len(wrong)}, of them accepted"
        f" {sum(r.accepted for r in wrong)}; right but refused {shy}; median"
        f" {np.median([r.seconds for r in rows]):.1f} s, {np.median([r.cpu_s for r in rows]):.1f} s of CPU"
    )


if __name__ == "__main__":
    main()
