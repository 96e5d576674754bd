"""Where the body ends and the pedicles begin."""

from types import SimpleNamespace

import numpy as np

from imaging.labels import Structure
from imaging.segmentation.pedicles import split_parts

AXIS = np.arange(-30.0, 30.5)
S, P, L = np.meshgrid(np.arange(-14.0, 14.5), AXIS, AXIS, indexing="ij")
BLOCK = SimpleNamespace(local=np.stack([L, P, S], -1), depth=P - 3.0)
"""A body whose fitted wall bulges 3 mm behind its plane."""
BODY = SimpleNamespace(frame=SimpleNamespace(disc_plane=lambda upper: (14.0 if upper else -14.0, 0.0, 0.0)))


def parts(sacral: bool) -> dict[tuple[float, float, float], int]:
    out = split_parts(BLOCK, BODY, np.ones(P.shape, bool), sacral)
    return {
        (x, y, z): int(out[int(z + 14), int(y + 30), int(x + 30)])
        for x in (0, 15)
        for y in (-2, 2)
        for z in (-10, 6)
    }


def test_behind_the_walls_plane_a_pedicles_root_is_the_pedicle():
    found = parts(sacral=False)
    assert found[15, 2, 6] == Structure.LEFT_PEDICLE
    assert found[15, -2, 6] == Structure.BODY


def test_a_wall_that_bulges_elsewhere_stays_the_bodys():
    found = parts(sacral=False)
    assert found[0, 2, 6] == Structure.BODY  # in the midline
    assert found[15, 2, -10] == Structure.BODY  # below the pedicle
    assert parts(sacral=True)[15, 2, 6] == Structure.BODY
