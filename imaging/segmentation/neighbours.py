"""Stand-ins for the vertebrae beyond the ends of the column, so that nobody else is given their bone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imaging.segmentation.bodies import BodyModel


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
