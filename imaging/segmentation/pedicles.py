"""Which part of a vertebra a voxel belongs to: body, pedicle of a side, or the rest of the arch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.labels import Structure
from imaging.segmentation.arch import Block
from imaging.segmentation.bodies import BodyModel

MAX_LENGTH_MM = 13.0
MIN_LENGTH_MM = 9.0
OPENING = 1.7
BODY_MM = 0.8
"""How far outside its fitted surface, and behind its posterior wall's plane, bone is still the body's."""
ROOT_MM = 8.0
"""From the midline to where pedicles spring at the least."""


def split_parts(block: Block, body: BodyModel, mask: NDArray[np.bool_], sacral: bool) -> NDArray[np.uint8]:
    """Structure numbers for the voxels of one vertebra.

    The pedicle reaches from the posterior wall back to where the cross-section opens into lamina and
    transverse process (1.7 times the isthmus).
    """
    lat, p, s = np.moveaxis(block.local, -1, 0)
    out = np.full(
        mask.shape, int(Structure.SACRUM_REST if sacral else Structure.POSTERIOR_ELEMENTS), np.uint8
    )
    top = body.frame.disc_plane(True)[0]
    tall = (s > top - 17) & (s < top + 1)
    in_body = block.depth <= BODY_MM
    if not sacral:
        # The wall runs on into the pedicle: what lies behind its plane is no longer the body's.
        in_body &= ~((p > BODY_MM) & (np.abs(lat) > ROOT_MM) & tall)
    out[in_body | ((p < -4.0) & (block.depth < 6) & ~np.bool_(sacral))] = int(Structure.BODY)
    reach = 34.0 if sacral else 26.0
    for sign, name in ((-1, Structure.RIGHT_PEDICLE), (1, Structure.LEFT_PEDICLE)):
        zone = mask & ~in_body & (lat * sign > 4) & (lat * sign < reach)
        zone &= (p >= -8.0 if sacral else p >= -4.0) & tall
        steps = np.arange(0, MAX_LENGTH_MM + 1)
        depths = p[zone]
        counts = np.array([int((np.abs(depths - q) < 0.5).sum()) for q in steps], float)
        counts = np.convolve(np.pad(counts, 1, mode="edge"), np.ones(3) / 3, mode="valid")
        end = MIN_LENGTH_MM
        if counts[:12].max() > 0:
            narrow = int(counts[2:9].argmin()) + 2
            wide = np.flatnonzero((steps > narrow) & (counts > OPENING * counts[narrow]))
            end = float(np.clip(steps[wide[0]] if len(wide) else 10.0, MIN_LENGTH_MM, MAX_LENGTH_MM))
        out[zone & (p <= end)] = int(name)
    return out
