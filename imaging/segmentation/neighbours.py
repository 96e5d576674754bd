"""Stand-ins for the vertebrae beyond the ends of the column, so that nobody else is given their bone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imaging.segmentation.arch import Block
from imaging.segmentation.bodies import BodyModel
from imaging.segmentation.frames import frame_between
from imaging.segmentation.iso import NO_IMAGE_HU, IsoVolume

Array = NDArray[np.float64]


WALL_IN_VIEW = 0.4


def beyond(body: BodyModel, upward: bool) -> BodyModel:
    """The next body above or below an outermost one: the same shape, one vertebra and disc further on.

    It is never drawn. It holds the arch that reaches into the image although its body was not found, or
    lies past the image's edge.
    """
    frame = body.frame
    across = frame.above.centre_lps_mm - frame.below.centre_lps_mm
    step = across if upward else -across
    turned = frame.above if upward else frame.below
    far = replace(turned, centre_lps_mm=turned.centre_lps_mm + step, virtual=True)
    above, below = (far, turned) if upward else (turned, far)
    pitch = frame.axes_lps[2] * float(np.abs(across @ frame.axes_lps[2])) * (1 if upward else -1)
    moved = replace(frame, origin_lps_mm=frame.origin_lps_mm + pitch, above=above, below=below)
    return replace(body, frame=moved)


def beneath(iso: IsoVolume, body: BodyModel) -> BodyModel:
    """The next body below the lowest one, in whose frame the joints between the two are sought.

    If enough of its posterior wall is in view, it is bent on as the last vertebra is, and fitted to its own
    wall and symmetry.
    """
    guess = beyond(body, False)
    lat, p, s = np.arange(-6.0, 7.0, 2.0), np.arange(-10.0, 14.0), np.arange(-9.0, 10.0, 2.0)
    wall = guess.frame.to_lps(np.stack(np.meshgrid(lat, p, s, indexing="ij"), -1))
    if float((iso.sample(wall) > NO_IMAGE_HU).mean()) < WALL_IN_VIEW:
        return guess
    above, below = body.frame.above, body.frame.below
    bend = _turn(above.normal_lps, below.normal_lps)
    far = replace(
        below,
        centre_lps_mm=below.centre_lps_mm + bend @ (below.centre_lps_mm - above.centre_lps_mm),
        normal_lps=bend @ below.normal_lps,
        virtual=True,
    )
    return replace(guess, frame=frame_between(iso, far, below))


def _turn(one: Array, other: Array) -> Array:
    """(3, 3) the rotation that takes one unit vector to another, less than half a turn away (Rodrigues)."""
    x, y, z = np.cross(one, other)
    across = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + across + across @ across / (1.0 + one @ other))


def last_slice(iso: IsoVolume, block: Block, body: BodyModel) -> NDArray[np.bool_] | None:
    """The slice at which the image ends before this body's pedicles, within the block, or None."""
    pedicles = iso.index_kji(body.frame.to_lps([[-12.0, 2.0, 4.0], [12.0, 2.0, 4.0]]))[:, 0]
    out = np.zeros(block.depth.shape, bool)
    if pedicles.min() > iso.values.shape[0] - 3 and block.where[0].stop == iso.values.shape[0]:
        out[-2:] = True
    elif pedicles.max() < 2 and block.where[0].start == 0:
        out[:2] = True
    else:
        return None
    return out
