"""A bright block with a dark rim is found and drawn; a column is named by its lean."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from imaging.labels import NAME_FROM_VERSE, VERSE_FROM_NAME
from imaging.mr.blocks import STEP_MM, find_blocks
from imaging.mr.chain import best_chain
from imaging.mr.foot import which_is_s1
from imaging.mr.regions import redrawn
from imaging.mr.spine import name_bodies
from imaging.mr.surface import BodySurface, Sampler, box_radius, fit_surface


def _block_image(size_mm: np.ndarray, disc: float = 90.0) -> Sampler:
    n = 61
    z, y, x = (v - n // 2 for v in np.indices((n, n, n)))
    inside = (np.abs(x) < size_mm[0] / 2) & (np.abs(y) < size_mm[1] / 2) & (np.abs(z) < size_mm[2] / 2)
    a, b, c = size_mm / 2 + 3
    rim = (np.abs(x) < a) & (np.abs(y) < b) & (np.abs(z) < c)
    noise = np.random.default_rng(0).normal(0, 4, inside.shape)
    values = np.where(inside, 100.0, np.where(rim, 30.0, disc)) + noise
    return Sampler(values.astype(np.float32), np.full(3, -(n // 2), float), np.ones(3))


def test_surface_is_drawn_where_the_marrow_ends() -> None:
    true = np.array([42.0, 33.0, 26.0])
    start = BodySurface(np.array([1.0, -2.0, 1.5]), np.eye(3), np.array([40.0, 30.0, 23.0]), np.empty(0), 5.0)
    body = fit_surface(_block_image(true), start)
    for axis, low in ((1, 33 / 2), (2, 26 / 2)):
        for sign in (1, -1):
            point = np.zeros(3)
            point[axis] = sign * low
            assert abs(float(body.depth_mm(body.to_local(point)))) < 1.5
    assert float(body.depth_mm(body.to_local(np.zeros(3)))) < -10


def test_box_of_s1_tapers_downwards() -> None:
    size = np.array([45.0, 30, 25])
    straight, tapered = box_radius(size, 3.0), box_radius(size, 3.0, 0.25)
    middle = straight.shape[0] // 2
    up_back, down_back = straight.shape[1] // 12, -(straight.shape[1] // 12)
    assert tapered[middle, up_back] > straight[middle, up_back] > tapered[middle, down_back]


def test_chain_of_blocks_is_followed() -> None:
    rows, columns = np.mgrid[0:110, 0:70] * STEP_MM
    picture = np.full(rows.shape, 0.9)
    centres = [40 + 34 * n for n in range(5)]
    for z in centres:
        picture[(np.abs(rows - z) < 16.5) & (np.abs(columns - 70) < 19)] = 0.4
        picture[(np.abs(rows - z) < 13) & (np.abs(columns - 70) < 16)] = 1.1
    picture += np.random.default_rng(1).normal(0, 0.03, picture.shape)
    chain, worth = best_chain(find_blocks(picture.astype(np.float32), np.zeros(2)))
    assert worth > 5
    found = [b.z_mm for b in chain]
    assert all(min(abs(f - z) for f in found) < 4 for z in centres)


def _column(leans_deg: list[float]) -> list[BodySurface]:
    place, out = np.zeros(3), []
    for lean in [*leans_deg, None]:
        out.append(BodySurface(place.copy(), np.eye(3), np.array([45.0, 33, 26]), np.empty(0)))
        if lean is not None:
            a = np.deg2rad(lean)
            place = place + 34 * np.array([0, -np.sin(a), np.cos(a)])
    return out


def test_sacrum_is_where_the_lordosis_ends() -> None:
    place, doubt = which_is_s1(_column([38, 12, -2, -8, -12]))
    assert place == 0
    assert doubt < 0.1
    place, doubt = which_is_s1(_column([20, 39, 14, 0, -8, -12]))
    assert place == 1
    assert doubt < 0.1


def test_sacrum_below_the_chain_is_told() -> None:
    place, _ = which_is_s1(_column([11, -2, -9, -12]))
    assert place is None


def test_column_without_lordosis_is_in_doubt() -> None:
    _, doubt = which_is_s1(_column([22, 22, 5, 5, 5]))
    assert doubt > 0.1


def test_second_pass_draws_a_body_closer() -> None:
    true = np.array([42.0, 33.0, 26.0])
    body = BodySurface(np.zeros(3), np.eye(3), true, box_radius(true - [4, 4, 4], 5.0), 5.0)
    again = redrawn(_block_image(true), [body], sacral=False)[0]
    face = np.array([[0, 16.5, 0], [0, -16.5, 0], [4, 3, 13], [-4, -3, -13]])
    assert np.abs(again.depth_mm(face)).max() < np.abs(body.depth_mm(face)).max() - 0.5


def test_second_pass_grows_into_marrow_but_never_into_a_neighbour() -> None:
    """Marrow that goes on to 17 mm is taken in where nobody owns it, and left to a neighbour that does."""
    image = _block_image(np.array([42.0, 33.0, 34.0]))
    size = np.array([42.0, 33.0, 26.0])
    body = BodySurface(np.zeros(3), np.eye(3), size, box_radius(size, 5.0), 5.0)
    above = BodySurface(np.array([0, 0, 27.0]), np.eye(3), size, box_radius(size, 5.0), 5.0)
    beyond = np.array([[x, y, 15.0] for x in (-9.0, 0.0, 9.0) for y in (-7.0, 0.0, 7.0)])
    alone = redrawn(image, [body], sacral=False)[0]
    beside = redrawn(image, [body, above], sacral=False)[0]
    assert (alone.depth_mm(beyond) < 0).all()
    assert (beside.depth_mm(beyond) > 0).all()


@pytest.mark.parametrize(("name", "named"), [("L5", ["S1", "L5", "L4"]), ("S1", ["S1", "L5"])])
def test_what_was_followed_below_s1_is_left_out_where_a_point_says_so(name: str, named: list[str]) -> None:
    bodies = [
        SimpleNamespace(to_local=lambda p: p, depth_mm=lambda _p, n=n: 9.0 - 9 * (n == 2), seen=True)
        for n in range(4)
    ]
    column = SimpleNamespace(bodies=bodies, sacral=0, doubt=0.0)
    found, _, findings, _ = name_bodies(column, (VERSE_FROM_NAME[name], np.zeros(3)))
    assert [NAME_FROM_VERSE[one.verse] for one in found] == named
    assert found[named.index(name)].body is bodies[2]
    assert [f.code for f in findings] == ["level_count_unconfirmed"]
