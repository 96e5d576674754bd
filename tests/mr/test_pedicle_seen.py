"""Pedicles on thin slices: seen where marrow lies in a dark cortex, else the model."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.labels import NAME_FROM_VERSE
from imaging.mr.anatomy import mr_vertebra, seen_code
from imaging.mr.model_arch import PedicleModel, pedicle_models
from imaging.mr.pedicle_seen import pedicles_of, thin_slices
from imaging.mr.surface import BodySurface, Sampler, box_radius

L4 = 23
SIZE = np.array([45.0, 33.0, 27.0])
SHIFT_MM = np.array([2.0, 0.0, -2.0])
SMALLER_MM = 1.2


def _body() -> BodySurface:
    return BodySurface(np.zeros(3), np.eye(3), SIZE, box_radius(SIZE, 5.0), 5.0, marrow=300.0)


def _image(cortex: float = 60.0, last_x_mm: float = 40.0) -> tuple[Sampler, PedicleModel]:
    """Marrow in a cortex of 1.2 mm, and the left pedicle drawn: the model's, moved and smaller."""
    model = pedicle_models(_body(), L4)[0]
    z, y, x = np.mgrid[-25.0:36.0, -20.0:45.0:1.0, -40.0 : last_x_mm + 0.1 : 1.0]
    values = np.full(z.shape, 180.0)
    for side, moved in zip(pedicle_models(_body(), L4), (SHIFT_MM, np.zeros(3)), strict=True):
        rel = np.stack([x, y, z], -1) - side.isthmus_lps_mm - moved
        across = np.cross(side.axis_lps, [0.0, 0, 1])
        across /= np.linalg.norm(across)
        up = np.cross(across, side.axis_lps)
        a, b = side.half_width_mm - SMALLER_MM, side.half_height_mm - SMALLER_MM
        outer = np.hypot(rel @ across / a, rel @ up / b)
        inner = np.hypot(rel @ across / (a - 1.2), rel @ up / (b - 1.2))
        along = np.abs(rel @ side.axis_lps) < 12
        values[along & (outer < 1)] = cortex
        values[along & (inner < 1)] = 300.0
    values += np.random.default_rng(4).normal(0, 8, values.shape)
    return Sampler(values.astype(np.float32), np.array([-40.0, -20, -25]), np.ones(3)), model


def test_a_pedicle_in_its_cortex_is_seen_where_it_lies() -> None:
    image, model = _image()
    left, right = pedicles_of(image, _body(), L4)
    assert left.seen
    assert right.seen
    off = left.isthmus_lps_mm - model.isthmus_lps_mm - SHIFT_MM
    assert np.linalg.norm(off - (off @ model.axis_lps) * model.axis_lps) < 1.2
    assert abs(left.half_width_mm - model.half_width_mm + SMALLER_MM) < 1.0
    assert abs(left.half_height_mm - model.half_height_mm + SMALLER_MM) < 1.0
    level = mr_vertebra(_body(), L4, 0.9, (left, right))
    assert {f.code for f in level.findings} == {seen_code("left"), seen_code("right")}


@pytest.mark.parametrize(("cortex", "last_x_mm"), [(180.0, 40.0), (60.0, 20.0)])
def test_a_pedicle_without_a_cortex_or_out_of_view_stays_a_model(cortex: float, last_x_mm: float) -> None:
    image, model = _image(cortex, last_x_mm)
    left, right = pedicles_of(image, _body(), L4)
    assert not left.seen
    np.testing.assert_array_equal(left.isthmus_lps_mm, model.isthmus_lps_mm)
    level = mr_vertebra(_body(), L4, 0.9, (left, right))
    assert seen_code("left") not in {f.code for f in level.findings}
    assert NAME_FROM_VERSE[level.verse] == "L4"


def test_thick_slices_and_slices_put_between_them_show_no_pedicle() -> None:
    image, _ = _image()
    every = image.values[:, :, ::4]
    thick = Sampler(every, image.origin_lps_mm, np.array([4.0, 1, 1]))
    at = np.arange(0, every.shape[2] - 1, 0.25)
    low, share = np.floor(at).astype(int), (at % 1).astype(np.float32)
    between = every[:, :, low] * (1 - share) + every[:, :, low + 1] * share
    filled = Sampler(between, image.origin_lps_mm, np.ones(3))
    assert thin_slices(image)
    for other in (thick, filled):
        assert not thin_slices(other)
        assert not any(m.seen for m in pedicles_of(other, _body(), L4))
