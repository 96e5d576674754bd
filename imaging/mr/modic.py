"""A suggestion of a Modic type from signal ratios beside an endplate; a reader decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import VertebraAnatomy
from imaging.labels import SACRUM, VERSE_FROM_NAME
from imaging.volume import Volume

Array = NDArray[np.float64]

# Ratio of the band beside the endplate to the middle of the same body [P].
LOW, HIGH = 0.82, 1.18
BAND_MM = (2.5, 6.5)
MIDDLE_SHARE = 0.16
MOST_DISC_MM = 18.0


@dataclass(frozen=True)
class ModicSuggestion:
    """``kind`` is "0", "1", "2", "3" or None (cannot be typed); ``ratios`` by sequence; ``why`` in words."""

    kind: str | None
    ratios: tuple[tuple[str, float], ...]
    why: str


NOT_SURE = ModicSuggestion(
    None, (), "The endplate is not surely drawn here, as beside a strong change: nothing is suggested."
)


def suggest(anatomy: VertebraAnatomy, face: str, images: Mapping[str, Volume]) -> ModicSuggestion:
    """Suggest a type for one endplate from T1 and T2 or STIR volumes in the anatomy's frame of reference.

    Args:
        anatomy: measured vertebra.
        face: "superior" or "inferior".
        images: MR volumes by sequence name.
    """
    ratios = {name: _ratio(anatomy, face, image) for name, image in images.items()}
    known = {name: r for name, r in ratios.items() if r is not None}
    told = tuple((name, round(r, 3)) for name, r in known.items())
    fluid = "STIR" if "STIR" in known else "T2" if "T2" in known else None
    if "T1" not in known or fluid is None:
        return ModicSuggestion(None, told, "A type needs T1 and T2 or STIR.")
    t1, wet = known["T1"], known[fluid]
    words = f"T1 {t1:.2f}, {fluid} {wet:.2f} of the body's middle"
    if t1 < LOW and wet > HIGH:
        return ModicSuggestion("1", told, words)
    if t1 > HIGH and (fluid == "STIR" or wet > LOW):
        return ModicSuggestion("2", told, words)
    if t1 < LOW and wet < LOW:
        return ModicSuggestion("3", told, words)
    return ModicSuggestion("0", told, words)


def unsure_endplates(levels: Sequence[VertebraAnatomy]) -> frozenset[tuple[int, str]]:
    """Endplates further from their neighbour's than a disc is high: (VerSe number, face) of both.

    A drawn body stops short of a strongly changed band, so that what is measured there is beside the change.
    """
    out = set()
    for lower, upper in product(levels, levels):
        if lower.verse != upper.verse + 1 and (lower.verse, upper.verse) != (SACRUM, VERSE_FROM_NAME["L5"]):
            continue
        gap = lower.body.superior_endplate[0] - upper.body.inferior_endplate[0]
        if np.linalg.norm(gap) > MOST_DISC_MM:
            out |= {(lower.verse, "superior"), (upper.verse, "inferior")}
    return frozenset(out)


def _ratio(anatomy: VertebraAnatomy, face: str, image: Volume) -> float | None:
    body = anatomy.body
    sign = 1.0 if face == "superior" else -1.0
    point, normal = body.superior_endplate if face == "superior" else body.inferior_endplate
    left = np.linspace(-0.28, 0.28, 9) * body.width_mm
    back = np.linspace(-0.32, 0.25, 11) * body.depth_mm
    a, b = np.meshgrid(left, back, indexing="ij")
    plane = body.centre_lps_mm + a[..., None] * body.left + b[..., None] * body.posterior
    rise = ((point - plane) @ normal) / float(body.superior @ normal)
    on_plate = plane + rise[..., None] * body.superior
    deep = np.arange(*BAND_MM, 0.5)
    beside = _values(image, on_plate[..., None, :] - sign * deep[:, None] * body.superior)
    up = np.linspace(-MIDDLE_SHARE, MIDDLE_SHARE, 9) * body.height_mm
    middle = _values(image, plane[..., None, :] + up[:, None] * body.superior)
    if beside.size < 40 or middle.size < 40:
        return None
    return float(np.median(beside) / max(np.median(middle), 1e-6))


def _values(image: Volume, points: Array) -> Array:
    inside = image.grid.contains(points)
    ijk = image.grid.indices_from_lps(points[inside])
    return np.asarray(
        ndi.map_coordinates(image.values.astype(np.float32), ijk[:, ::-1].T, order=1, mode="nearest")
    )
