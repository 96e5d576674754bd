"""Borders between neighbouring arches, and marrow behind a cortex that is not seen."""

from types import SimpleNamespace

import numpy as np
from scipy import ndimage as ndi

from imaging.segmentation.iso import IsoVolume
from imaging.segmentation.minimum_cut import minimum_cut
from imaging.segmentation.ownership import dark_sheet, settled
from imaging.segmentation.processes import with_process_marrow

SHAPE = (60, 30, 30)


def _two_bones(gap_at=20, border_at=24, noise=0.0):
    """Two solid bones, one over the other, a dark gap of 1 mm between, and owners with a border beside it."""
    hu = np.full(SHAPE, 40.0)
    hu[4:56, 10:20, 8:22] = 600.0
    hu[gap_at, 10:20, 8:22] = 100.0
    hu = ndi.gaussian_filter(hu, 0.6) + noise * np.random.default_rng(3).normal(size=SHAPE)
    owner = np.zeros(SHAPE, np.uint8)
    owner[4:56, 10:20, 8:22] = 2
    owner[4:border_at, 10:20, 8:22] = 1
    body = SimpleNamespace(frame=SimpleNamespace(origin_lps_mm=np.zeros(3), axes_lps=np.eye(3)))
    iso = IsoVolume(hu.astype(np.float32), np.zeros(3), np.ones(3))
    return iso, [body, body], owner


def _place(iso):
    return iso.origin_lps_mm, iso.spacing_mm


def test_a_border_beside_the_gap_moves_into_it():
    iso, column, owner = _two_bones(noise=20.0)
    found = settled(iso, column, [False, False], [170.0, 170.0], [()], owner)
    assert (found[4:20, 10:20, 8:22] == 1).all()
    assert (found[22:56, 10:20, 8:22] == 2).all()
    assert ((found > 0) == (owner > 0)).all()


def test_a_border_farther_from_the_gap_than_it_may_move_stays_beside_a_seen_neighbour_only():
    iso, column, owner = _two_bones(border_at=29)
    seen = settled(iso, column, [False, False], [170.0, 170.0], [()], owner)
    guessed = settled(iso, column, [False, True], [170.0, 170.0], [()], owner)
    assert (seen[21:23, 10:20, 8:22] == 1).all()
    assert (guessed[22:56, 10:20, 8:22] == 2).all()


def test_beside_a_joint_without_a_gap_a_faint_line_does_not_move_the_border():
    iso, column, owner = _two_bones(border_at=26)
    faint = IsoVolume(iso.values * 0 + np.where(owner > 0, 600.0, 40.0).astype(np.float32), *_place(iso))
    faint.values[20, 10:20, 8:22] = 300.0

    def found(contrast_hu, guessed=False):
        joint = SimpleNamespace(side=1, contrast_hu=contrast_hu)
        return settled(faint, column, [False, guessed], [170.0, 170.0], [(joint,)], owner)

    assert (found(120.0)[21:26, 10:20, 8:22] == 2).all()
    assert (found(0.0) == owner).all()
    assert (found(0.0, True)[21:26, 10:20, 8:22] == 2).all()


def test_the_border_is_the_same_every_time():
    iso, column, owner = _two_bones(noise=40.0)
    first = settled(iso, column, [False, False], [170.0, 170.0], [()], owner)
    assert (settled(iso, column, [False, False], [170.0, 170.0], [()], owner) == first).all()


def test_a_scrap_at_the_image_s_edge_is_not_given_away_whole():
    iso, column, owner = _two_bones(border_at=53)
    found = settled(iso, column, [False, True], [170.0, 170.0], [()], owner)
    assert (found[55, 10:20, 8:22] == 2).all()


def test_a_border_once_laid_is_not_undone_by_the_next_pair_s():
    """Beside both bones lies a third: what the second wrongly held of the first stays the first's."""
    iso, column, owner = _two_bones(border_at=16)
    values = iso.values.copy()
    values[4:56, 10:20, 23:28] = 600.0
    owner[4:56, 10:20, 23:28] = 3
    iso = IsoVolume(values, iso.origin_lps_mm, iso.spacing_mm)
    found = settled(iso, [*column, column[0]], [False] * 3, [170.0] * 3, [(), ()], owner)
    assert (found[4:20, 10:20, 8:22] == 1).all()
    assert (found[22:56, 10:20, 8:22] == 2).all()
    assert (found[4:56, 10:20, 23:28] == 3).all()


def test_only_a_thin_dark_sheet_looks_like_one():
    hu = np.full((21, 21, 21), 500.0)
    hu[10] = 100.0
    hu[3:6, 3:6, 3:6] = 100.0
    at = np.ones(hu.shape, bool)
    strength = dark_sheet(hu, at, 1.0).reshape(hu.shape)
    assert strength[10, 10, 10] > 1.5 * strength[4, 4, 4]


def test_a_cut_follows_what_is_believed_where_links_cost_nothing():
    inside, outside = np.array([[[9.0, 2, 0, 2, 0, 0]]]), np.array([[[0.0, 0, 1, 0, 2, 9]]])
    nodes = np.ones((1, 1, 6), bool)
    found = minimum_cut(nodes, inside, lambda a, b: np.zeros(len(a)), inside, outside)
    assert found.ravel().tolist() == [True, True, False, True, False, False]


def test_dear_links_are_cut_once_only_and_where_that_costs_least():
    inside, outside = np.array([[[9.0, 2, 0, 2, 0, 0]]]), np.array([[[0.0, 0, 1, 0, 2, 9]]])
    nodes = np.ones((1, 1, 6), bool)
    dear = minimum_cut(nodes, inside, lambda a, b: np.full(len(a), 5.0), inside, outside)
    assert dear.ravel().tolist() == [True, True, True, True, False, False]
    solid = np.array([[[9.0, 9, 9, 9, 1, 1]]])
    weak = minimum_cut(nodes, solid, np.minimum, inside * 0.1, outside * 0.1)
    assert weak.ravel().tolist() == [True, True, True, True, False, False]
    weak = minimum_cut(nodes, solid[..., ::-1], np.minimum, inside * 0.1, outside * 0.1)
    assert weak.ravel().tolist() == [True, True, False, False, False, False]


def _process(marrow_hu):
    """(what is found, the wall, the marrow) of a process in fat, its front, upper and lower wall seen."""
    hu = np.full((40, 40, 40), -90.0)
    bone = np.zeros(hu.shape, bool)
    bone[12:28, 12:28, 4:36] = True
    marrow = np.zeros(hu.shape, bool)
    marrow[14:26, 14:28, 4:36] = True
    wall = bone & ~marrow
    hu[marrow] = marrow_hu
    hu[wall] = 400.0
    k, j, i = np.indices(hu.shape)
    frame = SimpleNamespace(disc_plane=lambda upper: (14.0 if upper else -14.0, 0.0, 0.0))
    block = SimpleNamespace(local=np.stack([i + 18.5, j - 10.0, k - 20.0], -1), hu=hu.astype(np.float32))
    return with_process_marrow(wall, block, SimpleNamespace(frame=frame), ~wall, 1.0), wall, marrow


def test_marrow_before_fat_is_taken_in():
    found, wall, marrow = _process(80.0)
    assert found[wall].all()
    assert found[ndi.binary_erosion(marrow, iterations=2)].mean() > 0.95
    assert (found & ~marrow & ~wall).sum() < 0.1 * marrow.sum()


def test_nothing_is_taken_in_where_there_is_fat_only():
    found, wall, _ = _process(-90.0)
    assert (found == wall).all()
