"""X-rays from an MR: made of classes, stamped in the pixels of every picture, also out of a practice pack."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.fluoro.engine import FluoroEngine
from imaging.fluoro.picture import PictureSettings
from imaging.fluoro.views import pose_for
from imaging.geometry.carm import CArm
from imaging.labels import Structure
from imaging.mr.spine import segment_mr_spine
from imaging.mr.synthetic import AIR, CANAL, CANCELLOUS, CORTEX, synthetic_ct
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.practice.pack import _maker
from sample_dicom.magnetic import build_mr
from sample_dicom.parameters import PhantomParameters
from sample_dicom.phantom import Phantom, build_phantom


@pytest.fixture(scope="module")
def made() -> tuple[Phantom, SpineSegmentation, Volume]:
    phantom = build_phantom(PhantomParameters.small(seed=11))
    mr = build_mr(phantom, "T1", modic={})
    found = segment_mr_spine(mr, anchor=(24, phantom.truth[24].body.centre_lps_mm))
    return phantom, found, synthetic_ct(mr, found, "T1")


def _at(volume: Volume, point: np.ndarray) -> int:
    i, j, k = np.rint(volume.grid.indices_from_lps(point)).astype(int)
    return int(volume.values[k, j, i])


def test_classes_lie_where_the_phantom_has_them(made: tuple[Phantom, SpineSegmentation, Volume]) -> None:
    phantom, found, ct = made
    assert ct.made_from == "MR"
    for verse in (23, 24):
        body = phantom.truth[verse].body
        assert _at(ct, body.centre_lps_mm) == CANCELLOUS
        wall = [_at(ct, body.posterior_wall_lps_mm + d * body.posterior) for d in np.arange(-3, 3, 0.5)]
        assert max(wall) == CORTEX
        assert _at(ct, body.posterior_wall_lps_mm + 9 * body.posterior) < 100
    skin = ct.grid.bounds_lps_mm[1][1]
    middle = phantom.truth[23].body.centre_lps_mm
    assert _at(ct, np.array([middle[0], skin - 1.0, middle[2]])) == AIR
    assert (found.structures.labels == Structure.BODY).any()


def test_spinous_process_and_laminae_lie_near_the_phantoms(
    made: tuple[Phantom, SpineSegmentation, Volume],
) -> None:
    """On a model hung on the MR's own fit: the truth's spinous process is met, its tip within 6 mm."""
    phantom, found, ct = made
    for verse in (22, 23, 24):
        body = found.level(verse).body  # type: ignore[union-attr]
        at = np.argwhere(phantom.vertebrae.labels == verse)
        at = at[phantom.structures.labels[tuple(at.T)] == Structure.POSTERIOR_ELEMENTS]
        points = phantom.volume.grid.lps_from_indices(at[:, ::-1])
        local = (points - body.posterior_wall_lps_mm) @ body.axes_lps.T
        behind = local[:, 1] > 27
        hind = local[behind & (np.abs(local[:, 0]) < 3)]
        middle = np.array([0.0, 36.0, hind[:, 2].mean()])
        assert _at(ct, body.posterior_wall_lps_mm + middle @ body.axes_lps) >= CANCELLOUS
        model = [
            v
            for v in np.arange(25.0, 70.0, 0.5)
            if _at(ct, body.posterior_wall_lps_mm + np.array([0.0, v, middle[2]]) @ body.axes_lps)
            >= CANCELLOUS
        ]
        assert abs(max(model) - hind[:, 1].max()) < 6.0
        for sign in (1.0, -1.0):
            lamina = np.array([sign * 7.0, 21.0, -8.0])
            near = [
                _at(ct, body.posterior_wall_lps_mm + (lamina + np.array([0, d, 0])) @ body.axes_lps)
                for d in np.arange(-5, 6, 1.0)
            ]
            assert max(near) >= CANCELLOUS
        inside = body.posterior_wall_lps_mm + np.array([0.0, 9.0, -4.0]) @ body.axes_lps
        assert _at(ct, inside) == CANAL


def test_what_is_modelled_behind_the_pedicles_is_in_no_label_map(
    made: tuple[Phantom, SpineSegmentation, Volume],
) -> None:
    _, found, ct = made
    body = found.level(23).body  # type: ignore[union-attr]
    spinous = body.posterior_wall_lps_mm + np.array([0.0, 36.0, -14.0]) @ body.axes_lps
    assert _at(ct, spinous) >= CANCELLOUS
    i, j, k = np.rint(found.vertebrae.grid.indices_from_lps(spinous)).astype(int)
    assert found.vertebrae.labels[k, j, i] == 0


def test_every_picture_bears_the_stamp(made: tuple[Phantom, SpineSegmentation, Volume]) -> None:
    phantom, _, ct = made
    own = Volume(ct.grid, ct.values)
    carm, pose = CArm().resized(256), pose_for(phantom.truth[23].body.centre_lps_mm, (180.0, 0.0))
    settings = PictureSettings(quality="clean")
    with_stamp, without = (FluoroEngine(v, carm).take(pose, settings).pixels for v in (ct, own))
    changed = np.argwhere((with_stamp != without).reshape(256, 256, -1).any(-1))
    assert len(changed) > 400
    low, high = changed.min(0), changed.max(0)
    assert high[0] < 60
    assert abs((low[1] + high[1]) / 2 - 128) < 4


def test_a_pack_may_not_lose_the_stamp() -> None:
    assert _maker("MR") == "MR"
    assert _maker("") == ""
    with pytest.raises(ValueError, match="made from"):
        _maker(None)
