"""Painting, erasing, smoothing, splitting and merging, each one step that can be taken back."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.errors import PlannerError
from imaging.geometry.grid import VolumeGrid
from imaging.labels import Structure
from imaging.segmentation.edit.label_edit import LabelEdit
from imaging.volume import LabelVolume

L3, L4 = 22, 23


@pytest.fixture
def edit() -> LabelEdit:
    grid = VolumeGrid.from_parts((40, 50, 60), (10.0, -20.0, 5.0), (1.0, 1.0, 2.0))
    vertebrae = np.zeros(grid.shape_kji, np.uint8)
    structures = np.zeros(grid.shape_kji, np.uint8)
    vertebrae[4:16, 10:30, 20:40] = L4
    vertebrae[20:32, 10:30, 20:40] = L3
    structures[vertebrae > 0] = Structure.BODY
    structures[:, 22:30][vertebrae[:, 22:30] > 0] = Structure.POSTERIOR_ELEMENTS
    return LabelEdit(LabelVolume(grid, vertebrae), LabelVolume(grid, structures))


def _at(edit: LabelEdit, i: int, j: int, k: int) -> np.ndarray:
    return edit.grid.lps_from_indices([i, j, k])


def test_paint_adds_a_ball_in_millimetres_and_only_on_free_voxels(edit: LabelEdit) -> None:
    before = edit.vertebrae.copy()
    assert edit.paint(_at(edit, 45, 20, 10), 6.0, L4)
    added = (edit.vertebrae == L4) & (before == 0)
    k, j, i = np.nonzero(added)
    assert np.ptp(i) + 1 == 52 - 40
    assert np.ptp(j) + 1 == 13
    assert np.ptp(k) + 1 == 7  # 12 mm and the middle slice at 2 mm
    assert (edit.vertebrae == L3).sum() == (before == L3).sum()
    assert set(np.unique(edit.structures[added])) == {Structure.BODY, Structure.POSTERIOR_ELEMENTS}
    assert edit.changed == {L4}


def test_erase_takes_from_one_vertebra_only_and_undo_gives_back(edit: LabelEdit) -> None:
    before, parts = edit.vertebrae.copy(), edit.structures.copy()
    assert edit.erase([_at(edit, 30, 20, 15), _at(edit, 30, 20, 20)], 7.0, L4)
    assert (edit.vertebrae == L4).sum() < (before == L4).sum()
    assert (edit.vertebrae == L3).sum() == (before == L3).sum()
    after = edit.vertebrae.copy()
    assert edit.undo_name == "Erase from L4"
    assert edit.undo()
    np.testing.assert_array_equal(edit.vertebrae, before)
    np.testing.assert_array_equal(edit.structures, parts)
    assert edit.changed == set()
    assert edit.redo()
    np.testing.assert_array_equal(edit.vertebrae, after)
    assert edit.changed == {L4}


def test_a_quick_stroke_leaves_no_gap(edit: LabelEdit) -> None:
    edit.paint([_at(edit, 42, 14, 10), _at(edit, 58, 14, 10)], 2.0, L4)
    assert (edit.vertebrae[10, 14, 42:59] == L4).all()


def test_a_step_keeps_its_block_and_not_the_volume(edit: LabelEdit) -> None:
    edit.paint(_at(edit, 45, 20, 10), 3.0, L4)
    assert 0 < edit.kept_bytes < 0.02 * edit.vertebrae.nbytes


def test_a_stroke_that_changes_nothing_is_no_step(edit: LabelEdit) -> None:
    assert not edit.paint(_at(edit, 30, 20, 10), 2.0, L4)
    assert edit.undo_name is None


def test_smoothing_takes_a_spike_and_keeps_the_volume(edit: LabelEdit) -> None:
    edit.paint(_at(edit, 41, 20, 10), 1.2, L4)
    before = int((edit.vertebrae == L4).sum())
    assert edit.smooth(L4)
    after = int((edit.vertebrae == L4).sum())
    assert abs(after - before) < 0.05 * before
    assert edit.vertebrae[10, 20, 42] == 0


def test_split_and_merge_are_each_others_inverse(edit: LabelEdit) -> None:
    before = edit.vertebrae.copy()
    edit.split(L4, _at(edit, 30, 20, 10), [0, 0, -1.0], 24)
    assert (edit.vertebrae == 24).sum() > 0
    assert edit.grid.lps_from_indices(np.argwhere(edit.vertebrae == 24)[:, ::-1])[:, 2].max() < 25.0
    edit.merge(24, L4)
    np.testing.assert_array_equal(edit.vertebrae, before)
    with pytest.raises(PlannerError) as caught:
        edit.split(L4, [500, 0, 0], [1.0, 0, 0], 24)
    assert caught.value.code == "split_outside"
