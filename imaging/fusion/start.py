"""A rigid motion from vertebral bodies that were named and drawn on both images: where a fusion starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imaging.anatomy import BodyGeometry

Array = NDArray[np.float64]
Bodies = Mapping[int, BodyGeometry]

# Middles are drawn to about a millimetre, directions to a few degrees; across, sagittal slices show little.
_ARM_MM = np.array([8.0, 14.0, 14.0])
_NEIGHBOUR = 0.6


def rigid_fit(fixed: ArrayLike, moving: ArrayLike, weights: ArrayLike) -> Array:
    """(4, 4) rigid motion that takes (n, 3) ``moving`` closest to ``fixed`` (Kabsch 1976; Umeyama 1991)."""
    a, b, w = np.asarray(moving, float), np.asarray(fixed, float), np.asarray(weights, float)
    w = w / w.sum()
    ca, cb = w @ a, w @ b
    u, _, vt = np.linalg.svd((a - ca).T @ ((b - cb) * w[:, None]))
    turn = vt.T @ np.diag([1.0, 1.0, np.sign(np.linalg.det(vt.T @ u.T))]) @ u.T
    out = np.eye(4)
    out[:3, :3] = turn
    out[:3, 3] = cb - turn @ ca
    return out


def moved(matrix: NDArray[np.floating], points_lps_mm: ArrayLike) -> Array:
    """(..., 3) points after a (4, 4) motion."""
    return np.asarray(np.asarray(points_lps_mm, float) @ matrix[:3, :3].T + matrix[:3, 3])


def body_moved(matrix: NDArray[np.floating], body: BodyGeometry) -> BodyGeometry:
    """A body after a (4, 4) rigid motion."""
    turn = matrix[:3, :3]
    plates = [
        np.stack([moved(matrix, plate[0]), turn @ plate[1]])
        for plate in (body.superior_endplate, body.inferior_endplate)
    ]
    return replace(
        body,
        centre_lps_mm=moved(matrix, body.centre_lps_mm),
        axes_lps=body.axes_lps @ turn.T,
        posterior_wall_lps_mm=moved(matrix, body.posterior_wall_lps_mm),
        anterior_wall_lps_mm=moved(matrix, body.anterior_wall_lps_mm),
        superior_endplate=plates[0],
        inferior_endplate=plates[1],
    )


def whole_start(ct: Bodies, mr: Bodies, shift: int = 0) -> tuple[Array, float]:
    """(ct_from_mr, rms distance of the middles in mm) over the bodies named on both.

    ``shift`` is added to the places of the MR's names along the column, to try another way of counting.
    """
    names = paired(ct, mr, shift)
    middles, marks = _marks(ct, mr, names)
    matrix = rigid_fit(marks[0], marks[1], np.ones(len(marks[0])))
    apart = middles[0] - moved(matrix, middles[1])
    return matrix, float(np.sqrt((apart**2).sum(1).mean()))


def level_start(ct: Bodies, mr: Bodies, verse: int) -> Array:
    """ct_from_mr of one level from its own body and its neighbours' middles."""
    names = paired(ct, mr)
    at = next(n for n, (a, _) in enumerate(names) if a == verse)
    _, own = _marks(ct, mr, [names[at]])
    beside = [names[n] for n in (at - 1, at + 1) if 0 <= n < len(names)]
    fixed = [*own[0], *(ct[a].centre_lps_mm for a, _ in beside)]
    moving = [*own[1], *(mr[b].centre_lps_mm for _, b in beside)]
    weights = np.r_[np.ones(len(own[0])), np.full(len(beside), _NEIGHBOUR)]
    return rigid_fit(fixed, moving, weights)


def paired(ct: Bodies, mr: Bodies, shift: int = 0) -> list[tuple[int, int]]:
    """(CT name, MR name) pairs by place along the column: S1 follows the lowest lumbar vertebra of either."""
    ct_order, mr_order = sorted(ct), sorted(mr)
    if shift == 0:
        return [(v, v) for v in ct_order if v in mr]
    first = next((v for v in ct_order if v in mr), None)
    if first is None:
        return []
    offset = mr_order.index(first) - ct_order.index(first) + shift
    pairs = [(v, n + offset) for n, v in enumerate(ct_order)]
    return [(v, mr_order[n]) for v, n in pairs if 0 <= n < len(mr_order)]


def _marks(
    ct: Bodies, mr: Bodies, names: list[tuple[int, int]]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Middles of the bodies on CT and MR, and middles with points along their axes."""
    middles: tuple[list[Array], list[Array]] = ([], [])
    marks: tuple[list[Array], list[Array]] = ([], [])
    for pair in names:
        for n, body in enumerate((ct[pair[0]], mr[pair[1]])):
            middles[n].append(body.centre_lps_mm)
            arms = body.axes_lps * _ARM_MM[:, None]
            marks[n].extend(
                [body.centre_lps_mm, *(body.centre_lps_mm + s * a for s in (1, -1) for a in arms)]
            )
    return (np.array(middles[0]), np.array(middles[1])), (np.array(marks[0]), np.array(marks[1]))
