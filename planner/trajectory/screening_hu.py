"""Lines of the screening sheet that need CT numbers: cancellous bone and hardware."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage as ndi

from imaging.anatomy import VertebraAnatomy
from imaging.labels import Structure
from imaging.volume import LabelVolume, Volume

Add = Callable[..., None]
# Below about 110 HU osteoporosis is likely, above 160 HU unlikely (L1, 120 kV) [K~].
HU_LOW, HU_SPARE = 110.0, 160.0
METAL_HU = 2000.0
METAL_MM3 = 20.0
REACH_MM = (45.0, 60.0, 25.0)


def cancellous(
    add: Add,
    anatomy: VertebraAnatomy,
    vertebrae: LabelVolume,
    structures: LabelVolume,
    volume: Volume | None,
) -> None:
    """Median HU of the inner body."""
    name, centre = "Cancellous bone", anatomy.body.centre_lps_mm
    if volume is None or volume.modality != "CT":
        add("cancellous_hu", name, None, "HU", "unknown", "Not measurable: there is no CT.", HU_LOW)
        return
    value = anatomy.cancellous_hu
    if value is None:
        at = np.argwhere((vertebrae.labels == anatomy.verse) & (structures.labels == Structure.BODY))
        if not len(at) or not vertebrae.grid.same_as(volume.grid):
            add(
                "cancellous_hu", name, None, "HU", "unknown", "Not measurable: the body is not whole.", HU_LOW
            )
            return
        low, high = at.min(0), at.max(0) + 1
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        inner = ndi.binary_erosion(
            (vertebrae.labels[box] == anatomy.verse) & (structures.labels[box] == Structure.BODY),
            iterations=3,
        )
        if not inner.any():
            add(
                "cancellous_hu", name, None, "HU", "unknown", "Not measurable: the body is too small.", HU_LOW
            )
            return
        value = float(np.median(volume.values[box][inner]))
    verdict = "good" if value >= HU_SPARE else "caution"
    text = (
        f"Below {HU_LOW:.0f} HU osteoporosis is likely, the cortex gives less feel."
        if value < HU_LOW
        else f"Between {HU_LOW:.0f} and {HU_SPARE:.0f} HU density is reduced."
        if value < HU_SPARE
        else f"Above {HU_SPARE:.0f} HU osteoporosis is unlikely."
    )
    add("cancellous_hu", name, value, "HU", verdict, text, HU_LOW, centre)


def hardware(add: Add, anatomy: VertebraAnatomy, volume: Volume | None) -> None:
    """Metal (above 2000 HU, at least 20 mm³ in one piece) round the vertebra."""
    name = "Metal near the level"
    if volume is None or volume.modality != "CT":
        add("hardware", name, None, "mm³", "unknown", "Not measurable: there is no CT.", METAL_MM3)
        return
    grid = volume.grid
    body = anatomy.body
    corners = np.array([[a, b, c] for a in (-1, 1) for b in (-0.4, 1) for c in (-1, 1)]) * REACH_MM
    ijk = grid.indices_from_lps(body.centre_lps_mm + corners @ body.axes_lps)
    size = np.array(grid.shape_kji[::-1])
    low = np.clip(np.floor(ijk.min(0)).astype(int), 0, size)
    high = np.clip(np.ceil(ijk.max(0)).astype(int) + 1, low, size)
    part = volume.values[low[2] : high[2], low[1] : high[1], low[0] : high[0]] > METAL_HU
    voxel = float(np.prod(grid.spacing_ijk_mm))
    if not part.any():
        add("hardware", name, 0.0, "mm³", "good", "No metal is seen.", METAL_MM3, body.centre_lps_mm)
        return
    pieces, count = ndi.label(part)
    sizes = ndi.sum_labels(part, pieces, np.arange(1, count + 1)) * voxel
    largest = float(np.max(sizes))
    where = np.argwhere(pieces == 1 + int(np.argmax(sizes))).mean(0)[::-1] + low
    verdict = "caution" if largest >= METAL_MM3 else "good"
    text = (
        "Screws, cages or cement are likely: check the way and the heat's spread."
        if largest >= METAL_MM3
        else "Only specks above 2000 HU."
    )
    add("hardware", name, largest, "mm³", verdict, text, METAL_MM3, grid.lps_from_indices(where))
