"""Simulated X-rays of the selected tool, taken off the window's thread."""

from __future__ import annotations

import time

from imaging.errors import PlannerError
from imaging.progress import Progress
from ui.presenters.services import XrayPicture, XrayView


class Picturing:
    """Mixed into the presenter of a case."""

    def request_xrays(self) -> None:
        """Ask for the X-rays of the selected tool; coarse while something is dragged."""
        plan, level, trajectory, case = self.plan, self.level, self.trajectory, self.session.case
        found = self.segmentation
        if plan is None or level is None or trajectory is None or found is None:
            return
        size = 256 if self.dragging else 640
        verse, side = level.verse, trajectory.side
        views: tuple[XrayView, ...] = ("ap", "lateral")
        self._xray_at = time.monotonic()

        def work(progress: Progress) -> dict[str, XrayPicture]:
            return {
                view: self.services.xray(case, found, plan, verse, side, view, size, progress)
                for view in views
            }

        def done(pictures: dict[str, XrayPicture]) -> None:
            if self.level is None or (self.level.verse, self.side) != (verse, side):
                return
            self.xrays, self.xray_failure = pictures, ""
            for view in pictures:
                self.xray_changed.emit(view)

        def failed(error: Exception, _details: str) -> None:
            self.xray_failure = (
                error.text if isinstance(error, PlannerError) else "The X-ray cannot be shown."
            )
            self.xray_changed.emit("ap")
            self.xray_changed.emit("lateral")
            if not isinstance(error, PlannerError):
                self.told.emit(f"{self.xray_failure} {type(error).__name__}: {error}")

        self.tasks.calm("xray", work, done, failed)
