"""The table docs/odd_files.md: every odd series, its verdict, and the check that was made just now.

Run this file to write the page; test_odd_table.py fails when the page is not what it would write.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

sys.path.insert(0, str(Path(__file__).parent))
from odd_series import ODD, Odd
from small_dicom import hu_at

from imaging.dicom.load import load_series, read_volume
from imaging.dicom.pixels import read_values
from imaging.dicom.scan import scan_folder
from imaging.dicom.series import SeriesSummary
from imaging.errors import PlannerError
from imaging.progress import NULL_PROGRESS
from imaging.sitk_bridge import grid_from_image

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "odd_files.md"
DATA = (ROOT.parent / "shared" / "data" / "dicom_odd").resolve()
NIFTI = DATA / "dicom2nifti" / "tests" / "data"
HEAD = """# Odd DICOM files

Written by `python tests/dicom_in/odd_table.py`; `tests/dicom_in/test_odd_table.py` fails when it is stale.
*Verdict* is what the program says of the series: best, usable, limited (a caution stands), unusable, or
reference (to look at only). A series that is unusable is refused for planning with the reason given.
*Check* is what the script measured: against the NIfTI truth beside the files, against SimpleITK's own
reading slice by slice, or, for made-up series, against the value written at each voxel's place.

"""


def page() -> str:
    """The whole page."""
    parts = [HEAD, "## Public files that break readers\n\n"]
    parts.append("| files | slices | verdict | reason | check |\n|---|---|---|---|---|\n")
    folders = {p.parent for p in NIFTI.rglob("*.dcm")} | {DATA / "totalseg_jpeg2000"}
    for folder in sorted(folders):
        parts += sorted(_real_row(series) for series in scan_folder(folder).series)
    for file in sorted((DATA / "pydicom_data").glob("*.dcm")):
        with tempfile.TemporaryDirectory() as scratch:
            (Path(scratch) / file.name).symlink_to(file)
            parts += [_real_row(series) for series in scan_folder(Path(scratch)).series]
    parts.append("\n## Series made on purpose\n\n| oddity | verdict | reason | check |\n|---|---|---|---|\n")
    parts += [_made_row(odd) for odd in ODD]
    return "".join(parts)


def _reason(series: SeriesSummary) -> str:
    return "<br>".join(r.text for r in series.reasons[:3]) or "nothing to object to"


def _real_row(series: SeriesSummary) -> str:
    first = series.files[0].resolve()
    where = str(first.parent.relative_to(DATA)).replace("dicom2nifti/tests/data/", "")
    if where == "pydicom_data":
        where = first.name
    part = f" (part {series.part})" if series.part else ""
    check = "; ".join(x for x in (_refused(series), _against_truth(series), _against_itk(series)) if x)
    return f"| {where}{part} | {series.slices} | {series.verdict} | {_reason(series)} | {check} |\n"


def _refused(series: SeriesSummary) -> str:
    try:
        load_series(series)
        return "loads"
    except PlannerError as error:
        told = error.code == "series_unusable" and series.reasons[0].text in error.text
        return "refused with its reason" if told else f"refused: {error.text}"


def _against_truth(series: SeriesSummary) -> str:
    folders = {f.parent for f in series.files}
    found = []
    for folder in sorted(folders):
        truth = folder.with_name(folder.name + "_ground_truth.nii.gz")
        if not truth.is_file() or series.stack is None or not series.stack.regular:
            continue
        if series.headers[0].image.samples != 1:
            continue
        volume, _ = read_volume(series)
        image = sitk.ReadImage(str(truth))
        values, grid = sitk.GetArrayFromImage(image), grid_from_image(image)
        k, j, i = np.indices(values.shape)
        points = grid.lps_from_indices(np.stack([i, j, k], -1))
        index = volume.grid.indices_from_lps(points)
        at = np.rint(index).astype(int)
        off_mm = np.abs(volume.grid.lps_from_indices(at) - points).max()
        ours = volume.values[at[..., 2], at[..., 1], at[..., 0]].astype(float)
        same = np.array_equal(ours, values)
        alike = np.corrcoef(ours.ravel(), values.ravel())[0, 1]
        worth = "values equal" if same else f"values correlate {alike:.6f}"
        found.append(f"NIfTI truth {truth.parent.name}: voxels within {off_mm + 0.0005:.3f} mm, {worth}")
    return "; ".join(found)


def _against_itk(series: SeriesSummary) -> str:
    if series.headers[0].frame or any(h.frame for h in series.headers) or series.headers[0].image.samples > 1:
        return _pixels(series) if series.stack is None else ""
    worst, compared = 0.0, 0
    for header in series.headers:
        try:
            image = sitk.ReadImage(str(header.image.path))
        except RuntimeError:
            continue
        if header.position_lps_mm is None or image.GetDimension() != 3:
            continue
        direction = np.array(image.GetDirection()).reshape(3, 3)
        theirs = [*image.GetOrigin(), *direction[:, 0], *direction[:, 1]]
        ours = [*header.position_lps_mm, *(header.orientation_lps or ())]
        worst = max(worst, float(np.abs(np.subtract(theirs, ours)).max()))
        compared += 1
    if not compared:
        return "SimpleITK does not read it"
    return f"SimpleITK places {compared} slice{'s' if compared > 1 else ''} within {worst + 0.0005:.3f} mm"


def _pixels(series: SeriesSummary) -> str:
    """Whether the pixels of a multi-frame file without geometry equal those of its uncompressed twin."""
    try:
        ours, _, _ = read_values(series.headers, series.modality, NULL_PROGRESS)
    except PlannerError as error:
        return f"its pixels are refused: {error.text}"
    theirs = sitk.GetArrayFromImage(sitk.ReadImage(str(DATA / "pydicom_data" / "emri_small.dcm")))
    assert np.array_equal(ours, theirs)
    return f"its {len(ours)} frames equal SimpleITK's reading of emri_small.dcm"


def _made_row(odd: Odd) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        odd.make(Path(scratch))
        found = scan_folder(Path(scratch)).series
        series = max(found, key=lambda s: (s.slices, s.score))
        if not (series.plannable or (odd.fill and series.fillable)):
            check = _refused(series)
        else:
            volume = load_series(series, fill_missing=odd.fill).volume
            k, j, i = np.indices(volume.values.shape)
            expected = hu_at(volume.grid.lps_from_indices(np.stack([i, j, k], -1)))
            inside = volume.values > -1024
            worst = float(np.abs(volume.values - expected)[inside].max())
            check = f"loads; {inside.mean():.0%} of voxels hold a value, each within {worst:.0f} HU"
        several = f" ({len(found)} volumes)" if len(found) > 1 else ""
    return f"| {odd.what}{several} | {series.verdict} | {_reason(series)} | {check} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
