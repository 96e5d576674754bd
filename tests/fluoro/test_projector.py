"""Line integrals against exact chords, each other and the projection matrix."""

import threading

import numpy as np
import pytest
from fluoro_shapes import box_chords, ellipsoid_chords, ellipsoid_volume, grid_about, turn, view
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.fluoro.annotate import edge_letters
from imaging.fluoro.attenuation import mu_from_hu, water_mu_per_mm
from imaging.fluoro.projector import Projector
from imaging.geometry.carm import CArm
from imaging.volume import Volume

WATER = water_mu_per_mm(60.0)
POSES = st.tuples(st.floats(-180, 180), st.floats(-40, 40))


def test_attenuation_of_known_materials():
    assert mu_from_hu(0) == pytest.approx(0.02059, rel=1e-4)
    assert mu_from_hu(-1000) == 0
    assert mu_from_hu(-2048) == 0
    assert mu_from_hu(1000, 60.0) == pytest.approx(0.02059 * 2.21, rel=1e-3)
    assert mu_from_hu(500, 80.0) == pytest.approx(0.01837 * (1 + 0.83 * 0.5), rel=1e-3)


@pytest.fixture(scope="module")
def ellipsoid():
    grid = grid_about((5, -8, 12), (50, 60, 64), (1.0, 1.1, 1.3), turn(2, 20) @ turn(0, 12))
    centre, radii = np.array([7.0, -6.0, 10.0]), np.array([20.0, 14.0, 23.0])
    return Projector(ellipsoid_volume(grid, centre, radii)), centre, radii


@settings(max_examples=25, deadline=None)
@given(POSES)
def test_ellipsoid_of_water_at_any_pose(ellipsoid, angles):
    projector, centre, radii = ellipsoid
    projection = view(*angles, centre)
    exact = ellipsoid_chords(projection, centre, radii) * WATER
    for got in (projector.line_integrals(projection), projector.reference_line_integrals(projection)):
        assert got.dtype == np.float32
        assert np.percentile(abs(got - exact), 99) < 0.02 * exact.max()
        assert got.sum() == pytest.approx(exact.sum(), rel=5e-3)


@settings(max_examples=15, deadline=None)
@given(POSES)
def test_box_of_water_at_any_pose(angles):
    grid = grid_about((0, 0, 0), (41, 41, 41), (1.0, 1.0, 1.0))
    values = np.full(grid.shape_kji, -1000, np.int16)
    values[8:33, 10:31, 5:36] = 0
    low, high = np.array([-15.5, -10.5, -12.5]), np.array([15.5, 10.5, 12.5])
    projection = view(*angles)
    exact = box_chords(projection, low, high) * WATER
    got = Projector(Volume(grid, values)).line_integrals(projection)
    # Interpolation blurs faces by one voxel at most.
    slack = 0.01 * exact.max()
    assert (got >= box_chords(projection, low + 1, high - 1) * WATER - slack).all()
    assert (got <= box_chords(projection, low - 1, high + 1) * WATER + slack).all()
    assert np.mean(abs(got - exact)) < 0.01 * exact.max()


@settings(max_examples=20, deadline=None)
@given(POSES, st.tuples(st.floats(-25, 25), st.floats(-20, 20)))
def test_fast_and_reference_agree(angles, tilt):
    grid = grid_about((0, 0, 0), (40, 70, 66), (0.9, 0.8, 1.4), turn(0, tilt[0]) @ turn(2, tilt[1]))
    k, j, i = np.ogrid[:40, :70, :66]
    values = 200 * np.sin(0.3 * k + 0.2 * i) + 300 * np.cos(0.25 * j) + 100
    body = ((k - 20) / 18) ** 2 + ((j - 35) / 30) ** 2 + ((i - 33) / 30) ** 2 < 1
    projector = Projector(Volume(grid, np.where(body, values, -1000).astype(np.int16)))
    projection = view(*angles)
    reference = projector.reference_line_integrals(projection)
    difference = abs(projector.line_integrals(projection) - reference) / reference.max()
    assert np.percentile(difference, 99) < 0.012
    assert difference.mean() < 0.003


@pytest.mark.parametrize("angles", [(180, 0), (174, 6), (90, 0), (152, 5), (-150, 15)])
def test_smooth_volume_agrees_to_half_a_percent(angles):
    grid = grid_about((0, 0, 0), (60, 100, 100), (0.8, 0.8, 1.2))
    projector = Projector(ellipsoid_volume(grid, np.zeros(3), np.array([30.0, 28.0, 31.0])))
    projection = view(*angles, carm=CArm().resized(256))
    reference = projector.reference_line_integrals(projection)
    difference = abs(projector.line_integrals(projection) - reference) / reference.max()
    assert np.percentile(difference, 99.9) < 0.005


@settings(max_examples=20, deadline=None)
@given(POSES, st.tuples(*[st.floats(-12, 12)] * 3))
def test_a_ball_lands_where_the_matrix_says(angles, place):
    centre = np.array(place)
    grid = grid_about(np.round(centre), (13, 13, 13), (1.0, 1.0, 1.0))
    projector = Projector(ellipsoid_volume(grid, centre, np.full(3, 4.0), sub=4))
    projection = view(*angles)
    picture = projector.line_integrals(projection)
    v, u = np.mgrid[: picture.shape[0], : picture.shape[1]]
    found = np.array([(u * picture).sum(), (v * picture).sum()]) / picture.sum()
    assert np.linalg.norm(found - projection.project(centre)) < 0.1


def test_the_patients_left_is_on_the_left_in_prone_ap():
    grid = grid_about((0, 0, 0), (30, 30, 60), (1.0, 1.0, 1.0))
    values = np.full(grid.shape_kji, -1000, np.int16)
    values[10:20, 10:20, 45:50] = 1000  # + x is the patient's left
    projection = view(180, 0)
    picture = Projector(Volume(grid, values)).line_integrals(projection)
    assert np.argmax(picture.sum(0)) < projection.carm.columns / 2
    assert edge_letters(projection) == ("L", "R")


@pytest.mark.parametrize(
    ("angles", "letters"),
    [
        ((180, 0), ("L", "R")),
        ((-150, 10), ("L", "R")),
        ((0, 0), ("R", "L")),
        ((90, 0), ("A", "P")),
        ((-90, 5), ("P", "A")),
    ],
)
def test_letters_name_what_lies_at_each_edge(angles, letters):
    projection = view(*angles)
    assert edge_letters(projection) == letters
    toward = {"L": (30, 0, 0), "R": (-30, 0, 0), "A": (0, -30, 0), "P": (0, 30, 0)}
    assert projection.project(toward[letters[0]])[0] < projection.project(toward[letters[1]])[0]


@pytest.mark.parametrize("angles", [(180, 0), (90, 0), (150, 15), (-160, -20)])
def test_a_sagittal_stack_gives_the_same_picture(angles):
    axial = grid_about((0, 0, 0), (40, 50, 60), (1.0, 1.0, 1.0))
    volume = ellipsoid_volume(axial, np.array([3.0, -4.0, 5.0]), np.array([22.0, 18.0, 15.0]))
    # Slices along -x, rows along -z, columns along y: the same samples in another order.
    direction = np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]], float)
    sagittal = grid_about((0, 0, 0), (60, 40, 50), (1.0, 1.0, 1.0), direction)
    reordered = volume.values.transpose(2, 0, 1)[::-1, ::-1, :]
    projection = view(*angles, carm=CArm().resized(256))
    one = Projector(volume).line_integrals(projection)
    two = Projector(Volume(sagittal, reordered)).line_integrals(projection)
    assert np.percentile(abs(one - two), 99.9) < 5e-3 * one.max()
    assert abs(one - two).max() < 2e-2 * one.max()


def test_a_source_within_the_volume_falls_back_to_the_reference():
    grid = grid_about((0, 0, 0), (20, 200, 20), (4.0, 8.0, 4.0))
    projector = Projector(Volume(grid, np.zeros(grid.shape_kji, np.int16)))
    projection = view(180, 0)
    assert grid.contains(projection.source_lps_mm)
    np.testing.assert_array_equal(
        projector.line_integrals(projection), projector.reference_line_integrals(projection)
    )


def test_a_volume_out_of_view_is_empty():
    grid = grid_about((500, 0, 0), (20, 20, 20), (1.0, 1.0, 1.0))
    assert not Projector(Volume(grid, np.zeros(grid.shape_kji, np.int16))).line_integrals(view(180, 0)).any()


def test_threads_take_turns(ellipsoid):
    projector, centre, _ = ellipsoid
    projections = [view(p, 5, centre) for p in (180, 150, 90, -120)]
    alone = [projector.line_integrals(p) for p in projections]
    together = [np.zeros(0)] * 4

    def work(n: int) -> None:
        together[n] = projector.line_integrals(projections[n])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, two in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_crop_is_filled_with_water_and_a_whole_body_is_not():
    grid = grid_about((0, 0, 0), (60, 40, 40), (1.0, 1.0, 1.0))
    crop = Projector(Volume(grid, np.full(grid.shape_kji, 40, np.int16)))
    assert crop.is_cropped
    oblique = view(150, 0)
    raw, filled = crop.line_integrals(oblique), crop.filled_line_integrals(oblique)
    assert (filled >= raw).all()
    solid = raw > 0.3 * raw.max()
    assert np.ptp(filled[solid]) < 0.5 * np.ptp(raw[solid])
    whole = Projector(ellipsoid_volume(grid, np.zeros(3), np.array([15.0, 15.0, 40.0])))
    assert not whole.is_cropped
    np.testing.assert_array_equal(whole.filled_line_integrals(oblique), whole.line_integrals(oblique))
