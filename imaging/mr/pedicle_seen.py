"""Pedicles as thin slices show them: the ellipse near the fitted model's at which marrow falls to cortex.

Across the model's axis the picture is averaged over a few millimetres of the isthmus. Ellipses of several
places and sizes are tried; what speaks for one is how far brightness falls across it, all the way round.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.mr.model_arch import PedicleModel, pedicle_models
from imaging.mr.surface import BodySurface, Sampler

Array = NDArray[np.float64]

MOST_SLICE_MM = 1.6
# From where marrow ends to the cortex's outer side: about 1 mm of cortex at the isthmus [P].
CORTEX_MM = 1.5
LEAST_FALL, LEAST_ROUND = 0.2, 0.8
# Beyond the cortex it is brighter again, but for another cortex or dark fluid behind it.
LEAST_RISE, RISE_ROUND = 0.04, 0.6
_EVEN, _MOST_SPREAD = 0.5, 0.25
_ALONG_MM = np.arange(-2.0, 2.1, 1.0)
_HALF_MM, _STEP_MM = 18.0, 0.5
_PLACES = (np.arange(-4.0, 4.1, 1.0), np.arange(-5.0, 5.1, 1.0))
_SIZES = (np.arange(0.55, 1.36, 0.1), np.arange(0.6, 1.31, 0.1))
_ANGLES = np.arange(0.0, 2 * np.pi, 2 * np.pi / 24)
_INSIDE_MM, _OUTSIDE_MM = 1.0, 1.0
_BEYOND_MM = (2.5, 3.5)
_PRIOR = 0.004
_UNSEEN = -1e4


def pedicles_of(image: Sampler, body: BodySurface, verse: int) -> tuple[PedicleModel, PedicleModel]:
    """(left, right) pedicle of a body, as seen where thin slices show it, else the fitted model."""
    left, right = pedicle_models(body, verse)
    if not thin_slices(image):
        return left, right
    return seen_pedicle(image, body, left) or left, seen_pedicle(image, body, right) or right


def thin_slices(image: Sampler) -> bool:
    """Whether slices are thin and each is its own picture, not put between thicker ones by interpolation.

    What is interpolated hardly bends from slice to slice but where a real slice lies.
    """
    if image.spacing_mm[0] > MOST_SLICE_MM or image.values.shape[2] < 8:
        return False
    bend = np.abs(np.diff(image.values, 2, axis=2)).mean((0, 1))[1:-1]
    return bool(np.percentile(bend, 25) > _EVEN * np.percentile(bend, 85))


def seen_pedicle(image: Sampler, body: BodySurface, model: PedicleModel) -> PedicleModel | None:
    """The pedicle as the image shows it; None where its cortex does not show round about, or is out of view.

    Args:
        image: MR whose slices are thin.
        body: the pedicle's body, whose marrow is known.
        model: the pedicle fitted to the body, which tells where and how large to look.

    Returns:
        The model with its centre, half width and half height as seen; its axis stays.
    """
    if body.marrow <= 0:
        return None
    across = np.cross(model.axis_lps, body.axes_lps[2])
    across /= np.linalg.norm(across)
    up = np.cross(across, model.axis_lps)
    up *= np.sign(up @ body.axes_lps[2])
    picture = _cross_section(image, model, across, up) / body.marrow
    place = np.stack(np.meshgrid(*_PLACES, *_SIZES, indexing="ij"), -1).reshape(-1, 4)
    half = place[:, 2:] * [model.half_width_mm, model.half_height_mm] - CORTEX_MM
    place = np.column_stack([place[:, :2], half])[(half > 1.5).all(1)]
    inner, outer = (_round(picture, place, by) for by in (-_INSIDE_MM, _OUTSIDE_MM))
    fall = inner - outer
    usual = [0.0, 0.0, model.half_width_mm - CORTEX_MM, model.half_height_mm - CORTEX_MM]
    worth = np.clip(fall, -0.3, 0.5).mean(1) - _PRIOR * ((place - usual) ** 2).sum(1)
    beyond = np.maximum(_round(picture, place, _BEYOND_MM[0]), _round(picture, place, _BEYOND_MM[1]))
    worth[(outer < 0).any(1)] = -np.inf
    best = int(worth.argmax())
    if (fall[best] > LEAST_FALL).mean() < LEAST_ROUND:
        return None
    if (beyond[best] - outer[best] > LEAST_RISE).mean() < RISE_ROUND:
        return None
    c, u, wide, tall = place[best]
    within = np.concatenate(
        [_round(picture, place[best][None] * [1, 1, s, s], 0.0) for s in (0.25, 0.5, 0.75)]
    )
    if not np.isfinite(worth[best]) or within.std() > _MOST_SPREAD * within.mean():
        return None
    return replace(
        model,
        seen=True,
        isthmus_lps_mm=model.isthmus_lps_mm + c * across + u * up,
        half_width_mm=float(wide + CORTEX_MM),
        half_height_mm=float(tall + CORTEX_MM),
    )


def _cross_section(image: Sampler, model: PedicleModel, across: Array, up: Array) -> Array:
    """[across, up] brightness across the pedicle's axis, mean of its isthmus."""
    at = np.arange(-_HALF_MM, _HALF_MM + 0.01, _STEP_MM)
    c, u = (v[..., None, None] for v in np.meshgrid(at, at, indexing="ij"))
    points = model.isthmus_lps_mm + c * across + u * up + _ALONG_MM[:, None] * model.axis_lps
    values = image(points)
    blurred = ndi.gaussian_filter(values.mean(-1), 0.5 / _STEP_MM)
    return np.where((values < 0).any(-1), _UNSEEN, blurred)


def _round(picture: Array, place: Array, by_mm: float) -> Array:
    """(n, angles) brightness on n ellipses (middle across and up, half width, half height), moved out."""
    c = place[:, None, 0] + (place[:, None, 2] + by_mm) * np.cos(_ANGLES)
    u = place[:, None, 1] + (place[:, None, 3] + by_mm) * np.sin(_ANGLES)
    index = [(c + _HALF_MM) / _STEP_MM, (u + _HALF_MM) / _STEP_MM]
    return np.asarray(ndi.map_coordinates(picture, index, order=1, mode="nearest", prefilter=False))
