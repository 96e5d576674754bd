"""The bundled sample study: written on request, or once into the user's cache."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import platformdirs

from imaging.errors import PlannerError
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from sample_dicom.magnetic import build_mr
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import Phantom, build_phantom
from sample_dicom.write import write_ct_study, write_mr_series

READ_ME = "ABOUT-THIS-SAMPLE.txt"
_TEXT = """Synthetic lumbar spine for trying and testing the planner. No patient was imaged.
CT: axial, head first supine, T12 to S3 and the whole trunk. A metal sphere lies on the skin of the
patient's LEFT.
MR: sagittal T1, T2 and STIR in the CT's frame, with Modic type 1 changes drawn beside the L4/L5 disc and
type 2 beside the L5/S1 disc.
A planning and training aid, not a certified device.
"""
SAMPLE_VERSION = 3


def write_phantom_study(phantom: Phantom, out_dir: Path, progress: Progress = NULL_PROGRESS) -> None:
    """Write a phantom's CT and MR into ``ct``, ``mr_t1``, ``mr_t2`` and ``mr_stir`` of a folder."""
    key = f"{SAMPLE_VERSION}|{phantom.parameters!r}"
    write_ct_study(
        phantom.volume, out_dir / "ct", uid_key=key, study_key=key, progress=SubProgress(progress, 0.0, 0.8)
    )
    for number, weighting in ((3, "T1"), (4, "T2"), (5, "STIR")):
        progress.step(0.8 + 0.06 * (number - 3), f"Writing MR {weighting}")
        volume = build_mr(phantom, weighting)
        write_mr_series(
            volume, out_dir / f"mr_{weighting.lower()}", weighting=weighting, number=number, study_key=key
        )
    (out_dir / READ_ME).write_text(_TEXT, encoding="utf-8")
    progress.step(1.0, "Sample written")


def write_sample(
    out_dir: Path, progress: Progress = NULL_PROGRESS, parameters: PhantomParameters | None = None
) -> Path:
    """Write the sample study into ``out_dir``, complete or not at all.

    Returns:
        ``out_dir``, to hand to the planner.

    Raises:
        PlannerError: ``output_not_empty`` where the folder holds anything but an earlier sample,
            ``output_not_writable`` where it cannot be made.
    """
    out_dir = Path(out_dir)
    if out_dir.exists() and (
        not out_dir.is_dir() or (any(out_dir.iterdir()) and not (out_dir / READ_ME).is_file())
    ):
        raise PlannerError(
            "output_not_empty",
            f"{out_dir} already holds something that is not a sample study; choose a new or empty folder.",
        )
    try:
        out_dir.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{out_dir.name}-", dir=out_dir.parent))
    except OSError as error:
        raise PlannerError(
            "output_not_writable", f"{out_dir} cannot be written ({error.strerror}); choose another folder."
        ) from error
    try:
        phantom = build_phantom(parameters, SubProgress(progress, 0.0, 0.7))
        write_phantom_study(phantom, partial, SubProgress(progress, 0.7, 1.0))
        partial.chmod(0o755)
        if out_dir.exists():
            shutil.rmtree(out_dir)
        partial.replace(out_dir)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return out_dir


def default_sample_dir(
    cache: Path | None = None, progress: Progress = NULL_PROGRESS, parameters: PhantomParameters | None = None
) -> Path:
    """Folder of the sample study, built on first use.

    Args:
        cache: where to keep it; the user's cache folder by default.
    """
    root = cache or Path(platformdirs.user_cache_dir("bvn-planner", appauthor=False))
    folder = root / f"sample-{SAMPLE_VERSION}"
    if (folder / READ_ME).is_file():
        return folder
    try:
        return write_sample(folder, progress, parameters)
    except (OSError, PlannerError):
        # Another process may have finished the same folder in the meantime.
        if (folder / READ_ME).is_file():
            return folder
        raise
