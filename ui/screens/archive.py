"""Archive: look for studies in an archive, fetch them, send the plan back."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ui.screens.registry import Screen, WindowContext


def _make(context: WindowContext) -> QWidget:
    from ui.archive.page import ArchivePage

    return ArchivePage(context)


ARCHIVE = Screen("archive", "Archive", "nothing", _make)
