"""Intervertebral discs: a tilted bright-dark-bright template, chained along the spine, refined in 3D."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.segmentation.iso import NO_IMAGE_HU, IsoVolume
from imaging.segmentation.straighten import Straightened

Array = NDArray[np.float64]

GAP_MM = (17, 47)
SAGITTAL_DEG = np.arange(-30, 31, 5.0)
CORONAL_DEG = np.arange(-12, 13, 6.0)
HEIGHTS_MM = (4, 6, 8, 10, 12)
CENTRE_P_MM = -16.0
VACUUM_HU = -60.0
CHANGE_COST = 4.0
MIN_SCORE = 28.0
SURE_SCORE = 125.0
"""A disc that scores more where the steps find it is left there."""
CLEAR_SCORE, CLEAR_SHARE, FAINT_SHARE = 60.0, 0.3, 0.5
"""Least score of a disc that steps pass by; least share of the score of the one above; of the one below,
where thick slices or little calcium make all of them faint."""
REMNANT_TILT_DEG = 30.0
"""What leans less lies in no sacrum: a disc that the image's end makes faint."""
MAX_TILT_DEG = 62.0
MAX_GROWTH = 1.22
TURN_DEG, TURN_PER_TILT = 30.0, 0.6
"""How far the next disc down may turn to the front: the more, the more this one leans."""


@dataclass(frozen=True, eq=False)
class Disc:
    """One disc.

    Attributes:
        s_mm: place along the straightened spine, at ``CENTRE_P_MM``.
        centre_lps_mm: (3,) middle of the disc.
        normal_lps: (3,) unit vector, to the head.
        height_mm: thickness.
        score: of the template, larger is surer.
        virtual: guessed beyond the last seen disc.
    """

    s_mm: float
    centre_lps_mm: Array
    normal_lps: Array
    height_mm: float
    score: float
    virtual: bool = False

    @property
    def tilt_deg(self) -> float:
        """Sagittal tilt against the axial plane, + where the front is lower."""
        return float(np.rad2deg(np.arctan2(-self.normal_lps[1], self.normal_lps[2])))


def _plane_means(spine: Straightened, s: Array, sagittal_deg: Array, coronal_deg: Array) -> Array:
    """(tilts, coronals, s) mean HU over the disc's plane, vacuum clipped."""
    p = np.arange(-28, -3, 2.0)
    lat = np.arange(-12, 13, 3.0)
    out = np.empty((len(sagittal_deg), len(coronal_deg), len(s)))
    for a, sag in enumerate(np.tan(np.deg2rad(sagittal_deg))):
        for b, cor in enumerate(np.tan(np.deg2rad(coronal_deg))):
            at = s[:, None, None] + (p[:, None] - CENTRE_P_MM) * sag + lat * cor
            values = spine.sample(at, np.broadcast_to(p[:, None], at.shape), np.broadcast_to(lat, at.shape))
            out[a, b] = np.clip(values, VACUUM_HU, 450).mean((1, 2))
    return out


def _template(means: Array, height: float, step: float = 1.0) -> Array:
    """Bright endplates around a dark disc of ``height`` along the last axis."""
    half = height / 2
    dark_n = max(1, round((half - 1) / step))
    n = means.shape[-1]
    cumulative = np.concatenate([np.zeros((*means.shape[:-1], 1)), np.cumsum(means, -1)], -1)

    def box(low: int, high: int) -> Array:
        a = np.clip(np.arange(n) + low, 0, n)
        b = np.clip(np.arange(n) + high + 1, 0, n)
        return np.asarray((cumulative[..., b] - cumulative[..., a]) / np.maximum(1, b - a))

    dark = box(-dark_n, dark_n)
    low, high = int(np.ceil(half / step)), int(np.ceil((half + 3) / step))
    up, down = box(low, high), box(-high, -low)
    return np.minimum(up, down) * 0.7 + 0.15 * (up + down) - dark


def pedicle_profile(spine: Straightened) -> Array:
    """Per s, how bony both sides of the canal are just behind the wall: high at pedicles, low at foramina."""
    values = np.clip(spine.values, -100, 350)
    mid_l, mid_p = spine.values.shape[2] // 2, 50
    sides = []
    for sign in (-1, 1):
        columns = [mid_l + sign * n for n in range(10, 19)]
        sides.append(values[:, mid_p + 1 : mid_p + 8][:, :, columns].mean(1).max(1))
    return np.asarray(ndi.gaussian_filter1d(np.minimum(*sides) * 0.6 + 0.2 * (sides[0] + sides[1]), 1.5))


def disc_evidence(spine: Straightened) -> tuple[Array, Array]:
    """((heights, s) evidence for a disc of at most that height, pedicle profile per s)."""
    s = np.arange(len(spine.values), dtype=float)
    means = _plane_means(spine, s, SAGITTAL_DEG, CORONAL_DEG)
    out = []
    for height in HEIGHTS_MM:
        score = _template(means, height)
        score -= (np.abs(SAGITTAL_DEG)[:, None, None] + 0.5 * np.abs(CORONAL_DEG)[None, :, None]) * 0.6
        out.append(score.max((0, 1)))
    return np.maximum.accumulate(np.stack(out), axis=0), pedicle_profile(spine)


def chain(evidence: Array, pedicles: Array, inside: tuple[float, float]) -> list[int]:
    """Places along s of the best chain of discs."""
    scale = max(40.0, float(np.percentile(evidence[-1], 92)))
    nodes = evidence / scale - 0.45 - 0.25 * (pedicles - np.median(pedicles)) / 100.0
    nodes[evidence < ndi.maximum_filter1d(evidence, 5, axis=1)] = -9.0
    n, gaps = nodes.shape[1], np.arange(GAP_MM[0], GAP_MM[1] + 1)
    # A disc is at most some 28 % as thick as the way to its neighbour, or it is a mid-body.
    allowed = np.maximum(0, np.searchsorted(HEIGHTS_MM, 0.28 * gaps, side="right") - 1)
    # State: a disc at s and the gap below it; index 0 of the gap axis means the lowest disc of the chain.
    total = np.full((n, len(gaps) + 1), -99.0)
    back = np.full((n, len(gaps) + 1), -1)
    change = CHANGE_COST * np.log(gaps[:, None] / gaps[None, :]) ** 2
    for s in range(int(inside[0]), min(n, int(inside[1]) + 1)):
        if nodes[:, s].max() < -2:
            continue
        total[s, 0] = nodes[2, s]
        for g, gap in enumerate(gaps):
            low = s - gap
            if low < 0 or total[low].max() < -50:
                continue
            a, b = low + int(0.35 * gap), low + int(0.85 * gap)
            inner = pedicles[a : b + 1].max() - 0.5 * (pedicles[low] + pedicles[s])
            pair = 0.25 * np.clip(inner / 100.0, -2, 1.5) - 0.0015 * max(0, 24 - int(gap)) ** 2 - 0.2
            before = np.r_[total[low, 0], total[low, 1:] - change[g]]
            best = int(before.argmax())
            total[s, g + 1] = before[best] + nodes[allowed[g], s] + pair
            back[s, g + 1] = best
    s, g = (int(x) for x in np.unravel_index(int(total.argmax()), total.shape))
    out = [s]
    while g > 0:
        s, g = s - int(gaps[g - 1]), int(back[s, g])
        out.append(s)
    return out[::-1]


def refine(spine: Straightened, s0: float, reach_mm: float = 4.0, tilt_deg: float = 35.0) -> Disc:
    """The disc nearest ``s0`` with its tilt and height in 3D."""
    s = np.arange(s0 - reach_mm - 12, s0 + reach_mm + 12.01, 0.5)
    sag, cor = np.arange(-tilt_deg, tilt_deg + 1, 5.0), np.arange(-16, 17, 4.0)
    best = (-np.inf, 0.0, 0.0, s0, 8.0)
    for fine in (False, True):
        if fine:
            sag, cor = best[1] + np.arange(-4, 5, 2.0), best[2] + np.arange(-3, 4, 1.5)
        means = _plane_means(spine, s, sag, cor)
        best = (-np.inf, 0.0, 0.0, s0, 8.0)
        core = np.abs(s - s0) <= reach_mm
        for height in np.arange(3, 14, 1.0):
            score = _template(means, height, 0.5)
            score -= (np.abs(sag)[:, None, None] + 0.5 * np.abs(cor)[None, :, None]) * 0.4
            score[..., ~core] = -np.inf
            a, b, c = np.unravel_index(int(score.argmax()), score.shape)
            if score[a, b, c] > best[0]:
                best = (float(score[a, b, c]), float(sag[a]), float(cor[b]), float(s[c]), float(height))
    value, sag_deg, cor_deg, at, height = best
    centre = spine.to_lps(at, CENTRE_P_MM, 0.0)
    ahead = spine.to_lps(at + (-10) * np.tan(np.deg2rad(sag_deg)), CENTRE_P_MM - 10, 0.0)
    aside = spine.to_lps(at + 10 * np.tan(np.deg2rad(cor_deg)), CENTRE_P_MM, 10.0)
    normal = np.cross(ahead - centre, aside - centre)
    normal *= np.sign(normal @ spine.to_lps(at + 1, CENTRE_P_MM, 0.0) - normal @ centre) / np.linalg.norm(
        normal
    )
    return Disc(at, centre, normal, height, value)


def good_run(discs: list[Disc]) -> list[Disc]:
    """The longest run of neighbours that are thin, well seen and turn gently."""
    runs: list[list[Disc]] = []
    for disc in discs:
        if disc.score < MIN_SCORE or abs(disc.tilt_deg) > MAX_TILT_DEG:
            continue
        if runs:
            last = runs[-1][-1]
            step = disc.centre_lps_mm - last.centre_lps_mm
            gap = float(np.linalg.norm(step))
            turn = np.rad2deg(np.arccos(np.clip(disc.normal_lps @ last.normal_lps, -1, 1)))
            lean = np.rad2deg(np.arccos(np.clip(disc.normal_lps @ step / gap, -1, 1)))
            fits = turn < 38 and lean < 40 and GAP_MM[0] <= gap <= GAP_MM[1] + 4
            if len(runs[-1]) > 1:
                before = last.centre_lps_mm - runs[-1][-2].centre_lps_mm
                fits = fits and gap < MAX_GROWTH * float(np.linalg.norm(before))
            if fits and max(disc.height_mm, last.height_mm) < 0.32 * gap:
                runs[-1].append(disc)
                continue
        runs.append([disc])
    return max(runs, key=lambda run: (len(run), sum(d.score for d in run)), default=[])


def look_beyond(
    iso: IsoVolume, disc: Disc, gap_mm: float, upward: bool, usual_score: float = 0.0
) -> Disc | None:
    """The next disc above or below, sought directly in 3D; virtual where only its near face is seen.

    ``usual_score``: of the discs known so far; L5/S1's own may be low beside the remnants below it.
    """
    sign = 1.0 if upward else -1.0
    normal = disc.normal_lps
    left = np.cross(normal, [0.0, -1, 0]) if abs(normal[1]) < 0.9 else np.array([1.0, 0, 0])
    left /= np.linalg.norm(left)
    most = TURN_DEG + TURN_PER_TILT * max(0.0, disc.tilt_deg)
    turns = np.arange(-20, 21, 5.0) if upward else np.arange(-10, min(50.0, most) + 1, 5.0)
    gaps = np.arange(max(18.0, gap_mm - 8), min(47.0, gap_mm + (4 if upward else 9)) + 0.1, 1.5)
    seen: tuple[float, Disc | None, float, float] = (0.0, None, 0.0, 0.0)
    guessed: tuple[float, Disc | None] = (MIN_SCORE, None)
    for turn, gap in product(turns, gaps):
        score, found = _one_beyond(iso, disc, left, sign, turn, gap, gap_mm)
        if found.virtual and score > guessed[0]:
            guessed = (score, found)
        elif not found.virtual and score > seen[0]:
            seen = (score, found, turn, gap)
    # A narrow disc falls between the steps, or the one before lies too far back to show this one's middle.
    coarse = seen
    around = coarse[2] + np.arange(-5, 6, 2.5), coarse[3] + np.arange(-2, 2.1, 0.5), np.arange(-6, 10, 3.0)
    for turn, gap, ahead in product(*around):
        if coarse[1] is None or coarse[0] > SURE_SCORE:
            break
        score, found = _one_beyond(iso, disc, left, sign, turn, gap, gap_mm, ahead)
        if not found.virtual and score > seen[0]:
            seen = (score, found, turn, gap)
    if upward:
        least = min(MIN_SCORE, FAINT_SHARE * disc.score)
    else:
        # A remnant within the sacrum is no disc; what only such a search finds must be as clear as one.
        least = CLEAR_SCORE if coarse[0] <= MIN_SCORE else MIN_SCORE
        if seen[1] is not None and seen[1].tilt_deg > REMNANT_TILT_DEG:
            least = max(least, CLEAR_SHARE * max(disc.score, usual_score))
    return seen[1] if seen[0] > least else guessed[1]


def _one_beyond(
    iso: IsoVolume,
    disc: Disc,
    left: Array,
    sign: float,
    turn: float,
    gap: float,
    usual_gap: float,
    ahead_mm: float = 0.0,
) -> tuple[float, Disc]:
    """(score, the disc) at ``gap`` mm beyond a disc and turned by so many degrees about its left axis.

    Its middle lies ``ahead_mm`` before that.
    """
    half, full = (_about(left, np.deg2rad(-sign * turn * f)) for f in (0.5, 1.0))
    direction, new_normal = half @ disc.normal_lps * sign, full @ disc.normal_lps
    back = np.cross(new_normal, left)
    back *= np.sign(back[1]) or 1.0
    centre = disc.centre_lps_mm + direction * gap
    steps = np.arange(-9, 9.01, 0.5)
    grid_a, grid_l = np.meshgrid(np.arange(-12, 13, 3.0), np.arange(-12, 13, 3.0), indexing="ij")
    centre = centre - ahead_mm * back
    plane = centre + grid_a[..., None] * back + grid_l[..., None] * left
    values = iso.sample(plane[None] + steps[:, None, None, None] * (new_normal * sign))
    known = (values > NO_IMAGE_HU).mean((1, 2))
    means = np.where(known > 0.55, np.clip(values, VACUUM_HU, 450).mean((1, 2)), np.nan)
    score, height, virtual = _profile_score(means)
    score -= 0.25 * (gap - usual_gap) ** 2 / 3 + 0.15 * abs(turn) + 0.2 * abs(ahead_mm)
    return score, Disc(disc.s_mm + sign * gap, centre, new_normal, height, score, virtual)


def _about(axis: Array, angle: float) -> Array:
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def _profile_score(means: Array) -> tuple[float, float, bool]:
    """Best (score, height, virtual) of a profile in 0.5 mm steps whose first half is the known vertebra."""
    mid = len(means) // 2
    best = (-np.inf, 6.0, False)
    for height in (4, 6, 8, 10, 12):
        h = height  # in half millimetres: half the disc's height
        near, dark = means[mid - h - 6 : mid - h], means[mid - h + 2 : mid + h - 1]
        far = means[mid + h + 1 : mid + h + 7]
        if np.isnan(near).any() or len(near) == 0:
            continue
        if not (np.isnan(dark).any() or np.isnan(far).any() or len(far) < 6):
            score = 0.7 * min(near.mean(), far.mean()) + 0.15 * (near.mean() + far.mean()) - dark.mean()
            if score > best[0]:
                best = (float(score), float(height), False)
    near, dark = means[mid - 6 : mid], means[mid + 1 : mid + 4]
    if np.isnan(means[mid + 4 :]).any() and not (np.isnan(near).any() or np.isnan(dark).any()):
        score = float(near.max() - dark.mean()) * 0.8 - 10
        if score > best[0]:
            best = (score, 0.0, True)
    return best
