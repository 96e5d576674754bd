"""Speed of the hand: `python benchmarks/hand.py DICOM_FOLDER`.

Opens the real window (offscreen where there is no display), plans L4 and L5 and prints, with median and 95th
percentile: scrolling a slice, dragging the tip (numbers and overlays), turning 3D; and the longest stall of
the window while it segments. Software OpenGL on the CPU unless the machine has a graphics card.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication


def wait(until: Callable[[], object], seconds: float = 900.0) -> float:
    """Run the event loop until something is so; returns the longest gap between beats of a 5 ms timer."""
    loop, start = QEventLoop(), time.perf_counter()
    last, longest = start, 0.0
    beat = QTimer()

    def tick() -> None:
        nonlocal last, longest
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
        if until() or now - start > seconds:
            loop.quit()

    beat.timeout.connect(tick)
    beat.start(5)
    loop.exec()
    return longest


def show(name: str, times_s: list[float]) -> None:
    """One line of the table."""
    ms = 1000 * np.array(times_s)
    print(f"{name:<42} median {np.median(ms):7.1f} ms   95 % {np.percentile(ms, 95):7.1f} ms   n {len(ms)}")


def timed(action: Callable[[int], None], count: int) -> list[float]:
    """Seconds of each call."""
    result = []
    for n in range(count):
        start = time.perf_counter()
        action(n)
        result.append(time.perf_counter() - start)
    return result


def main(folder: Path) -> None:
    """Measure and print."""
    app = QApplication(sys.argv[:1])
    scratch = tempfile.mkdtemp()
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, scratch)
    app.setOrganizationName("bvn-planner")
    app.setApplicationName("bvn-planner")
    from ui.main_window import MainWindow
    from ui.presenters.planner_services import PlannerServices
    from ui.settings.preferences import preference
    from ui.theme import apply_theme

    apply_theme(app, "dark")
    preference("plan/levels").set("L4, L5")
    window = MainWindow(PlannerServices(), Path(scratch) / "recovery")
    window.resize(1920, 1080)
    window.show()
    start = time.perf_counter()
    window.open_folder(folder)
    wait(lambda: window.browser.plan_button.isEnabled())
    print(f"folder listed after {time.perf_counter() - start:.2f} s")
    start = time.perf_counter()
    window.browser.plan_button.click()
    wait(lambda: window.screen is not None)
    window.screen.axial.grab()
    print(f"first slice after {time.perf_counter() - start:.2f} s ({window.presenter.volume.grid.shape_kji})")
    stall = wait(lambda: window.session.plan is not None or window.dialog is not None)
    print(f"planned after {time.perf_counter() - start:.1f} s")
    print(f"longest stall of the window while segmenting and planning {1000 * stall:.0f} ms")
    wait(lambda: window.screen.view3d.ready and len(window.presenter.xrays) == 2)
    p, screen = window.presenter, window.screen

    def scroll(n: int) -> None:
        p.set_cursor(p.cursor_lps_mm + np.array([0, 0, 1.0 if n % 40 < 20 else -1.0]))
        screen.axial.grab()

    show("scroll a slice, axial redrawn", timed(scroll, 80))
    tip = p.handle_point("target")
    session, place = window.session, p.place
    case, found, plan = session.case, session.segmentation, session.plan

    def move(n: int) -> None:
        point = tip + np.array([0.1 * (n % 20), 0, 0])
        moved = window.services.moved(case, found, plan, *place, "target", point, True)
        session.preview(moved)
        screen.axial.grab()

    show("drag the tip, numbers and axial redrawn", timed(move, 60))
    session.preview(None)

    def turn(_n: int) -> None:
        camera = screen.view3d.renderer.GetActiveCamera()
        camera.Azimuth(3)
        screen.view3d._render()

    show("turn 3D, rendered and read back", timed(turn, 60))
    window._leaving = True
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
