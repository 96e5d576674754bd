"""Grey values, noise, field and writing of the simulated picture."""

import numpy as np
import pytest
from fluoro_shapes import SMALL, view
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from imaging.fluoro.annotate import annotate
from imaging.fluoro.coarse import broad
from imaging.fluoro.picture import PictureSettings, render_picture
from imaging.fluoro.picture_rows import clinical_rows
from imaging.fluoro.technique import Technique
from imaging.geometry.carm import CArm, pose_words

CARM = CArm().resized(256)


@pytest.fixture(scope="module")
def scene():
    """Soft tissue with a band of bone and a rod of steel."""
    v, u = np.mgrid[:256, :256]
    body = 3 + 0.5 * np.sin(u / 70) + 0.8 * ((v > 100) & (v < 130))
    metal = np.where((abs(v - 180) < 8) & (u < 150), 4.0, 0.0)
    return body.astype(np.float32), metal.astype(np.float32), view(180, 0, carm=CARM)


@pytest.mark.parametrize("quality", ["clean", "clinical"])
def test_bone_is_darker_than_tissue_and_metal_black(scene, quality):
    body, metal, projection = scene
    picture = render_picture(body, metal, projection, PictureSettings(quality=quality))
    assert picture.dtype == np.uint8
    tissue, bone, steel = picture[60:90, 110:140], picture[108:122, 110:140], picture[177:184, 60:130]
    assert bone.mean() < tissue.mean() - 60
    assert steel.max() < 30
    inverted = render_picture(body, metal, projection, PictureSettings(quality=quality, bone_dark=False))
    assert inverted[177:184, 60:130].min() > 225


def test_outside_the_round_field_is_black(scene):
    body, metal, projection = scene
    picture = render_picture(body, metal, projection)
    v, u = np.ogrid[: CARM.rows, : CARM.columns]
    off = np.hypot(u - (CARM.columns - 1) / 2, v - (CARM.rows - 1) / 2)
    assert not picture[off > CARM.rows / 2 + 1].any()
    assert not picture[0, 0]
    assert picture[128, 240] > 20


def test_noise_is_seeded_and_falls_with_dose(scene):
    body, _, projection = scene
    one = render_picture(body, None, projection, PictureSettings(seed=4))
    assert_array_equal(one, render_picture(body, None, projection, PictureSettings(seed=4)))
    assert (one != render_picture(body, None, projection, PictureSettings(seed=5))).mean() > 0.3
    patch = np.s_[60:90, 110:140]
    spread = [
        np.std(
            np.diff(render_picture(body, None, projection, PictureSettings(technique=t))[patch].astype(float))
        )
        for t in (Technique(detector_ngy=d) for d in (5, 30, 300))
    ]
    assert spread[0] > 1.5 * spread[1] > 2 * spread[2]


def test_metal_does_not_change_the_brightness_elsewhere(scene):
    body, metal, projection = scene
    settings = PictureSettings(quality="clean")
    with_tool = render_picture(body, metal, projection, settings).astype(int)
    without = render_picture(body, None, projection, settings).astype(int)
    assert abs(with_tool - without)[40:160, 40:200].max() <= 1


def test_where_the_volume_ends_the_picture_is_shuttered(scene):
    body, _, projection = scene
    cut = body.copy()
    cut[:, :70] = 0
    picture = render_picture(cut, None, projection, PictureSettings(quality="clean"))
    assert picture[128, 20:60].max() < 40
    assert abs(float(picture[60:90, 110:140].mean()) - 150) < 70
    assert render_picture(np.zeros_like(body), None, projection).max() < 40


def test_writing_keeps_the_shape_and_marks_the_corners(scene):
    body, _, projection = scene
    picture = render_picture(body, None, projection)
    for canvas in (picture, np.repeat(picture[..., None], 3, 2)):
        written = annotate(canvas, projection, side="left", level="L4", view="ap")
        assert written.shape == canvas.shape
        assert written.dtype == np.uint8
        changed = written != canvas
        assert changed[:40, :40].any()
        assert changed[:40, -40:].any()
        assert changed[-60:, -110:].mean() > 0.03
        assert not changed[80:170, 80:170].any()


def test_letters_swap_with_the_side_of_the_detector(scene):
    blank = np.zeros((256, 256), np.uint8)
    prone = annotate(blank, scene[2], words="")
    supine = annotate(blank, view(0, 0, carm=CARM), words="")
    left, right = prone[:30, :30], prone[:30, -30:]
    ink = lambda a: a[:, np.flatnonzero(a.any(0))]  # noqa: E731
    assert_array_equal(ink(left), ink(supine[:30, -30:]))
    assert_array_equal(ink(right), ink(supine[:30, :30]))
    assert ink(left).shape != ink(right).shape or (ink(left) != ink(right)).any()


def test_even_a_thumbnail_says_simulated():
    blank = np.zeros((96, 96), np.uint8)
    assert (annotate(blank, view(180, 0, carm=SMALL))[60:, 20:] > 200).sum() > 60


@pytest.mark.parametrize(
    ("angles", "words"),
    [
        ((180, 0), "AP"),
        ((-180, 0.2), "AP"),
        ((158, 8), "left oblique 22°, cephalad 8°"),
        ((-150, -12), "right oblique 30°, caudad 12°"),
        ((90, 0), "left lateral"),
        ((86, 4), "left lateral 94°, cephalad 4°"),
        ((93, 0), "left lateral 87°"),
        ((0, 0), "AP, detector in front"),
    ],
)
def test_words_of_the_clinic(angles, words):
    assert pose_words(*angles) == words


def test_the_fused_rows_are_blur_scatter_noise_and_logarithm():
    rng = np.random.default_rng(3)
    body, metal = rng.uniform(0, 6, (2, 64, 96)).astype(np.float32) * [[[1]], [[0.2]]]
    body, metal = body.astype(np.float32), metal.astype(np.float32)
    scatter, background = (np.full((16, 24), x, np.float32) for x in (0.4, 0.1))
    gain = rng.uniform(0.5, 1.5, (16, 24)).astype(np.float32)
    thin = rng.uniform(1, 1.3, (64, 96)).astype(np.float32)
    noise = rng.standard_normal(4096).astype(np.float32)
    level, spot, blur, photons, electronic = 2.0, 0.1, 0.2, 500.0, 4.0
    out = np.empty_like(body)
    for top, bottom in ((0, 37), (37, 64)):
        clinical_rows(
            top, bottom, out, body, metal, np.float32(level), scatter, thin, 4, np.float32(spot),
            np.float32(0.5), np.float32(photons), np.float32(electronic), noise, 5, np.float32(blur),
            background, gain, np.float32(9.0),
        )  # fmt: skip

    def blurred(a, side):
        weights = [side, 1 - 2 * side, side]
        return ndimage.convolve1d(
            ndimage.convolve1d(a, weights, 0, mode="nearest"), weights, 1, mode="nearest"
        )

    signal = np.exp(np.minimum(level - body.astype(float) - metal, 3))
    lit = (blurred(signal, spot) + 0.4) * 0.5
    begin = [(5 * 40503 + v * 7919) % (4096 - 96) for v in range(64)]
    random = np.stack([noise[b : b + 96] for b in begin])
    seen = lit + random * np.sqrt(lit * thin / photons + (electronic * thin / photons) ** 2)
    density = -np.log(np.maximum(blurred(seen, blur), 2e-3))
    lift = np.clip((np.arange(96) - 1.5) / 4, 0, 23), np.clip((np.arange(64) - 1.5) / 4, 0, 15)
    wanted = (density - 0.1) * ndimage.map_coordinates(gain, np.meshgrid(*lift)[::-1], order=1)
    assert_allclose(out, wanted, atol=1e-3)


def test_wide_blurs_match_a_plain_gaussian():
    picture = ndimage.gaussian_filter(np.random.default_rng(0).random((128, 120)), 4).astype(np.float32)
    plain = ndimage.gaussian_filter(picture, 2.5, mode="nearest", truncate=3.0)
    assert_allclose(broad(picture, 2.5), plain, atol=1e-5)
    wide = ndimage.gaussian_filter(picture, 15.0, mode="nearest", truncate=3.0)
    assert abs(broad(picture, 15.0) - wide).max() < 0.03 * np.ptp(picture)
