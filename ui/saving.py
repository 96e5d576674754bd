"""Saving, opening saved cases, and exporting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog

from imaging.errors import PlannerError
from imaging.progress import Progress
from planner.domain.plan import Plan
from planner.services.stored_case import StoredCase, lock_case
from planner.storage.recovery import Left
from ui.error_dialog import sentence_of
from ui.opening import load_views
from ui.views.dialogs import ask_where_images_are

CASE_FILTER = "Case (*.bvncase)"


class Saving:
    """Mixed into the window."""

    def save(self) -> None:
        """Save to the case's file; asks for one the first time."""
        if self.session.plan is None:
            self._tell("Save waits for a plan.")
        elif self.session.read_only:
            self._tell(self.session.read_only)
        elif self.case_file is None:
            self.save_as()
        else:
            self._save_to(self.case_file)

    def save_as(self) -> None:
        """Ask for a file and save."""
        if self.session.plan is None or self.session.read_only:
            return
        name, _ = QFileDialog.getSaveFileName(
            self, "Save the case", str(Path.home() / "case.bvncase"), CASE_FILTER
        )
        if name:
            self._save_to(Path(name) if Path(name).suffix else Path(name).with_suffix(".bvncase"))

    def _save_to(self, path: Path, quiet: bool = False) -> None:
        plan, segmentation, case = self.session.plan, self.session.segmentation, self.session.case
        if plan is None or segmentation is None:
            return
        reason = self._take_lock(path)
        if reason:
            self._fail("The case could not be saved", PlannerError("locked", reason), "")
            return
        self._saving = True
        self._show_saved()

        def done(_result: Any) -> None:
            self._saving = False
            if self.session.case is not case:
                return
            self.case_file = path
            if self.session.plan is plan:
                self.session.mark_saved()
            self._saved_now()
            self._remember_case(path)
            if not quiet:
                self._tell(f"Saved as {path.name}")
            self._show_state()

        def failed(error: Exception, details: str) -> None:
            self._saving = False
            self._keep_failure = sentence_of(error)
            self._show_saved()
            if not quiet:
                self._fail("The case could not be saved", error, details)

        self.tasks.latest(
            "save", lambda _progress: self.services.save(path, case, segmentation, plan), done, failed
        )

    def choose_case_file(self) -> None:
        """Ask for a saved case."""
        name, _ = QFileDialog.getOpenFileName(self, "Open a saved case", str(Path.home()), CASE_FILTER)
        if name:
            self.open_case_file(Path(name))

    def open_case_file(self, path: Path) -> None:
        """Open a saved case; asks first where changes would be lost."""
        self._unless_unsaved("Opening another case closes this plan.", lambda: self._open_case_file(path))

    def _open_case_file(self, path: Path) -> None:
        self._open_stored(path, path, None, None)

    def _open_stored(
        self,
        path: Path,
        case_file: Path | None,
        plan: Plan | None,
        left: Left | None,
        images: Path | None = None,
        told: str = "",
    ) -> None:
        """Open a case file; ``plan`` and ``left`` are of a session that was killed before it was saved.

        ``told`` is said once it is open.
        """
        self.stack.setCurrentWidget(self.browser)
        self.browser.busy.begin(f"Opening {path.name if left is None else left.patient}")

        def done(stored: StoredCase) -> None:
            self.browser.busy.hide()
            lock, read_only = stored.lock, stored.read_only
            if left is not None:
                if lock is not None:
                    lock.release()
                lock, held = lock_case(case_file) if case_file is not None else (None, "")
                read_only = read_only or held
            self._show_case(stored.case, case_file, lock, read_only)

            def shown() -> None:
                if left is not None and (read_only or told):
                    self._tell(read_only or told)
                elif case_file is not None and left is None:
                    self._saved_now()
                    self._remember_case(case_file)

            if left is not None and not read_only:
                self._forget_then = left
                self._is_recovered = True
            self.show_plan(stored.segmentation, stored.plan, left is None, shown)

        def failed(error: Exception, details: str) -> None:
            self.browser.busy.hide()
            if isinstance(error, PlannerError) and error.code == "source_missing":
                self.question = ask_where_images_are(
                    self, error.text, lambda: self._find_images(path, case_file, plan, left)
                )
            else:
                self._fail("The case could not be opened", error, details)

        def work(progress: Progress) -> StoredCase:
            load_views()
            return self.services.load(path, progress, images, plan)

        self.tasks.start(
            "open",
            work,
            done,
            failed,
            self.browser.busy.report,
            self.browser.busy.hide,
        )
        self._show_state()

    def _find_images(self, path: Path, case_file: Path | None, plan: Plan | None, left: Left | None) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, "Where are the images of this case?", str(Path.home())
        )
        if folder:
            self._open_stored(path, case_file, plan, left, Path(folder))

    def export(self) -> None:
        """Ask for a folder and write report, plan and images into it."""
        if self.session.plan is None:
            return
        name = QFileDialog.getExistingDirectory(self, "Export into an empty folder", str(Path.home()))
        if name:
            self.export_to(Path(name))
        self._show_state()

    def export_to(self, folder: Path) -> None:
        """Write report, plan file, label maps, X-rays and DICOM objects into a folder."""
        plan, segmentation, case = self.session.plan, self.session.segmentation, self.session.case
        if plan is None or segmentation is None:
            return
        self.busy.begin("Exporting")

        def done(sentence: str) -> None:
            self.busy.hide()
            self._tell(sentence)

        def failed(error: Exception, details: str) -> None:
            self.busy.hide()
            self._fail("The export failed", error, details)

        def cancelled() -> None:
            self.busy.hide()
            self._tell("Export cancelled. Nothing was left half written.")

        self.tasks.start(
            "export",
            lambda progress: self.services.export(folder, case, segmentation, plan, progress),
            done,
            failed,
            self.busy.report,
            cancelled,
        )
