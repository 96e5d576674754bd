"""Sagittal T1, T2 and STIR pictures of a phantom: intensity by tissue, thick slices, coil shading and noise.

Intensities are illustrative; nothing is simulated of the physics but relative brightness.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.geometry.grid import VolumeGrid
from imaging.labels import Structure
from imaging.volume import Volume
from sample_dicom.phantom import Phantom, phantom_uid
from sample_dicom.posed import SpinePose, Unposed

Weighting = Literal["T1", "T2", "STIR"]
Face = Literal["superior", "inferior"]
# fat, soft tissue, marrow, cortex, disc, fluid, Modic 1, Modic 2
_INTENSITY: dict[str, tuple[float, ...]] = {
    "T1": (720, 270, 430, 50, 250, 120, 190, 660),
    "T2": (560, 170, 300, 40, 430, 880, 520, 450),
    "STIR": (50, 160, 110, 35, 330, 850, 420, 55),
}
# Type of change by VerSe number and endplate; all others are type 0. This is the truth of the sample's MR.
MODIC_TYPES: dict[tuple[int, Face], int] = {
    (23, "inferior"): 1,
    (24, "superior"): 1,
    (24, "inferior"): 2,
    (26, "superior"): 2,
}
MODIC_REACH_MM = 8.0


def build_mr(
    phantom: Phantom,
    weighting: str,
    slice_mm: float = 4.0,
    pixel_mm: float = 1.0,
    modic: Mapping[tuple[int, Face], int] | None = None,
    pose: SpinePose | None = None,
) -> Volume:
    """Sagittal MR in the phantom's frame of reference, or with a pose in one of its own.

    Args:
        weighting: "T1", "T2" or "STIR".
        slice_mm: thickness of and distance between the slices, right to left.
        pixel_mm: in-plane pixel.
        modic: Modic type (1 or 2) by VerSe number and endplate; MODIC_TYPES where None, {} for none.
        pose: how the spine lies in the MR; as in the CT where None.

    Returns:
        Volume with modality "MR": i runs to posterior, j to inferior, k to the patient's left.
    """
    intensity = _classes(phantom, weighting, MODIC_TYPES if modic is None else modic)
    target = _target(phantom, slice_mm, pixel_mm, pose)
    sampled = _sampled(phantom, intensity, target, slice_mm, pose)
    shape = target.shape_kji
    random = np.random.default_rng([phantom.parameters.seed, 6, {"T1": 49, "T2": 50, "STIR": 51}[weighting]])
    # A surface coil below the back shines on what is near it.
    shading = 0.62 + 0.55 * (np.arange(shape[2]) / shape[2]) ** 1.5
    sampled *= shading[None, None, :].astype(np.float32)
    noise = random.standard_normal((2, *shape), dtype=np.float32) * 14
    magnitude = np.hypot(sampled + noise[0], noise[1])
    return Volume(target, np.clip(np.rint(magnitude), 0, 4095).astype(np.int16), "MR")


def _target(phantom: Phantom, slice_mm: float, pixel_mm: float, pose: SpinePose | None) -> VolumeGrid:
    """The sagittal stack's grid, laid round the spine."""
    grid = phantom.volume.grid
    low, high = grid.bounds_lps_mm
    uid = grid.frame_of_reference_uid
    middles = np.array([t.body.centre_lps_mm for t in phantom.truth.values()])
    if pose is not None:
        uid = phantom_uid(phantom.parameters, f"mr {[m.tolist() for m in pose.motion.values()]}")
        posed = np.array([pose.place(v, t.body.centre_lps_mm) for v, t in phantom.truth.items()])
        shift = posed.mean(0) - middles.mean(0)
        low, high, middles = low + shift, high + shift, posed
    spine = float(middles[:, 0].mean())
    half = 36.0
    size = high - low
    shape = (int(2 * half / slice_mm) + 1, int(size[2] / pixel_mm), int(size[1] / pixel_mm))
    return VolumeGrid.from_parts(
        shape,
        np.round([spine - half, low[1], high[2]], 3),
        (pixel_mm, pixel_mm, slice_mm),
        np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]], float),
        uid,
    )


def _sampled(
    phantom: Phantom,
    intensity: NDArray[np.float32],
    target: VolumeGrid,
    slice_mm: float,
    pose: SpinePose | None,
) -> NDArray[np.float32]:
    """Intensity averaged over each slice's thickness, [k, j, i] of the target."""
    grid, shape = phantom.volume.grid, target.shape_kji
    back = Unposed(phantom, pose) if pose is not None else None
    sx = float(grid.spacing_ijk_mm[0])
    across = round(slice_mm / sx)
    source = intensity if back else ndimage.uniform_filter1d(intensity, max(1, across), axis=2)
    # Within a slice neighbouring vertebrae do not part: its thickness follows the middle vertebra's turn.
    middle = sorted(phantom.truth)[len(phantom.truth) // 2]
    left = np.linalg.inv(pose.motion[middle])[:3, 0] if pose is not None else np.zeros(3)
    offsets = (np.arange(max(1, across)) + 0.5) / max(1, across) * slice_mm - slice_mm / 2 if back else [0.0]
    sampled = np.zeros(shape, np.float32)
    rows, columns = np.mgrid[0 : shape[1], 0 : shape[2]]
    for k in range(shape[0]):
        places = target.lps_from_indices(np.stack([columns, rows, np.full_like(rows, k)], -1))
        if back is not None:
            places = back(places)
        for offset in offsets:
            index = grid.indices_from_lps(places + offset * left)
            sampled[k] += ndimage.map_coordinates(
                source, np.moveaxis(index[..., ::-1], -1, 0), order=1, mode="nearest"
            ) / len(offsets)
    return sampled


def _classes(phantom: Phantom, weighting: str, modic: Mapping[tuple[int, Face], int]) -> NDArray[np.float32]:
    fat, soft, marrow, cortex, disc, fluid, *changed = _INTENSITY[weighting]
    hu = phantom.volume.values
    smooth = ndimage.gaussian_filter(hu.astype(np.float32), (0.0, 0.8, 0.8), truncate=2.0)
    steps = [-400, -110, -60, 25, 70, 320, 700]
    levels = [0, fat, fat * 0.8, soft, soft, cortex, cortex]
    out: NDArray[np.float32] = np.interp(smooth, steps, levels).astype(np.float32)
    bone = phantom.vertebrae.labels > 0
    inside = bone & (smooth < 430)
    out[inside] = marrow * (0.75 + 0.25 * np.clip(smooth[inside] / 200, 0, 1.4))
    out[phantom.discs.labels > 0] = disc
    canal = phantom.structures.labels == Structure.CANAL
    out[canal] = np.where(smooth[canal] < -25, fat * 0.7, fluid)
    for (verse, face), kind in modic.items():
        if verse in phantom.truth:
            _modic(out, phantom, verse, face, changed[kind - 1])
    return np.asarray(ndimage.gaussian_filter(out, (0.4, 0.5, 0.0), truncate=2.0), np.float32)


def _modic(out: NDArray[np.float32], phantom: Phantom, verse: int, face: str, value: float) -> None:
    """Blend a band of changed marrow beside an endplate, deepest in front."""
    body = phantom.truth[verse].body
    point, normal = body.inferior_endplate if face == "inferior" else body.superior_endplate
    k, j, i = np.nonzero((phantom.vertebrae.labels == verse) & (phantom.structures.labels == Structure.BODY))
    places = phantom.volume.grid.lps_from_indices(np.stack([i, j, k], -1))
    deep = -((places - point) @ normal)
    ahead = -((places - body.centre_lps_mm) @ body.posterior) / body.depth_mm
    reach = MODIC_REACH_MM * (1 + 0.6 * np.clip(ahead, -0.5, 0.5))
    part = np.clip((reach - deep) / 2.5, 0, 1) * (deep > 1.2)
    out[k, j, i] = (out[k, j, i] * (1 - part) + value * part).astype(np.float32)
