"""Facet joints: which bone behind the canal is the lower vertebra's and which the upper's.

Each joint is sought round an anatomical prior in the frame of the vertebra below it, as a thin dark sheet
between two plates of bone, flat first and then curved. The joints of one patient lie deep or wide together,
so the prior is first shifted to where all fit best. Slices too thick to show a gap leave it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.progress import NULL_PROGRESS, Progress
from imaging.segmentation.bodies import LAT_MM, P_MM, BodyModel, least_surface
from imaging.segmentation.iso import IsoVolume

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Where the joint with the vertebra above lies, by the lower vertebra: S1, L5, L4 ... T12, T10 (L5 is one
# place above the sacrum). Lateral, behind the canal's back and above the upper endplate in mm; angle against
# the sagittal plane. Half the distance between facets after Panjabi et al. 1993, angles after van Schaik et
# al. 1985 and Masharawi et al. 2004.
PLACES = (0, 1, 2, 3, 4, 5, 6, 8)
LATERAL_MM = (21.5, 19.0, 16.5, 15.0, 13.5, 12.5, 13.0, 13.0)
BEHIND_MM = (-5.0, -3.0, -0.5, 1.0, 2.0, 2.0, 1.0, -2.0)
HEIGHT_MM = (-6.0, -3.5, -3.0, -2.0, 0.0, 0.0, 2.0, 3.0)
ANGLE_DEG = (60.0, 58.0, 48.0, 34.0, 24.0, 22.0, 38.0, 75.0)
CANAL_DEPTH_MM = (12.0, 17.5, 22.0)
"""Least, mean and greatest depth of the canal believed (mean after Panjabi et al. 1992)."""

TURNS_DEG = np.array([-24.0, -12.0, 0.0, 12.0, 24.0])
HALF_MM = 13
PLACE_MM = np.arange(-7.0, 7.1)
HEIGHT_MM_OFF = np.arange(-5.0, 5.1)
COST_HU = 12.0
"""What one standard deviation away from the prior costs in contrast."""
LEAST_HU = 75.0
"""Contrast below this is no gap: slices or pixels too thick to show one, and only the prior counts."""
PATIENT_SD_MM = (2.5, 2.5)
JOINT_SD = (1.8, 2.0, 3.0, 14.0)
"""Of one joint round its patient's prior: lateral, behind, height in mm, angle in degrees."""
T_MM = np.arange(-13.0, 13.1, 1.0)
S_MM = np.arange(-13.0, 16.1, 1.0)
BELOW_MM, ABOVE_MM, SIDEWAYS_MM, REACH_MM = -9.0, 15.0, 12.0, 19.0
"""Of a joint round its centre; the last in any direction across."""
PEDICLE_SHARE, SACRAL_SHARE = 0.45, 0.0
"""How far back the pedicle reaches before any joint, as a share of the canal's depth."""
D_PEDICLE_MM = 20.0


@dataclass(frozen=True, eq=False)
class FacetJoint:
    """One joint's curved sheet in the lower vertebra's frame (l, p, s).

    Attributes:
        centre: (3,) local mm.
        normal: (3,) unit, to the superior articular process (forward and outward).
        along: (3,) unit, along the joint in the axial plane, backward and outward.
        side: +1 left, -1 right.
        bulge_mm: (t, s) over ``T_MM`` x ``S_MM``, how far the sheet lies towards ``normal`` from its plane.
        contrast_hu: how much darker the gap is than the bone on its darker side.
        pedicle_mm: (depth behind the wall, lowest and highest s) of what is the lower vertebra's pedicle.
    """

    centre: Array
    normal: Array
    along: Array
    side: int
    bulge_mm: Array
    contrast_hu: float
    pedicle_mm: tuple[float, float, float]

    def ahead(self, local: Array) -> tuple[Array, Mask]:
        """(signed distance to the superior process's side, whether the point is in the joint's reach).

        The distance is 0 out of reach.
        """
        depth, low, high = self.pedicle_mm
        height, outward = local[..., 2], local[..., 0] * self.side
        middle, top = float(self.centre[0]) * self.side, float(self.centre[2])
        around = (outward > min(4.0, middle - REACH_MM)) & (outward < max(32.0, middle + REACH_MM))
        around &= (height > min(low, top + BELOW_MM)) & (height < max(high, top + ABOVE_MM))
        at = local[around]
        rel = at - self.centre
        d, t, s = rel @ self.normal, rel @ self.along, rel[:, 2]
        near = (np.abs(t) < SIDEWAYS_MM) & (s > BELOW_MM) & (s < ABOVE_MM) & (d < 14) & (d > -14)
        index = np.stack([t[near] - T_MM[0], s[near] - S_MM[0]])
        d[near] -= ndi.map_coordinates(self.bulge_mm, index, order=1, mode="nearest")
        near &= (d < 10) & (d > -13)
        pedicle = (at[:, 1] < depth) & (at[:, 2] > low) & (at[:, 2] < high)
        pedicle &= (outward[around] > 4) & (outward[around] < 32)
        distance, within = np.zeros(height.shape), np.zeros(height.shape, bool)
        distance[around] = np.where(pedicle, D_PEDICLE_MM, d)
        within[around] = near | pedicle
        return distance, within


@dataclass(frozen=True, eq=False)
class _Evidence:
    """How dark a flat sheet is against the bone beside it, at every (turn, height, behind, lateral)."""

    contrast: Image
    middle: Array
    angle_deg: float
    side: int


def prior_joint(place: float) -> tuple[float, float, float, float]:
    """(lateral, behind the canal, height, angle) of the joint over the vertebra that many places above S1."""
    lateral, behind, height, angle = (
        float(np.interp(place, PLACES, row)) for row in (LATERAL_MM, BEHIND_MM, HEIGHT_MM, ANGLE_DEG)
    )
    return lateral, behind, height, angle


def _hind_heights_mm(body: BodyModel) -> tuple[float, float]:
    """Height of the lower and upper endplate's hind part."""
    middle, column = np.abs(LAT_MM) < 13, int(np.searchsorted(P_MM, -6.0))
    low, high = (float(np.median(plate[middle, column])) for plate in (body.bottom_mm, body.top_mm))
    return low, high


def canal_depth_mm(iso: IsoVolume, body: BodyModel, bone_hu: float) -> float:
    """From the posterior wall back to the lamina, in the midline of a vertebra's lower half."""
    low, high = _hind_heights_mm(body)
    p = np.arange(6.0, 30.0, 0.5)
    grid = np.stack(np.meshgrid(np.arange(-3, 4.0), p, np.arange(low + 2, high - 10, 1.0), indexing="ij"), -1)
    bone = iso.sample(body.frame.to_lps(grid)) > bone_hu
    first = np.where(bone.any(1), p[bone.argmax(1)], np.nan)
    return float(np.nanpercentile(first, 25)) if np.isfinite(first).mean() > 0.3 else float("nan")


def _directions(angle_deg: float, side: int) -> tuple[Array, Array]:
    a = np.deg2rad(angle_deg)
    along = np.array([side * np.sin(a), np.cos(a), 0.0])
    return along, np.array([side * np.cos(a), -np.sin(a), 0.0])


def gap_contrast(values: Image) -> Image:
    """How much darker each place along the last axis (0.5 mm steps) is than the bone 1 to 2.5 mm off,
    on its darker side: a thin gap, not the wider marrow within a process."""
    near = ndi.maximum_filter1d(values, 3, axis=-1)
    front, back = np.zeros_like(near), np.zeros_like(near)
    front[..., :-4] = near[..., 4:]
    back[..., 4:] = near[..., :-4]
    plate = np.minimum(front, back)
    return np.asarray(np.clip(plate - values, -100, 300) + 0.1 * plate, np.float32)


def _evidence(iso: IsoVolume, lower: BodyModel, place: float, canal_mm: float, side: int) -> _Evidence:
    lateral, behind, height, angle_deg = prior_joint(place)
    middle = np.array([side * lateral, canal_mm + behind, _hind_heights_mm(lower)[1] + height])
    size, fine = np.arange(-HALF_MM, HALF_MM + 1.0), np.arange(-HALF_MM, HALF_MM + 0.1, 0.5)
    tall = np.arange(HEIGHT_MM_OFF[0] - 8, HEIGHT_MM_OFF[-1] + 9.0)
    contrast = np.empty((len(TURNS_DEG), len(HEIGHT_MM_OFF), len(PLACE_MM), len(PLACE_MM)), np.float32)
    back_mm, out_mm = np.meshgrid(PLACE_MM, PLACE_MM, indexing="ij")
    for n, turn in enumerate(TURNS_DEG):
        along, normal = _directions(angle_deg + turn, side)
        local = (
            middle
            + tall[:, None, None, None] * np.array([0, 0, 1.0])
            + size[None, :, None, None] * along
            + fine[None, None, :, None] * normal
        )
        values = np.clip(iso.sample(lower.frame.to_lps(local)), -50, 600)
        # The joint is curved: within a millimetre of the flat sheet counts.
        sheets = ndi.maximum_filter1d(gap_contrast(values), 5, axis=-1)
        sheets = ndi.gaussian_filter(sheets, (3.5, 3.0, 1.0))
        # Back from (height, along, normal) to (height, behind, lateral).
        t = back_mm * along[1] + side * out_mm * along[0]
        d = back_mm * normal[1] + side * out_mm * normal[0]
        rows = np.arange(8, 8 + len(HEIGHT_MM_OFF), dtype=float)[:, None, None]
        index = np.stack(np.broadcast_arrays(rows, t + HALF_MM, 2 * (d + HALF_MM)))
        contrast[n] = np.maximum(ndi.map_coordinates(sheets, index, order=1, mode="nearest") - LEAST_HU, 0)
    return _Evidence(contrast, middle, angle_deg, side)


def _shift(
    seen: Sequence[_Evidence], sd_mm: tuple[float, float], start: tuple[float, float]
) -> tuple[float, float]:
    """(behind, lateral) mm by which the prior fits these joints best together."""
    turn = (TURNS_DEG / JOINT_SD[3])[:, None, None, None]
    tall = (HEIGHT_MM_OFF / JOINT_SD[2])[None, :, None, None]
    off = ((PLACE_MM[:, None] - start[0]) / sd_mm[1]) ** 2 + ((PLACE_MM - start[1]) / sd_mm[0]) ** 2
    total = -COST_HU * off * len(seen) ** 0.5
    for one in seen:
        best = (one.contrast - COST_HU * (turn**2 + tall**2)).max((0, 1))
        total = total + ndi.gaussian_filter(best, (1.2, 1.0), mode="nearest")
    at = np.unravel_index(int(total.argmax()), total.shape)
    return float(PLACE_MM[at[0]]), float(PLACE_MM[at[1]])


def _flat(one: _Evidence, shift: tuple[float, float]) -> tuple[Array, float, float]:
    """(centre, angle in degrees, contrast) of the best flat sheet."""
    cost = (
        (TURNS_DEG[:, None, None, None] / JOINT_SD[3]) ** 2
        + (HEIGHT_MM_OFF[:, None, None] / JOINT_SD[2]) ** 2
        + ((PLACE_MM[:, None] - shift[0]) / JOINT_SD[1]) ** 2
        + ((PLACE_MM - shift[1]) / JOINT_SD[0]) ** 2
    )
    total = one.contrast - COST_HU * cost
    a, h, b, c = np.unravel_index(int(total.argmax()), total.shape)
    centre = one.middle + np.array([one.side * PLACE_MM[c], PLACE_MM[b], HEIGHT_MM_OFF[h]])
    return centre, one.angle_deg + float(TURNS_DEG[a]), float(one.contrast[a, h, b, c])


def _curved(iso: IsoVolume, lower: BodyModel, centre: Array, angle_deg: float, side: int) -> Array:
    """(t, s) how far the gap lies from the flat sheet."""
    along, normal = _directions(angle_deg, side)
    offsets = np.arange(-9.0, 9.01, 0.5)
    local = (
        centre
        + T_MM[:, None, None, None] * along
        + S_MM[None, :, None, None] * np.array([0, 0, 1.0])
        + offsets[None, None, :, None] * normal
    )
    values = np.clip(iso.sample(lower.frame.to_lps(local)), -50, 600)
    gain = np.clip(gap_contrast(values), 0, 350)
    centred = np.exp(-0.5 * (T_MM[:, None] / 7.0) ** 2 - 0.5 * (S_MM[None] / 8.0) ** 2)
    return least_surface(-gain * centred[..., None], offsets, (4.0, 2.5, 1.8), (2.5, 2.0, 1.5))


def fit_facets(
    iso: IsoVolume,
    lowers: Sequence[tuple[BodyModel, float, float]],
    progress: Progress = NULL_PROGRESS,
) -> list[tuple[FacetJoint, FacetJoint]]:
    """(right, left) joints of each lower vertebra with the vertebra above it.

    Args:
        iso: the CT.
        lowers: (body, places above S1, HU over which tissue is bone) of each.
    """
    depths = [canal_depth_mm(iso, body, bone_hu) for body, place, bone_hu in lowers if place > 0]
    least, mean, most = CANAL_DEPTH_MM
    known = [depth for depth in depths if np.isfinite(depth)]
    depth = float(np.clip(np.median(known), least, most)) if known else mean
    pairs: list[list[_Evidence]] = []
    for n, (body, place, _) in enumerate(lowers):
        progress.step(n / len(lowers), "Fitting the facet joints")
        pairs.append([_evidence(iso, body, place, depth, side) for side in (-1, 1)])
    shift = _shift([one for pair in pairs for one in pair], PATIENT_SD_MM, (0.0, 0.0))
    out = []
    for (body, place, _), pair in zip(lowers, pairs, strict=True):
        progress.step(0.95, "Fitting the facet joints")
        common = _shift(pair, JOINT_SD[:2], shift)
        joints = []
        for one in pair:
            centre, angle_deg, contrast = _flat(one, common)
            along, normal = _directions(angle_deg, one.side)
            seen = contrast > 0
            bulge = (
                _curved(iso, body, centre, angle_deg, one.side) if seen else np.zeros((len(T_MM), len(S_MM)))
            )
            high = _hind_heights_mm(body)[1] - 2.0
            pedicle = (depth * (PEDICLE_SHARE if place > 0 else SACRAL_SHARE), high - 14.0, high)
            joints.append(FacetJoint(centre, normal, along, one.side, bulge, contrast, pedicle))
        out.append((joints[0], joints[1]))
    return out
