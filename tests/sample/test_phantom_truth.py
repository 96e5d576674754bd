"""The labels and the HU must show what the analytic truth says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from imaging.labels import PEDICLE_OF_SIDE, SACRUM, SIDES, Side, Structure
from imaging.volume import LabelVolume
from sample_dicom.parameters import ALL_LEVELS, PhantomParameters
from sample_dicom.phantom import Phantom, build_phantom


def _value_at(labels: LabelVolume, points_lps_mm: np.ndarray) -> np.ndarray:
    i, j, k = np.moveaxis(np.rint(labels.grid.indices_from_lps(points_lps_mm)).astype(int), -1, 0)
    return labels.labels[k, j, i]


def _chord(labels: LabelVolume, value: int, middle: np.ndarray, direction: np.ndarray, reach: float) -> float:
    """Length of the run of ``value`` through ``middle`` along ``direction``, averaged over nearby lines."""
    t = np.arange(-reach, reach, 0.05)
    other = np.linalg.svd(direction[None])[2][1:]
    lengths = []
    for a in np.linspace(-1, 1, 5):
        for b in np.linspace(-1, 1, 5):
            start = middle + a * other[0] + b * other[1]
            lengths.append((_value_at(labels, start + t[:, None] * direction) == value).sum() * 0.05)
    return float(np.mean(lengths))


def _isthmus(phantom: Phantom, verse: int, side: Side) -> tuple[float, float, float]:
    """Width, height and area of the label's cross-section at the isthmus, from its second moments."""
    p = phantom.truth[verse].pedicles[side]
    body = phantom.truth[verse].body
    across = np.cross(p.axis_lps, body.superior)
    across /= np.linalg.norm(across)
    up = np.cross(across, p.axis_lps)
    step = 0.2
    s = np.arange(-18, 18, step)
    a, b = np.meshgrid(s, s)
    inside = np.zeros(a.shape)
    shifts = np.linspace(-0.6, 0.6, 5)
    for t in shifts:
        points = p.isthmus_centre_lps_mm + t * p.axis_lps + a[..., None] * across + b[..., None] * up
        inside += _value_at(phantom.structures, points) == PEDICLE_OF_SIDE[side]
    inside /= len(shifts)
    area = inside.sum() * step * step
    spread = [np.sqrt((inside * x * x).sum() / inside.sum()) for x in (a, b)]
    return 4 * spread[0], 4 * spread[1], area


@pytest.mark.parametrize("verse", ALL_LEVELS)
@pytest.mark.parametrize("side", SIDES)
def test_isthmus_on_the_labels_is_the_analytic_one(fine_phantom: Phantom, verse: int, side: str) -> None:
    truth = fine_phantom.truth[verse].pedicles[side]
    width, height, area = _isthmus(fine_phantom, verse, side)
    assert width == pytest.approx(truth.width_mm, abs=0.7)
    assert height == pytest.approx(truth.height_mm, abs=0.7)
    assert area == pytest.approx(truth.area_mm2, rel=0.08)


@pytest.mark.parametrize("verse", ALL_LEVELS)
def test_body_on_the_labels_has_the_analytic_size(fine_phantom: Phantom, verse: int) -> None:
    body = fine_phantom.truth[verse].body
    labels = fine_phantom.structures
    for direction, size in ((body.left, body.width_mm), (body.posterior, body.depth_mm)):
        assert _chord(labels, Structure.BODY, body.centre_lps_mm, direction, 32) == pytest.approx(
            size, abs=0.7
        )
    if verse != SACRUM:  # S1 has no lower end of its own
        height = _chord(labels, Structure.BODY, body.centre_lps_mm, body.superior, 18)
        assert height == pytest.approx(body.height_mm, abs=0.7)
    np.testing.assert_allclose(body.axes_lps @ body.axes_lps.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(body.axes_lps) == pytest.approx(1)
    wall = body.posterior_wall_lps_mm - body.anterior_wall_lps_mm
    np.testing.assert_allclose(wall, body.posterior * body.depth_mm, atol=1e-6)


@pytest.mark.parametrize("verse", ALL_LEVELS)
def test_target_lies_at_forty_percent_of_the_depth_inside_the_body(fine_phantom: Phantom, verse: int) -> None:
    truth = fine_phantom.truth[verse]
    away = (truth.body.posterior_wall_lps_mm - truth.target_lps_mm) @ truth.body.posterior
    assert away / truth.body.depth_mm == pytest.approx(0.4)
    assert _value_at(fine_phantom.structures, truth.target_lps_mm) == Structure.BODY
    assert _value_at(fine_phantom.vertebrae, truth.target_lps_mm) == verse


@pytest.mark.parametrize("verse", ALL_LEVELS)
def test_foramen_is_dark_and_opens_on_the_posterior_wall(fine_phantom: Phantom, verse: int) -> None:
    truth = fine_phantom.truth[verse]
    volume = fine_phantom.volume
    inside = truth.foramen.mouth_lps_mm - 3.0 * truth.body.posterior
    beside = inside + np.array([[9.0], [-9.0]]) * truth.body.left
    i, j, k = np.rint(volume.grid.indices_from_lps(np.vstack([inside, beside]))).astype(int).T
    hu = volume.values[k, j, i]
    assert hu[0] < 90 < min(hu[1:])
    assert truth.foramen.depth_mm / truth.body.depth_mm == pytest.approx(0.19)


def test_left_is_left(fine_phantom: Phantom, trunk_phantom: Phantom) -> None:
    for truth in fine_phantom.truth.values():
        left, right = (truth.pedicles[side].isthmus_centre_lps_mm for side in SIDES)
        assert left[0] > truth.body.centre_lps_mm[0] > right[0]
        assert _value_at(fine_phantom.structures, left) == Structure.LEFT_PEDICLE
    marker = trunk_phantom.marker_lps_mm
    spine = trunk_phantom.truth[22].body.centre_lps_mm
    assert marker[0] > spine[0] + 100
    assert abs(marker[2] - spine[2]) < 5
    bright = trunk_phantom.volume.values > 500
    blobs, _ = ndimage.label(bright)
    i, j, k = np.rint(trunk_phantom.volume.grid.indices_from_lps(marker)).astype(int)
    voxels = np.argwhere(blobs == blobs[k, j, i])
    assert blobs[k, j, i] > 0
    found = trunk_phantom.volume.grid.lps_from_indices(voxels[:, ::-1].mean(0))
    np.testing.assert_allclose(found, marker, atol=1.0)


def test_pedicle_is_bone_all_round_and_canal_is_not(fine_phantom: Phantom) -> None:
    bone = fine_phantom.vertebrae.labels > 0
    labels = fine_phantom.structures.labels
    canal = labels == Structure.CANAL
    assert not (canal & bone).any()
    assert (bone == ((labels > 0) & ~canal)).all()
    middle = [
        t.body.posterior_wall_lps_mm + 8 * t.body.posterior
        for v, t in fine_phantom.truth.items()
        if v != SACRUM
    ]
    assert (_value_at(fine_phantom.structures, np.array(middle)) == Structure.CANAL).all()


def test_vertebrae_do_not_touch(fine_phantom: Phantom) -> None:
    labels = fine_phantom.vertebrae.labels
    for verse in fine_phantom.truth:
        grown = ndimage.binary_dilation(labels == verse)
        assert set(np.unique(labels[grown])) <= {0, verse}


def test_every_vertebra_is_one_piece(fine_phantom: Phantom) -> None:
    for verse in fine_phantom.truth:
        blobs, count = ndimage.label(fine_phantom.vertebrae.labels == verse, np.ones((3, 3, 3)))
        sizes = np.bincount(blobs.ravel())[1:]
        assert sizes.max() / sizes.sum() > 0.999, (verse, count, sizes)


def test_tissues_have_plausible_numbers(trunk_phantom: Phantom) -> None:
    hu = trunk_phantom.volume.values
    labels = trunk_phantom.structures.labels
    assert 110 < np.median(hu[ndimage.binary_erosion(labels == Structure.BODY, iterations=2)]) < 260
    assert 70 < np.median(hu[ndimage.binary_erosion(trunk_phantom.discs.labels > 0)]) < 95
    assert np.median(hu[:, 1, 1]) < -950
    assert 9 < (hu[labels == Structure.CANAL].std() / 4) < 30
    assert -115 < np.percentile(hu[(hu > -200) & (hu < -50)], 50) < -85


def test_equal_seeds_give_equal_voxels_and_others_do_not(small_phantom: Phantom) -> None:
    again = build_phantom(PhantomParameters.small())
    assert (again.volume.values == small_phantom.volume.values).all()
    assert (again.structures.labels == small_phantom.structures.labels).all()
    assert again.volume.grid.same_as(small_phantom.volume.grid, 0.0)
    other = build_phantom(PhantomParameters.small(seed=8))
    assert other.truth[23].body.width_mm != small_phantom.truth[23].body.width_mm


def test_truth_does_not_depend_on_which_levels_are_built(
    small_phantom: Phantom, fine_phantom: Phantom
) -> None:
    for verse, truth in small_phantom.truth.items():
        np.testing.assert_array_equal(truth.target_lps_mm, fine_phantom.truth[verse].target_lps_mm)


def test_osteoporosis_darkens_bone(small_phantom: Phantom) -> None:
    weak = build_phantom(PhantomParameters.small(osteoporosis=1.0))
    inside = ndimage.binary_erosion(weak.structures.labels == Structure.BODY, iterations=2)
    assert np.median(weak.volume.values[inside]) < 0.6 * np.median(small_phantom.volume.values[inside])


def test_scoliosis_has_the_cobb_angle_asked_for() -> None:
    curved = build_phantom(
        PhantomParameters.small(levels=ALL_LEVELS, scoliosis_deg=20.0, spacing_mm=3, slice_mm=3)
    )
    superior = [np.degrees(np.arctan2(*t.body.superior[[0, 2]])) for t in curved.truth.values()]
    assert max(superior) - min(superior) == pytest.approx(20.0, abs=1.5)
    x = {verse: t.body.centre_lps_mm[0] for verse, t in curved.truth.items()}
    assert x[22] > (x[19] + x[SACRUM]) / 2 + 4


def test_pedicle_scale_narrows_pedicles() -> None:
    thin = build_phantom(PhantomParameters.small(pedicle_scale=0.6))
    thick = build_phantom(PhantomParameters.small())
    for verse in (22, 23, 24):
        pairs = [p.truth[verse].pedicles["left"].width_mm for p in (thin, thick)]
        assert pairs[0] == pytest.approx(0.6 * pairs[1])
        narrow, wide = (
            (p.structures.labels[p.vertebrae.labels == verse] == Structure.LEFT_PEDICLE).sum()
            for p in (thin, thick)
        )
        assert narrow < 0.8 * wide


@pytest.mark.parametrize(
    "changes",
    [{"seed": 1}, {"seed": 2}, {"scoliosis_deg": 25.0}, {"pedicle_scale": 0.55}, {"pedicle_scale": 1.3}],
)
def test_variants_stay_whole_and_apart(changes: dict[str, float]) -> None:
    variant = build_phantom(PhantomParameters.small(slice_mm=1.0, spacing_mm=1.0, noise_hu=0.0, **changes))
    labels = variant.vertebrae.labels
    for verse in variant.truth:
        own = labels == verse
        blobs, _ = ndimage.label(own, np.ones((3, 3, 3)))
        sizes = np.bincount(blobs.ravel())[1:]
        assert sizes.max() / sizes.sum() > 0.999
        assert set(np.unique(labels[ndimage.binary_dilation(own)])) <= {0, verse}


def test_parameters_refuse_nonsense() -> None:
    with pytest.raises(ValueError, match="spacing_mm"):
        PhantomParameters(spacing_mm=9.0)
    with pytest.raises(ValueError, match="levels"):
        PhantomParameters(levels=(22, 3))
