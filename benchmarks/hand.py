"""Speed of the hand: `python benchmarks/hand.py DICOM_FOLDER`.

Opens the real window (offscreen where there is no display). Prints the time from choosing a series of 300
slices of 512 x 512 (made here of noise) to its first slice and to all of it; plans L4 and L5 of DICOM_FOLDER
and prints, with median and 95th percentile: scrolling a slice, dragging the tip (numbers and overlays),
turning 3D; and the stalls of the window over 100 ms while it segments and shows the plan, with where it was.
Software OpenGL on the CPU unless the machine has a graphics card.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QObject, QSettings, QTimer
from PySide6.QtWidgets import QApplication


def wait(until: Callable[[], object], seconds: float = 900.0) -> None:
    """Run the event loop until something is so."""
    loop, start = QEventLoop(), time.perf_counter()
    beat = QTimer()
    beat.timeout.connect(lambda: loop.quit() if until() or time.perf_counter() - start > seconds else None)
    beat.start(5)
    loop.exec()


class Watchdog:
    """Notes every gap of more than 100 ms between beats of the window's thread, and where it was."""

    def __init__(self) -> None:
        self.stalls: list[tuple[float, str]] = []
        self._beat, self._stop = time.perf_counter(), False
        self._timer = QTimer()
        self._timer.timeout.connect(self._on_beat)
        self._timer.start(5)
        self._where = ""
        threading.Thread(target=self._watch, args=(threading.get_ident(),), daemon=True).start()

    def _on_beat(self) -> None:
        now = time.perf_counter()
        if now - self._beat > 0.1:
            self.stalls.append((now - self._beat, self._where))
        self._beat, self._where = now, ""

    def _watch(self, main: int) -> None:
        while not self._stop:
            time.sleep(0.02)
            if time.perf_counter() - self._beat > 0.08 and not self._where:
                lines = traceback.format_stack(sys._current_frames()[main])
                self._where = " < ".join(
                    line.strip().split("\n")[0].replace('File "', "").split("/", 3)[-1]
                    for line in lines[:-5:-1]
                )

    def end(self) -> None:
        """Stop and print."""
        self._stop = True
        self._timer.stop()
        longest = max((s for s, _ in self.stalls), default=0.0)
        print(f"stalls of the window over 100 ms: {len(self.stalls)}, longest {1000 * longest:.0f} ms")
        for seconds, where in sorted(self.stalls, reverse=True)[:6]:
            print(f"    {1000 * seconds:5.0f} ms  {where or 'the processor was elsewhere'}")


def make_series_of_300(folder: Path) -> None:
    """A CT of 300 slices of 512 x 512, 1 mm apart."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    noise = np.random.default_rng(1)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    for n in range(300):
        d = Dataset()
        d.SOPClassUID, d.SOPInstanceUID = CTImageStorage, generate_uid()
        d.StudyInstanceUID, d.SeriesInstanceUID, d.FrameOfReferenceUID = study, series, frame
        d.PatientName, d.PatientID, d.Modality, d.SeriesDescription = (
            "NOISE^Three hundred",
            "N300",
            "CT",
            "Noise",
        )
        d.StudyDate, d.SeriesNumber, d.InstanceNumber = "20260101", 1, n + 1
        d.ImageOrientationPatient, d.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-128, -128, n]
        d.PixelSpacing, d.SliceThickness = [0.5, 0.5], 1
        d.Rows = d.Columns = 512
        d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation = 1, "MONOCHROME2", 1
        d.BitsAllocated, d.BitsStored, d.HighBit = 16, 16, 15
        d.RescaleSlope, d.RescaleIntercept, d.RescaleType = 1, 0, "HU"
        d.PixelData = noise.integers(-900, 900, (512, 512), np.int16).tobytes()
        d.file_meta = FileMetaDataset()
        d.file_meta.MediaStorageSOPClassUID, d.file_meta.MediaStorageSOPInstanceUID = (
            d.SOPClassUID,
            d.SOPInstanceUID,
        )
        d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        d.save_as(folder / f"{n:03}.dcm", enforce_file_format=True)


def show_loading(window: Any, folder: Path) -> None:
    """Times from choosing a series of 300 to its first slice and to all of it."""
    make_series_of_300(folder)
    start = time.perf_counter()
    window.open_folder(folder)
    wait(lambda: window.browser.chosen is not None and not window.browser.busy.isVisible())
    print(f"series of 300 listed after {time.perf_counter() - start:.2f} s")
    preview = window.browser.preview
    wait(lambda: len(preview._pictures) == 2, 60)
    first, all_read = [], []
    for _ in range(5):
        start = time.perf_counter()
        window.browser.choose(window.browser.chosen)
        wait(lambda: not preview.is_empty, 60)
        first.append(time.perf_counter() - start)
        wait(lambda: len(preview._pictures) == 2, 60)
        all_read.append(time.perf_counter() - start)
    show("series of 300: first slice after choosing", first)
    show("series of 300: all of it read and shown", all_read)


class Paints(QObject):
    """Notes when a view is painted."""

    def __init__(self, view: Any) -> None:
        super().__init__()
        self.at: list[float] = []
        view.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.at.append(time.perf_counter())
        return False


def show_live_drag(window: Any, seconds: float = 5.0) -> None:
    """Updates while the hand drags the tip at 100 points a second and the window does all it does then."""
    p, view = window.presenter, window.screen.axial
    tip, begun, numbers, paints = p.handle_point("target"), time.perf_counter(), [], Paints(view)

    def hand() -> None:
        way = 2 * np.sin(2 * (time.perf_counter() - begun))
        p.drag("target", tip + np.array([way, 0, 0]), final=False)

    def heard() -> None:
        numbers.append(time.perf_counter())

    p.plan_changed.connect(heard)
    view._grip = "target"
    beat = QTimer()
    beat.timeout.connect(hand)
    beat.start(10)
    wait(lambda: time.perf_counter() - begun > seconds)
    beat.stop()
    p.plan_changed.disconnect(heard)
    view._grip = None
    p.cancel_drag()
    for name, at in (("numbers", numbers), ("overlays in the view that is dragged in", paints.at)):
        gaps = np.diff(at)
        words = f"{len(at) / seconds:5.1f} a second   95 % of the gaps below"
        print(f"drag by the hand: {name:<42} {words} {1000 * np.percentile(gaps, 95):.0f} ms", flush=True)


def show(name: str, times_s: list[float], busy_s: Sequence[float] = ()) -> None:
    """One line of the table; ``busy_s`` is what the processor itself took, whatever else runs."""
    ms = 1000 * np.array(times_s)
    line = f"{name:<42} median {np.median(ms):7.1f} ms   95 % {np.percentile(ms, 95):7.1f} ms   n {len(ms)}"
    print(line + (f"   processor {1000 * np.median(busy_s):6.1f} ms" if len(busy_s) else ""), flush=True)


def timed(action: Callable[[int], None], count: int) -> tuple[list[float], list[float]]:
    """Seconds of each call by the clock, and of the window's thread on the processor."""
    times, busy = [], []
    for n in range(count):
        start, worked = time.perf_counter(), time.thread_time()
        action(n)
        times.append(time.perf_counter() - start)
        busy.append(time.thread_time() - worked)
    return times, busy


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
    (Path(scratch) / "300").mkdir()
    show_loading(window, Path(scratch) / "300")
    window.browser.show_empty()
    window.browser.plan_button.setEnabled(False)
    start = time.perf_counter()
    window.open_folder(folder)
    wait(lambda: window.browser.plan_button.isEnabled())
    print(f"folder listed after {time.perf_counter() - start:.2f} s")
    wait(lambda: not window.tasks.is_busy())
    start = time.perf_counter()
    window.browser.plan_button.click()
    wait(lambda: window.screen is not None)
    window.screen.axial.grab()
    print(f"first slice after {time.perf_counter() - start:.2f} s ({window.presenter.volume.grid.shape_kji})")
    watchdog = Watchdog()
    wait(lambda: window.session.plan is not None or window.dialog is not None)
    print(f"planned after {time.perf_counter() - start:.1f} s")
    if window.dialog is not None:
        sys.exit("The case could not be planned.")
    wait(lambda: window.screen.view3d.ready and len(window.presenter.xrays) == 2)
    wait(lambda: not window.tasks.is_busy(), 20)
    watchdog.end()
    p, screen = window.presenter, window.screen

    def scroll(n: int) -> None:
        p.set_cursor(p.cursor_lps_mm + np.array([0, 0, 1.0 if n % 40 < 20 else -1.0]))
        screen.axial.grab()

    show("scroll a slice, axial redrawn", *timed(scroll, 80))
    tip = p.handle_point("target")
    session, place = window.session, p.place
    case, found, plan = session.case, session.segmentation, session.plan

    p.dragging = "target"

    def move(n: int) -> None:
        point = tip + np.array([0.1 * (n % 20), 0, 0])
        moved = window.services.moved(case, found, plan, *place, "target", point, True)
        session.preview(moved)
        screen.axial.grab()

    show("drag the tip, numbers and axial redrawn", *timed(move, 60))
    p.dragging = None
    session.preview(None)
    show_live_drag(window)

    def turn(_n: int) -> None:
        camera = screen.view3d.renderer.GetActiveCamera()
        camera.Azimuth(3)
        screen.view3d._render()

    show("turn 3D, rendered and read back", *timed(turn, 60))
    window._leaving = True
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
