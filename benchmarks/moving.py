"""Pictures a second in the running app while the C-arm moves: `python -m benchmarks.moving [DICOM_FOLDER]`.

Opens the real window (on the display there is, else offscreen), plans L4, enters the X-ray screen and drags
the knob of its oblique slider by 22 pixels (20 degrees) to each side and back once a second, with about 120
mouse events a second: some 85 different angles a second. Counted is what reaches the
glass: pictures that the monitor paints, with clinical look, tool and outlines. First with the case's own CT
(the sample's without a folder), then with the 512x512x300 volume of `benchmarks.fluoro` in its place.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if "DISPLAY" in os.environ else "offscreen")

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QSlider, QStyle, QStyleOptionSlider

from benchmarks.fluoro import synthetic_volume
from benchmarks.hand import wait
from imaging.fluoro.engine import FluoroEngine
from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume

SECONDS = 8.0


class Glass(QObject):
    """Notes when a monitor paints a picture that it has not painted before."""

    def __init__(self, monitor, presenter) -> None:  # type: ignore[no-untyped-def]
        super().__init__()
        self.monitor, self.presenter = monitor, presenter
        self.last: object = None
        self.times: list[float] = []
        monitor.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        picture = self.presenter.pictures.get(self.monitor.name)
        if event.type() == QEvent.Type.Paint and picture is not self.last:
            self.last = picture
            self.times.append(time.perf_counter())
        return False


def knob(slider: QSlider) -> QPoint:
    """The middle of a slider's knob, in its pixels."""
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    style = slider.style()
    return style.subControlRect(
        QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, slider
    ).center()


def drag(screen, name: str) -> None:  # type: ignore[no-untyped-def]
    """Drag the oblique knob to and fro and print what was painted."""
    monitor = screen.monitors[0]
    screen.presenter.go_to(0)
    wait(lambda: not screen.presenter.tasks.is_busy(), 20)
    slider = screen.left.oblique.slider
    start = knob(slider)
    glass = Glass(monitor, screen.presenter)
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(slider, left, Qt.KeyboardModifier.NoModifier, start)
    begin, events = time.perf_counter(), 0
    cpu, own = time.process_time(), time.thread_time()
    while (now := time.perf_counter() - begin) < SECONDS:
        QTest.mouseMove(slider, start + QPoint(round(22 * np.sin(2 * np.pi * now)), 0))
        events += 1
        wait(lambda until=begin + events / 120: time.perf_counter() >= until, 1)
    QTest.mouseRelease(slider, left, Qt.KeyboardModifier.NoModifier, slider.rect().center())
    cpu, own = time.process_time() - cpu, time.thread_time() - own
    monitor.removeEventFilter(glass)
    gaps = 1000 * np.diff(glass.times)
    size = monitor.width(), monitor.height()
    print(
        f"{name}: {len(glass.times) / SECONDS:.1f} pictures a second on the glass ({size[0]}x{size[1]}),"
        f" gap median {np.median(gaps):.0f} ms, 95 % {np.percentile(gaps, 95):.0f} ms;"
        f" CPU {1000 * cpu / len(glass.times):.0f} ms a picture, of it the window's"
        f" {1000 * own / len(glass.times):.0f} ms; {cpu / SECONDS:.2f} processors busy,"
        f" {events / SECONDS:.0f} mouse moves a second",
        flush=True,
    )


def main(folder: Path | None) -> None:
    """Measure and print."""
    app = QApplication(sys.argv[:1])
    scratch = Path(tempfile.mkdtemp())
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(scratch))
    app.setOrganizationName("bvn-planner")
    app.setApplicationName("bvn-planner")
    from sample_dicom.study import write_sample
    from ui.main_window import MainWindow
    from ui.presenters.planner_services import PlannerServices
    from ui.settings.preferences import preference
    from ui.theme import apply_theme

    if folder is None:
        folder = scratch / "sample"
        write_sample(folder)
    apply_theme(app, "dark")
    preference("plan/levels").set("L4")
    window = MainWindow(PlannerServices(), scratch / "recovery")
    window.resize(1920, 1080)
    window.show()
    window.open_folder(folder)
    wait(lambda: window.browser.plan_button.isEnabled())
    window.browser.plan_button.click()
    wait(
        lambda: (window.session is not None and window.session.plan is not None) or window.dialog is not None
    )
    start = time.perf_counter()
    window.go("xray")
    screen = window.host.widget("xray")
    wait(lambda: len(screen.presenter.pictures) == 2)
    print(f"both X-rays {time.perf_counter() - start:.2f} s after the screen was entered")
    wait(lambda: bool(screen.presenter.strip))
    volume = window.session.case.volume
    shape = "x".join(str(n) for n in volume.grid.shape_kji[::-1])
    drag(screen, f"the case's CT, {shape}, patient only")
    made = synthetic_volume()
    middle = screen.presenter.poses["ap"].isocentre_lps_mm - made.grid.centre_lps_mm
    grid = VolumeGrid.from_parts(
        made.grid.shape_kji, made.grid.origin_lps_mm + middle, made.grid.spacing_ijk_mm
    )
    screen.presenter._engine = FluoroEngine(Volume(grid, made.values))
    drag(screen, "synthetic, 512x512x300, whole volume")
    window._leaving = True
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
