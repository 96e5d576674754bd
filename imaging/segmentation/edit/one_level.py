"""One vertebra found anew round a body centre that a person put, its neighbours left as they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.geometry.grid import VolumeGrid
from imaging.labels import NAME_FROM_VERSE, SACRUM
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.bodies import build_body
from imaging.segmentation.discs import Disc
from imaging.segmentation.frames import frame_between
from imaging.segmentation.iso import IsoVolume, resampled
from imaging.segmentation.naming import Naming
from imaging.segmentation.spine import paint
from imaging.sitk_bridge import image_from_array
from imaging.volume import Volume

Array = NDArray[np.float64]
Box = tuple[slice, slice, slice]

REACH_MM = np.array([58.0, 58.0, 52.0])
BEHIND_MM = 28.0
DISC_MM = 6.0


def find_one_level(
    volume: Volume,
    levels: Sequence[VertebraAnatomy],
    verse: int,
    centre_lps_mm: Array,
    progress: Progress = NULL_PROGRESS,
) -> tuple[Box, NDArray[np.bool_], NDArray[np.uint8]]:
    """Find one vertebra.

    Args:
        volume: CT.
        levels: what was measured before; the vertebra's own size and tilt are taken from there.
        verse: which one, not the sacrum.
        centre_lps_mm: (3,) middle of its body, as the person put it.
        progress: told of each step.

    Returns:
        (where on the volume's grid, its bone there, structures there).

    Raises:
        PlannerError: not_ct, sacrum_cannot_be_moved, no_vertebra.
    """
    if volume.modality != "CT":
        raise PlannerError("not_ct", "A vertebra can be found anew on CT only.")
    if verse == SACRUM:
        raise PlannerError(
            "sacrum_cannot_be_moved", "The sacrum cannot be found anew alone. Paint or erase instead."
        )
    own = next((a for a in levels if a.verse == verse), None)
    if own is None:
        raise PlannerError("no_vertebra", f"{NAME_FROM_VERSE[verse]} was not found, so it cannot be moved.")
    progress.step(0.0, f"Finding {own.name} anew")
    high = centre_lps_mm + REACH_MM
    high[1] += BEHIND_MM
    iso = resampled(volume, centre_lps_mm - REACH_MM, high, 1.0)
    shift = centre_lps_mm - own.body.centre_lps_mm
    below, above = (_disc(own, shift, upper) for upper in (False, True))
    body = build_body(iso, frame_between(iso, below, above))
    naming = Naming((verse,), {verse: 1.0}, ())
    labels, parts, _ = paint(iso, None, [body], None, naming, SubProgress(progress, 0.2, 0.9))  # type: ignore[arg-type]
    mask = _largest(labels == verse)
    if not mask.any():
        raise PlannerError(
            "no_vertebra", f"No vertebra was found round this point. Put the middle of {own.name} again."
        )
    progress.step(0.95, "Writing the labels on the image's own grid")
    return _on_source(iso, mask, parts, volume.grid)


def _disc(a: VertebraAnatomy, shift: Array, upper: bool) -> Disc:
    """A disc of usual height beyond an endplate."""
    point, normal = a.body.superior_endplate if upper else a.body.inferior_endplate
    centre = point + shift + normal * DISC_MM / 2
    return Disc(0.0, centre, normal if upper else -normal, DISC_MM, 100.0)


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels, count = ndi.label(mask, np.ones((3, 3, 3)))
    if count < 2:
        return mask
    return np.asarray(labels == int(np.bincount(labels.ravel())[1:].argmax()) + 1)


def _on_source(
    iso: IsoVolume, mask: NDArray[np.bool_], parts: NDArray[np.uint8], grid: VolumeGrid
) -> tuple[Box, NDArray[np.bool_], NDArray[np.uint8]]:
    corners = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    low, high = iso.bounds_lps_mm
    ijk = grid.indices_from_lps(low + corners * (high - low))
    size = np.array(grid.shape_kji[::-1])
    first = np.clip(np.floor(ijk.min(0)).astype(int), 0, size - 1)
    last = np.clip(np.ceil(ijk.max(0)).astype(int) + 1, first + 1, size)
    count = last - first
    block = VolumeGrid.from_parts(
        tuple(int(n) for n in count[::-1]),  # type: ignore[arg-type]
        grid.lps_from_indices(first),
        grid.spacing_ijk_mm,
        grid.direction_lps,
        grid.frame_of_reference_uid,
    )
    reference = image_from_array(np.zeros(block.shape_kji, np.uint8), block)

    def moved(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
        image = sitk.GetImageFromArray(array)
        image.SetOrigin(iso.origin_lps_mm.tolist())
        image.SetSpacing(iso.spacing_mm.tolist())
        out = sitk.Resample(image, reference, sitk.Transform(), sitk.sitkLabelLinear, 0, sitk.sitkUInt8)
        return np.asarray(sitk.GetArrayFromImage(out))

    where: Box = tuple(slice(int(a), int(b)) for a, b in zip(first[::-1], last[::-1], strict=True))  # type: ignore[assignment]
    bone = moved(mask.astype(np.uint8)) > 0
    inside = moved(np.where(mask, parts, 0).astype(np.uint8))
    inside[bone & (inside == 0)] = 2
    return where, bone, np.where(bone, inside, 0).astype(np.uint8)
