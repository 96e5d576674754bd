"""Discs beyond the last one seen, the lumbar part of a long chain, and the canal near the image's edge."""

import numpy as np
import pytest
from scipy import ndimage as ndi

from imaging.progress import NULL_PROGRESS, nothing
from imaging.segmentation import disc_search
from imaging.segmentation.canal_path import UNSEEN_HU, _asymmetry
from imaging.segmentation.disc_search import find_discs
from imaging.segmentation.discs import Disc, look_beyond
from imaging.segmentation.iso import IsoVolume


def _normal(tilt_deg):
    a = np.deg2rad(tilt_deg)
    return np.array([0.0, -np.sin(a), np.cos(a)])


def _column(tilt_deg, next_tilt_deg, contrasts=(1.0, 1.0)):
    """A disc at the origin and one some 33 mm below it, in bodies that end 26 mm in front of the canal."""
    origin = np.array([-30.0, -45.0, -60.0])
    k, j, i = np.indices((100, 80, 61))
    points = np.stack([i, j, k], -1) + origin
    low = -33.0 * _normal((tilt_deg + next_tilt_deg) / 2)
    hu = np.full(k.shape, 160.0)
    places = (np.zeros(3), tilt_deg), (low, next_tilt_deg)
    for (centre, tilt), share in zip(places, contrasts, strict=True):
        off = np.abs((points - centre) @ _normal(tilt))
        hu[off < 3.5] = 160.0 + 260.0 * share
        hu[off < 1.5] = 160.0 - 100.0 * share
    wall = np.interp(points[..., 2], [low[2], 0.0], [low[1] + 16.0, 16.0])
    hu[np.abs(points[..., 1] - wall + 16.0) > 18.0] = 20.0
    return IsoVolume(ndi.gaussian_filter(hu, 1.0).astype(np.float32), origin, np.ones(3)), low


@pytest.mark.parametrize("back_mm", [0.0, 7.0])
def test_a_narrow_disc_below_is_found_though_the_one_above_was_placed_too_far_back(back_mm):
    iso, low = _column(22.0, 43.0)
    last = Disc(0.0, np.array([0.0, back_mm, back_mm * np.tan(np.deg2rad(22.0))]), _normal(22.0), 3.0, 90.0)
    found = look_beyond(iso, last, 33.0, False)
    assert found is not None
    assert not found.virtual
    assert found.tilt_deg == pytest.approx(43.0, abs=4.0)
    assert abs((found.centre_lps_mm - low) @ _normal(43.0)) < 1.5


def test_the_next_disc_may_turn_the_more_the_more_its_neighbour_leans():
    for tilt, possible in ((-12.0, False), (25.0, True)):
        iso, _ = _column(tilt, tilt + 44.0)
        found = look_beyond(iso, Disc(0.0, np.zeros(3), _normal(tilt), 3.0, 90.0), 33.0, False)
        turned = found is not None and abs(found.tilt_deg - tilt - 44.0) < 5.0
        assert turned == possible


def test_a_faint_remnant_below_a_clear_disc_is_none():
    iso, _ = _column(22.0, 43.0, (1.0, 0.5))
    for score, seen in ((90.0, True), (250.0, False)):
        found = look_beyond(iso, Disc(0.0, np.zeros(3), _normal(22.0), 3.0, score), 33.0, False)
        assert (found is not None and not found.virtual) == seen


def test_a_remnant_below_a_faint_last_disc_is_held_against_the_discs_above():
    """Below a lumbarised S1 two planes of the sacrum were taken for discs, and all names were three off."""
    iso, _ = _column(22.0, 43.0, (1.0, 0.5))
    for usual, seen in ((90.0, True), (250.0, False)):
        found = look_beyond(iso, Disc(0.0, np.zeros(3), _normal(22.0), 3.0, 90.0), 33.0, False, usual)
        assert (found is not None and not found.virtual) == seen


def test_a_faint_disc_that_leans_too_little_for_the_sacrum_is_one():
    """The image's end made the lowest disc faint, and the vertebra above it was lost."""
    iso, _ = _column(2.0, 6.0, (1.0, 0.5))
    found = look_beyond(iso, Disc(0.0, np.zeros(3), _normal(2.0), 3.0, 250.0), 33.0, False, 250.0)
    assert found is not None
    assert not found.virtual


def test_a_faint_disc_above_a_faint_one_is_found():
    iso, low = _column(2.0, 10.0, (0.22, 0.22))
    for score, seen in ((30.0, True), (90.0, False)):
        found = look_beyond(iso, Disc(0.0, low, _normal(10.0), 3.0, score), 33.0, True)
        assert (found is not None and not found.virtual) == seen


def _run(*scores):
    return [Disc(float(n), np.array([0.0, 0.0, 25.0 * n]), _normal(0), 4.0, s) for n, s in enumerate(scores)]


def test_a_poor_chain_along_a_long_spine_gives_way_to_its_lumbar_part(monkeypatch):
    asked = []

    def chained(spine, evidence, pedicles, inside, progress):
        asked.append(inside)
        return _run(30.0, 31.0) if inside[1] > 300 else _run(50.0, 40.0, 42.0)

    monkeypatch.setattr(disc_search, "disc_evidence", lambda spine: (np.zeros((5, 400)), np.zeros(400)))
    monkeypatch.setattr(disc_search, "_chained", chained)
    monkeypatch.setattr(disc_search, "_extended", lambda iso, run, progress: run)
    assert [d.score for d in find_discs(None, None, (2, 390), NULL_PROGRESS)] == [50.0, 40.0, 42.0]
    assert asked == [(2, 390), (2, 202.0)]
    asked.clear()
    assert len(find_discs(None, None, (2, 150), NULL_PROGRESS)) == 3
    assert asked == [(2, 150)]


def test_nothing_to_compare_with_at_the_edge_is_no_likeness():
    """A likeness of left and right in the middle; noise besides."""
    noise = np.random.default_rng(0).normal(0, 40, (4, 60, 81))
    hu = (noise + noise[:, :, ::-1]).astype(np.float32)
    found = _asymmetry(hu, 1.5, 2, nothing)
    assert found[:, :, 20].max() < 8
    assert found[:, :, 0].min() == pytest.approx(UNSEEN_HU, rel=0.01)
    assert found[:, :, -1].min() > 0.5 * UNSEEN_HU


def test_a_mid_body_taken_for_a_disc_gives_way_to_what_a_single_disc_leads_to(monkeypatch):
    """The chain holds a faint tall disc; from the clearest single one a better run is found."""
    evidence = np.zeros((5, 120))
    evidence[:, 70] = 60.0
    monkeypatch.setattr(disc_search, "disc_evidence", lambda spine: (evidence, np.zeros(120)))
    monkeypatch.setattr(disc_search, "_chained", lambda *given: _run(29.0, 60.0))
    monkeypatch.setattr(disc_search, "refine", lambda spine, s: _run(60.0)[0] if s == 70.0 else None)
    monkeypatch.setattr(
        disc_search,
        "_extended",
        lambda iso, run, progress: _run(190.0, 180.0, 60.0) if len(run) == 1 else run,
    )
    assert [d.score for d in find_discs(None, None, (2, 117), NULL_PROGRESS)] == [190.0, 180.0, 60.0]
