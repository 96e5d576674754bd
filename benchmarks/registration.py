"""2D/3D registration of one vertebra from starts up to 10 mm and 10 degrees off: errors, refusals, seconds.

Pictures are simulated with a spectrum, scatter and noise of their own. Run:
    python -m benchmarks.registration phantom|DICOM_FOLDER [--levels L3,L4,L5] [--runs 20] [--truth FILE]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from imaging.fluoro.engine import FluoroEngine
from imaging.fluoro.picture import PictureSettings
from imaging.fluoro.register import VertebraTemplate, XrayView, register_vertebra
from imaging.fluoro.technique import Technique
from imaging.geometry.carm import CArm, CArmPose
from imaging.labels import NAME_FROM_VERSE
from imaging.volume import LabelVolume, Volume

PAIRS = (((180.0, 0.0), (90.0, 0.0)), ((180.0, 5.0), (120.0, 0.0)), ((150.0, 0.0), (85.0, 4.0)))


def load(source: str, truth: str | None) -> tuple[Volume, LabelVolume]:
    """The phantom with its truth, or a folder with labels from ``truth`` or our own segmentation."""
    if source == "phantom":
        from sample_dicom.phantom import build_phantom

        phantom = build_phantom()
        return phantom.volume, phantom.vertebrae
    from planner.services.open_case import open_case
    from planner.services.segment_case import import_segmentation, segment_case

    case = open_case(Path(source))
    found = import_segmentation(case, Path(truth)) if truth else segment_case(case)
    return case.volume, found.vertebrae


def main() -> None:
    """Print one line a run and the summary."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("--levels", default="L3,L4,L5")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--truth")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=float, default=10.0, help="greatest offset in mm and degrees")
    options = parser.parse_args()
    volume, vertebrae = load(options.source, options.truth)
    engine = FluoroEngine(volume)
    verse_from_name = {name: verse for verse, name in NAME_FROM_VERSE.items()}
    rng = np.random.default_rng(options.seed)
    rows = []
    for n in range(options.runs):
        level = options.levels.split(",")[n % len(options.levels.split(","))]
        template = VertebraTemplate(volume, vertebrae, verse_from_name[level])
        centre = template.centre_lps_mm
        views = []
        carm = CArm(sid_mm=1000.0 + 50 * rng.random()).resized(512)
        for k, angles in enumerate(PAIRS[n % len(PAIRS)]):
            pose = CArmPose(*angles, centre + rng.uniform(-15, 15, 3))
            technique = Technique(kv=rng.uniform(70, 100), detector_ngy=rng.uniform(15, 60), beam="spectrum")
            shot = engine.take(pose, PictureSettings(technique=technique, seed=1000 + 2 * n + k), carm=carm)
            views.append(XrayView(shot.pixels, shot.projection))
        turn = rng.standard_normal(3)
        turn *= rng.uniform(0, options.most) / np.linalg.norm(turn)
        shift = rng.standard_normal(3)
        shift *= rng.uniform(0, options.most) / np.linalg.norm(shift)
        start = template.matrix(np.r_[turn, shift])
        begin = time.perf_counter()
        used = time.process_time()
        found = register_vertebra(template, views, start)
        seconds, cpu = time.perf_counter() - begin, time.process_time() - used
        error = float(np.linalg.norm(found.apply(centre) - centre))
        corners = float(
            np.linalg.norm(found.apply(template.corners_lps_mm) - template.corners_lps_mm, axis=1).max()
        )
        angle = float(np.rad2deg(Rotation.from_matrix(found.moved_from_ct[:3, :3]).magnitude()))
        rows.append((error, found.accepted, seconds, corners, cpu))
        print(
            f"{level} off {np.linalg.norm(shift):4.1f} mm {np.linalg.norm(turn):4.1f}°  error {error:5.2f} mm"
            f" {angle:4.1f}° corner {corners:4.1f}  score {found.score:.2f} residual {found.residual_mm:.2f}"
            f" disagreement {found.disagreement_mm:.2f}  {'accepted' if found.accepted else 'refused'}"
            f"  {seconds:.1f} s wall {cpu:.1f} s cpu", flush=True,
        )  # fmt: skip
    errors = np.array([r[0] for r in rows if r[1]])
    refused = sum(not r[1] for r in rows)
    print(
        f"{len(rows)} runs, {refused} refused; accepted: median {np.median(errors):.2f} mm, 95 %"
        f" {np.percentile(errors, 95):.2f} mm, worst {errors.max():.2f} mm; wrong (over 2 mm) accepted:"
        f" {int((errors > 2).sum())}, wrong refused: {sum(1 for r in rows if r[0] > 2 and not r[1])},"
        f" right refused: {sum(1 for r in rows if r[0] <= 2 and not r[1])};"
        f" {np.median([r[2] for r in rows]):.1f} s wall,"
        f" {np.median([r[4] for r in rows]):.1f} s of CPU a registration"
    )


if __name__ == "__main__":
    main()
