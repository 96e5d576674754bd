"""Practice in figures: scripted learners, noise, and how fast the pedal answers.

    python -m benchmarks.practice scores     every bundled scenario at 1.5 mm: exact, noisy, and to fail
    python -m benchmarks.practice noise      200 runs at L4 left: does the score fall as the noise grows
    python -m benchmarks.practice pedal      pedal to picture at 512 px, and 15 pulses a second for a minute

Scores need no pictures. ``pedal`` uses the full-size ordinary spine in the room's own driver.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from planner.practice.phantoms import COARSE, build, phantom_spec, phantom_specs
from planner.practice.robot import Robot, noisy, through_the_canal, wrong_level


def scores(cache: Path) -> None:
    """Exact hands on every scenario, seven noisy runs each, and the runs that must fail."""
    exact, medians = [], []
    for spec in phantom_specs(**COARSE):
        scenario = build(spec, cache=cache)
        robot = Robot(scenario)
        result = robot.perform()
        runs = [noisy(scenario, seed, 3.0, 3.0).total for seed in range(7)]
        canal = through_the_canal(scenario)
        exact.append(result.total)
        medians.append(float(np.median(runs)))
        failed = ", ".join(g.key for g in canal.gates if not g.passed)
        print(
            f"{spec.title:24} {spec.task:9} {scenario.device.id:14} exact {result.total:5.1f} "
            f"rules {len(result.breaks)} shots {robot.state.exposure.presses:2d} noisy {medians[-1]:5.1f} "
            f"through the canal {canal.total:.0f} ({failed})",
            flush=True,
        )
    print(f"{len(exact)} scenarios: least exact {min(exact)}, median of noisy medians {np.median(medians)}")
    asked, shown = (build(phantom_spec("plain", v, "left", **COARSE), cache=cache) for v in (23, 24))
    result = wrong_level(asked, shown)
    print(f"wrong level: total {result.total:.0f}, gate says {result.gates[0].value}")


def noise(cache: Path) -> None:
    """Spearman over 200 runs with noise from 0 to 3 mm and 3 degrees."""
    scenario = build(phantom_spec("plain", 23, "left", **COARSE), cache=cache)
    sd = np.repeat(np.linspace(0.0, 3.0, 10), 20)
    results = [noisy(scenario, n, s, s) for n, s in enumerate(sd)]
    totals = np.array([r.total for r in results])
    sums = np.array([r.sum for r in results])
    for level in np.unique(sd):
        here = totals[sd == level]
        words = (
            f"median {np.median(here):5.1f}, mean {here.mean():5.1f}, failed a gate {np.mean(here == 0):4.0%}"
        )
        print(f"noise {level:.2f} mm and deg: {words}")
    by_level = [totals[sd == level].mean() for level in np.unique(sd)]
    print(
        f"Spearman, 200 runs: total {spearmanr(sd, totals)[0]:.3f}, parts alone {spearmanr(sd, sums)[0]:.3f}"
    )
    print(f"Spearman, mean of each of 10 noise levels: {spearmanr(np.unique(sd), by_level)[0]:.3f}")


def pedal(cache: Path) -> None:
    """From the pedal's press to the picture on the monitor, and a minute at 15 pulses a second."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from planner.practice.live import LiveSession
    from planner.practice.pictures import PictureMaker
    from ui.practice.driver import RoomDriver

    application = QApplication([])
    scenario = build(phantom_spec("plain", 23, "left"), cache=cache)
    maker = PictureMaker(scenario, 512)
    driver = RoomDriver(LiveSession(scenario, "free"), maker)
    shown: list[tuple[int, float]] = []
    driver.picture.connect(lambda s: shown.append((s.pulse, time.perf_counter())))

    def wait(until: float) -> None:
        while time.perf_counter() < until:
            application.processEvents()
            time.sleep(0.0005)

    driver.act("skin", point_lps_mm=list(scenario.plan.skin_entry_lps_mm), direction_lps=[0.0, -1.0, 0.0])
    for held in (True, False):
        delays = []
        for n in range(30):
            # Held: the C-arm stands where a picture was taken; moved: the body must be projected anew.
            driver.act("carm", orbit_deg=0.0 if held else round(0.5 + 0.7 * n, 1))
            shown.clear()
            start = time.perf_counter()
            driver.pedal(True)
            while not shown:
                application.processEvents()
            delays.append(1000 * (shown[0][1] - start))
            driver.pedal(False)
            wait(time.perf_counter() + 0.15)
        words = "C-arm as before" if held else "C-arm just moved"
        print(f"pedal, {words}: median {np.median(delays):.1f}, 95 % {np.percentile(delays, 95):.1f} ms")
    driver.act("carm", pulses_per_s=15, orbit_deg=0.0)
    shown.clear()
    start = time.perf_counter()
    driver.pedal(True)
    wait(start + 60.0)
    driver.pedal(False)
    pulses = driver.state.exposure.on_pulses or driver.state.exposure.pulses
    seen = len({n for n, when in shown if when <= start + 60.1})
    gaps = np.diff([when for _, when in shown]) * 1000
    print(f"15 a second for 60 s: {seen} pictures of 900, longest gap {gaps.max():.0f} ms ({pulses} pulses)")
    driver.close()


def main() -> None:
    """Run what is asked."""
    cache = Path(sys.argv[2]) if len(sys.argv) > 2 else Path.home() / ".cache" / "bvn-planner"
    {"scores": scores, "noise": noise, "pedal": pedal}[sys.argv[1]](cache)


if __name__ == "__main__":
    main()
