"""The engine's one call: dose, spectrum, shutters, turns of the picture, what is kept."""

import numpy as np
import pytest
from fluoro_shapes import ellipsoid_volume, grid_about

from imaging.errors import PlannerError
from imaging.fluoro.engine import FluoroEngine
from imaging.fluoro.obstacles import Table, table_in_the_way
from imaging.fluoro.picture import PictureSettings
from imaging.fluoro.technique import (
    Dose,
    Shutters,
    Technique,
    air_kerma_mgy,
    expose,
    spectrum,
    tube_output_ugy_per_mas,
)
from imaging.fluoro.tools import Tool
from imaging.fluoro.views import within_reach
from imaging.geometry.carm import CArm, CArmPose, Projection, angles_from_oblique, oblique_and_tilt
from imaging.geometry.carm_profiles import FIXED, MOBILE
from imaging.progress import TaskCancelledError
from imaging.volume import Volume

CARM = CArm().resized(160)


@pytest.fixture(scope="module")
def engine():
    """Water with a bone inside."""
    grid = grid_about((0, 0, 0), (70, 70, 70), (2.4, 2.4, 2.4))
    water = ellipsoid_volume(grid, np.zeros(3), np.array([80.0, 75.0, 78.0]), sub=1)
    values = water.values.copy()
    values[30:40, 30:40, 20:50] = 700
    return FluoroEngine(Volume(grid, values), CARM)


def test_output_and_kerma_follow_the_cited_formula():
    assert tube_output_ugy_per_mas(80) == pytest.approx(0.008373 * 80**1.983)
    assert tube_output_ugy_per_mas(80) == pytest.approx(50, rel=0.02)
    near, far = air_kerma_mgy(80, 0.24, 0.1, 450), air_kerma_mgy(80, 0.24, 0.1, 900)
    assert near == pytest.approx(4 * far)
    # clinical.md 3.3: 80 kV, 0.24 mAs a second at 45 cm is about 0.037 mGy a second.
    assert near == pytest.approx(0.037, rel=0.05)


def test_dose_area_product_does_not_depend_on_where_it_is_taken():
    dose = expose(Technique(mas=0.1), CARM, 4.0)
    area_at = lambda mm: (CARM.columns * CARM.pixel_mm * mm / CARM.sid_mm / 10) ** 2  # noqa: E731
    for mm in (400.0, 700.0):
        assert dose.dap_gy_cm2 == pytest.approx(air_kerma_mgy(80, 0.1, 0.1, mm) / 1000 * area_at(mm))
    half = expose(Technique(mas=0.1, shutters=Shutters(left=0.25, right=0.25)), CARM, 4.0)
    assert half.dap_gy_cm2 == pytest.approx(dose.dap_gy_cm2 / 2)


def test_automatic_exposure_raises_mas_and_kv_with_thickness_until_the_tube_ends():
    thin, thick, most = (expose(Technique(), CARM, x) for x in (2.0, 6.0, 11.0))
    assert thin.kv <= thick.kv <= most.kv == 110
    assert thin.air_kerma_mgy < thick.air_kerma_mgy
    assert thick.detector_ngy == pytest.approx(30, rel=1e-6)
    assert most.limited
    assert most.detector_ngy < 30
    total = thin + thick
    assert total.air_kerma_mgy == pytest.approx(thin.air_kerma_mgy + thick.air_kerma_mgy)


def test_a_spectrum_sums_to_one_and_hardens_with_kv():
    means = []
    for kv in (70.0, 90.0, 110.0):
        energies, shares = spectrum(kv)
        assert shares.sum() == pytest.approx(1)
        assert energies.max() < kv
        means.append(float(energies @ shares))
    assert means[0] < means[1] < means[2]


def test_kv_changes_contrast_with_a_spectrum(engine):
    contrast = []
    for kv in (60.0, 110.0):
        technique = Technique(kv=kv, mas=0.1, beam="spectrum")
        shadows = engine.shadow(Projection.of(CARM, CArmPose(180, 0)), parts=True)
        from imaging.fluoro.engine import _hardened

        projection = Projection.of(CARM, CArmPose(180, 0))
        body, _ = _hardened(*shadows, None, projection, PictureSettings(technique=technique))
        contrast.append(float(body[80, 80] - body[110, 80]) / float(body[110, 80]))
    assert contrast[0] > 1.15 * contrast[1] > 0


def test_take_gives_picture_projection_and_dose_and_keeps_the_shadow(engine):
    pose = CArmPose(170.0, 4.0)
    shot = engine.take(pose, PictureSettings(seed=1))
    assert shot.pixels.shape == (160, 160)
    assert shot.dose.dap_gy_cm2 > 0
    path = np.array([[-30.0, 0, 0], [30, 0, 0]])
    with_tool = engine.take(pose, PictureSettings(seed=1), [Tool(path, np.full(2, 4.0))])
    u, v = np.rint(shot.projection.project([0.0, 0, 0])).astype(int)
    assert int(with_tool.pixels[v, u]) < 60
    assert engine.shadow(shot.projection)[0] is engine.shadow(with_tool.projection)[0]
    given = engine.take(pose, exposed=Dose(77.0, 0.05, 0.1, 0.2, 12.0))
    assert given.dose.kv == 77.0


def test_a_cancelled_picture_stops(engine):
    with pytest.raises(TaskCancelledError):
        engine.take(CArmPose(123.0, 1.0), cancelled=lambda: True)


def test_mr_has_no_x_ray():
    grid = grid_about((0, 0, 0), (8, 8, 8), (1, 1, 1))
    with pytest.raises(PlannerError, match="CT only"):
        FluoroEngine(Volume(grid, np.zeros((8, 8, 8), np.int16), "MR"))


def test_shutters_blacken_their_side(engine):
    settings = PictureSettings(technique=Technique(shutters=Shutters(left=0.3)))
    pixels = engine.take(CArmPose(180, 0), settings).pixels
    assert not pixels[80, :40].any()
    assert pixels[80, 60:100].min() > 0
    with pytest.raises(ValueError, match="shutter"):
        Shutters(top=0.6)


@pytest.mark.parametrize(("rotation", "flipped"), [(90.0, False), (0.0, True), (35.0, False), (180.0, True)])
def test_turned_and_flipped_pictures_keep_one_matrix(engine, rotation, flipped):
    """The bone's end lies where the projection says, whatever the picture's turn."""
    pose = CArmPose(160.0, 8.0, rotation_deg=rotation, flipped=flipped)
    projection = Projection.of(CARM, pose)
    plain = Projection.of(CARM, CArmPose(160.0, 8.0))
    shadow, upright = engine.shadow(projection)[0], engine.shadow(plain)[0]
    for point in ((25.0, 0.0, 0.0), (-20.0, 5.0, 6.0), (0.0, 0.0, -30.0)):
        u, v = np.rint(projection.project(point)).astype(int)
        s, t = np.rint(plain.project(point)).astype(int)
        assert shadow[v, u] == pytest.approx(float(upright[t, s]), rel=0.05)
    if flipped and not rotation:
        np.testing.assert_allclose(shadow, upright[:, ::-1], atol=0.02 * upright.max())


def test_magnified_shows_less_at_more_pixels(engine):
    carm = CARM.magnified(2.0)
    wide, close = (Projection.of(c, CArmPose(180, 0)) for c in (CARM, carm))
    point = np.array([10.0, 0, 5.0])
    middle = (CARM.columns - 1) / 2
    np.testing.assert_allclose(close.project(point) - middle, 2 * (wide.project(point) - middle))


def test_words_and_reach():
    assert oblique_and_tilt(158.0, 8.0) == pytest.approx((22.0, 8.0))
    assert angles_from_oblique(22.0, 8.0) == pytest.approx((158.0, 8.0))
    assert oblique_and_tilt(-150.0, 0.0)[0] == pytest.approx(-30)
    assert within_reach((158.0, 8.0), MOBILE.reach) == pytest.approx((158.0, 8.0))
    far = within_reach(angles_from_oblique(-60.0, 70.0), MOBILE.reach)
    assert oblique_and_tilt(*far) == pytest.approx((-40.0, 45.0))
    assert FIXED.reach.holds(-90.0, 45.0)
    assert not MOBILE.reach.holds(-90.0, 0.0)


def test_the_tables_rail_is_found_only_where_it_lies():
    def beam(oblique: float) -> Projection:
        return Projection.of(CARM, CArmPose(*angles_from_oblique(oblique, 0.0)))

    table = Table(below_mm=120.0, half_width_mm=260.0, rail_mm=45.0)
    assert not table_in_the_way(beam(0.0), table)
    assert not table_in_the_way(beam(30.0), table)
    assert table_in_the_way(beam(63.0), table)
    assert not table_in_the_way(beam(90.0), table)


@pytest.mark.parametrize("primary_deg", [180.0, 90.0])
def test_beyond_the_last_slice_the_picture_is_shuttered_and_beside_the_body_white(primary_deg):
    grid = grid_about((0, 0, 0), (40, 90, 90), (4.0, 4.0, 4.0))
    _, j, i = np.indices(grid.shape_kji)
    tube = np.hypot(i - 44.5, j - 44.5) * 4 < 60
    engine = FluoroEngine(Volume(grid, np.where(tube, 40, -1000).astype(np.int16)), CARM)
    pose = CArmPose(primary_deg, 0.0, (0.0, 0.0, -50.0))
    shot = engine.take(pose, PictureSettings(quality="clean"))
    uv = shot.projection.project(np.array([[0, 0, -30.0], [0, 0, -110.0]]))
    across = shot.projection.u_lps
    beside = shot.projection.project(np.array([0, 0, -45.0]) + 68 * across)
    there, below, air = (int(shot.pixels[tuple(np.rint(p[::-1]).astype(int))]) for p in (*uv, beside))
    assert 40 < there < 240
    assert below == 26
    assert air > 240
