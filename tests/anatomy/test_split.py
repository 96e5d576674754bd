"""Structures derived from whole-vertebra labels."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.labels import SACRUM, Structure
from imaging.segmentation.split import structures_from_vertebrae
from imaging.volume import LabelVolume
from sample_dicom.phantom import Phantom, PhantomParameters, build_phantom


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return build_phantom(PhantomParameters.small(field_mm=(130.0, 120.0), seed=3))


@pytest.fixture(scope="module")
def split(phantom: Phantom) -> LabelVolume:
    return structures_from_vertebrae(phantom.vertebrae)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / max(1, a.sum() + b.sum()))


def test_bodies_and_canal_agree_with_the_phantom(phantom: Phantom, split: LabelVolume) -> None:
    got = split
    assert got.grid.same_as(phantom.vertebrae.grid)
    bone = phantom.vertebrae.labels > 0
    assert not (got.labels[bone] == 0).any()
    assert not (got.labels[bone] == Structure.CANAL).any()
    for verse in (22, 23, 24):
        own = phantom.vertebrae.labels == verse
        mine = own & (got.labels == Structure.BODY)
        assert dice(mine, own & (phantom.structures.labels == Structure.BODY)) > 0.9
    heights = np.flatnonzero((phantom.vertebrae.labels == 23).any((1, 2)))
    band = slice(int(heights[len(heights) // 2]), int(heights[-1]))
    canal = got.labels[band] == Structure.CANAL
    assert dice(canal, phantom.structures.labels[band] == Structure.CANAL) > 0.7


def test_pedicles_lie_on_their_own_sides(phantom: Phantom, split: LabelVolume) -> None:
    got = split
    for verse in (22, 23, 24):
        own = phantom.vertebrae.labels == verse
        centre = phantom.truth[verse].body.centre_lps_mm
        for part, sign in ((Structure.LEFT_PEDICLE, 1), (Structure.RIGHT_PEDICLE, -1)):
            at = np.argwhere(own & (got.labels == part))[:, ::-1]
            assert len(at) > 50
            assert sign * (got.grid.lps_from_indices(at).mean(0) - centre)[0] > 8


def test_of_the_sacrum_a_part_is_the_body_of_s1(phantom: Phantom, split: LabelVolume) -> None:
    got = split
    own = phantom.vertebrae.labels == SACRUM
    mine = own & (got.labels == Structure.BODY)
    assert dice(mine, own & (phantom.structures.labels == Structure.BODY)) > 0.6
