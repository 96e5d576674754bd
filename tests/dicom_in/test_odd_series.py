"""Every made-up oddity gets its verdict and reason, and what opens holds every value at its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from odd_series import ODD, Odd
from small_dicom import hu_at

from imaging.dicom.load import load_series
from imaging.dicom.scan import scan_folder
from imaging.errors import PlannerError


def worst_hu(volume, slope: float = 1.0) -> float:
    """Greatest difference from the value written at each voxel's place, where the image covers it."""
    k, j, i = np.indices(volume.values.shape)
    expected = hu_at(volume.grid.lps_from_indices(np.stack([i, j, k], -1)))
    inside = volume.values > -1024
    return float(np.abs(volume.values - expected)[inside].max())


@pytest.mark.parametrize("odd", ODD, ids=[o.what for o in ODD])
def test_odd(odd: Odd, tmp_path: Path) -> None:
    odd.make(tmp_path)
    series = scan_folder(tmp_path).series
    assert len(series) == odd.parts
    first = max(series, key=lambda s: (s.slices, s.score))
    codes = [r.code for r in first.reasons]
    assert first.verdict == odd.verdict, [r.text for r in first.reasons]
    assert odd.code == "" or odd.code in codes
    if odd.exact:
        loaded = load_series(first, fill_missing=odd.fill)
        assert worst_hu(loaded.volume) <= odd.within
        assert bool(loaded.steps) == (odd.code in ("gantry_tilt", "missing_slices"))
    elif not first.plannable:
        with pytest.raises(PlannerError, match="cannot be planned"):
            load_series(first)


def test_what_was_done_to_the_images_is_stamped(tmp_path: Path) -> None:
    gap = next(o for o in ODD if o.fill)
    gap.make(tmp_path)
    (series,) = scan_folder(tmp_path).series
    assert series.fillable
    with pytest.raises(PlannerError, match="may be interpolated if you agree"):
        load_series(series)
    loaded = load_series(series, fill_missing=True)
    assert loaded.volume.values.shape[0] == 40
    assert [f.code for f in loaded.steps] == ["missing_slices_interpolated"]
    assert loaded.findings[0].text.startswith("3 missing slices were interpolated")
    assert "missing_slices" not in [f.code for f in loaded.findings]


def test_names_come_out_in_their_own_script(tmp_path: Path) -> None:
    for n, (what, name) in enumerate(
        [("Japanese name", "山田^太郎"), ("UTF-8 name", "Ärztin^Zoë"), ("a character set", "Gr")]
    ):
        next(o for o in ODD if o.what.startswith(what)).make(tmp_path / str(n))
        assert name in scan_folder(tmp_path / str(n)).series[0].patient_name
