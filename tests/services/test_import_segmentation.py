"""Label maps of other tools: their numbering is found or asked for, and what does not belong is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from imaging.errors import PlannerError
from imaging.labels import SACRUM, Structure
from imaging.progress import NULL_PROGRESS
from imaging.segmentation import spine
from imaging.segmentation.numbering import NUMBERINGS, verse_from_words
from imaging.segmentation.result import SpineLabels
from imaging.sitk_bridge import image_from_array
from imaging.volume import LabelVolume
from planner.domain.plan import Source
from planner.services.import_segmentation import _check, _laid_over, _with_own_arches, shifted
from planner.services.open_case import Case
from planner.services.read_labels import read_labels
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import Phantom, build_phantom


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return build_phantom(
        PhantomParameters.small(levels=(20, 21, 22, 23, 24, SACRUM), spacing_mm=2.0, slice_mm=2.0)
    )


class _Case:
    """Volume and source: all that the checks look at."""

    def __init__(self, phantom: Phantom) -> None:
        self.volume = phantom.volume
        self.source = Source("1.2", "1.3", "1.4", "CT", "0" * 64)


def _write(path: Path, array: np.ndarray, phantom: Phantom, dtype: type = np.uint8) -> Path:
    sitk.WriteImage(image_from_array(array.astype(dtype), phantom.volume.grid), str(path))
    return path


def _case(phantom: Phantom) -> Case:
    return _Case(phantom)  # type: ignore[return-value]


@pytest.mark.parametrize("numbering", NUMBERINGS, ids=lambda n: n.name)
@pytest.mark.parametrize("sacrum", [True, False])
def test_each_numbering_is_found_from_the_map_itself(
    phantom: Phantom, tmp_path: Path, numbering, sacrum: bool
) -> None:
    table = np.zeros(256, np.uint16)
    for own, verse in numbering.verse_of.items():
        table[verse] = own
    kept = phantom.vertebrae.labels.copy()
    if not sacrum:
        kept[kept == SACRUM] = 0
    file = _write(tmp_path / "map.nii.gz", table[kept], phantom, np.uint16)
    brought = read_labels(file)
    assert brought.title == numbering.title
    np.testing.assert_array_equal(brought.labels.labels, kept)


def test_a_map_that_could_be_read_two_ways_is_asked_about(phantom: Phantom, tmp_path: Path) -> None:
    one = np.where(phantom.vertebrae.labels == 23, 30, 0)
    file = _write(tmp_path / "one.nii.gz", one, phantom)
    with pytest.raises(PlannerError) as caught:
        read_labels(file)
    assert caught.value.code == "numbering_unclear"
    assert "totalsegmentator2" in str(caught.value)
    assert set(np.unique(read_labels(file, "totalsegmentator2").labels.labels)) == {0, 21}


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (lambda a: a * 0, "bad_segmentation"),
        (lambda a: a + 0.5, "bad_segmentation"),
        (lambda a: np.where(a == 23, 21, np.where(a == 21, 23, a)), "numbering_unclear"),
    ],
)
def test_nonsense_is_refused(phantom: Phantom, tmp_path: Path, array, code: str) -> None:
    file = _write(tmp_path / "x.nii.gz", array(phantom.vertebrae.labels.astype(float)), phantom, np.float32)
    with pytest.raises(PlannerError) as caught:
        read_labels(file)
    assert caught.value.code == code


def test_bodies_alone_are_known_as_such(phantom: Phantom, tmp_path: Path) -> None:
    file = _write(tmp_path / "b.nii.gz", phantom.structures.labels == 1, phantom)
    assert read_labels(file).bodies_only


def test_bodies_alone_take_the_place_of_our_bodies_and_keep_our_arches(
    phantom: Phantom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = SpineLabels(phantom.vertebrae, phantom.structures, {}, ())
    monkeypatch.setattr(spine, "label_spine", lambda *_, **__: own)
    ours = phantom.structures.labels == Structure.BODY
    brought = np.roll(ours, 1, axis=1)
    labels = LabelVolume(phantom.volume.grid, brought.astype(np.uint8))
    merged = _with_own_arches(_case(phantom), tmp_path / "b.nii.gz", labels, None, NULL_PROGRESS)
    vertebrae, parts = merged.vertebrae.labels, merged.structures.labels
    lumbar = (phantom.vertebrae.labels > 0) & (phantom.vertebrae.labels != SACRUM)
    assert not (parts[lumbar & ours & ~brought] == Structure.BODY).any()
    front = brought & (phantom.vertebrae.labels == 0) & (phantom.structures.labels != Structure.CANAL)
    assert (parts[front] == Structure.BODY).mean() > 0.95
    arch = lumbar & ~ours & ~brought
    assert np.array_equal(vertebrae[arch], phantom.vertebrae.labels[arch])
    assert [f.code for f in merged.findings] == ["segmentation_bodies_only"]
    elsewhere = LabelVolume(phantom.volume.grid, np.roll(brought, 25, axis=1).astype(np.uint8))
    with pytest.raises(PlannerError) as caught:
        _with_own_arches(_case(phantom), tmp_path / "b.nii.gz", elsewhere, None, NULL_PROGRESS)
    assert caught.value.code == "segmentation_elsewhere"


def test_a_coarser_map_is_laid_over_by_place(phantom: Phantom, tmp_path: Path) -> None:
    image = image_from_array(phantom.vertebrae.labels, phantom.volume.grid)
    coarse = sitk.Resample(
        image, [n // 2 for n in image.GetSize()], sitk.Transform(), sitk.sitkNearestNeighbor,
        [o + s / 2 for o, s in zip(image.GetOrigin(), image.GetSpacing(), strict=True)],
        [2 * s for s in image.GetSpacing()], image.GetDirection(), 0, sitk.sitkUInt8,
    )  # fmt: skip
    sitk.WriteImage(coarse, str(tmp_path / "c.nii.gz"))
    back = _laid_over(read_labels(tmp_path / "c.nii.gz").labels, phantom.volume.grid)
    for verse in (22, 24):
        a, b = back.labels == verse, phantom.vertebrae.labels == verse
        assert 2 * (a & b).sum() / (a.sum() + b.sum()) > 0.75


def test_a_right_map_passes_and_wrong_places_are_refused(phantom: Phantom, tmp_path: Path) -> None:
    case, file = _case(phantom), _write(tmp_path / "m.nii.gz", phantom.vertebrae.labels, phantom)
    brought = read_labels(file)
    assert _check(case, file, brought) == []

    def code_of(changed) -> str:
        with pytest.raises(PlannerError) as caught:
            _check(case, file, changed)
        return caught.value.code

    flipped = LabelVolume(brought.labels.grid, brought.labels.labels[:, ::-1].copy())
    assert code_of(replace(brought, labels=flipped)) == "segmentation_turned"
    assert code_of(replace(brought, frame_of_reference_uid="9.9")) == "segmentation_other_frame"
    assert code_of(replace(brought, overlap=0.2)) == "segmentation_overlaps"
    moved = brought.labels.grid.lps_from_ijk.copy()
    moved[:3, 3] += 500.0
    elsewhere = LabelVolume(replace(brought.labels.grid, lps_from_ijk=moved), brought.labels.labels)
    assert code_of(replace(brought, labels=elsewhere)) == "segmentation_elsewhere"


def test_shifting_names_moves_all_but_the_sacrum(phantom: Phantom) -> None:
    lower = shifted(phantom.vertebrae, 1)
    assert set(np.unique(lower.labels)) == {0, 21, 22, 23, 24, 25, SACRUM}
    with pytest.raises(PlannerError):
        shifted(lower, 1)


@pytest.mark.parametrize(
    ("words", "verse"),
    [
        ("L4", 23),
        ("vertebrae_L4", 23),
        ("vertebra T12", 19),
        ("Fourth lumbar vertebra", 23),
        ("L5 vertebra", 24),
        ("Sacrum", SACRUM),
        ("vertebrae_S1", SACRUM),
        ("L4-L5 disc", None),
        ("L4 left pedicle", None),
        ("Liver", None),
        ("rib_left_12", None),
    ],
)
def test_segment_names_are_understood(words: str, verse: int | None) -> None:
    assert verse_from_words(words) == verse
