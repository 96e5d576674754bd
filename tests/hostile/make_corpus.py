"""Writes the small valid files that the fuzzer and the tests here start from; they are kept."""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
for folder in ("dicom_in", "services"):
    sys.path.insert(0, str(HERE.parent / folder))


def main() -> None:
    """Write every seed."""
    import SimpleITK as sitk
    from plan_fakes import plan, segmentation
    from pydicom.fileset import FileSet
    from pydicom.uid import JPEGLSLossless, RLELossless
    from small_dicom import positions, slice_dataset, write

    from planner.storage.plan_json import plan_to_text

    def put(reader: str, name: str, data: bytes) -> None:
        path = HERE / "corpus" / reader / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    scratch = Path(tempfile.mkdtemp())
    for syntax, name in ((None, "plain"), (RLELossless, "rle"), (JPEGLSLossless, "jpegls")):
        ds = slice_dataset(
            positions()[0],
            shape=(12, 16),
            StudyDate="20200101",
            StudyTime="1200",
            StudyID="1",
            InstanceNumber=1,
        )
        if syntax:
            ds.compress(syntax, generate_instance_uid=False)
        put("dicom", name, write(ds, scratch / f"{name}.dcm").read_bytes())
    files = FileSet()
    files.add(scratch / "plain.dcm")
    files.write(scratch / "disc")
    put("dicomdir", "one", (scratch / "disc" / "DICOMDIR").read_bytes())
    with zipfile.ZipFile(scratch / "a.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.write(scratch / "plain.dcm", "a/b.dcm")
    put("archive", "one", (scratch / "a.zip").read_bytes())
    from planner.storage.case_file import write_case_file

    write_case_file(scratch / "a.bvncase", Path("/images"), plan(), segmentation())
    put("case_file", "one", (scratch / "a.bvncase").read_bytes())
    put("plan", "one", plan_to_text(plan(), segmentation()).encode())
    devices = HERE.parents[1] / "planner" / "devices"
    put("profile", "one", (devices / "curved-8g.json").read_bytes())
    made = _objects(scratch)
    for name in ("vertebrae", "structures", "plan", "registration"):
        put("dicom_object", name, (made / f"{name}.dcm").read_bytes())
    put("labels", "seg", (made / "vertebrae.dcm").read_bytes())
    image = sitk.GetImageFromArray(np.arange(60, dtype=np.uint8).reshape(3, 4, 5))
    for suffix in (".nii", ".nii.gz"):
        sitk.WriteImage(image, str(scratch / f"a{suffix}"))
        put("nifti", f"one{suffix}", (scratch / f"a{suffix}").read_bytes())
        put("labels", f"one{suffix}", (made / f"labels{suffix}").read_bytes())


def _objects(scratch: Path) -> Path:
    """One trajectory on a tiny case as DICOM objects."""
    from dataclasses import replace
    from datetime import datetime

    from plan_fakes import plan, segmentation
    from tiny_case import labels_of, write_series

    from imaging.sitk_bridge import write_labels
    from planner.export.dicom import read_headers
    from planner.export.registration import write_registration
    from planner.services.export_plan import write_dicom_objects
    from planner.services.open_case import open_case

    case = open_case(write_series(scratch / "images"))
    value = replace(plan(), source=case.source, levels=plan().levels[1:])
    folder, when = scratch / "objects", datetime(2026, 11, 18)
    write_dicom_objects(folder, case, labels_of(case, segmentation()), value, {}, None, when)
    found = labels_of(case, segmentation())
    for suffix in (".nii", ".nii.gz"):
        write_labels(found.vertebrae, folder / f"labels{suffix}")
    headers = read_headers(case.series.summary.files)
    moved = np.array([[0, -1, 0, 3], [1, 0, 0, 4], [0, 0, 1, 5], [0, 0, 0, 1.0]])
    write_registration(folder / "registration.dcm", headers, headers, moved, when)
    return folder


if __name__ == "__main__":
    main()
