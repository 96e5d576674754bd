"""Canal and pedicles of a vertebra seen on MR only: a model fitted to its body, and what it leaves open.

MR with 4 mm sagittal slices does not show a pedicle's cortex. Sizes are population means (Zindrick 1987,
Panjabi 1992, Okutan 2003 for S1; [K~]) scaled by the body's depth; their spread goes into every clearance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.labels import SACRUM, Side
from imaging.mr.surface import BodySurface

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ArchMeans:
    """Means of one level in mm and degrees: isthmus, convergence and rise, canal, body depth."""

    pedicle_width_mm: float
    pedicle_height_mm: float
    transverse_deg: float
    sagittal_deg: float
    canal_width_mm: float
    canal_depth_mm: float
    body_depth_mm: float


MEANS: dict[int, ArchMeans] = {
    17: ArchMeans(7.5, 15.5, 5.0, 4.0, 20, 17, 29),
    18: ArchMeans(8.0, 16.0, 5.0, 3.5, 21, 17.5, 30),
    19: ArchMeans(8.0, 16.0, 5.0, 3.0, 22, 18, 31),
    20: ArchMeans(8.7, 15.4, 10.9, 2.4, 24, 19, 34),
    21: ArchMeans(8.9, 15.0, 12.0, 1.8, 24, 18, 35),
    22: ArchMeans(10.3, 14.9, 14.4, 0.2, 24, 17.5, 35),
    23: ArchMeans(12.9, 14.8, 17.7, 0.2, 25, 18.6, 35.5),
    24: ArchMeans(18.0, 14.0, 29.8, -1.8, 27, 19.7, 35),
    25: ArchMeans(18.0, 14.0, 29.8, -1.8, 27, 19.7, 35),
    SACRUM: ArchMeans(22.3, 13.6, 41.0, -19.0, 30, 15, 32),
}
WALL_SD_MM, SACRAL_WALL_SD_MM, CANAL_SD_MM = 3.0, 6.0, 4.5
ANTERIOR_SD_MM, ENDPLATE_SD_MM = 3.5, 2.5
ISTHMUS_BEHIND_WALL_MM = 6.0
REACH_BEHIND_WALL_MM = 24.0


@dataclass(frozen=True, eq=False)
class PedicleModel:
    """A pedicle: isthmus centre and axis (to the front), LPS; half width and half height in mm.

    ``seen``: whether centre and size are the image's; the axis is always the model's.
    """

    side: Side
    isthmus_lps_mm: Array
    axis_lps: Array
    half_width_mm: float
    half_height_mm: float
    seen: bool = False


def wall_mm(body: BodySurface) -> float:
    """How far behind the body's middle its posterior wall lies in the midline."""
    p = body.points_local_mm()
    near = (np.abs(p[..., 0]) < 0.3 * body.size_mm[0]) & (np.abs(p[..., 2]) < 0.3 * body.size_mm[2])
    behind = p[..., 1][near & (p[..., 1] > 0)]
    return float(np.median(behind)) if behind.size else float(body.size_mm[1] / 2)


def pedicle_models(body: BodySurface, verse: int) -> tuple[PedicleModel, PedicleModel]:
    """(left, right) pedicle fitted to a body."""
    m = MEANS[verse]
    scale = float(np.clip(body.size_mm[1] / (0.94 * m.body_depth_mm), 0.85, 1.15))
    out = []
    for sign in (1.0, -1.0):
        a, b = np.deg2rad(m.transverse_deg), np.deg2rad(m.sagittal_deg)
        axis = np.array([-sign * np.sin(a) * np.cos(b), -np.cos(a) * np.cos(b), np.sin(b)])
        across = scale * (m.canal_width_mm + m.pedicle_width_mm / np.cos(a)) / 2
        height = 0.22 * body.size_mm[2]
        local = np.array([sign * across, wall_mm(body) + ISTHMUS_BEHIND_WALL_MM, height])
        out.append(
            PedicleModel(
                "left" if sign > 0 else "right",
                body.to_lps(local),
                axis @ body.axes_lps,
                scale * m.pedicle_width_mm / 2,
                scale * m.pedicle_height_mm / 2,
            )
        )
    return out[0], out[1]


def in_pedicle(body: BodySurface, model: PedicleModel, points_lps_mm: Array) -> NDArray[np.bool_]:
    """(...,) whether places lie in a fitted pedicle or the bone it opens into behind."""
    rel = np.asarray(points_lps_mm) - model.isthmus_lps_mm
    along = rel @ model.axis_lps
    across = np.cross(model.axis_lps, body.axes_lps[2])
    across = across / np.linalg.norm(across)
    up = np.cross(across, model.axis_lps)
    up = up * np.sign(up @ body.axes_lps[2])
    opening = 1 + 0.05 * np.maximum(np.abs(along) - 3.0, 0)
    wide, tall = model.half_width_mm * opening, model.half_height_mm * opening
    inside = (rel @ across / wide) ** 2 + (rel @ up / tall) ** 2 <= 1
    behind = ISTHMUS_BEHIND_WALL_MM - REACH_BEHIND_WALL_MM
    return np.asarray(inside & (along > behind) & (along < 22))


def in_canal(body: BodySurface, verse: int, points_lps_mm: Array) -> NDArray[np.bool_]:
    """(...,) whether places lie in the canal behind a body, up to the middle of its discs."""
    m = MEANS[verse]
    local = body.to_local(points_lps_mm)
    centre = wall_mm(body) + 1.0 + m.canal_depth_mm / 2
    oval = (local[..., 0] / (m.canal_width_mm / 2)) ** 2 + (
        (local[..., 1] - centre) / (m.canal_depth_mm / 2)
    ) ** 2
    return np.asarray((oval <= 1) & (np.abs(local[..., 2]) <= 0.5 * body.size_mm[2] + 6.0))


def clearance_sd_mm(slice_mm: float, verse: int) -> dict[str, float]:
    """Standard deviation of each clearance measured on a fitted model, in mm.

    After claimed less true over phantoms (benchmarks/mr_intervals.py, with Modic changes): root mean squares
    of seeds 0 to 3; at the anterior wall, where errors are rare and great, the 98 % point of seeds 0 to 3 and
    300 to 307 over 1.96. Not less than what the slices' distance leaves open. S1's pedicles fit their model
    worst.
    """
    voxel = slice_mm / np.sqrt(12)
    wall = SACRAL_WALL_SD_MM if verse == SACRUM else WALL_SD_MM
    known = dict.fromkeys(("medial", "lateral", "superior", "inferior"), wall)
    known |= {"canal": WALL_SD_MM, "electrode_to_canal": CANAL_SD_MM, "lesion_to_canal": CANAL_SD_MM}
    known |= {"anterior": ANTERIOR_SD_MM, "endplates": ENDPLATE_SD_MM}
    return {name: float(np.hypot(sd, voxel / 2)) for name, sd in known.items()}
