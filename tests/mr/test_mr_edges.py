"""Walls where marrow ends, bodies moved to their own midline, labels on interpolated slices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage as ndi

from imaging.geometry.grid import VolumeGrid
from imaging.mr.edges import at_marrow_edge
from imaging.mr.midline import recentred
from imaging.mr.original_slices import beside, original_slices
from imaging.mr.painting import NamedBody, painted
from imaging.mr.surface import BodySurface, Sampler, box_radius
from imaging.volume import Volume

SIZE = np.array([41.0, 33.0, 25.0])
GRID = 71


def _body(**changes: object) -> BodySurface:
    body = BodySurface(np.zeros(3), np.eye(3), SIZE, box_radius(SIZE, 4.0), 4.0)
    return replace(body, **changes)  # type: ignore[arg-type]


def _sampler(values: np.ndarray) -> Sampler:
    return Sampler(values.astype(np.float32), np.full(3, -(GRID // 2), float), np.ones(3))


def _places() -> np.ndarray:
    z, y, x = (v - GRID // 2 for v in np.indices((GRID, GRID, GRID)))
    return np.stack([x, y, z], -1).astype(float)


@pytest.mark.parametrize(("rim", "least", "most"), [(10.0, -0.8, 0.0), (75.0, 0.3, 1.3)])
def test_endplate_follows_how_dark_its_line_is(rim: float, least: float, most: float) -> None:
    """A line 2 mm wide before a bright disc: at its near edge where deep, further in where shallow."""
    height = np.abs(_places()[..., 2]) - SIZE[2] / 2
    values = np.where(height < 0, 100.0, np.where(height < 2, rim, 110.0))
    drawn = _body()
    moved = at_marrow_edge(_sampler(ndi.gaussian_filter(values, 0.7)), [drawn])[0]
    middle = np.array([0.0, 0.0, SIZE[2] / 2])
    step = float(drawn.depth_mm(middle) - moved.depth_mm(middle))
    assert least < step < most
    side = np.array([SIZE[0] / 2, 0.0, 0.0])
    assert abs(float(drawn.depth_mm(side) - moved.depth_mm(side))) < 0.1


@pytest.mark.parametrize("last_mm", [8, 10, 12, 13, 14, 16])
def test_the_end_of_the_image_is_no_edge(last_mm: int) -> None:
    """Even marrow throughout, cut above or in front: the surface drawn stays where it is."""
    drawn = _body()
    even = np.full((GRID, GRID, GRID), 100.0)
    for cut in (np.s_[: GRID // 2 + last_mm + 1], np.s_[:, GRID // 2 - last_mm :]):
        origin = np.full(3, -(GRID // 2), float)
        origin[1] = -last_mm if isinstance(cut, tuple) else origin[1]
        moved = at_marrow_edge(Sampler(even[cut].astype(np.float32), origin, np.ones(3)), [drawn])[0]
        np.testing.assert_allclose(moved.radius_mm, drawn.radius_mm, atol=1e-6)


def test_body_is_moved_to_its_own_mirror_plane() -> None:
    rng = np.random.default_rng(3)
    half = ndi.gaussian_filter(rng.normal(0, 1, (GRID, GRID, GRID // 2 + 1)), 2.0)
    mirrored = np.concatenate([half[..., :0:-1], half], -1)
    image = _sampler(100 + 400 * np.roll(mirrored, 5, -1))
    out = recentred(image, [_body(), _body(centre_lps_mm=np.array([5.0, 0.0, 0.0]))])
    assert [float(b.centre_lps_mm[0]) for b in out] == pytest.approx([5.0, 5.0], abs=0.01)


def _stack(values: np.ndarray, apart: float = 1.0) -> Volume:
    """[x, z, y] as sagittal slices from right to left."""
    axes = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], float)
    grid = VolumeGrid.from_parts(values.shape, np.full(3, -(GRID // 2), float), (1.0, 1.0, apart), axes)
    return Volume(grid, np.rint(values).astype(np.int16), "MR")


def test_original_slices_are_found_where_others_were_put_between() -> None:
    rng = np.random.default_rng(1)
    taken = 300 + 100 * ndi.gaussian_filter(rng.normal(0, 3, (17, 60, 60)), (0, 1, 1))
    at = np.arange(0, 4.4 * 16 + 1) / 4.4
    low = np.minimum(at.astype(int), 15)
    between = taken[low] + (at - low)[:, None, None] * (taken[low + 1] - taken[low])
    found = original_slices(_stack(between))
    assert found is not None
    assert found.axis == 0
    assert found.apart_mm == pytest.approx(4.4, abs=0.1)
    before, after = beside(np.array([22, 23, 26]), found)
    assert found.first + found.each * before == pytest.approx([22.0, 22.0, 22.0], abs=0.3)
    assert found.first + found.each * after == pytest.approx([22.0, 26.4, 26.4], abs=0.3)
    assert original_slices(_stack(rng.normal(300, 60, (60, 40, 40)))) is None
    assert original_slices(_stack(taken, 4.0)) is None


def test_labels_between_original_slices_are_what_both_show() -> None:
    taken = np.random.default_rng(2).uniform(100, 500, (GRID // 4 + 1, GRID, GRID))
    at = np.minimum(np.arange(GRID) / 4, len(taken) - 1.001)
    low = at.astype(int)
    volume = _stack(taken[low] + (at - low)[:, None, None] * (taken[low + 1] - taken[low]))
    labels, _ = painted(volume, [NamedBody(22, _body())], {22: ()})  # type: ignore[dict-item]
    area = (labels.labels == 22).sum((1, 2))
    for n in range(0, GRID - 4, 4):
        assert area[n + 1] == area[n + 2] == area[n + 3]
        assert area[n + 2] <= min(area[n], area[n + 4])
    plain, _ = painted(_stack(volume.values[::4], 4.0), [NamedBody(22, _body())], {22: ()})  # type: ignore[dict-item]
    assert area.sum() == pytest.approx(4 * (plain.labels == 22).sum(), rel=0.1)
