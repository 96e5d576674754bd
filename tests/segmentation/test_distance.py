from __future__ import annotations

import numpy as np
from scipy import ndimage as ndi

from imaging.segmentation.distance import steps_to


def test_it_is_the_distance_to_the_nearest_such_voxel() -> None:
    there = np.random.default_rng(5).random((9, 14, 11)) < 0.02
    away = ndi.distance_transform_edt(~there)
    np.testing.assert_allclose(steps_to(there)[~there], away[~there], rtol=1e-6)
    assert (steps_to(there)[there] <= 0).all()


def test_without_such_a_voxel_everything_is_infinitely_far() -> None:
    assert np.isinf(steps_to(np.zeros((3, 4, 5), bool))).all()
