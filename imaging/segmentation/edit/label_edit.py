"""Painting on label maps with undo: only the block that a stroke changed is kept."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage as ndi

from imaging.errors import PlannerError
from imaging.geometry.grid import VolumeGrid
from imaging.labels import NAME_FROM_VERSE, SACRUM, Structure
from imaging.segmentation.anatomy_local import widen
from imaging.volume import LabelVolume

Labels = NDArray[np.uint8]
Box = tuple[slice, slice, slice]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Block:
    """What a step changed: where, and both label maps there before it."""

    where: Box
    vertebrae: Labels
    structures: Labels
    name: str


class LabelEdit:
    """Two label maps that are being corrected; the maps given are never written to.

    Attributes:
        grid: of both maps.
        vertebrae, structures: the present state, [k, j, i].
        changed: VerSe numbers of the vertebrae that differ from what was given.
    """

    def __init__(self, vertebrae: LabelVolume, structures: LabelVolume) -> None:
        if not vertebrae.grid.same_as(structures.grid):
            raise PlannerError("grid_mismatch", "Vertebra and structure labels lie on different grids.")
        self.grid: VolumeGrid = vertebrae.grid
        self.vertebrae: Labels = vertebrae.labels.copy()
        self.structures: Labels = structures.labels.copy()
        self.changed: set[int] = set()
        self._undo: list[tuple[Block, frozenset[int]]] = []
        self._redo: list[tuple[Block, frozenset[int]]] = []

    @property
    def undo_name(self) -> str | None:
        """What undo would take back."""
        return self._undo[-1][0].name if self._undo else None

    @property
    def redo_name(self) -> str | None:
        """What redo would do again."""
        return self._redo[-1][0].name if self._redo else None

    @property
    def kept_bytes(self) -> int:
        """Memory that the steps take."""
        return sum(b.vertebrae.nbytes + b.structures.nbytes for b, _ in (*self._undo, *self._redo))

    def paint(self, points_lps_mm: ArrayLike, radius_mm: float, verse: int) -> bool:
        """Give balls of bone along a stroke ((n, 3) LPS mm) to a vertebra; other vertebrae keep theirs."""
        where, ball = self._balls(points_lps_mm, radius_mm)
        mask = ball & (self.vertebrae[where] == 0)
        return self._commit(f"Paint {NAME_FROM_VERSE[verse]}", where, mask, verse)

    def erase(self, points_lps_mm: ArrayLike, radius_mm: float, verse: int) -> bool:
        """Take balls of bone along a stroke away from one vertebra."""
        where, ball = self._balls(points_lps_mm, radius_mm)
        mask = ball & (self.vertebrae[where] == verse)
        return self._commit(f"Erase from {NAME_FROM_VERSE[verse]}", where, mask, 0)

    def smooth(self, verse: int, sigma_mm: float = 0.8) -> bool:
        """Smooth the surface of a vertebra without changing its size; its neighbours keep theirs."""
        where = self._box_of(verse, 4)
        own = self.vertebrae[where] == verse
        sigma = sigma_mm / self.grid.spacing_ijk_mm[::-1]
        soft = ndi.gaussian_filter(own.astype(np.float32), sigma)
        free = own | (self.vertebrae[where] == 0)
        # The level that keeps the volume, so that thin processes do not melt away.
        level = float(np.partition(soft[free], -int(own.sum()))[-int(own.sum())])
        smoothed = free & (soft >= max(level, 0.15))
        name = f"Smooth {NAME_FROM_VERSE[verse]}"
        return self._commit(name, where, smoothed & ~own, verse, also_erase=own & ~smoothed)

    def split(self, verse: int, point_lps_mm: ArrayLike, normal_lps: ArrayLike, other: int) -> bool:
        """Give what of a vertebra lies beyond a plane (on its normal's side) to another number."""
        where = self._box_of(verse, 0)
        kji = np.argwhere(self.vertebrae[where] == verse)
        first = np.array([s.start for s in where])
        places = self.grid.lps_from_indices((kji + first)[:, ::-1])
        beyond = (places - np.asarray(point_lps_mm, float)) @ np.asarray(normal_lps, float) > 0
        if not beyond.any() or beyond.all():
            raise PlannerError("split_outside", f"The plane does not cut {NAME_FROM_VERSE[verse]}.")
        mask = np.zeros(self.vertebrae[where].shape, bool)
        mask[tuple(kji[beyond].T)] = True
        return self._commit(f"Split {NAME_FROM_VERSE[verse]}", where, mask, other, keep_parts=True)

    def merge(self, verse: int, into: int) -> bool:
        """Give all of a vertebra to another."""
        where = self._box_of(verse, 0)
        mask = self.vertebrae[where] == verse
        name = f"Merge {NAME_FROM_VERSE[verse]} into {NAME_FROM_VERSE[into]}"
        return self._commit(name, where, mask, into, keep_parts=True)

    def replace_vertebra(
        self, verse: int, where: Box, vertebrae: Mask, structures: Labels, name: str
    ) -> None:
        """Put a vertebra that was found anew in the place of the old; other vertebrae keep theirs."""
        old = self._box_of(verse, 0) if (self.vertebrae == verse).any() else where
        box = _united(old, where)
        inner: Box = tuple(
            slice(w.start - b.start, w.stop - b.start) for w, b in zip(where, box, strict=True)
        )  # type: ignore[assignment]
        block = self._block(box, name)
        self._remember(block, {verse})
        view, parts = self.vertebrae[box], self.structures[box]
        own = view == verse
        view[own] = parts[own] = 0
        free = _largest(vertebrae & (view[inner] == 0))
        view[inner][free] = verse
        parts[inner][free] = structures[free]

    def undo(self) -> bool:
        """Take the last step back."""
        return self._swap(self._undo, self._redo)

    def redo(self) -> bool:
        """Do the step that was undone last again."""
        return self._swap(self._redo, self._undo)

    def result(self) -> tuple[LabelVolume, LabelVolume]:
        """(vertebrae, structures) as they are now."""
        return LabelVolume(self.grid, self.vertebrae.copy()), LabelVolume(self.grid, self.structures.copy())

    def _swap(
        self, source: list[tuple[Block, frozenset[int]]], target: list[tuple[Block, frozenset[int]]]
    ) -> bool:
        if not source:
            return False
        block, changed = source.pop()
        target.append((self._block(block.where, block.name), frozenset(self.changed)))
        self.vertebrae[block.where] = block.vertebrae
        self.structures[block.where] = block.structures
        self.changed = set(changed)
        return True

    def _block(self, where: Box, name: str) -> Block:
        return Block(where, self.vertebrae[where].copy(), self.structures[where].copy(), name)

    def _remember(self, block: Block, touched: set[int]) -> None:
        self._undo.append((block, frozenset(self.changed)))
        self._redo.clear()
        self.changed |= touched - {0}

    def _commit(
        self,
        name: str,
        where: Box,
        mask: Mask,
        value: int,
        keep_parts: bool = False,
        also_erase: Mask | None = None,
    ) -> bool:
        """Set ``mask`` to ``value`` as one step; False where nothing would change."""
        touched = mask if also_erase is None else mask | also_erase
        if not touched.any():
            return False
        least: Box = ndi.find_objects(touched.astype(np.uint8))[0]  # type: ignore[assignment]
        inner = zip(where, least, strict=True)
        whole: Box = tuple(slice(w.start + s.start, w.start + s.stop) for w, s in inner)  # type: ignore[assignment]
        block = self._block(whole, name)
        self._remember(block, {int(v) for v in np.unique(self.vertebrae[where][touched])} | {value})
        if also_erase is not None:
            self.vertebrae[where][also_erase] = 0
            self.structures[where][also_erase] = 0
        self.vertebrae[where][mask] = value
        if not keep_parts:
            self.structures[where][mask] = self._parts(where, mask, value) if value else 0
        return True

    def _parts(self, where: Box, mask: Mask, verse: int) -> Labels:
        """Structure of new bone: that of the same vertebra's nearest bone."""
        near = widen(where, self.vertebrae.shape, 12)
        known = (self.vertebrae[near] == verse) & (self.structures[near] > 0)
        inner = tuple(slice(w.start - n.start, w.stop - n.start) for w, n in zip(where, near, strict=True))
        known[inner][mask] = False
        if not known.any():
            rest = Structure.SACRUM_REST if verse == SACRUM else Structure.POSTERIOR_ELEMENTS
            return np.full(int(mask.sum()), int(rest), np.uint8)
        index = ndi.distance_transform_edt(
            ~known,
            sampling=self.grid.spacing_ijk_mm[::-1],
            return_distances=False,
            return_indices=True,
        )
        at = tuple(index[(slice(None), *inner)][:, mask])
        return np.asarray(self.structures[near][at])

    def _balls(self, points_lps_mm: ArrayLike, radius_mm: float) -> tuple[Box, Mask]:
        points = _dense(np.atleast_2d(np.asarray(points_lps_mm, float)), 0.4 * radius_mm)
        spacing = self.grid.spacing_ijk_mm
        ijk = self.grid.indices_from_lps(points)
        size = np.array(self.grid.shape_kji[::-1])
        low = np.clip(np.floor(ijk.min(0) - radius_mm / spacing).astype(int), 0, size)
        high = np.clip(np.ceil(ijk.max(0) + radius_mm / spacing).astype(int) + 1, low, size)
        where: Box = tuple(slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))  # type: ignore[assignment]
        shape = tuple(s.stop - s.start for s in where)
        mask = np.zeros(shape, bool)
        axes = np.meshgrid(*[np.arange(s.start, s.stop) for s in where], indexing="ij", sparse=True)
        for i, j, k in ijk:
            far = ((axes[0] - k) * spacing[2]) ** 2 + ((axes[1] - j) * spacing[1]) ** 2
            mask |= far + ((axes[2] - i) * spacing[0]) ** 2 <= radius_mm**2
        return where, mask

    def _box_of(self, verse: int, margin: int) -> Box:
        found = ndi.find_objects((self.vertebrae == verse).astype(np.uint8))
        if not found or found[0] is None:
            raise PlannerError("no_vertebra", f"{NAME_FROM_VERSE[verse]} is not in the label map.")
        return widen(found[0], self.vertebrae.shape, margin)


def _dense(points: NDArray[np.float64], step_mm: float) -> NDArray[np.float64]:
    """A stroke's points with more between them, so that a quick hand leaves no gaps."""
    parts = [points[:1]]
    for a, b in pairwise(points):
        count = max(1, int(np.ceil(float(np.linalg.norm(b - a)) / step_mm)))
        parts.append(a + (b - a) * (np.arange(1, count + 1) / count)[:, None])
    return np.concatenate(parts)


def _largest(mask: Mask) -> Mask:
    pieces, count = ndi.label(mask, np.ones((3, 3, 3)))
    return mask if count < 2 else np.asarray(pieces == int(np.bincount(pieces.ravel())[1:].argmax()) + 1)


def _united(a: Box, b: Box) -> Box:
    return tuple(  # type: ignore[return-value]
        slice(min(x.start, y.start), max(x.stop, y.stop)) for x, y in zip(a, b, strict=True)
    )
