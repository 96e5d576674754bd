"""Saving, opening saved cases, and exporting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import (
    QFileDialog,
)

CASE_FILTER = "Case (*.bvncase)"


class Saving:
    """Mixed into the window."""

    def save(self) -> None:
        """Save to the case's file; asks for one the first time."""
        if self.session.plan is None:
            self._tell("Save waits for a plan.")
        elif self.case_file is None:
            self.save_as()
        else:
            self._save_to(self.case_file)

    def save_as(self) -> None:
        """Ask for a file and save."""
        if self.session.plan is None:
            return
        name, _ = QFileDialog.getSaveFileName(
            self, "Save the case", str(Path.home() / "case.bvncase"), CASE_FILTER
        )
        if name:
            self._save_to(Path(name) if Path(name).suffix else Path(name).with_suffix(".bvncase"))

    def _save_to(self, path: Path) -> None:
        plan, segmentation, case = self.session.plan, self.session.segmentation, self.session.case
        if plan is None or segmentation is None:
            return

        def done(_result: Any) -> None:
            self.case_file = path
            if self.session.plan is plan:
                self.session.mark_saved()
            self._tell(f"Saved as {path.name}")
            self._show_state()

        def failed(error: Exception, details: str) -> None:
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
        self.stack.setCurrentWidget(self.browser)
        self.browser.busy.begin(f"Opening {path.name}")

        def done(result: Any) -> None:
            self.browser.busy.hide()
            case, segmentation, plan = result
            self._show_case(case)
            self.case_file = path
            self.show_plan(segmentation, plan, saved=True)

        def failed(error: Exception, details: str) -> None:
            self.browser.busy.hide()
            self._fail("The case could not be opened", error, details)

        self.tasks.start(
            "open",
            lambda progress: self.services.load(path, progress),
            done,
            failed,
            self.browser.busy.report,
            self.browser.busy.hide,
        )
        self._show_state()

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
