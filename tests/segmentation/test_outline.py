"""A vertebra's outline, beside a neighbour whose process lies in its hollow."""

import numpy as np
import pytest
from scipy import ndimage as ndi

from imaging.segmentation.outline import outlined

R = np.linalg.norm(np.indices((44, 44, 44)) - 20, axis=0)
LOW = np.indices(R.shape)[0] > 20
CUP, BALL = LOW & (R > 8) & (R < 14), R < 6.5
"""A cup of bone and a ball in it, with a gap of 1.5 mm between them."""


@pytest.fixture(scope="module")
def hu():
    return ndi.gaussian_filter(np.where(CUP | BALL, 600, 40).astype(np.float32), 0.6)


def test_closing_a_hollow_takes_nothing_of_the_process_in_it(hu):
    found = outlined(CUP, ~(CUP | BALL), hu, 1.0)
    assert not (found & BALL).any()
    assert (found & (R < 7)).sum() < 0.02 * found.sum()
    assert 2 * (found & CUP).sum() / (found.sum() + CUP.sum()) > 0.93


def test_marrow_is_filled_but_not_where_it_is_a_neighbours():
    shell, core = (R > 5) & (R < 8), R < 3
    hu = ndi.gaussian_filter(np.where(shell, 600, 20).astype(np.float32), 0.6)
    assert outlined(shell, ~shell, hu, 1.0)[core].all()
    assert not outlined(shell, ~shell & ~core, hu, 1.0)[core].any()
