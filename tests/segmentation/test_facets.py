"""The gap of a facet joint, and the stand-ins beyond the column's ends."""

import numpy as np
from scipy import ndimage as ndi

from imaging.segmentation.bodies import LAT_MM, LEVELS, P_MM, BodyModel
from imaging.segmentation.discs import Disc
from imaging.segmentation.facets import fit_facets, gap_contrast
from imaging.segmentation.frames import Frame
from imaging.segmentation.iso import IsoVolume
from imaging.segmentation.neighbours import beneath, beyond

UP = np.array([0.0, 0.0, 1.0])


def _body() -> BodyModel:
    """A box of a body: posterior wall at y = 0, endplates at z = -13 and 13."""
    discs = [Disc(0, np.array([0.0, -16.0, z]), UP, 8.0, 90.0) for z in (17.0, -17.0)]
    flat = np.full((len(LAT_MM), len(P_MM)), 13.0)
    frame = Frame(np.zeros(3), np.eye(3), discs[0], discs[1])
    return BodyModel(frame, flat, -flat, -16.0, np.full((len(LEVELS), 72), 16.0), 180.0)


def _joints_painted(lateral: float, behind: float, angle_deg: float) -> IsoVolume:
    """Two pairs of processes, 8 mm thick with cortex, parted by 1.5 mm gaps over the upper endplate."""
    z, y, x = np.meshgrid(np.arange(-30.0, 36), np.arange(-40.0, 50), np.arange(-40.0, 41), indexing="ij")
    hu = np.full(x.shape, 40.0)
    a = np.deg2rad(angle_deg)
    for side in (-1, 1):
        out, back = x * side - lateral, y - behind
        along, ahead = out * np.sin(a) + back * np.cos(a), out * np.cos(a) - back * np.sin(a)
        slab = (np.abs(along) < 8) & (z > 2) & (z < 24) & (np.abs(ahead) < 9.0)
        hu[slab] = 200
        hu[slab & ((np.abs(ahead) < 3) | (np.abs(ahead) > 7))] = 700
        hu[slab & (np.abs(ahead) < 0.8)] = 60
    hu[(z < 5) & (np.abs(x) < 6) & (y > 17) & (y < 24)] = 400
    return IsoVolume(hu.astype(np.float32), np.array([-40.0, -40.0, -30.0]), np.ones(3))


def test_a_thin_gap_counts_more_than_wide_marrow():
    line = np.full((1, 1, 81), 200, np.float32)
    line[..., 38:44] = 650
    line[..., 40:42] = 60
    contrast = gap_contrast(line)[0, 0]
    assert contrast.argmax() in (40, 41)
    assert contrast[:30].max() < 60


def test_joints_are_found_away_from_the_prior():
    """Wider by 3 mm, further back by 3 mm and turned by 10 degrees against the prior of L3."""
    iso = _joints_painted(18.0, 21.0, 44.0)
    right, left = fit_facets(iso, [(_body(), 3.0, 150.0)])[0]
    a = np.deg2rad(44.0)
    for joint, side in ((right, -1), (left, 1)):
        assert joint.side == side
        forward = np.array([side * np.cos(a), -np.sin(a), 0.0])
        gap = np.array([side * 18.0, 21.0, 13.0])
        d, near = joint.ahead(np.stack([gap + 4 * forward, gap - 4 * forward]))
        assert near.all()
        assert d[0] > 2
        assert d[1] < -2


def test_without_a_gap_the_prior_stands_alone():
    iso = IsoVolume(np.full((66, 90, 81), 40, np.float32), np.array([-40.0, -40.0, -30.0]), np.ones(3))
    right, left = fit_facets(iso, [(_body(), 3.0, 150.0)])[0]
    assert not right.bulge_mm.any()
    np.testing.assert_allclose(right.centre * [-1, 1, 1], left.centre)


def test_stand_ins_lie_one_vertebra_further():
    body = _body()
    for upward, sign in ((True, 1), (False, -1)):
        moved = beyond(body, upward)
        np.testing.assert_allclose(moved.frame.origin_lps_mm, [0, 0, sign * 34.0])
        assert moved.contains(np.array([[0.0, -16.0, 0.0]])).all()
        assert not body.contains(body.frame.to_local(moved.frame.origin_lps_mm - [0, 16, 0])[None]).any()


def test_the_next_body_down_is_fitted_to_its_wall_where_that_is_in_view():
    body, origin = _body(), np.array([-45.0, -45.0, -60.0])
    k, j, i = np.indices((70, 90, 91))
    lat, p, s = i + origin[0], j + origin[1], k + origin[2]
    hu = np.where((np.abs(lat - 2) < 22) & (p > -27) & (p < 3) & (np.abs(s + 34) < 12), 300.0, 40.0)
    hu = ndi.gaussian_filter(hu, 1.5)
    seen = IsoVolume(hu.astype(np.float32), origin, np.ones(3))
    np.testing.assert_allclose(beneath(seen, body).frame.origin_lps_mm, [1.5, 3.0, -34.0], atol=1.0)
    cut = IsoVolume(hu[35:].astype(np.float32), origin + np.array([0.0, 0.0, 35.0]), np.ones(3))
    np.testing.assert_allclose(beneath(cut, body).frame.origin_lps_mm, [0.0, 0.0, -34.0])
