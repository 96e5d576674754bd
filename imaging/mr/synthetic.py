"""A stand-in for a CT, made from an MR by classes: it gives X-rays shapes and says nothing of attenuation.

Classes: air outside the skin, fat, soft tissue, and of the vertebrae as labelled (pedicles and canal are a
fitted model) a cortical shell round cancellous bone. Laminae and processes are a model as well, here alone
and in no label map. Every picture made from it is stamped by the engine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import VertebraAnatomy
from imaging.geometry.grid import VolumeGrid
from imaging.labels import Structure
from imaging.mr.model_posterior import REACH_MM, has_model, posterior_depth_mm
from imaging.progress import NULL_PROGRESS, Progress
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume

Array = NDArray[np.float64]

STEP_MM = 1.25
# HU of each class, illustrative [P]; the shell is thicker than a cortex so that the voxels can hold it.
AIR, FAT, SOFT, CANAL, CANCELLOUS, CORTEX = -1000, -90, 45, 15, 200, 800
SHELL_MM = 1.6
_SKIN_SHARE, _FAT_SHARE = 0.12, 1.6
FAT_BRIGHT = ("T1", "T2", "PD")


def synthetic_ct(
    mr: Volume, found: SpineSegmentation, sequence: str, progress: Progress = NULL_PROGRESS
) -> Volume:
    """HU by class on an axis-aligned 1.25 mm grid over the MR, in its frame, marked as made from MR.

    Args:
        mr: MR of any weighting; fat is told apart from muscle only where the sequence shows it bright.
        found: its vertebrae.
        sequence: as imaging.mr.sequence names it.
    """
    low, high = mr.grid.bounds_lps_mm
    count = [int(n) for n in np.floor((high - low) / STEP_MM) + 1]
    grid = VolumeGrid.from_parts(
        (count[2], count[1], count[0]), low, (STEP_MM,) * 3,
        frame_of_reference_uid=mr.grid.frame_of_reference_uid,
    )  # fmt: skip
    progress.step(0.0, "Finding the skin on the MR")
    values = mr.values.astype(np.float32)
    bright = float(np.percentile(values, 80))
    inside = _inside_skin(values > _SKIN_SHARE * bright)
    tissue = np.full(values.shape, AIR, np.float32)
    tissue[inside] = SOFT
    if sequence in FAT_BRIGHT:
        near = np.maximum(ndi.gaussian_filter(inside * 1.0, (0, 12, 12)), 0.05)
        level = ndi.gaussian_filter(values, (0, 12, 12)) / near
        tissue[inside & (values > _FAT_SHARE * np.maximum(level, 1))] = FAT
    hu = _resampled(tissue, mr.grid, grid, progress)
    for vertebra in found.levels:
        if has_model(vertebra):
            _lay_arch(hu, grid, vertebra)
    labels, parts = found.vertebrae.labels, found.structures.labels
    spacing = mr.grid.spacing_ijk_mm[::-1]
    canal = _depth(parts == Structure.CANAL, spacing)
    if canal is not None:
        hu[_resampled(canal, mr.grid, grid) > 0] = CANAL
    names = [int(v) for v in np.unique(labels) if v]
    for n, verse in enumerate(names):
        progress.step(0.4 + 0.6 * n / len(names), "Laying bone into the vertebrae")
        depth = _depth(labels == verse, spacing)
        if depth is None:
            continue
        d = _resampled(depth, mr.grid, grid)
        hu[d > 0] = CORTEX
        hu[d > SHELL_MM] = CANCELLOUS
    progress.step(1.0, "Stand-in for the CT made")
    return Volume(grid, np.rint(hu).astype(np.int16), "CT", made_from="MR")


def _lay_arch(hu: NDArray[np.float32], grid: VolumeGrid, level: VertebraAnatomy) -> None:
    """Modelled laminae and processes of a level laid into the tissue within the skin."""
    body = level.body
    corners = (np.indices((2, 2, 2)).reshape(3, -1).T * 2 - 1) * REACH_MM * [1, 0.5, 1] + [
        0,
        REACH_MM[1] / 2,
        0,
    ]
    index = grid.indices_from_lps(body.posterior_wall_lps_mm + corners @ body.axes_lps)
    size = np.array(grid.shape_kji[::-1])
    first = np.clip(np.floor(index.min(0)).astype(int), 0, size)
    last = np.clip(np.ceil(index.max(0)).astype(int) + 1, first, size)
    where = tuple(slice(int(a), int(b)) for a, b in zip(first[::-1], last[::-1], strict=True))
    kji = np.stack(np.meshgrid(*[np.arange(w.start, w.stop) for w in where], indexing="ij"), -1)
    depth = posterior_depth_mm(level, grid.lps_from_indices(kji[..., ::-1]))
    depth[hu[where] == AIR] = -1.0
    hu[where][depth > 0] = CORTEX
    hu[where][depth > SHELL_MM] = CANCELLOUS


def _inside_skin(lit: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest lit part of each slice with its holes filled."""
    out = np.zeros_like(lit)
    for k, one in enumerate(lit):
        closed = ndi.binary_closing(np.pad(one, 6), iterations=4)[6:-6, 6:-6]
        parts, count = ndi.label(closed)
        if count:
            largest = 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
            out[k] = ndi.binary_fill_holes(parts == largest)
    return out


def _depth(mask: NDArray[np.bool_], spacing: Array) -> NDArray[np.float32] | None:
    """Signed distance to a mask's surface in mm, positive inside."""
    if not mask.any():
        return None
    inner, outer = ndi.distance_transform_edt(mask, spacing), ndi.distance_transform_edt(~mask, spacing)
    # To the face between voxels rather than to the next voxel's middle.
    return np.asarray(np.where(mask, inner - 0.5, 0.5 - outer), np.float32)


def _resampled(
    values: NDArray[np.float32], source: VolumeGrid, target: VolumeGrid, progress: Progress = NULL_PROGRESS
) -> NDArray[np.float32]:
    """Linear interpolation onto another grid; the outermost slices go on by half their distance."""
    out = np.empty(target.shape_kji, np.float32)
    rows, columns = np.mgrid[0 : target.shape_kji[1], 0 : target.shape_kji[2]]
    for k in range(target.shape_kji[0]):
        if k % 40 == 0:
            progress.step(0.4 * k / target.shape_kji[0], "Laying tissue into the stand-in for the CT")
        points = target.lps_from_indices(np.stack([columns, rows, np.full_like(rows, k)], -1))
        index = np.moveaxis(source.indices_from_lps(points)[..., ::-1], -1, 0)
        out[k] = ndi.map_coordinates(values, index, np.float32, order=1, mode="nearest", prefilter=False)
    return out
