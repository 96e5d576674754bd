"""The edge of a blurred shell."""

import numpy as np
import pytest
from scipy import ndimage as ndi

from imaging.segmentation.edge import at_half_height, drawn_back_to_edge

R = np.linalg.norm(np.indices((60, 60, 60)) - 30, axis=0)


def shell(cortex_hu):
    hu = np.where(R < 18, np.where(R > 16.5, cortex_hu, 180), 40).astype(np.float32)
    return ndi.gaussian_filter(hu, 0.8)


def radius(found):
    return (found.sum() * 3 / 4 / np.pi) ** (1 / 3)


@pytest.mark.parametrize("cortex_hu", [350, 700, 1100])
def test_a_blurred_ball_is_drawn_back_to_its_true_radius(cortex_hu):
    assert radius(drawn_back_to_edge(R < 20, shell(cortex_hu), 1.0)) == pytest.approx(18, abs=0.8)


@pytest.mark.parametrize("cortex_hu", [350, 700, 1100])
@pytest.mark.parametrize("drawn_mm", [17, 18, 19])
def test_half_height_lays_the_edge_from_either_side(cortex_hu, drawn_mm):
    nobody = np.zeros(R.shape, bool)
    found = at_half_height(drawn_mm > R, shell(cortex_hu), nobody, 1.0)
    assert radius(found) == pytest.approx(18, abs=0.55)


def test_half_height_takes_nothing_of_a_neighbours():
    hu = shell(700)
    neighbours = (R < 18) & (np.indices(R.shape)[0] > 30)
    found = at_half_height((R < 17) & ~neighbours, hu, neighbours, 1.0)
    assert found.any()
    assert not (found & neighbours).any()


def test_an_empty_mask_stays_empty():
    nothing, hu = np.zeros((5, 5, 5), bool), np.zeros((5, 5, 5), np.float32)
    assert not drawn_back_to_edge(nothing, hu, 1.0).any()
    assert not at_half_height(nothing, hu, nothing, 1.0).any()
