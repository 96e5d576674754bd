"""An installed TotalSegmentator with weights on this machine, if the user has one. Nothing is downloaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from imaging.errors import PlannerError
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.result import SpineSegmentation
from planner.services.import_segmentation import import_segmentation
from planner.services.open_case import Case
from planner.services.segment_case import Anchor

PROGRAM = "TotalSegmentator"
NUMBERING = "totalsegmentator2"


def weights_folder() -> Path:
    """Where TotalSegmentator keeps its weights."""
    named = os.environ.get("TOTALSEG_WEIGHTS_PATH")
    home = Path(os.environ.get("TOTALSEG_HOME_DIR", Path.home() / ".totalsegmentator"))
    return Path(named) if named else home / "nnunet" / "results"


def why_not() -> str:
    """Why it cannot run here; empty when it can."""
    if shutil.which(PROGRAM) is None:
        return "TotalSegmentator is not installed here. Install it beside the planner, or bring a label map."
    folder = weights_folder()
    if not folder.is_dir() or not any(folder.iterdir()):
        return f"TotalSegmentator has no weights in {folder}. The planner downloads nothing: put them there."
    return ""


def segment_with_totalsegmentator(
    case: Case, anchor: Anchor | None = None, progress: Progress = NULL_PROGRESS
) -> SpineSegmentation:
    """Label the case with TotalSegmentator (task total) and measure what it found.

    Raises:
        PlannerError: totalsegmentator_missing, totalsegmentator_failed, and what an import may raise.
    """
    from imaging.sitk_bridge import image_from_volume

    reason = why_not()
    if reason:
        raise PlannerError("totalsegmentator_missing", reason)
    with tempfile.TemporaryDirectory() as scratch:
        import SimpleITK as sitk

        image, out = Path(scratch) / "ct.nii.gz", Path(scratch) / "labels.nii.gz"
        progress.step(0.0, "Handing the images to TotalSegmentator")
        sitk.WriteImage(image_from_volume(case.volume), str(image), True)
        _run([PROGRAM, "-i", str(image), "-o", str(out), "--ml", "--task", "total"], progress)
        if not out.is_file():
            raise PlannerError("totalsegmentator_failed", "TotalSegmentator ended without a label map.")
        return import_segmentation(case, out, anchor, SubProgress(progress, 0.7, 1.0), NUMBERING)


def _run(command: list[str], progress: Progress) -> None:
    """Run to the end, or end it when asked to stop."""
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT) as process,
    ):
        try:
            begun = time.monotonic()
            while process.poll() is None:
                waited = time.monotonic() - begun
                progress.step(
                    min(0.69, 0.05 + 0.6 * waited / (waited + 120)),
                    f"TotalSegmentator at work, {waited:.0f} s",
                )
                time.sleep(0.2)
        except BaseException:
            process.kill()
            raise
        if process.returncode:
            said.seek(0)
            last = said.read()[-400:].decode("utf-8", "replace").strip().splitlines()
            why = last[-1] if last else f"status {process.returncode}"
            raise PlannerError("totalsegmentator_failed", f"TotalSegmentator failed: {why}")
