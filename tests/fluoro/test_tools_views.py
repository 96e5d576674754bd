"""Tools against dense integration, views of a made-up vertebra, outlines against rays."""

from itertools import pairwise

import numpy as np
import pytest
from fluoro_shapes import SMALL, pixel_rays, turn, vertebra, view
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.fluoro.overlay import anatomy_outlines, ellipsoid_outline_px
from imaging.fluoro.tools import STEEL_MU_PER_MM, Tool, tool_line_integral, tools_line_integral, with_handle
from imaging.fluoro.views import beam_to_tool_deg, endplate_tilt_deg, pose_for, view_angles, view_quality
from imaging.geometry.carm import Projection, direction_lps


def dense_tool(projection: Projection, path, radius: float) -> np.ndarray:
    """Counts 0.1 mm steps within ``radius`` of the path, four rays a pixel."""
    total = np.zeros((projection.carm.rows, projection.carm.columns))
    v, u = np.mgrid[: projection.carm.rows, : projection.carm.columns]
    steps = np.arange(projection.carm.sod_mm - 35, projection.carm.sod_mm + 35, 0.1)
    for du, dv in ((-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)):
        rays = projection.detector_points(np.stack([u + du, v + dv], -1)) - projection.source_lps_mm
        rays = (rays / np.linalg.norm(rays, axis=-1, keepdims=True)).reshape(-1, 3)
        for n, ray in enumerate(rays):
            line = projection.source_lps_mm + steps[:, None] * ray
            inside = np.zeros(len(steps), bool)
            for a, b in pairwise(path):
                along = np.clip((line - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
                near = ((line - a - along[:, None] * (b - a)) ** 2).sum(1) <= radius**2
                # Both ends of the tool are flat.
                near &= ((line - path[0]) @ (path[1] - path[0]) >= 0) & ((line - path[-1]) @ (b - a) <= 0)
                inside |= near
            total.flat[n] += inside.sum() * 0.1 / 4
    return total * STEEL_MU_PER_MM


@pytest.mark.parametrize("angles", [(180, 0), (120, 20)])
def test_tool_equals_dense_integration(angles):
    projection = view(*angles, carm=SMALL.resized(28))
    turn_deg = np.deg2rad(np.linspace(0, 70, 8))
    arc = np.stack([12 * np.sin(turn_deg), 12 * (np.cos(turn_deg) - 1), 3 + 0 * turn_deg], 1)
    path = np.concatenate([[[-28.0, 4.0, -9.0]], arc])
    got = tool_line_integral(projection, path, np.full(len(path), 4.0))
    exact = dense_tool(projection, path, 2.0)
    assert abs(got - exact).max() < 0.12 * STEEL_MU_PER_MM
    assert got.sum() == pytest.approx(exact.sum(), rel=1e-2)


def test_finely_divided_path_is_the_same_tool():
    projection = view(160, 10)
    coarse = np.array([[-20.0, 0, 0], [15, 5, 8]])
    fine = coarse[0] + np.linspace(0, 1, 81)[:, None] * (coarse[1] - coarse[0])
    np.testing.assert_allclose(
        tool_line_integral(projection, fine, np.full(81, 4.2)),
        tool_line_integral(projection, coarse, np.full(2, 4.2)),
        atol=1e-5,
    )


def test_a_tube_shows_two_rails_and_a_stylet_fills_it():
    projection = view(180, 0, carm=SMALL.resized(512))
    path = np.array([[0.0, 0, -10], [0, 0, 10]])
    tube = tools_line_integral(projection, [Tool(path, np.full(2, 4.2), bore_diameter_mm=3.4)])
    middle = tube[256]
    assert middle[256] == pytest.approx(0.8 * STEEL_MU_PER_MM, rel=5e-3)
    assert middle.max() > 2 * middle[256]
    filled = tube + tools_line_integral(projection, [Tool(path, np.full(2, 3.4))])
    solid = tools_line_integral(projection, [Tool(path, np.full(2, 4.2))])
    np.testing.assert_allclose(filled[256], solid[256], atol=0.02)


def test_a_bevel_is_a_slanted_face_and_a_diamond_a_point():
    projection = view(180, 0, carm=SMALL.resized(512))
    path = np.array([[0.0, 0, -15], [0, 0, 10]])
    mm = projection.carm.pixel_mm * projection.carm.sod_mm / projection.carm.sid_mm

    def reach(tool: Tool) -> np.ndarray:
        """How far up each picture column of the tool goes, in mm above the isocentre."""
        lit = tools_line_integral(projection, [tool]) > 1e-3
        return (255.5 - lit.argmax(0)[lit.any(0)]) * mm

    flat = reach(Tool(path, np.full(2, 4.0)))
    assert np.ptp(flat[2:-2]) < 0.3
    bevel = reach(Tool(path, np.full(2, 4.0), tip="bevel", bevel_deg=45.0, bevel_lps=np.array([1.0, 0, 0])))
    # The face looks to the patient's left, so the lip is on the right: the picture's right in prone AP.
    assert bevel[-2] - bevel[1] == pytest.approx(3.6, abs=0.5)
    assert bevel.max() == pytest.approx(10.0, abs=0.3)
    turned = Tool(path, np.full(2, 4.0), tip="bevel", bevel_deg=45.0, bevel_lps=np.array([-1.0, 0, 0]))
    assert reach(turned)[1] - reach(turned)[-2] == pytest.approx(3.6, abs=0.5)
    point = reach(Tool(path, np.full(2, 4.0), tip="diamond", bevel_deg=45.0, bevel_lps=np.array([1.0, 0, 0])))
    assert point[len(point) // 2] == pytest.approx(10.0, abs=0.4)
    assert max(point[1], point[-2]) < 9


def test_a_tool_behind_the_source_or_out_of_the_field_casts_nothing():
    projection = view(180, 0)
    behind = np.array([[0.0, -700, 0], [0, -600, 0]])
    aside = np.array([[300.0, 0, 0], [320, 0, 0]])
    for path in (behind, aside):
        assert not tool_line_integral(projection, path, np.full(2, 4.2)).any()


def test_the_handle_continues_the_straight_axis():
    path = np.array([[0.0, 0, 0], [0, -30, 0], [-2, -38, 0]])
    longer, diameters = with_handle(path, np.full(3, 4.2), 100.0, (0.0, 55.0, 0.0))
    assert len(longer) == len(diameters)
    np.testing.assert_allclose(longer[-3:], path)
    np.testing.assert_allclose(longer[:3, [0, 2]], 0)
    assert longer[1, 1] == pytest.approx(max(100 - 30 - np.hypot(2, 8), 55 + 20))
    assert diameters[0] > diameters[-1]


def test_an_upright_vertebra_has_the_textbook_angles():
    anatomy = vertebra()
    angles = {name: (p, s) for name, p, s in view_angles(anatomy, (-0.3, -0.95, -0.1), "left")}
    assert abs(angles["ap"][0]) == pytest.approx(180)
    assert angles["ap"][1] == pytest.approx(0)
    assert angles["lateral"] == pytest.approx((90, 0))
    assert angles["oblique"] == pytest.approx((180 - 28, 0))
    right = {name: p for name, p, _ in view_angles(anatomy, (0.3, -1, 0), "right")}
    assert right["oblique"] == pytest.approx(-152)


@settings(max_examples=40, deadline=None)
@given(st.floats(-15, 15), st.floats(-45, 45), st.floats(-12, 12), st.sampled_from(["left", "right"]))
def test_views_are_square_to_a_turned_vertebra(axial, tilt, side_bend, side):
    anatomy = vertebra(turn(2, axial) @ turn(0, tilt) @ turn(1, side_bend))
    tool = anatomy.pedicles[side].axis_lps
    angles = {name: (p, s) for name, p, s in view_angles(anatomy, tool, side)}
    ap = Projection.of(SMALL, pose_for(anatomy, angles["ap"]))
    quality = view_quality(anatomy, ap)
    assert quality.superior_tilt_deg == pytest.approx(0, abs=1e-4)
    assert quality.rotation_deg == pytest.approx(0, abs=1e-4)
    assert quality.pedicle_asymmetry_mm == pytest.approx(0, abs=0.01)
    assert quality.spinous_offset_mm == pytest.approx(0, abs=0.01)
    assert ap.d_lps @ anatomy.body.posterior > 0.99
    lateral = Projection.of(SMALL, pose_for(anatomy, angles["lateral"]))
    assert view_quality(anatomy, lateral).inferior_tilt_deg == pytest.approx(0, abs=1e-4)
    assert view_quality(anatomy, lateral).pedicle_separation_mm < 1.6  # perspective alone
    assert lateral.d_lps[0] > 0
    oblique = direction_lps(*angles["oblique"])
    assert np.rad2deg(np.arccos(oblique @ ap.d_lps)) == pytest.approx(28, abs=1e-4)
    assert (oblique @ anatomy.body.left > 0) == (side == "left")
    en_face = Projection.of(SMALL, pose_for(anatomy, angles["en_face"]))
    assert beam_to_tool_deg(en_face, tool) == pytest.approx(0, abs=1e-3)
    assert en_face.d_lps @ tool < 0
    assert np.allclose(en_face.project(anatomy.body.centre_lps_mm), (SMALL.columns - 1) / 2)


def test_quality_tells_a_bad_view():
    anatomy = vertebra()
    turned = view_quality(anatomy, Projection.of(SMALL, pose_for(anatomy, (172.0, 6.0))))
    assert turned.rotation_deg == pytest.approx(8, abs=0.1)
    assert turned.superior_tilt_deg == pytest.approx(6, abs=0.01)
    assert abs(turned.spinous_offset_mm) > 4
    assert endplate_tilt_deg((0, 0, 1), (0, 1, 0)) == 0


@settings(max_examples=30, deadline=None)
@given(st.floats(-180, 180), st.floats(-40, 40), st.tuples(*[st.floats(-20, 20)] * 3))
def test_outline_of_a_sphere_is_tangent(primary, secondary, place):
    projection = view(primary, secondary)
    outline = ellipsoid_outline_px(projection, place, (0.3, -0.9, 0.2), (6.0, 6.0, 6.0))
    rays = projection.detector_points(outline) - projection.source_lps_mm
    rays = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    distance = np.linalg.norm(np.cross(rays, np.array(place) - projection.source_lps_mm), axis=1)
    np.testing.assert_allclose(distance, 6.0, atol=1e-6)


def test_outline_of_a_long_lesion_holds_its_ends():
    projection = view(90, 0)
    outline = ellipsoid_outline_px(projection, (0, 0, 0), (0, 1, 0), (4.0, 4.0, 12.0))
    width = np.ptp(outline[:, 0]) * SMALL.pixel_mm * SMALL.sod_mm / SMALL.sid_mm
    assert width == pytest.approx(24, rel=0.01)
    assert np.ptp(outline[:, 1]) < 0.4 * np.ptp(outline[:, 0])


def test_outlines_of_a_vertebra_lie_where_they_should():
    anatomy = vertebra()
    projection = Projection.of(SMALL.resized(512), pose_for(anatomy, (180.0, 0.0)))
    outlines = anatomy_outlines(anatomy, projection, "left")
    rings = {o.side: o for o in outlines if o.kind == "pedicle"}
    assert rings["left"].points_px[:, 0].mean() < 255.5 < rings["right"].points_px[:, 0].mean()
    assert not rings["left"].dashed
    assert rings["right"].dashed
    plates = [o for o in outlines if o.kind == "endplate"]
    assert np.ptp(plates[0].points_px[:, 1]) < 4  # seen edge on, but for perspective


def test_pixel_rays_start_at_the_source():
    projection = view(150, 10)
    assert np.allclose(pixel_rays(projection).mean((0, 1)) / 1, projection.d_lps, atol=0.02)
