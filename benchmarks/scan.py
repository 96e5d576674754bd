"""How long a folder of 5 000 files in 20 series takes to list: first, and again from the header cache.

    python benchmarks/scan.py [FOLDER]

Without a folder a study is written into a temporary one first (not timed). Wall and processor time.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "dicom_in"))

SERIES, SLICES = 20, 250


def write(folder: Path) -> None:
    """20 series of 250 CT slices with private tags, as a scanner's export has them."""
    from small_dicom import positions, slice_dataset
    from small_dicom import write as write_file

    for s in range(SERIES):
        for n, place in enumerate(positions(count=SLICES, step=1.0)):
            facts = {"InstanceNumber": n + 1, "SeriesNumber": s + 1, "ConvolutionKernel": ["Br60f", "3"]}
            ds = slice_dataset(place, series_uid=f"1.2.826.{s + 1}", **facts)
            block = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
            block.add_new(0x10, "OB", bytes(12_000))
            write_file(ds, folder / f"s{s:02d}" / f"{n:04d}.dcm")
    old = time.time() - 3600
    for path in folder.rglob("*.dcm"):
        os.utime(path, (old, old))


def main() -> None:
    """Time a cold and a warm scan."""
    from imaging.dicom.scan import scan_folder
    from imaging.progress import CallbackProgress

    with tempfile.TemporaryDirectory() as scratch:
        os.environ["BVN_PLANNER_CACHE"] = str(Path(scratch) / "cache")
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch) / "study"
        if len(sys.argv) == 1:
            write(folder)
        print("| scan | files | series | wall s | processor s | progress steps |\n|---|---|---|---|---|---|")
        for what in ("first", "again"):
            steps: list[float] = []
            wall, processor = time.perf_counter(), time.process_time()
            found = scan_folder(folder, CallbackProgress(lambda f, _t, s=steps: s.append(f)))
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            files = sum(len(s.files) for s in found.series)
            row = f"{what} | {files} | {len(found.series)} | {wall:.1f} | {processor:.1f} | {len(steps)}"
            print(f"| {row} |")


if __name__ == "__main__":
    main()
