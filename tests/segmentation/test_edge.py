"""The edge of a blurred shell."""

import numpy as np
import pytest
from scipy import ndimage as ndi

from imaging.segmentation.edge import drawn_back_to_edge


@pytest.mark.parametrize("cortex_hu", [350, 700, 1100])
def test_a_blurred_ball_is_drawn_back_to_its_true_radius(cortex_hu):
    r = np.linalg.norm(np.indices((60, 60, 60)) - 30, axis=0)
    hu = np.where(r < 18, np.where(r > 16.5, cortex_hu, 180), 40).astype(np.float32)
    hu = ndi.gaussian_filter(hu, 0.8)
    found = drawn_back_to_edge((r < 20), hu, 1.0)
    radius = (found.sum() * 3 / 4 / np.pi) ** (1 / 3)
    assert radius == pytest.approx(18, abs=0.8)


def test_an_empty_mask_stays_empty():
    assert not drawn_back_to_edge(np.zeros((5, 5, 5), bool), np.zeros((5, 5, 5), np.float32), 1.0).any()
