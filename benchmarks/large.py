"""A CT of 512 x 512 x 300 voxels, from its folder to named and delineated vertebrae: seconds and memory.

usage: large.py CASE_DIR [SLICES]

CASE_DIR/dicom is resampled along its slices to 300 of them, written to a temporary folder, and read as a
user's would be. Printed: seconds of each stage, and the largest resident memory.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from segmentation import StageTimes

from imaging.segmentation.spine import label_spine
from planner.services.open_case import open_case


def write_dense(source: Path, target: Path, count: int) -> None:
    """The series of ``source`` with ``count`` evenly placed slices."""
    slices = [pydicom.dcmread(file) for file in source.iterdir()]
    slices.sort(key=lambda ds: float(ds.ImagePositionPatient[2]))
    stored = np.stack([ds.pixel_array for ds in slices])
    series = generate_uid()
    first, last = (np.asarray(slices[k].ImagePositionPatient, float) for k in (0, -1))
    # A scanner's own places are rounded; the new ones are even.
    for n, at in enumerate(np.linspace(0, len(slices) - 1, count)):
        low, part = int(at), at - int(at)
        high = min(low + 1, len(slices) - 1)
        ds = slices[low]
        pixels = np.rint((1 - part) * stored[low] + part * stored[high]).astype(stored.dtype)
        new = pydicom.Dataset()
        new.update(ds)
        new.file_meta = ds.file_meta
        new.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        new.SOPInstanceUID = new.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        new.SeriesInstanceUID, new.InstanceNumber = series, n + 1
        new.ImagePositionPatient = [round(float(x), 5) for x in first + (last - first) * n / (count - 1)]
        new.PixelData = pixels.tobytes()
        new.save_as(target / f"{n:04}.dcm", enforce_file_format=True)


def main() -> None:
    """Write, read, label, print."""
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    with tempfile.TemporaryDirectory() as folder:
        write_dense(Path(sys.argv[1]) / "dicom", Path(folder), count)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        times, start, busy = StageTimes(), time.perf_counter(), time.process_time()
        case = open_case(Path(folder), progress=times)
        labels = label_spine(case.volume, progress=times)
        times.step(1.0, "end")
        print(f"{case.volume.grid.shape_kji}: {time.perf_counter() - start:.1f} s of wall clock, "
              f"{time.process_time() - busy:.1f} s of processor")  # fmt: skip
        for text, seconds in sorted(times.seconds.items(), key=lambda item: -item[1]):
            print(f"    {seconds:6.2f} s  {text}")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"largest resident memory {peak / 2**20:.2f} GB ({before / 2**20:.2f} before reading)")
        print("labels", [int(n) for n in np.unique(labels.vertebrae.labels) if n])


if __name__ == "__main__":
    main()
