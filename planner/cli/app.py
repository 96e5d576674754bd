"""``bvn-planner`` without a verb: open the app, or plan the sample where there is no display."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Container
from pathlib import Path

from planner.cli.console import ConsoleProgress, say


def wants_app(arguments: list[str], verbs: Container[str]) -> bool:
    """Whether these arguments ask for the app: none, ``--sample``, or one path, no verb and no flag."""
    if arguments in ([], ["--sample"]):
        return True
    return len(arguments) == 1 and arguments[0] not in verbs and not arguments[0].startswith("-")


def has_display() -> bool:
    """Whether a window could be shown."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def run(arguments: list[str]) -> int:
    """Open the app; without a display, plan the folder named (or the sample) into a new folder."""
    if arguments == ["--sample"] and has_display():
        arguments = [str(_sample_folder())]
    folder = Path(arguments[0]) if arguments and arguments != ["--sample"] else None
    if folder is not None and not folder.exists():
        from imaging.errors import PlannerError

        raise PlannerError("missing_folder", f"There is no folder {folder}. See 'bvn-planner --help'.")
    if has_display():
        # By name: this layer knows nothing of the user interface until somebody asks for it.
        return int(importlib.import_module("ui.app").run(folder))
    return _without_display(folder)


def _sample_folder() -> Path:
    from sample_dicom.study import default_sample_dir

    progress = ConsoleProgress()
    try:
        return default_sample_dir(progress=progress)
    finally:
        progress.close()


def _without_display(folder: Path | None) -> int:
    from planner.cli.plan import plan_folder

    say("There is no display to open the app on, so the plan is made without it.")
    out = Path(tempfile.mkdtemp(prefix="bvn-planner-"))
    if folder is None:
        from sample_dicom.study import write_sample

        folder = out / "sample"
        progress = ConsoleProgress()
        try:
            write_sample(folder, progress)
        finally:
            progress.close()
    status = plan_folder(folder, out / "plan")
    say(f"Pictures: {out / 'plan' / 'fluoro'}\nReport:   {out / 'plan' / 'report.pdf'}")
    return status
