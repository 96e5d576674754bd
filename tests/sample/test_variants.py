"""Each variant shows what it says, with exact truth, and the default phantom stays what it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from imaging.labels import SACRUM, VERSE_FROM_NAME, Structure
from imaging.volume import LabelVolume
from sample_dicom.parameters import PhantomParameters, level_shapes
from sample_dicom.phantom import Phantom, build_phantom
from sample_dicom.variants import VARIANTS, random_parameters

L3, L4, L5, L6 = (VERSE_FROM_NAME[n] for n in ("L3", "L4", "L5", "L6"))


def _small(**changes: Any) -> Phantom:
    return build_phantom(PhantomParameters.small(spacing_mm=2.0, slice_mm=2.0, **changes))


def _hu(phantom: Phantom, point: np.ndarray) -> float:
    i, j, k = np.rint(phantom.volume.grid.indices_from_lps(point)).astype(int)
    return float(phantom.volume.values[k, j, i])


def test_every_variant_has_parameters_that_differ_from_all_others() -> None:
    cropped = {name: variant.cropped() for name, variant in VARIANTS.items()}
    assert len(set(cropped.values())) == len(VARIANTS) >= 25
    assert all(variant.name == name and variant.shows.endswith(".") for name, variant in VARIANTS.items())


@pytest.mark.parametrize(
    ("changes", "lumbar"),
    [
        ({"lumbar_count": 6}, [20, 21, 22, 23, 24, 25]),
        ({"lumbar_count": 4}, [20, 21, 22, 23]),
        ({"transition": "lumbarised"}, [20, 21, 22, 23, 24, 25]),
        ({"transition": "sacralised"}, [20, 21, 22, 23, 24]),
    ],
)
def test_truth_numbers_follow_the_count_of_free_lumbar_vertebrae(
    changes: dict[str, Any], lumbar: list[int]
) -> None:
    parameters = PhantomParameters(**changes)
    assert list(parameters.built_levels) == [19, *lumbar, SACRUM]
    assert parameters.lowest_lumbar == lumbar[-1]
    assert set(parameters.built_levels) <= set(level_shapes(parameters))


def test_sixth_lumbar_vertebra_lies_between_fifth_and_sacrum() -> None:
    phantom = _small(lumbar_count=6)
    z = [phantom.truth[v].body.centre_lps_mm[2] for v in (L5, L6, SACRUM)]
    assert z[0] > z[1] > z[2]
    for verse in (L5, L6):
        i, j, k = np.rint(
            phantom.volume.grid.indices_from_lps(phantom.truth[verse].body.centre_lps_mm)
        ).astype(int)
        assert phantom.vertebrae.labels[k, j, i] == verse


def test_sacralised_process_touches_the_sacrum_on_the_fused_side_only() -> None:
    def touching(labels: LabelVolume) -> np.ndarray:
        near = ndimage.binary_dilation(labels.labels == L5) & (labels.labels == SACRUM)
        return labels.grid.lps_from_indices(np.argwhere(near)[:, ::-1])

    changes = {"levels": (L4, L5, SACRUM), "field_mm": (150.0, 150.0)}
    left = build_phantom(PhantomParameters.small(transition="sacralised_left", **changes))
    places = (touching(left.vertebrae) - left.truth[L5].body.centre_lps_mm) @ left.truth[L5].body.left
    assert len(places) > 30
    assert (places > 20).all()
    plain = build_phantom(PhantomParameters.small(**changes))
    assert len(touching(plain.vertebrae)) == 0


def test_fracture_takes_anterior_height() -> None:
    plain, broken = PhantomParameters(), PhantomParameters(fractures=((L3, 0.4),))
    heights = [level_shapes(p)[L3].anterior_height_mm for p in (plain, broken)]
    assert heights[1] == pytest.approx(0.6 * heights[0])
    body = _small(fractures=((L3, 0.4),)).truth[L3].body
    tilt = np.degrees(np.arccos(np.clip(-body.superior_endplate[1] @ body.inferior_endplate[1], -1, 1)))
    assert tilt > 10


def test_gas_metal_and_contrast_have_their_numbers() -> None:
    phantom = _small(vacuum_discs=(L4,), screws=(L5,), contrast_hu=320.0)
    disc = (phantom.truth[L4].body.inferior_endplate[0] + phantom.truth[L5].body.superior_endplate[0]) / 2
    assert _hu(phantom, disc - 3 * phantom.truth[L4].body.posterior) < -100
    assert _hu(phantom, phantom.truth[L5].pedicles["left"].isthmus_centre_lps_mm) > 2500
    body = phantom.truth[L3].body
    aorta = body.centre_lps_mm + np.array([11.0, -30.0, 0.0])
    assert 250 < _hu(phantom, aorta) < 400
    assert _hu(_small(), aorta) < 80


def test_osteophytes_belong_to_the_body_and_leave_its_middle_alone() -> None:
    plain, spurred = _small(levels=(L3, L4)), _small(levels=(L3, L4), osteophyte_mm=6.0)
    more = (spurred.vertebrae.labels == L3).sum() - (plain.vertebrae.labels == L3).sum()
    assert more > 40
    added = (spurred.vertebrae.labels == L3) & (plain.vertebrae.labels == 0)
    assert (spurred.structures.labels[added] == Structure.BODY).mean() > 0.95
    assert spurred.truth[L3].body.depth_mm == plain.truth[L3].body.depth_mm


@pytest.mark.parametrize("stack", ["sagittal", "oblique", "axial"])
def test_restacked_truth_lies_where_the_image_shows_it(stack: Any) -> None:
    phantom = build_phantom(
        PhantomParameters.small(levels=(L3, L4), stack=stack, slice_mm=3.0, spacing_mm=1.5)
    )
    truth = phantom.truth[L3]
    assert phantom.volume.grid.spacing_ijk_mm[2] == pytest.approx(3.0)
    for point, value in (
        (truth.body.centre_lps_mm, Structure.BODY),
        (truth.pedicles["left"].isthmus_centre_lps_mm, Structure.LEFT_PEDICLE),
        (truth.pedicles["right"].isthmus_centre_lps_mm, Structure.RIGHT_PEDICLE),
    ):
        i, j, k = np.rint(phantom.volume.grid.indices_from_lps(point)).astype(int)
        assert phantom.structures.labels[k, j, i] == value
        assert phantom.volume.values[k, j, i] > 100


def test_crop_without_skin_holds_no_air() -> None:
    inside = build_phantom(PhantomParameters.small(levels=(L3, L4), with_skin=False, field_mm=(100.0, 100.0)))
    assert (inside.volume.values < -900).mean() < 0.02
    assert (inside.vertebrae.labels[:, :, 0] == 0).all()


def test_chest_has_ribs_at_each_thoracic_level() -> None:
    parameters = VARIANTS["chest"].cropped(spacing_mm=2.0, slice_mm=2.0)
    phantom = build_phantom(parameters)
    assert sorted(phantom.truth) == [17, 18, 19, 20, 21]
    for verse in (18, 19):
        body = phantom.truth[verse].body
        beside_lps_mm = body.centre_lps_mm + np.array([62.0, 0, 0])
        i2, j, k = np.rint(phantom.volume.grid.indices_from_lps(beside_lps_mm)).astype(int)
        beside = phantom.volume.values[k - 15 : k + 4, j : j + 25, i2 - 2 : i2 + 3]
        near = phantom.vertebrae.labels[k - 15 : k + 4, j : j + 25, i2 - 2 : i2 + 3]
        assert ((beside > 400) & (near == 0)).any(), verse


def test_random_parameters_repeat_and_spread() -> None:
    drawn = [random_parameters(seed) for seed in range(300)]
    assert drawn[5] == random_parameters(5)
    widths = [level_shapes(p)[L4].pedicle_width_mm for p in drawn]
    assert 12.0 < np.mean(widths) < 14.0
    assert 1.3 < np.std(widths) < 2.8
    unusual = [p for p in drawn if p.lumbar_count != 5 or p.transition != "none"]
    assert 0.06 < len(unusual) / len(drawn) < 0.2
    assert {p.slice_mm for p in drawn} == {0.6, 1.0, 1.25, 2.0, 3.0}
