"""All discs of a spine: the best chain along it, what lies beyond its ends, other places to start from."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.progress import Progress
from imaging.segmentation.discs import (
    MAX_TILT_DEG,
    MIN_SCORE,
    Disc,
    chain,
    disc_evidence,
    good_run,
    look_beyond,
    refine,
)
from imaging.segmentation.iso import IsoVolume
from imaging.segmentation.straighten import Straightened

Array = NDArray[np.float64]

LUMBAR_MM, FEWEST_OF_LONG = 200.0, 4
"""Longer than the lumbar spine with its last ribs; of a longer one so many discs at least are found."""
SURE_RUN, CLEAREST = 3, 3
"""Fewest discs of a run that needs no other tried; so many single discs are tried then."""
CLEARLY = 1.25
"""How much more another run must score in all."""


def find_discs(
    spine: Straightened, iso: IsoVolume, inside: tuple[float, float], progress: Progress
) -> list[Disc]:
    """Discs from foot to head. ``inside``: first and last s that lie in the image."""
    progress.step(0.0, "Looking for the discs")
    evidence, pedicles = disc_evidence(spine)
    progress.step(0.4, "Looking for the discs")
    discs = _chained(spine, evidence, pedicles, inside, progress)
    # Where thoracic discs are too thin to show, a chain of mid-bodies may win.
    low = (inside[0], min(inside[1], inside[0] + LUMBAR_MM))
    if len(discs) < FEWEST_OF_LONG and low[1] < inside[1]:
        below = _chained(spine, evidence, pedicles, low, progress)
        discs = max(discs, below, key=_seen_score)
    best = _extended(iso, discs, progress) if len(discs) > 1 else discs
    if len(discs) >= SURE_RUN:
        return best
    # The path may have left the canal, or a mid-body was taken for a disc: start from single discs.
    here = evidence[2] * (np.abs(np.arange(evidence.shape[1]) - np.mean(inside)) <= np.ptp(inside) / 2)
    peaks = np.flatnonzero((here >= ndi.maximum_filter1d(here, 9)) & (here > MIN_SCORE))
    if len(discs) > 1:
        peaks = peaks[np.argsort(-here[peaks], kind="stable")[:CLEAREST]]
    other: list[Disc] = []
    for s in peaks[-8:]:
        run = _extended(iso, good_run([refine(spine, float(s))]), progress)
        other = max(other, run, key=_seen_score)
    return other if _seen_score(other) > CLEARLY * _seen_score(best) else best


def _seen_score(run: list[Disc]) -> float:
    return sum(d.score for d in run if not d.virtual)


def _chained(
    spine: Straightened, evidence: Array, pedicles: Array, inside: tuple[float, float], progress: Progress
) -> list[Disc]:
    """The longest good run of the best chain of discs within some part of the spine."""
    places = chain(evidence, pedicles, inside)
    found = []
    for n, s in enumerate(places):
        progress.step(0.4 + 0.4 * n / len(places), "Measuring the discs")
        found.append(refine(spine, float(s)))
    return good_run(found)


def _extended(iso: IsoVolume, discs: list[Disc], progress: Progress) -> list[Disc]:
    """The run with what lies directly beyond its ends."""
    for upward in (False, True):
        for _ in range(6):
            progress.step(0.9, "Looking beyond the last discs")
            if not discs or (discs[-1] if upward else discs[0]).virtual:
                break
            gaps = [float(np.linalg.norm(b.centre_lps_mm - a.centre_lps_mm)) for a, b in pairwise(discs)]
            gap = (gaps[-1] if upward else gaps[0]) if gaps else 36.0
            usual = float(np.median([d.score for d in discs]))
            following = look_beyond(iso, discs[-1] if upward else discs[0], gap, upward, usual)
            if following is None or abs(following.tilt_deg) > MAX_TILT_DEG:
                break
            discs = [*discs, following] if upward else [following, *discs]
    return discs
