"""What a monitor's glass shows: the picture scaled, lines where they belong and nowhere else."""

from __future__ import annotations

import numba
import numpy as np

from imaging.fluoro.glass import Stroke, glass
from imaging.fluoro.threads import half_the_threads

GREY = np.arange(256, dtype=np.uint8)


def channels(shown):
    return np.stack([(shown >> s) & 255 for s in (16, 8, 0)], -1).astype(int)


def test_the_picture_is_sampled_bilinearly_and_black_beside():
    u, v = np.meshgrid(np.arange(64), np.arange(48))
    pixels = (2 * u + v).astype(np.uint8)
    scale, corner = 2.5, (10.0, -4.0)
    shown = channels(glass(pixels, 200, 110, corner, scale, GREY))
    assert (shown[..., 0] == shown[..., 1]).all()
    assert (shown[..., 0] == shown[..., 2]).all()
    x, y = np.meshgrid(np.arange(200), np.arange(110))
    at_u, at_v = (x + 0.5 - corner[0]) / scale - 0.5, (y + 0.5 - corner[1]) / scale - 0.5
    inside = (at_u > 0) & (at_u < 63) & (at_v > 0) & (at_v < 47)
    assert np.abs(shown[..., 0] - (2 * at_u + at_v))[inside].max() <= 1.0
    assert (shown[:, :10] == 0).all()
    assert (shown[:, 171:] == 0).all()
    assert (shown[inside] > 0).any()


def test_one_to_one_is_the_picture_itself_through_the_curve():
    pixels = np.random.default_rng(1).integers(0, 256, (40, 40), dtype=np.uint8)
    shown = channels(glass(pixels, 40, 40, (0.0, 0.0), 1.0, GREY[::-1].copy()))
    assert (shown[..., 0] == 255 - pixels).all()


def test_a_line_lies_where_it_should_with_a_dark_casing():
    pixels = np.full((100, 100), 128, np.uint8)
    line = Stroke(np.array([[20.0, 50.5], [80.0, 50.5]]), 0xFF8000, 2.0)
    shown = channels(glass(pixels, 100, 100, (0.0, 0.0), 1.0, GREY, [line]))
    assert (shown[50, 30:70] == [255, 128, 0]).all()
    assert (shown[48, 30:70].mean(-1) < 90).all()
    assert (shown[44, :] == 128).all()
    assert (shown[50, :16] == 128).all()


def test_dashes_leave_gaps_and_the_round_field_ends_a_line():
    pixels = np.full((100, 100), 128, np.uint8)
    ends = np.array([[-50.0, 50.5], [150.0, 50.5]])
    dashed = channels(
        glass(pixels, 200, 100, (50.0, 0.0), 1.0, GREY, [Stroke(ends, 0xFFFFFF, 1.5, (6.0, 6.0))])
    )
    row = dashed[50, 60:140, 0]
    assert 0.35 < (row > 200).mean() < 0.65
    assert (dashed[50, :45] == 0).all()
    whole = channels(
        glass(pixels, 200, 100, (50.0, 0.0), 1.0, GREY, [Stroke(ends, 0xFFFFFF, 1.5, clipped=False)])
    )
    assert (whole[50, 20:40] > 200).all()


def test_a_point_that_is_nowhere_draws_nothing():
    pixels = np.full((20, 20), 9, np.uint8)
    lost = Stroke(np.array([[np.nan, 1.0], [5.0, 5.0]]), 0xFFFFFF, 2.0)
    assert (channels(glass(pixels, 20, 20, (0.0, 0.0), 1.0, GREY, [lost])) == 9).all()


def test_half_the_threads_and_all_again():
    before = numba.get_num_threads()
    with half_the_threads():
        assert numba.get_num_threads() == max(1, before // 2)
    assert numba.get_num_threads() == before
