"""Vertebral bodies of the test MRs against those drawn by hand: overlap, names and time.

usage: mr_bodies.py DATA_DIR [--only CASE] [--levels] [--offset N]

Every series is read as it is, and again with its slices averaged by four to 4 mm, written as DICOM and read
back. Overlap is taken on the truth's own grid, of the bodies that lie wholly in view (as the score tool
does); seconds are by the wall, from the folder to the labels.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from imaging.dicom.load import read_volume
from imaging.dicom.scan import scan_folder
from imaging.geometry.grid import VolumeGrid
from imaging.labels import NAME_FROM_VERSE, SACRUM, Structure
from imaging.mr.spine import segment_mr_spine
from imaging.segmentation.result import SpineSegmentation
from imaging.sitk_bridge import image_from_volume
from imaging.volume import LabelVolume, Volume
from sample_dicom.write import write_mr_series

CASES = (
    ("mr_t1_tirm", 1, "T1"),
    ("mr_t1_tirm", 2, "STIR"),
    ("mr_t1_t2", 1, "T1"),
    ("mr_t1_t2", 2, "T2"),
    ("mr_t2_healthy", 1, "T2"),
)
COARSE_MM = 4.0
LEAST_MM3, CUT_SHARE = 6000.0, 0.3
Labels = NDArray[np.uint8]


def read(folder: Path) -> Volume:
    """The one series of a folder, by the program's own reader."""
    return read_volume(scan_folder(folder).series[0])[0]


def decimated(volume: Volume, offset: int) -> Volume:
    """Slices across averaged to COARSE_MM, from slice ``offset`` on; a sagittal stack on LPS axes."""
    image = sitk.DICOMOrient(image_from_volume(volume), "LPS")
    values = sitk.GetArrayFromImage(image).astype(float)
    spacing, origin = np.array(image.GetSpacing()), np.array(image.GetOrigin())
    each = max(1, round(COARSE_MM / spacing[0]))
    count = (values.shape[2] - offset) // each
    kept = values[:, :, offset : offset + count * each].reshape(*values.shape[:2], count, each).mean(-1)
    first = origin + np.array(
        [(offset + (each - 1) / 2) * spacing[0], 0.0, (values.shape[0] - 1) * spacing[2]]
    )
    grid = VolumeGrid.from_parts(
        (count, values.shape[0], values.shape[1]),
        np.round(first, 3),
        (float(spacing[1]), float(spacing[2]), float(each * spacing[0])),
        np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]], float),
    )
    sagittal = np.ascontiguousarray(kept.transpose(2, 0, 1)[:, ::-1])
    return Volume(grid, np.rint(sagittal).astype(np.int16), "MR")


def on_truth(labels: LabelVolume, truth: sitk.Image) -> Labels:
    """Labels at the truth's voxels."""
    image = image_from_volume(Volume(labels.grid, labels.labels.astype(np.int16)))
    out = sitk.Resample(image, truth, sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    return np.asarray(sitk.GetArrayFromImage(out), np.uint8)


def compare(found: SpineSegmentation, truth: sitk.Image) -> dict[str, tuple[float, bool]]:
    """Overlap of each true body in view, and whether it is named right."""
    true = sitk.GetArrayFromImage(truth)
    names, parts = on_truth(found.vertebrae, truth), on_truth(found.structures, truth)
    voxel = float(np.prod(truth.GetSpacing()))
    # The score tool crops to all the labels: a body cut by the image's foot or head is left out.
    at = np.flatnonzero((true > 0).any((1, 2)))
    out = {}
    for verse in (int(v) for v in np.unique(true) if v):
        mask = true == verse
        area = mask.sum((1, 2))
        ends = (area[0] if at[0] == 0 else 0, area[-1] if at[-1] == len(area) - 1 else 0)
        if mask.sum() * voxel < LEAST_MM3 or max(ends) > CUT_SHARE * area.max():
            continue
        mine = (names == verse) & (parts == int(Structure.BODY))
        told = np.bincount(names[mask])
        told[0] = 0
        dice = 2 * float((mine & mask).sum()) / max(1, int(mine.sum() + mask.sum()))
        out["S1" if verse == SACRUM else NAME_FROM_VERSE[verse]] = (
            dice,
            bool(told.any()) and int(told.argmax()) == verse,
        )
    return out


def main() -> None:
    """Read, segment, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", help="one case")
    parser.add_argument("--levels", action="store_true", help="each body's overlap too")
    parser.add_argument("--offset", type=int, default=0, help="first slice averaged")
    options = parser.parse_args()
    print(f"{'series':18}{'slices':>8}{'Dice':>8}{'least':>7}{'named':>8}{'seconds':>9}")
    for case, number, weighting in CASES:
        if options.only not in (None, case):
            continue
        truth = sitk.DICOMOrient(
            sitk.ReadImage(str(options.data / case / f"truth_bodies_series{number}.nii.gz")), "LPS"
        )
        folder = options.data / case / "dicom" / f"series{number}"
        with tempfile.TemporaryDirectory() as temporary:
            coarse = decimated(read(folder), options.offset)
            write_mr_series(
                coarse, Path(temporary), weighting=weighting, number=1, study_key=f"{case}{number}"
            )
            for words, where in (("1 mm", folder), ("4 mm", Path(temporary))):
                start = time.perf_counter()
                found = segment_mr_spine(read(where))
                seconds = time.perf_counter() - start
                rows = compare(found, truth)
                dice = [d for d, _ in rows.values()]
                named = sum(ok for _, ok in rows.values())
                print(
                    f"{case}/{number:<6} {words:>7}{np.mean(dice):8.3f}{min(dice):7.3f}"
                    f"{named:5} of {len(rows)}{seconds:8.1f}",
                    flush=True,
                )
                if options.levels:
                    print("    " + "  ".join(f"{name} {d:.2f}" for name, (d, _) in rows.items()))


if __name__ == "__main__":
    main()
