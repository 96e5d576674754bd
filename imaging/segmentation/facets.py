"""Facet joints: the dark gap fitted round an anatomical prior in the lower vertebra's frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.segmentation.bodies import P_MM, BodyModel
from imaging.segmentation.iso import IsoVolume

Array = NDArray[np.float64]

# Where the joint with the vertebra above lies, by the lower vertebra: S1, L5, L4 ... T12, T10 (L5 is one
# place above the sacrum). Lateral, behind the wall and above the upper endplate in mm; angle against the
# sagittal plane.
PLACES = (0, 1, 2, 3, 4, 5, 6, 8)
LATERAL_MM = (21.0, 18.5, 15.5, 15.0, 13.0, 12.5, 13.0, 13.0)
BEHIND_MM = (13.0, 14.5, 16.0, 18.0, 18.5, 17.5, 16.0, 12.0)
HEIGHT_MM = (-6.0, -4.0, -3.0, -2.0, 0.0, 0.0, 2.0, 3.0)
ANGLE_DEG = (65.0, 60.0, 47.0, 33.0, 20.0, 22.0, 38.0, 75.0)
HALF_LENGTH_MM = 11.0
BELOW_MM, ABOVE_MM = -8.0, 11.0


@dataclass(frozen=True, eq=False)
class FacetPlane:
    """One joint's plane in the lower vertebra's frame (l, p, s).

    Attributes:
        centre: (3,) local mm.
        normal: (3,) unit, to the superior articular process (forward and outward).
        along: (3,) unit, along the joint in the axial plane, backward and outward.
        side: +1 left, -1 right.
    """

    centre: Array
    normal: Array
    along: Array
    side: int

    def ahead(self, local: Array) -> tuple[Array, NDArray[np.bool_]]:
        """(signed distance to the superior process's side, whether the point is in the joint's reach)."""
        rel = local - self.centre
        d, t, s = rel @ self.normal, rel @ self.along, rel[..., 2]
        near = (np.abs(t) < HALF_LENGTH_MM) & (s > BELOW_MM) & (s < ABOVE_MM) & (d < 10) & (d > -13)
        return np.asarray(d), np.asarray(near)


def _plane(centre: Array, angle_deg: float, side: int) -> FacetPlane:
    a = np.deg2rad(angle_deg)
    along = np.array([side * np.sin(a), np.cos(a), 0.0])
    normal = np.array([side * np.cos(a), -np.sin(a), 0.0])
    return FacetPlane(centre, normal, along, side)


def prior_joint(place: int) -> tuple[float, float, float, float]:
    """(lateral, behind, height, angle) of the joint above the vertebra that many places above S1."""
    lateral, behind, height, angle = (
        float(np.interp(place, PLACES, row)) for row in (LATERAL_MM, BEHIND_MM, HEIGHT_MM, ANGLE_DEG)
    )
    return lateral, behind, height, angle


def fit_facets(iso: IsoVolume, lower: BodyModel, place: int) -> tuple[FacetPlane, FacetPlane]:
    """(right, left) joint planes between ``lower`` and the vertebra above it."""
    lateral, behind, height, angle_deg = prior_joint(place)
    column = int(np.searchsorted(P_MM, -6.0))
    top = float(np.median(lower.top_mm[:, column]))
    t, s = np.meshgrid(np.arange(-6, 7, 2.0), np.arange(-6, 9, 2.5), indexing="ij")
    depths = np.arange(-4, 4.1, 1.0)
    out: list[FacetPlane] = []
    for side in (-1, 1):
        best: tuple[float, FacetPlane | None] = (-np.inf, None)
        for turn in (-14.0, 0.0, 14.0):
            for shift_l in np.arange(-3.75, 4, 1.25):
                for shift_p in (-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0):
                    centre = np.array([side * (lateral + shift_l), behind + shift_p, top + height])
                    plane = _plane(centre, angle_deg + turn, side)
                    points = centre + t[..., None] * plane.along + s[..., None] * np.array([0, 0, 1.0])
                    values = iso.sample(
                        lower.frame.to_lps(points[None] + depths[:, None, None, None] * plane.normal)
                    )
                    profile = np.clip(values, -50, 600).mean((1, 2))
                    gap = profile[3:6].min()
                    score = min(profile[:3].max(), profile[6:].max()) - gap
                    score += 0.15 * (profile[:3].mean() + profile[6:].mean())
                    score -= 0.8 * abs(turn) + 5.0 * abs(shift_l) + 2.0 * abs(shift_p)
                    if score > best[0]:
                        offset = depths[3 + int(profile[3:6].argmin())]
                        best = (score, _plane(centre + offset * plane.normal, angle_deg + turn, side))
        assert best[1] is not None
        out.append(best[1])
    return out[0], out[1]
