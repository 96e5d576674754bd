"""Labelling of vertebrae: names, sides and overlap, on the built phantom's truth and on real images."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk

from imaging.errors import PlannerError
from imaging.geometry.grid import VolumeGrid
from imaging.labels import SACRUM, Structure
from imaging.progress import CallbackProgress, TaskCancelledError
from imaging.segmentation.discs import Disc
from imaging.segmentation.facets import prior_joint
from imaging.segmentation.naming import name_levels
from imaging.segmentation.result import SpineLabels
from imaging.segmentation.spine import STAND_IN, _unseen_joints, label_spine
from imaging.sitk_bridge import grid_from_image, image_from_volume
from imaging.volume import Volume

DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real images are not beside the checkout")


def _read(case: str) -> tuple[Volume, np.ndarray]:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(DATA / case / "dicom")))
    image = reader.Execute()
    volume = Volume(grid_from_image(image), sitk.GetArrayFromImage(image))
    truth = sitk.ReadImage(str(DATA / case / "truth.nii.gz"))
    on_source = sitk.Resample(truth, image_from_volume(volume), sitk.Transform(), sitk.sitkNearestNeighbor, 0)
    return volume, sitk.GetArrayFromImage(on_source)


@pytest.fixture(scope="module")
def fine_case() -> tuple[Volume, np.ndarray, SpineLabels]:
    volume, truth = _read("ct_verse005")
    return volume, truth, label_spine(volume)


def _dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


@pytest.mark.real
@needs_data
def test_fine_ct_names_and_overlap(fine_case):
    _, truth, found = fine_case
    for number in range(20, 25):
        assert _dice(truth == number, found.vertebrae.labels == number) > 0.84
    assert SACRUM in found.confidence
    assert not found.unseen_joints


def test_joints_without_a_gap_are_told_by_the_number_below_and_guessed_neighbours_are_not():
    gap, none = (
        (lambda side: SimpleNamespace(side=side, contrast_hu=90.0)),
        (lambda side: SimpleNamespace(side=side, contrast_hu=0.0)),
    )
    joints = [[gap(-1), gap(1)], [none(-1), gap(1)], [none(-1), none(1)]]
    assert _unseen_joints([SACRUM, 24, 23, STAND_IN], joints) == {24: ("right",)}


@pytest.mark.real
@needs_data
def test_labels_lie_on_the_source_grid_and_sides_follow_the_patient(fine_case):
    volume, _, found = fine_case
    assert found.vertebrae.grid.same_as(volume.grid)
    assert found.structures.grid.same_as(volume.grid)
    for number in range(20, 25):
        vertebra = found.vertebrae.labels == number
        x = {}
        for part in (Structure.BODY, Structure.RIGHT_PEDICLE, Structure.LEFT_PEDICLE):
            kji = np.argwhere(vertebra & (found.structures.labels == part))
            x[part] = volume.grid.lps_from_indices(kji[:, ::-1])[:, 0].mean()
        assert x[Structure.RIGHT_PEDICLE] < x[Structure.BODY] - 5 < x[Structure.LEFT_PEDICLE] - 10


@pytest.mark.real
@needs_data
def test_a_count_from_the_sacrum_alone_is_not_confirmed(fine_case):
    finding = next(f for f in fine_case[2].findings if f.code == "level_count_unconfirmed")
    assert finding.severity == "stop"
    assert "sixth cannot be ruled out" in finding.text


@pytest.mark.real
@needs_data
def test_the_canal_is_in_no_vertebra_and_mostly_soft(fine_case):
    volume, truth, found = fine_case
    canal = found.structures.labels == Structure.CANAL
    assert canal.sum() > 20_000
    assert not (canal & (found.vertebrae.labels > 0)).any()
    assert (truth[canal] > 0).mean() < 0.06
    assert np.median(volume.values[canal]) < 100


@pytest.mark.real
@needs_data
def test_sagittal_stack_is_named_alike_each_time_and_an_anchor_renames_it():
    volume, truth = _read("ct_verse006")
    found = label_spine(volume)
    for number in (23, 24):
        inside = found.vertebrae.labels[truth == number]
        assert np.bincount(inside[inside > 0]).argmax() == number
    body = (found.vertebrae.labels == 23) & (found.structures.labels == Structure.BODY)
    point = volume.grid.lps_from_indices(np.argwhere(body)[:, ::-1].mean(0))
    same = label_spine(volume)
    assert np.array_equal(same.vertebrae.labels, found.vertebrae.labels)
    assert np.array_equal(same.structures.labels, found.structures.labels)
    again = label_spine(volume, anchor=(22, point))
    assert {22, 23} <= set(again.confidence)
    told = [f.text for f in again.findings if f.code == "level_count_unconfirmed"]
    assert len(told) == 1
    assert "L3, counted up from the sacrum it is L4" in told[0]


def _blank(hu: int = 40) -> Volume:
    grid = VolumeGrid.from_parts((40, 60, 60), (0, 0, 0), (2, 2, 3))
    return Volume(grid, np.full(grid.shape_kji, hu, np.int16))


def test_no_spine_is_said_in_a_sentence():
    with pytest.raises(PlannerError, match="No spine was found") as caught:
        label_spine(_blank())
    assert caught.value.code == "no_spine_found"


def test_mr_is_refused():
    ct = _blank()
    with pytest.raises(PlannerError) as caught:
        label_spine(Volume(ct.grid, ct.values, "MR"))
    assert caught.value.code == "not_ct"


def test_cancelling_stops_at_once():
    with pytest.raises(TaskCancelledError):
        label_spine(_blank(), progress=CallbackProgress(lambda *_: None, lambda: True))


def test_tilt_is_positive_where_the_front_is_lower():
    normal = np.array([0.0, -np.sin(np.deg2rad(40)), np.cos(np.deg2rad(40))])
    assert Disc(0, np.zeros(3), normal, 8, 90).tilt_deg == pytest.approx(40)


def test_joints_turn_and_widen_towards_the_sacrum():
    laterals, angles = zip(*[(prior_joint(n)[0], prior_joint(n)[3]) for n in range(5)], strict=True)
    assert list(laterals) == sorted(laterals, reverse=True)
    assert list(angles) == sorted(angles, reverse=True)


def test_naming_without_proof_is_a_stop():
    named = name_levels(None, [], [], None, None)  # type: ignore[arg-type]
    assert [f.severity for f in named.findings] == ["stop"]
