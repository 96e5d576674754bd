"""The volume as the fast projector reads it: rows of 16-bit attenuation, and where they are not empty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.fluoro.kernel import kernel
from imaging.fluoro.plain import fill_rows
from imaging.fluoro.threads import over_rows
from imaging.volume import Volume

_BODY_HU = -300
_DENSE_HU, _METAL_HU = 1000, 2000
_BEAD_MM = 15.0
"""What is dense but no metal counts as a bead up to this size: the cortex of an arm is longer."""
_RAIL = 0.5
"""Of the volume's length: a longer dense thing beside the patient is the table's."""


@dataclass(frozen=True, eq=False)
class CoarseMask:
    """Which voxels [k, j, i] count: bool ``mask`` of blocks of ``step`` voxels a side."""

    mask: NDArray[np.bool_]
    step: int

    def full(self, shape_kji: tuple[int, int, int]) -> NDArray[np.bool_]:
        """The same, one bool a voxel."""
        out = self.mask
        for axis in range(3):
            out = np.repeat(out, self.step, axis=axis)
        k, j, i = shape_kji
        return out[:k, :j, :i]


def patient_mask(volume: Volume, step: int = 4) -> CoarseMask:
    """The patient without table, pillows and the air around: a named step that changes the picture.

    The largest connected part above -300 HU in blocks of ``step`` voxels, after an opening that cuts thin
    bridges to the table; holes (lungs, bowel gas) belong to it, and so does a rim of one block. Beads and
    markers off the skin stay too: whatever is as dense as metal, unless it runs on as a table's rail does,
    and what is as dense as cortex and no larger than a bead.
    """
    values = volume.values
    picked = values[step // 2 :: step, step // 2 :: step, step // 2 :: step]
    solid = np.asarray(picked > _BODY_HU)
    core = ndimage.binary_opening(solid, iterations=1)
    labels, count = ndimage.label(core)
    shape = tuple(-(-n // step) for n in values.shape)
    body = np.zeros(shape, np.bool_)
    if count == 0:
        return CoarseMask(~body, step)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest = ndimage.binary_dilation(labels == sizes.argmax(), iterations=1) & solid
    for k, plane in enumerate(largest):
        largest[k] = ndimage.binary_fill_holes(plane)
    k, j, i = largest.shape
    body[:k, :j, :i] = largest
    rim = np.ones((3, 3, 3), np.bool_)
    body = ndimage.binary_dilation(body, rim)
    return CoarseMask(np.asarray(body | ndimage.binary_dilation(_markers(volume, body, step), rim)), step)


def _markers(volume: Volume, body: NDArray[np.bool_], step: int) -> NDArray[np.bool_]:
    """Blocks outside ``body`` with metal or a bead in them, but for what runs through most of the volume."""
    most = _block_maximum(volume.values, step)
    dense = ~body & (most > _DENSE_HU)
    labels, _ = ndimage.label(dense, np.ones((3, 3, 3)))
    block_mm = step * volume.grid.spacing_ijk_mm[::-1]
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        blocks = np.array([s.stop - s.start for s in place])
        own = labels[place] == number
        # One that lies across the border of two blocks fills both.
        bead = ((blocks - 1) * block_mm <= _BEAD_MM).all()
        metal = most[place][own].max() >= _METAL_HU
        if (blocks > _RAIL * np.array(dense.shape)).any() or not (bead or metal):
            dense[place][own] = False
    return dense


def _block_maximum(values: NDArray[np.int16], step: int) -> NDArray[np.int16]:
    for axis in range(3):
        values = np.moveaxis(values, axis, 0)
        most = values[::step].copy()
        for nth in range(1, step):
            further = values[nth::step]
            np.maximum(most[: len(further)], further, out=most[: len(further)])
        values = np.moveaxis(most, 0, axis)
    return values


def attenuation_rows(
    values: NDArray[np.int16], table: NDArray[np.int16], keep: CoarseMask | None, transposed: bool
) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
    """Rows of ``table[HU + 32768]`` framed by one 0 before and two after, and (k, rows, 2) extents not 0.

    Flat int16 [k, j, 1 + i + 2], or [k, i, 1 + j + 2] when ``transposed``, with 32 zeros at the end. What
    ``keep`` leaves out is 0.
    """
    mask, step = (keep.mask, keep.step) if keep else (np.ones((1, 1, 1), np.bool_), 1 << 20)
    n_k, n_j, n_i = values.shape
    rows, columns = (n_i, n_j) if transposed else (n_j, n_i)
    # Taken from numpy, not within the kernel: numpy asks for huge pages, which halve the time of a picture.
    flat = np.zeros(n_k * rows * (columns + 3) + 32, np.int16)
    extent = np.zeros((n_k, rows, 2), np.int64)
    over_rows(_fill_rows, n_k, values, table, mask, step, transposed, flat, extent)
    return flat, extent


@kernel(fill_rows)
def _fill_rows(first, last, values, table, mask, step, transposed, flat, extent):  # type: ignore[no-untyped-def]
    _, n_j, n_i = values.shape
    rows, columns = (n_i, n_j) if transposed else (n_j, n_i)
    for k in range(first, last):
        for tile in range(0, n_i, 32):
            for j in range(n_j):
                for i in range(tile, min(tile + 32, n_i)):
                    if not mask[k // step, j // step, i // step]:
                        continue
                    value = table[np.int64(values[k, j, i]) + 32768]
                    if value == 0:
                        continue
                    row, column = (i, j) if transposed else (j, i)
                    flat[(k * rows + row) * (columns + 3) + column + 1] = value
                    if extent[k, row, 1] == 0:
                        extent[k, row, 0] = column
                    extent[k, row, 1] = column + 1


def slice_boxes(extent: NDArray[np.int64], axis: int) -> NDArray[np.int64]:
    """(slices, 4) first and last + 1 of what is not 0, along the other axis and along the rows."""
    other = np.moveaxis(extent, axis, 0)
    out = np.zeros((len(other), 4), np.int64)
    filled = other[..., 1] > 0
    some = filled.any(1)
    out[:, 0] = np.where(some, filled.argmax(1), 0)
    out[:, 1] = np.where(some, filled.shape[1] - filled[:, ::-1].argmax(1), 0)
    out[:, 2] = np.where(some, np.where(filled, other[..., 0], 1 << 30).min(1), 0)
    out[:, 3] = other[..., 1].max(1)
    return out
