"""Saves both monitors' pictures."""

from __future__ import annotations

from pathlib import Path

from imaging.errors import PlannerError
from planner.services.save_pictures import Kept, save_pictures
from ui.presenters.xray_presenter import MONITORS, XrayPresenter
from ui.screens.registry import WindowContext


def save_pair(context: WindowContext, presenter: XrayPresenter, folder: str) -> None:
    """Write PNG and DICOM of both pictures into ``folder`` on a worker thread."""
    level, side, case = presenter.case.level, presenter.case.side, context.session.case
    if level is None or case is None:
        return
    kept = [
        Kept(
            presenter.pictures[m],
            presenter.shown_view[m].replace("_", "-").replace(" ", "-"),
            level.name,
            side,
        )
        for m in MONITORS
        if m in presenter.pictures
    ]

    def done(written: list[Path]) -> None:
        context.tell(f"{len(written)} files saved in {folder}, marked SIMULATED")

    def failed(error: Exception, details: str) -> None:
        if isinstance(error, PlannerError):
            context.tell(error.text)
        else:
            context.fail("The pictures could not be saved", error, details)

    context.tasks.start("xray-save", lambda _p: save_pictures(Path(folder), case, kept), done, failed)
