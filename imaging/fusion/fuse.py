"""MR onto CT: rigid over the whole spine, then vertebra by vertebra, with what each level is worth.

Mutual information at several resolutions, started from the named vertebrae. The levels' names are the CT's:
other ways of counting on the MR are tried as well, and the images decide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import BodyGeometry
from imaging.errors import PlannerError
from imaging.fusion.check import edge_points, step_mm, surface_mm
from imaging.fusion.mutual import Stage, register
from imaging.fusion.start import Bodies, level_start, moved, paired, whole_start
from imaging.labels import NAME_FROM_VERSE
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.result import SpineSegmentation
from imaging.sitk_bridge import image_from_array, image_from_volume
from imaging.volume import Volume

Array = NDArray[np.float64]

LEAST_LEVELS = 2
MOST_RESIDUAL_MM = 2.5
"""A level whose residual is greater is not fused: nothing of the MR is shown on it."""
MOST_SURFACE_MM = 4.0
"""Bodies as drawn on both images that part by more on most levels are not of one patient."""
_WHOLE = (Stage(3, 3.0, 0.3, 2.0, 40), Stage(2, 1.5, 0.3, 1.0, 30))
_LEVEL = (Stage(2, 2.0, 0.5, 1.0, 40), Stage(1, 0.6, 0.25, 0.4, 30))
_TRY = (Stage(4, 4.0, 0.6, 2.0, 30),)
_BESIDE_MM, _REACH_MM = 6.0, 12.0
_CLEARLY = 1.08


@dataclass(frozen=True, eq=False)
class LevelFit:
    """One vertebra's motion.

    Attributes:
        verse: VerSe number, the CT's.
        mr_verse: what the MR's own counting called it; None where its body was not drawn on the MR.
        ct_from_mr: (4, 4) rigid, LPS mm.
        surface_mm: robust deviation of the body's outline on MR from its surface on CT; None where not drawn.
        step_mm: parting from the better of the neighbours' motions at the disc between them.
        apart_mm: how far two searches from different starts part within the body.
    """

    verse: int
    mr_verse: int | None
    ct_from_mr: Array
    surface_mm: float | None
    step_mm: float
    apart_mm: float

    @property
    def residual_mm(self) -> float:
        """The worse of what neighbours and a second search say."""
        return max(self.step_mm, self.apart_mm)

    @property
    def trusted(self) -> bool:
        """Whether the residual allows showing the MR on this level."""
        return self.residual_mm <= MOST_RESIDUAL_MM


@dataclass(frozen=True, eq=False)
class FusionFit:
    """A fusion: the whole spine's motion, and each vertebra's, top to bottom."""

    ct_from_mr: Array
    levels: tuple[LevelFit, ...]
    shift: int

    def level(self, verse: int) -> LevelFit | None:
        """A vertebra's motion, if it was fused."""
        return next((f for f in self.levels if f.verse == verse), None)


def fuse(
    ct: Volume,
    ct_found: SpineSegmentation,
    mr: Volume,
    mr_found: SpineSegmentation,
    progress: Progress = NULL_PROGRESS,
) -> FusionFit:
    """Lay an MR on a CT of the same patient.

    Raises:
        PlannerError: ``nothing_in_common`` (fewer than two levels on both), ``count_unclear`` (two ways of
            counting fit equally), ``poor_fit`` (no level fits).
        TaskCancelledError: through ``progress``.
    """
    ct_bodies = {a.verse: a.body for a in ct_found.levels}
    mr_bodies = {a.verse: a.body for a in mr_found.levels}
    if min(len(ct_bodies), len(mr_bodies)) < LEAST_LEVELS:
        raise PlannerError(
            "nothing_in_common",
            "Fewer than two vertebrae were found on both images, so they cannot be laid on each other.",
        )
    fixed = sitk.Cast(image_from_volume(ct), sitk.sitkFloat32)
    moving = sitk.Cast(image_from_volume(mr), sitk.sitkFloat32)
    mask = _mask(ct_found, tuple(ct_bodies))
    shift, whole = _counted(fixed, mask, moving, ct_bodies, mr_bodies, SubProgress(progress, 0.0, 0.25))
    renamed = _renamed(ct_bodies, mr_bodies, shift)
    bodies = {v: mr_bodies[n] for v, n in renamed.items()}
    middle = np.mean([ct_bodies[v].centre_lps_mm for v in bodies], axis=0)
    whole, _ = register(
        fixed, mask, moving, whole, middle, _WHOLE, SubProgress(progress, 0.25, 0.4), "Laying MR on CT"
    )
    search = _Search(fixed, ct_found, moving, ct_bodies, bodies)
    names = [v for v in sorted(ct_bodies) if search.in_view(v, whole)]
    search.run(names, whole, SubProgress(progress, 0.4, 1.0))
    fits = tuple(_fit(search, mr_found, v, renamed.get(v), names) for v in names)
    drawn = [f.surface_mm for f in fits if f.surface_mm is not None]
    if not any(f.trusted for f in fits) or not drawn or float(np.median(drawn)) > MOST_SURFACE_MM:
        raise PlannerError(
            "poor_fit",
            "The MR does not fit this CT: on no level do the bodies' outlines meet. "
            "Check that both are of the same patient and region.",
        )
    return FusionFit(whole, fits, shift)


def _counted(
    fixed: sitk.Image, mask: sitk.Image, moving: sitk.Image, ct: Bodies, mr: Bodies, progress: Progress
) -> tuple[int, Array]:
    """(shift of the MR's names, start) of the way of counting in which the images tell most of each other."""
    tried = []
    for n, shift in enumerate((0, -1, 1, -2, 2)):
        names = _renamed(ct, mr, shift)
        if len(names) < LEAST_LEVELS:
            continue
        start, apart = whole_start(ct, mr, shift)
        middle = np.mean([ct[v].centre_lps_mm for v in names], axis=0)
        part = SubProgress(progress, n / 5, (n + 1) / 5)
        matrix, worth = register(
            fixed, mask, moving, start, middle, _TRY, part, "Counting the levels of the MR"
        )
        tried.append((worth, shift, matrix, apart))
    if not tried:
        raise PlannerError(
            "nothing_in_common",
            "Fewer than two vertebrae were found on both images, so they cannot be laid on each other.",
        )
    tried.sort(key=lambda t: -t[0])
    if len(tried) > 1 and tried[0][1] != 0 and tried[0][0] < _CLEARLY * tried[1][0]:
        raise PlannerError(
            "count_unclear",
            "The levels of the MR can be laid on the CT in two ways that fit alike. "
            "Mark a vertebra you are sure of on both images, then fuse again.",
        )
    return tried[0][1], tried[0][2]


def _renamed(ct: Bodies, mr: Bodies, shift: int) -> dict[int, int]:
    """MR's name of each of the CT's levels, when the MR's names are moved along the column by ``shift``."""
    return dict(paired(ct, mr, shift))


def _mask(found: SpineSegmentation, verses: tuple[int, ...]) -> sitk.Image:
    """Bone of these vertebrae and some millimetres round it."""
    grid = found.vertebrae.grid
    near = np.isin(found.vertebrae.labels, verses)
    steps = [max(1, round(_BESIDE_MM / s)) for s in grid.spacing_ijk_mm]
    image = image_from_array(near, grid)
    return sitk.BinaryDilate(image, steps, sitk.sitkBox)


class _Search:
    """Every vertebra searched twice: from its own drawn body and from a neighbour's motion."""

    def __init__(
        self, fixed: sitk.Image, found: SpineSegmentation, moving: sitk.Image, ct: Bodies, mr: Bodies
    ) -> None:
        self.fixed, self.found, self.moving, self.ct, self.mr = fixed, found, moving, ct, mr
        self.motions: dict[int, Array] = {}
        self.worth: dict[int, float] = {}
        self.apart_mm: dict[int, float] = {}

    def in_view(self, verse: int, ct_from_mr: Array) -> bool:
        """Whether the MR shows the vertebra's body."""
        body, size = self.ct[verse], np.array(self.moving.GetSize())
        half = np.array([body.width_mm, body.depth_mm, body.height_mm]) / 2 * 0.7
        corners = body.centre_lps_mm + (np.indices((2, 2, 2)).reshape(3, -1).T * 2 - 1) * half @ body.axes_lps
        index = [
            self.moving.TransformPhysicalPointToContinuousIndex(p.tolist())
            for p in moved(np.linalg.inv(ct_from_mr), corners)
        ]
        inside = ((np.array(index) >= -0.5) & (np.array(index) <= size - 0.5)).all(1)
        return bool(inside.mean() >= 0.75)

    def run(self, names: list[int], whole: Array, progress: Progress) -> None:
        """Find the motion of each, those drawn on the MR first."""
        order = [v for v in names if v in self.mr]
        middle = names.index(order[len(order) // 2]) if order else 0
        order += sorted((v for v in names if v not in self.mr), key=lambda v: abs(names.index(v) - middle))
        for n, verse in enumerate(order):
            start = (
                level_start(self.ct, self.mr, verse)
                if verse in self.mr
                else self._beside(verse, names, whole)
            )
            part = SubProgress(progress, 0.5 * n / len(order), 0.5 * (n + 1) / len(order))
            self.motions[verse], self.worth[verse] = self._from(verse, start, part)
        first, worth = dict(self.motions), dict(self.worth)
        for n, verse in enumerate(order):
            part = SubProgress(progress, 0.5 + 0.5 * n / len(order), 0.5 + 0.5 * (n + 1) / len(order))
            start = self._beside(verse, names, whole)
            again, told = self._from(verse, start, part)
            self.apart_mm[verse] = _apart_mm(self.ct[verse], first[verse], again)
            if told > worth[verse]:
                self.motions[verse], self.worth[verse] = again, told

    def _beside(self, verse: int, names: list[int], whole: Array) -> Array:
        """The motion of the neighbour in which the images tell most of each other."""
        at = names.index(verse)
        known = [names[n] for n in (at - 1, at + 1) if 0 <= n < len(names) and names[n] in self.motions]
        return self.motions[max(known, key=lambda v: self.worth[v])] if known else whole

    def _from(self, verse: int, start: Array, progress: Progress) -> tuple[Array, float]:
        words = f"Laying {NAME_FROM_VERSE[verse]} of the MR on the CT"
        return _one(self.fixed, self.found, self.moving, verse, self.ct, start, progress, words)


def _apart_mm(body: BodyGeometry, first: Array, second: Array) -> float:
    """How far two motions of a vertebra part within its body, mm."""
    arms = np.vstack([np.zeros(3), 15.0 * body.axes_lps, -15.0 * body.axes_lps]) + body.centre_lps_mm
    ends = [moved(np.linalg.inv(m), arms) for m in (first, second)]
    return float(np.linalg.norm(ends[0] - ends[1], axis=1).max())


def _one(
    fixed: sitk.Image,
    found: SpineSegmentation,
    moving: sitk.Image,
    verse: int,
    bodies: Bodies,
    start: Array,
    progress: Progress,
    words: str,
) -> tuple[Array, float]:
    """(ct_from_mr, mutual information) of one vertebra, on the CT cropped round its body and pedicles."""
    grid, body = found.vertebrae.grid, bodies[verse]
    own = found.vertebrae.labels == verse
    size = np.array(grid.shape_kji[::-1])
    reach = np.array([body.width_mm / 2, body.depth_mm / 2 + 10, body.height_mm / 2]) + _REACH_MM
    corners = body.centre_lps_mm + (np.indices((2, 2, 2)).reshape(3, -1).T * 2 - 1) * reach @ body.axes_lps
    ijk = grid.indices_from_lps(corners)
    low = np.clip(np.floor(ijk.min(0)).astype(int), 0, size - 1)
    high = np.clip(np.ceil(ijk.max(0)).astype(int) + 1, low + 1, size)
    where = tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
    near = ndi.distance_transform_edt(~own[where], grid.spacing_ijk_mm[::-1]) <= _BESIDE_MM
    crop = fixed[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    mask = sitk.GetImageFromArray(near.astype(np.uint8))
    mask.CopyInformation(crop)
    return register(crop, mask, moving, start, body.centre_lps_mm, _LEVEL, progress, words)


def _fit(
    search: _Search, mr: SpineSegmentation, verse: int, mr_verse: int | None, names: list[int]
) -> LevelFit:
    motion = search.motions[verse]
    points = None if mr_verse is None else edge_points(mr, mr_verse)
    surface = None if points is None else surface_mm(search.found, verse, motion, points)
    parting = _parting(search.found, verse, search.motions, names)
    return LevelFit(verse, mr_verse, motion, surface, parting, search.apart_mm[verse])


def _parting(ct: SpineSegmentation, verse: int, motions: dict[int, Array], names: list[int]) -> float:
    """How far a vertebra's motion parts from the neighbour's that it agrees with best."""
    at, partings = names.index(verse), []
    for upper, lower in ((at - 1, at), (at, at + 1)):
        if upper < 0 or lower >= len(names):
            continue
        a, b = ct.level(names[upper]), ct.level(names[lower])
        if a is not None and b is not None:
            partings.append(step_mm(a.body, b.body, motions[a.verse], motions[b.verse]))
    return min(partings, default=0.0)
