"""Which lumbar vertebrae bodies are most like by how far they lean: the lordosis of a lying patient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imaging.labels import VERSE_FROM_NAME
from imaging.segmentation.bodies import BodyModel

L1, L5 = VERSE_FROM_NAME["L1"], VERSE_FROM_NAME["L5"]
# The beam's usual tilts to square the endplates on AP (clinical.md 3.1 [K~]): caudad 0 to 10 degrees at L1
# and L2, none at L3, cephalad 0 to 10 at L4, 15 to 25 at L5.
LEAN_DEG = {L1: -10.0, L1 + 1: -5.0, L1 + 2: 0.0, L1 + 3: 5.0, L5: 20.0}
# The spine leans as a whole with pelvis and cushion, and each vertebra differs besides.
WHOLE_SD_DEG, EACH_SD_DEG = 4.0, 8.0
# A patient on a wedge or in a tilted stack leans as a whole by far more: how sure a guess is allows for it.
TILTED_SD_DEG = 10.0


def lean_deg(body: BodyModel) -> float:
    """How far the body's superior axis leans to the front of the patient; degrees."""
    up = body.frame.axes_lps[2]
    return float(np.rad2deg(np.arctan2(-up[1], up[2])))


def likeliest_lowest(leans_deg: Sequence[float]) -> tuple[int, float]:
    """The lumbar numbers that some neighbouring bodies are most like, by their lean alone.

    Args:
        leans_deg: forward lean of each, from foot to head.

    Returns:
        VerSe number of the lowest, and that numbering's share (0..1) of the likelihood of all that keep the
        highest within the lumbar spine, in a patient who may lie tilted. More than five bodies end at L5.
    """
    n = min(len(leans_deg), len(LEAN_DEG))
    leans = np.asarray(leans_deg[:n], float)
    lowest = range(L1 + n - 1, L5 + 1)
    off = np.array([[lean - LEAN_DEG[v - m] for m, lean in enumerate(leans)] for v in lowest])
    best = int(_shares(off, WHOLE_SD_DEG).argmax())
    return lowest[best], float(_shares(off, TILTED_SD_DEG)[best])


def _shares(off_deg: NDArray[np.float64], whole_sd_deg: float) -> NDArray[np.float64]:
    """(m,) shares of the likelihood of m numberings whose n bodies lean (m, n) otherwise than usual."""
    n = off_deg.shape[1]
    spread = np.full((n, n), whole_sd_deg**2) + np.eye(n) * EACH_SD_DEG**2
    fit = -0.5 * np.einsum("ij,ij->i", off_deg, np.linalg.solve(spread, off_deg.T).T)
    share = np.exp(fit - fit.max())
    return np.asarray(share / share.sum())
