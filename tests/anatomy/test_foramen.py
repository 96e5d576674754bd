"""The basivertebral foramen: found where the wall is open, also beside a septum; never in a closed wall."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.anatomy import BodyGeometry
from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.anatomy_foramen import measure_hu
from imaging.segmentation.anatomy_frame import Masks
from imaging.volume import Volume

WIDE, DEEP, HIGH = 44.0, 32.0, 26.0


def _body(
    hole_mm: float, septum_mm: float = 0.0, aside_mm: float = 0.0
) -> tuple[Volume, Masks, BodyGeometry]:
    """A block of marrow of 150 HU in a cortex of 500, with a cleft of 40 HU, 7 mm deep, in its back wall."""
    grid = VolumeGrid.from_parts((50, 60, 60), (-30.0, -30.0, -25.0), (1.0, 1.0, 1.0))
    z, y, x = np.meshgrid(np.arange(-25, 25.0), np.arange(-30, 30.0), np.arange(-30, 30.0), indexing="ij")
    body = (abs(x) <= WIDE / 2) & (abs(y) <= DEEP / 2) & (abs(z) <= HIGH / 2)
    inner = (abs(x) <= WIDE / 2 - 1.5) & (abs(y) <= DEEP / 2 - 1.5) & (abs(z) <= HIGH / 2 - 1.5)
    hu = np.where(body, np.where(inner, 150.0, 500.0), 40.0)
    hole = (abs(x - aside_mm) < hole_mm / 2) & (abs(z - 2) < 2.5) & (y > DEEP / 2 - 7)
    hole &= abs(x) >= septum_mm / 2
    hu[hole & body] = 40.0
    hu += np.random.default_rng(3).normal(0, 15, hu.shape)
    eye = np.eye(3)
    geometry = BodyGeometry(
        np.zeros(3), eye, WIDE, DEEP, HIGH, np.array([0, DEEP / 2, 0]), np.array([0, -DEEP / 2, 0]),
        np.array([[0, 0, HIGH / 2], [0, 0, 1.0]]), np.array([[0, 0, -HIGH / 2], [0, 0, -1.0]]),
    )  # fmt: skip
    nothing = np.zeros_like(body)
    return Volume(grid, hu.astype(np.int16)), Masks(22, grid, body, body, nothing, nothing), geometry


@pytest.mark.parametrize(("hole", "septum"), [(7.0, 0.0), (13.0, 4.0)])
def test_an_open_wall_is_found_also_beside_a_septum(hole: float, septum: float) -> None:
    found, _ = measure_hu(*_body(hole, septum))
    assert found is not None
    assert np.linalg.norm(found.mouth_lps_mm - [0, DEEP / 2, 2]) < 1.5


def test_its_depth_is_where_the_dark_core_ends() -> None:
    found, _ = measure_hu(*_body(7.0))
    assert found is not None
    assert found.depth_mm == pytest.approx(7.0, abs=1.0)


@pytest.mark.parametrize(("hole", "aside"), [(0.0, 0.0), (6.0, 9.0)])
def test_a_closed_wall_or_a_hole_to_one_side_is_no_foramen(hole: float, aside: float) -> None:
    assert measure_hu(*_body(hole, aside_mm=aside))[0] is None
