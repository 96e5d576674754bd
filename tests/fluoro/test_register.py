"""2D/3D registration of a made-up vertebra, and fits that must be refused."""

import numpy as np
import pytest
from fluoro_shapes import grid_about

from imaging.errors import PlannerError
from imaging.fluoro.engine import FluoroEngine
from imaging.fluoro.picture import PictureSettings
from imaging.fluoro.register import neighbours, register_vertebra
from imaging.fluoro.register_field import VertebraTemplate, XrayView
from imaging.fluoro.technique import Technique
from imaging.geometry.carm import CArm, CArmPose
from imaging.volume import LabelVolume, Volume

CARM = CArm().resized(256)
L4 = 23


def vertebra(wide=22.0, wing_to=38.0):
    """A body with pedicles, arch and one wing in soft tissue, and its label."""
    shape = (60, 90, 90)
    grid = grid_about((0, 0, 0), shape, (1.2, 1.2, 1.2))
    k, j, i = np.indices(shape)
    x, y, z = ((n - (s - 1) / 2) * 1.2 for n, s in ((i, 90), (j, 90), (k, 60)))
    shell = (np.hypot(x / wide, y / 16) < 1) & (np.abs(z + 0.05 * y) < 13)
    inner = (np.hypot(x / (wide - 2), y / 14) < 1) & (np.abs(z + 0.05 * y) < 11)
    pedicles = (np.abs(np.abs(x) - wide + 9) < 5) & (y > 12) & (y < 30) & (np.abs(z - 4) < 7)
    arch = (np.abs(x) < 18) & (y >= 28) & (y < 33) & (np.abs(z) < 10)
    spine = (np.abs(x) < 3) & (y >= 30) & (y < 44) & (np.abs(z + 4) < 8)
    wing = (x > 16) & (x < wing_to) & (np.abs(y - 26) < 4) & (np.abs(z - 2) < 4)
    bone = shell | pedicles | arch | spine | wing
    hu = np.where(np.hypot(x / 50, y / 52) < 1, 40, -1000)
    hu[bone] = 550
    hu[inner & shell] = 180
    return Volume(grid, hu.astype(np.int16)), LabelVolume(grid, np.where(bone, L4, 0).astype(np.uint8))


def impostor():
    """Another vertebra, wider and without the wing."""
    return vertebra(wide=26.0, wing_to=26.0)


@pytest.fixture(scope="module")
def scene():
    """A vertebra, and two clinical pictures of it."""
    volume, labels = vertebra()
    engine = FluoroEngine(volume, CARM)
    technique = Technique(kv=90.0, beam="spectrum")
    views = []
    for n, angles in enumerate(((180.0, 0.0), (100.0, 5.0))):
        shot = engine.take(CArmPose(*angles), PictureSettings(technique=technique, seed=n))
        views.append(XrayView(shot.pixels, shot.projection))
    return VertebraTemplate(volume, labels, L4), views, (volume, labels)


def test_found_from_a_start_far_off(scene):
    template, views, _ = scene
    start = template.matrix(np.array([4.0, -5.0, 3.0, 5.0, -4.0, 6.0]))
    found = register_vertebra(template, views, start, rivals=[VertebraTemplate(*impostor(), L4)])
    centre = template.centre_lps_mm
    assert found.accepted, found.reason
    assert np.linalg.norm(found.apply(centre) - centre) < 1.0
    assert np.linalg.norm(found.apply(template.corners_lps_mm) - template.corners_lps_mm, axis=1).max() < 3


def test_the_neighbour_at_the_same_place_tells_the_level(scene):
    template, views, _ = scene
    other = VertebraTemplate(*impostor(), L4)
    wrong = register_vertebra(other, views, rivals=[template])
    assert wrong.rival_share > 1
    assert not wrong.accepted


def test_neighbours_are_those_labelled(scene):
    _, _, (volume, labels) = scene
    values = labels.labels.copy()
    values[:6, :20, :20] = L4 + 1
    assert len(neighbours(volume, LabelVolume(labels.grid, values), L4)) == 1
    assert neighbours(volume, labels, L4) == []


def test_pictures_of_something_else_are_refused(scene):
    template, views, _ = scene
    rng = np.random.default_rng(0)
    noise = [XrayView(rng.integers(0, 255, v.picture.shape), v.projection) for v in views]
    found = register_vertebra(template, noise)
    assert not found.accepted
    assert found.reason


def test_two_views_apart_are_needed(scene):
    template, views, (volume, labels) = scene
    with pytest.raises(PlannerError, match="Two X-ray pictures"):
        register_vertebra(template, views[:1])
    with pytest.raises(PlannerError, match="apart"):
        register_vertebra(template, [views[0], views[0]])
    with pytest.raises(PlannerError, match="not in the labels"):
        VertebraTemplate(volume, labels, 20)
