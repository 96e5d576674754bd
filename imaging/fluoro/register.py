"""2D/3D registration: where one vertebra of the CT stands in real X-ray pictures.

The vertebra alone is projected, as bone in excess of soft tissue, and its edges are compared with the
picture's (see register_field). The search tries turned starts, finds the shift of each by
correlation in the frequency domain, and refines the best ones. A fit that its own views do not confirm is
refused, and so is one at whose place a neighbouring vertebra of the same CT fits as well: vertebrae resemble
each other, and their edges alone do not tell one level from the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.spatial.transform import Rotation

from imaging.errors import PlannerError
from imaging.fluoro.register_field import Field, VertebraTemplate, XrayView
from imaging.labels import SACRUM
from imaging.progress import NULL_PROGRESS, Progress
from imaging.volume import LabelVolume, Volume

Array = NDArray[np.float64]

_COARSE_MM, _FINE_MM = 1.8, 0.9
_TURNS_DEG = (-7.0, 0.0, 7.0)
_REFINED = 3
_SAME_MM = 0.8
_MOST_SHIFT_MM = 16.0
_RIVAL_SHIFT_MM = 8.0
LEAST_SCORE = 0.50
MOST_RESIDUAL_MM = 0.8
MOST_DISAGREEMENT_MM = 1.5
MOST_RIVAL_SHARE = 0.97


@dataclass(frozen=True, eq=False)
class Registration:
    """Where the vertebra is.

    Attributes:
        moved_from_ct: (4, 4) rigid matrix from CT to picture patient LPS mm.
        score: least gradient correlation of the views, 0..1.
        residual_mm: how far a view alone would shift the vertebra away from the common fit, at the isocentre.
        disagreement_mm: between this fit and the next best of an independent start.
        rival_share: best score of a neighbour at the same place over the vertebra's own, or 0.
        accepted: whether the fit may be shown as true.
        reason: why not, in a sentence.
    """

    moved_from_ct: Array
    score: float
    residual_mm: float
    disagreement_mm: float
    rival_share: float
    accepted: bool
    reason: str = ""

    def apply(self, points_lps_mm: Array) -> Array:
        """(..., 3) CT points to where they are in the pictures."""
        return np.asarray(points_lps_mm @ self.moved_from_ct[:3, :3].T + self.moved_from_ct[:3, 3])


def neighbours(volume: Volume, vertebrae: LabelVolume, verse: int) -> list[VertebraTemplate]:
    """The labelled vertebrae above and below; the sacrum is told from L5 by its shape and left out."""
    near = [v for v in (verse - 1, verse + 1) if v < SACRUM and (vertebrae.labels == v).any()]
    return [VertebraTemplate(volume, vertebrae, v) for v in near]


def register_vertebra(
    template: VertebraTemplate,
    views: Sequence[XrayView],
    start: Array | None = None,
    progress: Progress = NULL_PROGRESS,
    rivals: Sequence[VertebraTemplate] = (),
) -> Registration:
    """The rigid motion of one vertebra from the CT to two or more pictures taken without moving the patient.

    Args:
        template: the vertebra.
        views: at least two, 30 degrees or more apart (60 is better).
        start: (4, 4) first guess of the motion, from placing the overlay by hand; identity unless told. It
            may be off by 10 mm and 10 degrees.
        progress: asked to go on after each step.
        rivals: the neighbouring vertebrae, to be tried at the same place.

    Raises:
        PlannerError: needs_two_views, views_too_close, not_in_picture.
        TaskCancelledError: cancelled.
    """
    _check_views(views)
    begin = np.eye(4) if start is None else np.asarray(start, float)
    first = _parameters(template, begin)
    coarse = [Field(template, view, begin, _COARSE_MM) for view in views]
    candidates = []
    turns = list(product(_TURNS_DEG, repeat=3))
    for n, turn in enumerate(turns):
        progress.step(0.4 * n / len(turns), "Looking for the vertebra in both pictures")
        guess = first.copy()
        guess[:3] = (
            Rotation.from_rotvec(turn, degrees=True) * Rotation.from_rotvec(first[:3], degrees=True)
        ).as_rotvec(degrees=True)
        for _ in range(2):
            guess[3:] += _common_shift(coarse, template, template.matrix(guess))
        candidates.append((_score(coarse, template, guess), guess))
    candidates.sort(key=lambda c: -c[0])
    fine = [Field(template, view, begin, _FINE_MM) for view in views]
    roughly = []
    for n, (_, guess) in enumerate(candidates[:_REFINED]):
        progress.step(0.4 + 0.2 * n / _REFINED, "Fitting the vertebra's edges")
        roughly.append(_refined(coarse, template, guess, 2.0, 220))
    roughly.sort(key=lambda f: -f[0])
    fits: list[tuple[float, Array]] = []
    begun: list[Array] = []
    for n, (_, guess) in enumerate(roughly):
        progress.step(0.6 + 0.2 * n / _REFINED, "Fitting the vertebra's edges")
        # A start that has ended beside a better one agrees with it: there is nothing more to learn from it.
        if any(_apart_mm(template, guess, other) < _SAME_MM for other in begun):
            continue
        begun.append(guess)
        fits.append(_refined(fine, template, guess, 0.7, 320))
    fits.sort(key=lambda f: -f[0])
    best = template.matrix(fits[0][1])
    other = 0.0
    for n, rival in enumerate(rivals):
        progress.step(0.8 + 0.2 * n / len(rivals), "Trying the neighbouring vertebrae at the same place")
        other = max(other, _rival_score(coarse, fine, rival, template, best, begin))
    return _judged(fine, template, fits, begin, other / max(fits[0][0], 1e-9))


def _rival_score(
    coarse: Sequence[Field],
    fine: Sequence[Field],
    rival: VertebraTemplate,
    template: VertebraTemplate,
    fit: Array,
    begin: Array,
) -> float:
    """How well another vertebra fits where ``template`` does, turned as the fit or as the overlay was."""
    place = fit[:3, :3] @ template.centre_lps_mm + fit[:3, 3]
    tried = []
    for turned in (fit, begin):
        turn = Rotation.from_matrix(turned[:3, :3]).as_rotvec(degrees=True)
        guess = np.r_[turn, place - rival.centre_lps_mm]
        for _ in range(2):
            guess[3:] += _common_shift(coarse, rival, rival.matrix(guess), _RIVAL_SHIFT_MM)
        tried.append((_score(coarse, rival, guess), guess))
    roughly = _refined(coarse, rival, max(tried, key=lambda t: t[0])[1], 2.0, 220)[1]
    return _refined(fine, rival, roughly, 0.7, 160)[0]


def _check_views(views: Sequence[XrayView]) -> None:
    if len(views) < 2:
        raise PlannerError(
            "needs_two_views", "Two X-ray pictures are needed: one alone does not tell the depth."
        )
    directions = np.array([view.projection.d_lps for view in views])
    least = np.abs(directions @ directions.T).min()
    if least > np.cos(np.deg2rad(30)):
        angle = np.rad2deg(np.arccos(min(float(least), 1.0)))
        raise PlannerError(
            "views_too_close", f"The two pictures are only {angle:.0f}° apart; 30° or more are needed."
        )


def _parameters(template: VertebraTemplate, matrix: Array) -> Array:
    turn = Rotation.from_matrix(matrix[:3, :3]).as_rotvec(degrees=True)
    shift = matrix[:3, :3] @ template.centre_lps_mm + matrix[:3, 3] - template.centre_lps_mm
    return np.r_[turn, shift]


def _common_shift(
    fields: Sequence[Field],
    template: VertebraTemplate,
    matrix: Array,
    reach_mm: float = _MOST_SHIFT_MM,
) -> Array:
    """(3,) shift in mm that serves all views best, each asked alone."""
    rows, wanted = [], []
    for field in fields:
        shift = field.shift_mm(template, matrix, reach_mm)
        p = field.view.projection
        rows += [p.u_lps, p.v_lps]
        wanted += list(shift)
    return np.asarray(np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0])


def _score(fields: Sequence[Field], template: VertebraTemplate, parameters: Array) -> float:
    matrix = template.matrix(parameters)
    return float(np.mean([f.score(template, matrix) for f in fields]))


def _refined(
    fields: Sequence[Field], template: VertebraTemplate, start: Array, size: float, most_calls: int
) -> tuple[float, Array]:
    """Best score and parameters near ``start``, first steps of ``size`` mm and 1.5 ``size`` degrees."""
    scale = np.array([1.5, 1.5, 1.5, 1, 1, 1]) * size
    found = optimize.minimize(  # type: ignore[call-overload]
        lambda x: -_score(fields, template, start + x * scale),
        np.zeros(6),
        method="Powell",
        options={"xtol": 0.02, "ftol": 2e-4, "maxfev": most_calls, "direc": np.eye(6)[[3, 4, 5, 0, 1, 2]]},
    )
    return -float(found.fun), start + np.asarray(found.x) * scale


def _judged(
    fields: Sequence[Field],
    template: VertebraTemplate,
    fits: Sequence[tuple[float, Array]],
    begin: Array,
    rival: float,
) -> Registration:
    """The best fit, and whether its views confirm it."""
    best = template.matrix(fits[0][1])
    scores = [field.score(template, best) for field in fields]
    shifts = [float(np.linalg.norm(field.shift_mm(template, best, 4.0))) for field in fields]
    apart = [_apart_mm(template, fits[0][1], other) for _, other in fits[1:]]
    # Starts that ended in a clearly worse place do not speak against the best one.
    rivals = [d for d, f in zip(apart, fits[1:], strict=True) if f[0] > 0.9 * fits[0][0]]
    disagreement = max(rivals, default=0.0)
    moved = float(np.linalg.norm(fits[0][1][3:] - _parameters(template, begin)[3:]))
    result = Registration(best, min(scores), max(shifts), disagreement, rival, True)
    if min(scores) < LEAST_SCORE:
        words = (
            f"The vertebra's edges match the picture to {min(scores):.2f} only, {LEAST_SCORE:.2f} is needed."
        )
    elif rival > MOST_RIVAL_SHARE:
        words = "The vertebra above or below fits this place as well, so the level is not certain."
    elif max(shifts) > MOST_RESIDUAL_MM:
        words = f"One picture alone would put the vertebra {max(shifts):.1f} mm elsewhere."
    elif disagreement > MOST_DISAGREEMENT_MM:
        words = f"Two fits {disagreement:.1f} mm apart are equally good."
    elif moved > _MOST_SHIFT_MM:
        words = f"The fit lies {moved:.0f} mm from where the overlay was placed."
    else:
        return result
    return replace(result, accepted=False, reason=words + " Place the overlay closer and try again.")


def _apart_mm(template: VertebraTemplate, one: Array, other: Array) -> float:
    """Mean distance of the template's corners under two parameter sets."""
    corners = template.corners_lps_mm
    places = [corners @ m[:3, :3].T + m[:3, 3] for m in (template.matrix(one), template.matrix(other))]
    return float(np.linalg.norm(places[0] - places[1], axis=1).mean())
