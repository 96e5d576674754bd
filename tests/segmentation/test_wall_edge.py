"""Walls round the pedicles from CT and labels, and distances to them, against the phantom's exact shape."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.special import ndtr

from imaging.anatomy import VertebraAnatomy
from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.anatomy_local import distance_image, sample, signed_distance
from imaging.segmentation.shell_fit import fit_labels, fit_shells
from imaging.segmentation.wall_edge import sharpened
from imaging.volume import Volume
from planner.trajectory.fields import VertebraFields, level_without_stairs, prepare_fields
from sample_dicom.exact import ExactBone, exact_bone
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import Phantom, build_phantom

L4 = 23
PARAMETERS = PhantomParameters.small(
    seed=5, levels=(L4, L4 + 1), field_mm=(110.0, 105.0), with_skin=False, spacing_mm=1.0, slice_mm=1.0
)


@cache
def _phantom() -> Phantom:
    return build_phantom(PARAMETERS)


@cache
def _ready() -> tuple[ExactBone, VertebraAnatomy, VertebraFields, VertebraFields]:
    """The exact shape, and fields from labels alone and with the CT."""
    phantom = _phantom()
    truth = phantom.truth[L4]
    anatomy = VertebraAnatomy(L4, 1.0, truth.body, truth.pedicles, truth.foramen)
    labels = prepare_fields(anatomy, phantom.vertebrae, phantom.structures)
    both = prepare_fields(anatomy, phantom.vertebrae, phantom.structures, volume=phantom.volume)
    return exact_bone(PARAMETERS, L4), anatomy, labels, both


def _patch_errors_mm(fields: VertebraFields) -> np.ndarray:
    """By how much the wall lies outside the exact one near the pedicles' middles, means over 2 mm."""
    exact, anatomy, _, _ = _ready()
    at = np.argwhere(np.abs(fields.bone_mm) < 0.5 * fields.step_mm)
    points = fields.grid.lps_from_indices(at[:, ::-1])
    points = points + fields.bone(points)[:, None] * fields.outward(points)
    middles = [p.isthmus_centre_lps_mm for p in anatomy.pedicles.values()]
    points = points[np.min([np.linalg.norm(points - m, axis=1) for m in middles], axis=0) < 8.0]
    off = -exact.bone(points)
    near = np.linalg.norm(points[::25, None] - points[None], axis=2) < 2.0
    return (near @ off) / near.sum(1)


def test_the_ct_lessens_the_walls_error() -> None:
    _, _, labels, both = _ready()
    before, after = _patch_errors_mm(labels), _patch_errors_mm(both)
    assert len(after) > 30
    assert after.std() < 0.75 * before.std()
    assert abs(after.mean()) < 0.03


def test_far_from_the_pedicles_nothing_moves() -> None:
    _, anatomy, labels, both = _ready()
    points = anatomy.body.centre_lps_mm + 12.0 * np.array([[0, -1.0, 0], [0.7, -0.7, 0], [-0.7, -0.7, 0]])
    assert both.bone(points) == pytest.approx(labels.bone(points), abs=0.05)


def _moved_mm(flat: bool, hidden_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """By how much walls within 9 mm of the left pedicle's middle move, and how far from it each lies."""
    _, anatomy, labels, both = _ready()
    scan = both.volume
    assert scan is not None
    if flat:
        scan = Volume(scan.grid, np.full_like(scan.values, 40))
    own = labels.vertebrae.labels == L4
    middles = [p.isthmus_centre_lps_mm for p in anatomy.pedicles.values()]
    kji = np.stack(np.meshgrid(*[np.arange(n) for n in labels.bone_mm.shape], indexing="ij"), -1)
    away = np.linalg.norm(labels.grid.lps_from_indices(kji[..., ::-1]) - middles[0], axis=-1)
    other = np.where(away < hidden_mm, 5.0, -20.0).astype(np.float32)
    still = np.zeros_like(labels.bone_mm)
    found = sharpened(labels.bone_mm, labels.grid, scan, other, own, scan.grid, still, middles)
    near = (np.abs(labels.bone_mm) < 1.0) & (away < 9.0)
    return (found - signed_distance(labels.bone_mm, labels.step_mm))[near], away[near]


def test_a_ct_that_shows_no_shell_moves_walls_no_more_than_labels_ask() -> None:
    moved = np.abs(_moved_mm(flat=True, hidden_mm=0.0)[0])
    assert moved.mean() < 0.06
    assert np.percentile(moved, 95) < 0.17
    assert moved.max() < 0.35


def test_walls_that_metal_hides_stay_where_they_are() -> None:
    moved, away = _moved_mm(flat=False, hidden_mm=12.0)
    hidden = away < 8.0
    assert hidden.sum() > 500
    # Beside creases distances measured anew differ a little by themselves.
    assert np.percentile(np.abs(moved[hidden]), 95) < 0.05
    assert np.percentile(np.abs(_moved_mm(flat=False, hidden_mm=0.0)[0][hidden]), 95) > 0.1


@pytest.mark.parametrize(
    ("spacing_mm", "wide_mm"), [((0.3, 0.3, 2.5), 1.0), ((0.5, 0.5, 2.0), 1.2), ((0.5, 0.5, 1.25), 1.0)]
)
def test_a_narrow_cleft_stays_open_on_slices_longer_than_pixels(
    spacing_mm: tuple[float, float, float], wide_mm: float
) -> None:
    size = tuple(int(30 / s) for s in spacing_mm)
    source = VolumeGrid.from_parts(size, (-15.0, -15.0, -15.0), spacing_mm)
    places = np.stack(np.meshgrid(*[np.arange(n) * s - 15 for n, s in zip(size, spacing_mm, strict=True)],
                                  indexing="ij"), -1).transpose(2, 1, 0, 3)  # fmt: skip
    inside = (np.abs(places) < 11).all(-1) & (np.abs(places[..., 0]) > wide_mm / 2)
    grid = VolumeGrid.from_parts((80, 80, 80), (-12.0, -12.0, -12.0), (0.3, 0.3, 0.3))
    level = level_without_stairs(distance_image(inside, source), grid)
    outside = places[~inside & (np.abs(places) < 9).all(-1)]
    assert sample(level, grid, outside).max() < 0.0
    bone = places[inside & (np.abs(places) < 9).all(-1) & (np.abs(places[..., 0]) > wide_mm / 2 + 1)]
    assert sample(level, grid, bone).min() > 0.0


def test_a_surface_beside_the_grids_rim_is_seen() -> None:
    planes = np.broadcast_to(np.arange(30.0)[:, None, None], (30, 12, 12)).astype(np.float32)
    for at in (0.6, 28.5):
        assert signed_distance(planes - at, 1.0) == pytest.approx(planes - at, abs=0.1)


def test_a_slanted_tubes_distances_are_right_between_coarse_voxels() -> None:
    """A tube of a pedicle's radius, slanted through a grid of 0.6 mm: within 0.03 mm everywhere near."""
    step, radius = 0.6, 4.0
    axis = np.array([0.3, 1.0, 0.0]) / np.linalg.norm([0.3, 1.0, 0.0])
    kji = np.stack(np.meshgrid(*[np.arange(27.0)] * 3, indexing="ij"), -1) * step - 7.8

    def depth(points: np.ndarray) -> np.ndarray:
        along = (points @ axis)[..., None] * axis
        return radius - np.linalg.norm(points - along, axis=-1)

    # Not itself a distance, as a smoothed level set is not.
    field = signed_distance((depth(kji) * (1 + 0.05 * depth(kji))).astype(np.float32), step)
    inner = np.abs(kji).max(-1) < 5.0
    use = inner & (depth(kji) > 0) & (depth(kji) < 3)
    off = (field - depth(kji))[use]
    assert np.abs(off).max() < 0.05
    assert abs(off.mean()) < 0.01


def test_a_shells_edge_is_found_between_voxels() -> None:
    random = np.random.default_rng(1)
    depth, blur = random.uniform(-2.5, 4.0, 150), np.full(150, 0.6)
    for edge in (-0.3, 0.0, 0.25):
        outer, inner = ndtr((depth - edge) / 0.6), ndtr((depth - edge - 1.3) / 0.6)
        hu = 20 * (1 - outer) + 950 * (outer - inner) + 220 * inner + random.normal(0, 20, 150)
        one = np.array([0, 150]), np.arange(150), np.ones(150)
        found = fit_shells(*one, depth, blur, hu, np.array([0, 1.2, 30, 230, 950.0]), True, 8)[0]
        assert found[0] == pytest.approx(edge, abs=0.05)
        assert found[1] == pytest.approx(1.3, abs=0.15)
        assert found[5] < 0.05


def test_labels_say_where_the_surface_lies() -> None:
    depth = np.random.default_rng(2).uniform(-0.6, 0.6, 400)
    for deeper in (-0.1, 0.0, 0.07):
        place = np.array([0, 400]), np.arange(400), np.ones(400)
        found, unsure = fit_labels(*place, depth, depth > deeper, 8)[0]
        assert found == pytest.approx(deeper, abs=0.02)
        assert 0 < unsure < 0.03**2


def test_beside_metal_no_wall_is_judged() -> None:
    """A screw in the pedicle, as bright as the scanner can say, leaves the walls to the labels."""
    _, anatomy, labels, both = _ready()
    scan = both.volume
    assert scan is not None
    middle = anatomy.pedicles["left"].isthmus_centre_lps_mm
    k, j, i = np.indices(scan.grid.shape_kji)
    away = np.linalg.norm(scan.grid.lps_from_indices(np.stack([i, j, k], -1)) - middle, axis=-1)
    screwed = Volume(scan.grid, np.where(away < 3.0, 3071, scan.values).astype(np.int16))
    found = prepare_fields(anatomy, labels.vertebrae, _phantom().structures, volume=screwed)
    assert found.bone(middle) == pytest.approx(labels.bone(middle), abs=0.1)
