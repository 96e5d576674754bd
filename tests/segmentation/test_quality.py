"""The quality record tells what is not a whole, sound vertebra, and is silent about one that is."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from imaging.labels import SACRUM
from imaging.segmentation.anatomy import measure_anatomy
from imaging.segmentation.quality import (
    VertebraQuality,
    _with_expected,
    quality_findings,
    quality_records,
    with_unseen_joints,
)
from imaging.volume import LabelVolume
from planner.domain.doubt import needs_a_look
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import Phantom, build_phantom

L3, L4, L5, T13 = 22, 23, 24, 28


def _phantom(**changes: Any) -> Phantom:
    return build_phantom(
        PhantomParameters.small(
            levels=(21, 22, 23, 24), with_sacrum=False, spacing_mm=2.0, slice_mm=2.0, **changes
        )
    )


@pytest.fixture(scope="module")
def plain() -> Phantom:
    return _phantom()


def _records(phantom: Phantom, vertebrae: LabelVolume | None = None) -> dict[int, VertebraQuality]:
    labels = vertebrae or phantom.vertebrae
    parts = replace(phantom.structures, labels=np.where((labels.labels == 0), 0, phantom.structures.labels))
    levels = measure_anatomy(labels, parts, phantom.volume, {})
    return quality_records(levels, labels, parts, phantom.volume)


def _codes(record: VertebraQuality) -> set[str]:
    return {f.code for f in quality_findings(record)}


def test_sound_vertebrae_raise_nothing(plain: Phantom) -> None:
    assert {v: _codes(q) for v, q in _records(plain).items() if _codes(q)} == {}


def test_a_wedge_fracture_is_told_and_its_neighbours_are_not() -> None:
    records = _records(_phantom(fractures=((L3, 0.4),)))
    assert "quality_fracture" in _codes(records[L3])
    assert "quality_fracture" not in _codes(records[L4])


def test_screws_are_hardware_and_their_cortex_is_not_judged() -> None:
    records = _records(_phantom(screws=(L5,)))
    assert "quality_hardware" in _codes(records[L5])
    assert records[L5].cortex_hu is None
    assert "quality_hardware" not in _codes(records[21])


def test_a_vertebra_without_half_its_arch_is_asymmetric_and_too_small(plain: Phantom) -> None:
    truth = plain.truth[L4].body
    k, j, i = np.nonzero(plain.vertebrae.labels == L4)
    local = (
        plain.volume.grid.lps_from_indices(np.stack([i, j, k], -1)) - truth.centre_lps_mm
    ) @ truth.axes_lps.T
    gone = (local[:, 0] > 4) & (local[:, 1] > truth.depth_mm / 2 + 10)
    labels = plain.vertebrae.labels.copy()
    labels[k[gone], j[gone], i[gone]] = 0
    record = _records(plain, replace(plain.vertebrae, labels=labels))[L4]
    assert "quality_asymmetry" in _codes(record)
    assert record.asymmetry is not None
    assert record.asymmetry < -0.25
    text = next(f.text for f in quality_findings(record) if f.code == "quality_asymmetry")
    assert "right" in text


def test_faint_walls_are_told(plain: Phantom) -> None:
    weak, sound = _records(_phantom(osteoporosis=1.0)), _records(plain)
    assert (weak[L3].cortex_hu or 0) < (sound[L3].cortex_hu or 0)
    assert _codes(VertebraQuality(L3, 5e4, cortex_hu=120.0)) == {"quality_weak_cortex"}


def test_a_sacrum_far_too_large_is_told_and_a_cut_one_is_not() -> None:
    def expected(volume_mm3: float) -> float | None:
        records = {L4: VertebraQuality(L4, 6e4), L5: VertebraQuality(L5, 6e4)}
        records[SACRUM] = VertebraQuality(SACRUM, volume_mm3)
        levels = tuple(SimpleNamespace(verse=v, findings=()) for v in records)
        record = _with_expected(records, levels)[SACRUM]  # type: ignore[arg-type]
        codes = {f.code for f in quality_findings(record)}
        assert ("quality_volume" in codes) == (volume_mm3 > 2.2e5)
        return record.expected_mm3

    assert expected(2.9e5) == pytest.approx(1.74e5)
    assert expected(1.5e5) is None
    assert expected(0.3e5) is None


def test_the_lowest_two_below_which_the_sacrum_is_judged_are_not_a_t13() -> None:
    volumes = {L4: 6e4, L5: 6e4, T13: 3e4, SACRUM: 2e5}
    records = {v: VertebraQuality(v, mm3) for v, mm3 in volumes.items()}
    levels = tuple(SimpleNamespace(verse=v, findings=()) for v in records)
    assert _with_expected(records, levels)[SACRUM].expected_mm3 == pytest.approx(1.74e5)  # type: ignore[arg-type]
    alone = {v: records[v] for v in (L5, T13, SACRUM)}
    assert _with_expected(alone, levels[1:])[SACRUM].expected_mm3 is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expected_mm3": 8e4}, "quality_volume"),
        ({"pedicle_asymmetry": 0.5}, "quality_pedicle_asymmetry"),
        ({"pieces": 0.1}, "quality_pieces"),
    ],
)
def test_each_figure_beyond_its_limit_is_one_finding(changes: dict[str, float], code: str) -> None:
    found = quality_findings(VertebraQuality(L4, 5e4, **changes))  # type: ignore[arg-type]
    assert [f.code for f in found] == [code]
    assert "L4" in found[0].text
    assert found[0].severity == "caution"


def test_a_joint_without_a_gap_is_told_of_the_vertebra_below_it(plain: Phantom) -> None:
    levels = measure_anatomy(plain.vertebrae, plain.structures, plain.volume, {})
    told = {a.verse: a.findings for a in with_unseen_joints(levels, {L4: ("right",), L5: ("left", "right")})}
    new = {v: [f for f in found if f.code == "quality_joint_unseen"] for v, found in told.items()}
    assert [v for v in sorted(new) if new[v]] == [L4, L5]
    assert "on the right" in new[L4][0].text
    assert "on either side" in new[L5][0].text
    assert needs_a_look(new[L4][0])
