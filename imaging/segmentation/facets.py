"""Facet joints: the dark gap fitted round an anatomical prior in the lower vertebra's frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.segmentation.bodies import P_MM, BodyModel
from imaging.segmentation.iso import IsoVolume

Array = NDArray[np.float64]

LATERAL_MM = 13.5
BEHIND_MM = 18.5
HALF_LENGTH_MM = 11.0
BELOW_MM, ABOVE_MM = -12.0, 15.0


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
        near = (np.abs(t) < HALF_LENGTH_MM) & (s > BELOW_MM) & (s < ABOVE_MM) & (np.abs(d) < 16)
        return np.asarray(d), np.asarray(near)


def _plane(centre: Array, angle_deg: float, side: int) -> FacetPlane:
    a = np.deg2rad(angle_deg)
    along = np.array([side * np.sin(a), np.cos(a), 0.0])
    normal = np.array([side * np.cos(a), -np.sin(a), 0.0])
    return FacetPlane(centre, normal, along, side)


def prior_angle_deg(places_above_sacrum: int) -> float:
    """Angle of the joint against the sagittal plane: 58 at L5/S1 falling to 25 at T12/L1."""
    return float(np.interp(places_above_sacrum, [0, 1, 2, 3, 4, 5, 8], [58, 50, 43, 36, 30, 25, 75]))


def fit_facets(iso: IsoVolume, lower: BodyModel, angle_deg: float) -> tuple[FacetPlane, FacetPlane]:
    """(right, left) joint planes between ``lower`` and the vertebra above it."""
    column = int(np.searchsorted(P_MM, -6.0))
    top = float(np.median(lower.top_mm[:, column]))
    t, s = np.meshgrid(np.arange(-6, 7, 2.0), np.arange(-6, 9, 2.5), indexing="ij")
    depths = np.arange(-4, 4.1, 1.0)
    out = []
    for side in (-1, 1):
        best = (-np.inf, None)
        for turn in (-16.0, -8.0, 0.0, 8.0, 16.0):
            for shift_l in np.arange(-4, 4.1, 1.0):
                for shift_p in (-4.0, -2.0, 0.0, 2.0, 4.0):
                    centre = np.array([side * (LATERAL_MM + shift_l), BEHIND_MM + shift_p, top + 1.0])
                    plane = _plane(centre, angle_deg + turn, side)
                    points = centre + t[..., None] * plane.along + s[..., None] * np.array([0, 0, 1.0])
                    values = iso.sample(
                        lower.frame.to_lps(points[None] + depths[:, None, None, None] * plane.normal)
                    )
                    profile = np.clip(values, -50, 600).mean((1, 2))
                    gap = profile[3:6].min()
                    score = min(profile[:3].max(), profile[6:].max()) - gap
                    score += 0.15 * (profile[:3].mean() + profile[6:].mean())
                    score -= 2.0 * abs(turn) / 4 + 5.0 * abs(shift_l) + 3.0 * abs(shift_p)
                    if score > best[0]:
                        offset = depths[3 + int(profile[3:6].argmin())]
                        best = (score, _plane(centre + offset * plane.normal, angle_deg + turn, side))
        assert best[1] is not None
        out.append(best[1])
    return out[0], out[1]
