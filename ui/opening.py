"""Opening folders, the sample and series; segmenting and planning what was opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import (
    QFileDialog,
)

from imaging.errors import PlannerError
from imaging.progress import Progress, SubProgress
from planner.storage.lock import WriteLock
from ui.error_dialog import sentence_of
from ui.presenters.case_presenter import CasePresenter
from ui.presenters.recent_cases import recent_cases, remember_case
from ui.presenters.thumbnails import glance, thumbnails
from ui.views.dialogs import ask_to_fill

# Of the time for six to ten trajectories on two cores.
_FOUND_AT = 0.65


class Opening:
    """Mixed into the window."""

    def _recent(self) -> list[Path]:
        stored = QSettings().value("folders/recent", [])
        names = [stored] if isinstance(stored, str) else list(stored or [])
        return [Path(n) for n in names if n]

    def _remember(self, folder: Path) -> None:
        names = [str(folder), *(str(f) for f in self._recent() if f != folder)][:8]
        QSettings().setValue("folders/recent", names)
        self.browser.show_recent([Path(n) for n in names])

    def _remember_case(self, path: Path) -> None:
        if self.presenter is not None and self.session.plan is not None:
            remember_case(path, self.presenter.patient.name, self.session.plan)
            self.browser.show_cases(recent_cases())

    def _ask_thumbnails(self) -> None:
        """Draw the thumbnails of the listed series, off the window's thread."""
        lines = list(self.browser.lines)

        def done(pictures: Any) -> None:
            for line in lines:
                grey = pictures.get(getattr(line.row.series, "key", ""))
                if grey is not None and line in self.browser.lines:
                    line.set_thumbnail(grey)

        wanted = [line.row.series for line in lines if getattr(line.row.series, "headers", ())]
        if wanted:
            self.tasks.start("thumbnails", lambda progress: thumbnails(wanted, progress), done)

    def choose_folder(self) -> None:
        """Ask for a folder of images."""
        start = str(self._recent()[0]) if self._recent() else str(Path.home())
        folder = QFileDialog.getExistingDirectory(self, "Open a folder of DICOM images", start)
        if folder:
            self.open_folder(Path(folder))

    def choose_image_file(self) -> None:
        """Ask for a zip archive or a DICOMDIR."""
        start = str(self._recent()[0].parent) if self._recent() else str(Path.home())
        kinds = "Images (*.zip *.ZIP DICOMDIR dicomdir)"
        name, _ = QFileDialog.getOpenFileName(self, "Open a zip archive or a DICOMDIR", start, kinds)
        if name:
            self.open_folder(Path(name))

    def open_folder(self, folder: Path) -> None:
        """List what a folder holds; an open case stays open until another series is planned."""
        self.stack.setCurrentWidget(self.browser)
        self.browser.busy.begin(f"Reading “{folder.name or folder}”")

        def done(found: Any) -> None:
            self.browser.busy.hide()
            self._remember(folder)
            self.browser.show_series(folder, found)
            self._ask_thumbnails()
            if any(line.row.plannable or line.row.fillable for line in self.browser.lines):
                self.tasks.start("ready", lambda _progress: self.services.get_ready(), lambda _done: None)
            self._folder = folder

        def failed(error: Exception, details: str) -> None:
            self.browser.busy.hide()
            self.browser.show_empty(folder.name or str(folder), sentence_of(error), "stop")
            if not isinstance(error, (PlannerError, OSError)):
                self._fail("The folder could not be read", error, details)

        def cancelled() -> None:
            self.browser.busy.hide()
            if not self.browser.lines:
                self.browser.show_empty()

        self.tasks.start(
            "scan",
            lambda progress: self.services.scan(folder, progress, self.series_seen.emit),
            done,
            failed,
            self.browser.busy.report,
            cancelled,
        )
        self._show_state()

    def _preview(self, series: Any) -> None:
        def done(volume: Any) -> None:
            if self.browser.chosen is not None and self.browser.chosen.series is series:
                self.browser.preview.show_volume(volume)

        def failed(error: Exception, _details: str) -> None:
            if self.browser.chosen is not None and self.browser.chosen.series is series:
                self.browser.preview.clear("These images cannot be shown")
                self._tell(sentence_of(error))

        def at_once(grey: Any) -> None:
            chosen = self.browser.chosen is not None and self.browser.chosen.series is series
            if chosen and grey is not None and self.browser.preview.is_empty:
                self.browser.preview.show_slice(grey, "Middle slice")

        if getattr(series, "headers", ()):
            self.tasks.start("glance", lambda _progress: glance(series), at_once)
        self.tasks.start("preview", lambda progress: self.services.preview(series, progress), done, failed)

    def open_sample(self) -> None:
        """Write the bundled sample where programs keep their data, and open it."""
        self.stack.setCurrentWidget(self.browser)
        self.browser.busy.begin("Making the sample")

        def failed(error: Exception, details: str) -> None:
            self.browser.busy.hide()
            self._fail("The sample could not be opened", error, details)

        self.tasks.start(
            "scan",
            self.services.sample_folder,
            self.open_folder,
            failed,
            self.browser.busy.report,
            self.browser.busy.hide,
        )

    def plan_series(self, series: Any) -> None:
        """Open a series, find its vertebrae and plan them; asks first where changes would be lost."""

        def go(fill_missing: bool) -> None:
            self._unless_unsaved(
                "Opening another series closes this plan.", lambda: self._plan_series(series, fill_missing)
            )

        if not series.fillable:
            go(False)
            return
        reason = next(r.text for r in series.reasons if r.code == "missing_slices")
        self.dialog = ask_to_fill(self, reason, lambda: go(True))

    def _plan_series(self, series: Any, fill_missing: bool) -> None:
        self.browser.busy.begin("Opening the series")

        def failed(error: Exception, details: str) -> None:
            self.browser.busy.hide()
            self._fail("The series could not be opened", error, details)

        def done(case: Any) -> None:
            self.browser.busy.hide()
            self._show_case(case)
            self._segment()

        def work(progress: Progress) -> Any:
            load_views()
            return self.services.open_series(series, progress, fill_missing)

        self.tasks.cancel("case")
        self.tasks.cancel("preview")
        self.tasks.start(
            "open",
            work,
            done,
            failed,
            self.browser.busy.report,
            self.browser.busy.hide,
        )

    def _show_case(
        self, case: Any, case_file: Path | None = None, lock: WriteLock | None = None, read_only: str = ""
    ) -> None:
        self._drop_case()
        self.session.open_case(case, read_only)
        self.presenter = CasePresenter(self.session, self.services, self.tasks, self)
        self.presenter.history_changed.connect(self._show_state)
        self.presenter.told.connect(self._tell)
        self.presenter.failed.connect(self._fail)
        self.presenter.pointer_told.connect(self.status.pointer.setText)
        self.banner.show_patient(self.presenter.patient, read_only)
        self._begin_case(case_file, lock)
        self.go("trajectories")

    def _drop_case(self) -> None:
        if self.tasks.is_busy("case"):
            self.tasks.cancel("case")
            self.busy.hide()
        self._end_case()
        self.status.finished.setText("")
        presenter, self.presenter = self.presenter, None
        self.host.drop_case()
        if presenter is not None:
            presenter.close()
            presenter.deleteLater()
        self.session.open_case(None)

    def _segment(self) -> None:
        """Find the vertebrae and show them, then plan them."""
        case = self.session.case
        begun = time.monotonic()
        self.busy.begin("Finding and planning the vertebrae")

        def still_open() -> bool:
            """Whether this case is shown; the bar of what is being done goes with it."""
            if self.session.case is not case:
                return False
            self.busy.hide()
            return True

        def failed(error: Exception, details: str) -> None:
            if still_open():
                self._fail("The case could not be planned", error, details)

        def find(progress: Progress) -> Any:
            return self.services.find(case, SubProgress(progress, 0.0, _FOUND_AT))

        def not_found() -> None:
            if still_open():
                self._tell(
                    "Segmentation cancelled. The images stay open; choose Plan this case to start again."
                )

        def found(segmentation: Any) -> None:
            if self.session.case is not case:
                return

            def plan(progress: Progress) -> Any:
                return self.services.plan_found(case, segmentation, SubProgress(progress, _FOUND_AT, 1.0))

            def planned(plan: Any) -> None:
                self._calm()
                if still_open():
                    words = f"Segmented and planned in {time.monotonic() - begun:.0f}\u202fs"
                    self.show_plan(segmentation, plan, then=lambda: self.status.finished.setText(words))

            def not_planned() -> None:
                if still_open():
                    self._tell(
                        "Planning cancelled. What was found stays on the images; "
                        "choose Plan this case to start again."
                    )

            self._calm()
            self.tasks.start("case", plan, planned, failed, self.busy.report, not_planned)
            self.session.set_segmentation(segmentation)

        self.tasks.start("case", find, found, failed, self.busy.report, not_found)
        self.tasks.start("ahead", self.services.load_ahead, lambda _done: None)

    def _calm(self) -> None:
        if self.presenter is not None:
            self.presenter.turns.keep_calm()

    def show_plan(
        self, segmentation: Any, plan: Any, saved: bool = False, then: Callable[[], None] = lambda: None
    ) -> None:
        """Show what was found and planned for the open case, and ``then`` do something.

        Much follows from each step of it: the window sees what the hand does in between.
        """
        case = self.session.case
        steps = [
            lambda: self.session.set_segmentation(segmentation),
            lambda: self.session.begin_plan(plan, saved),
            lambda: self.presenter.select_first() if self.presenter else None,
            self._show_state,
            then,
        ]

        def step() -> None:
            if steps and self.session.case is case:
                steps.pop(0)()
                QTimer.singleShot(0, self, step)

        step()

    def _cancel_work(self) -> None:
        for channel in ("scan", "open", "case", "export"):
            self.tasks.cancel(channel)
        self.browser.busy.hide()
        self.busy.hide()


def load_views() -> None:
    """Import the views of a case, on any thread: they bring the 3D library with them."""
    import ui.views.planning_screen  # noqa: F401
