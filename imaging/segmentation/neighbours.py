"""Stand-ins for the vertebrae beyond the ends of the column, so that nobody else is given their bone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imaging.segmentation.arch import Block
from imaging.segmentation.bodies import BodyModel
from imaging.segmentation.iso import IsoVolume


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
