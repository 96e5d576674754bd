"""Time and overlap of the vertebra labelling on a folder of test cases.

usage: segmentation.py DATA_DIR [CASE ...]   each case: DATA_DIR/CASE/dicom and DATA_DIR/CASE/truth.nii.gz
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from imaging.labels import NAME_FROM_VERSE
from imaging.segmentation.spine import label_spine
from imaging.sitk_bridge import grid_from_image, image_from_volume
from imaging.volume import Volume

CASES = ("ct_verse005", "ct_verse006", "ct_torso_3mm", "ct_thorax_full")


class StageTimes:
    """Adds up the seconds between reports by what was being done."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.longest = 0.0
        self._last: tuple[str, float] = ("start", time.perf_counter())

    def step(self, fraction: float, text: str) -> None:
        """Book the time since the last report."""
        del fraction
        now = time.perf_counter()
        spent = now - self._last[1]
        self.seconds[self._last[0]] = self.seconds.get(self._last[0], 0.0) + spent
        self.longest = max(self.longest, spent)
        self._last = (text, now)


def main() -> None:
    """Run the cases and print a table."""
    folder = Path(sys.argv[1])
    for case in sys.argv[2:] or CASES:
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder / case / "dicom")))
        image = reader.Execute()
        volume = Volume(grid_from_image(image), sitk.GetArrayFromImage(image))
        times = StageTimes()
        start = time.perf_counter()
        found = label_spine(volume, progress=times)
        times.step(1.0, "end")
        print(f"{case}: {time.perf_counter() - start:.1f} s, longest silence {times.longest:.2f} s")
        for text, seconds in sorted(times.seconds.items(), key=lambda item: -item[1]):
            print(f"    {seconds:6.2f} s  {text}")
        truth_image = sitk.ReadImage(str(folder / case / "truth.nii.gz"))
        truth = sitk.GetArrayFromImage(
            sitk.Resample(
                truth_image, image_from_volume(volume), sitk.Transform(), sitk.sitkNearestNeighbor, 0
            )
        )
        for number in sorted(found.confidence):
            mine, true = found.vertebrae.labels == number, truth == number
            dice = 2 * (mine & true).sum() / max(1, mine.sum() + true.sum())
            print(
                f"    {NAME_FROM_VERSE[number]:4} dice {dice:.3f} confidence {found.confidence[number]:.2f}"
            )


if __name__ == "__main__":
    np.set_printoptions(precision=3)
    main()
