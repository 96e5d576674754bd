"""Seconds to a saved case's first X-rays, nothing compiled and again: `python -m benchmarks.first_picture`.

Plans L4 of the sample and saves it, then twice starts the app apart as a user's would be, opens that case and
enters the X-ray screen as soon as the plan is shown: once with nothing compiled, once again. Counted is from
the case shown to both X-rays there; said too is how long it took to come so far.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "xcb" if "DISPLAY" in os.environ else "offscreen")


def window_in(scratch: Path) -> Any:
    """The app's window, its settings and recovery below ``scratch``."""
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    app = QApplication(sys.argv[:1])
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(scratch))
    app.setOrganizationName("bvn-planner")
    app.setApplicationName("bvn-planner")
    from ui.main_window import MainWindow
    from ui.presenters.planner_services import PlannerServices
    from ui.settings.preferences import preference
    from ui.theme import apply_theme

    apply_theme(app, "dark")
    preference("plan/levels").set("L4")
    window = MainWindow(PlannerServices(), scratch / "recovery")
    window.resize(1920, 1080)
    window.show()
    window.kept_alive = app
    return window


def save_a_case(scratch: Path) -> Path:
    """Plan L4 of the sample in the window and save it."""
    from benchmarks.hand import wait
    from sample_dicom.study import write_sample

    write_sample(scratch / "sample")
    window = window_in(scratch)
    window.open_folder(scratch / "sample")
    wait(lambda: window.browser.plan_button.isEnabled())
    window.browser.plan_button.click()
    wait(lambda: window.session is not None and window.session.plan is not None)
    path = scratch / "a.bvncase"
    window._save_to(path, quiet=True)
    wait(path.is_file)
    window._leaving = True
    window.close()
    return path


def open_it(scratch: Path, case: Path) -> None:
    """Start, open, and print the seconds."""
    begun = time.perf_counter()
    from benchmarks.hand import wait
    from imaging.fluoro import compiled

    loading = threading.Thread(target=compiled.load)
    loading.start()
    window = window_in(scratch)
    window.open_case_file(case)
    wait(lambda: window.session is not None and window.session.plan is not None)
    shown = time.perf_counter()
    window.go("xray")
    screen = window.host.widget("xray")
    wait(lambda: len(screen.presenter.pictures) >= 1)
    first = time.perf_counter()
    wait(lambda: len(screen.presenter.pictures) == 2)
    print(
        f"first X-ray {first - shown:.2f} s, both {time.perf_counter() - shown:.2f} s after the case was"
        f" shown, {shown - begun:.2f} s after the app began",
        flush=True,
    )
    window._leaving = True
    window.close()
    loading.join()  # or the next start would find half of it compiled


def main() -> None:
    """Print both."""
    scratch = Path(tempfile.mkdtemp())
    case = save_a_case(scratch)
    with tempfile.TemporaryDirectory() as cache:
        for name in ("nothing compiled", "compiled"):
            print(f"{name}: ", end="", flush=True)
            command = [sys.executable, "-m", "benchmarks.first_picture", str(scratch), str(case)]
            subprocess.run(command, env={**os.environ, "NUMBA_CACHE_DIR": cache}, check=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        open_it(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        main()
