"""How far each vertebra's outline can be trusted: what does not look like a whole, sound vertebra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import BodyGeometry, PedicleGeometry, VertebraAnatomy
from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE, SACRUM, SIDES, VERSE_FROM_NAME, Side, Structure
from imaging.segmentation.anatomy_local import box_grid, widen
from imaging.volume import LabelVolume, Volume

Array = NDArray[np.float64]

VOLUME_TOLERANCE = 0.25
# Lumbar vertebrae grow by some 5 % a level downwards.
GROWTH = 1.05
SACRUM_SHARE = 2.9
"""Of a whole sacrum's volume over the lowest two vertebrae's: 2.4 in a patient, 2.9 on the phantom."""
ASYMMETRY_LIMIT = 0.25
PEDICLE_ASYMMETRY_LIMIT = 0.35
PIECES_LIMIT = 0.03
METAL_HU, METAL_MM3 = 2200, 60.0
CORTEX_HU = 190.0
# Genant 1993: a fracture from a fifth of the height lost.
HEIGHT_LIMIT = 0.80
RAYS = 24
CUT_CODES = frozenset({"vertebra_cut", "front_cut", "process_cut"})


@dataclass(frozen=True)
class VertebraQuality:
    """Figures of one vertebra; None is not measurable.

    Attributes:
        verse: VerSe number.
        volume_mm3: of the whole bone.
        expected_mm3: from its whole neighbours; of the sacrum an upper bound, None unless it is passed.
        asymmetry: difference of the arch's halves over their sum, + where the left is larger.
        pedicle_asymmetry: the same of the pedicles' isthmus areas.
        pieces: share of the bone that hangs on nothing.
        cortex_hu: HU that three quarters of the pedicles' walls reach.
        anterior_ratio, middle_ratio: height in front and in the middle over the height behind.
        metal_mm3: of what is denser than bone in and near it.
    """

    verse: int
    volume_mm3: float
    expected_mm3: float | None = None
    asymmetry: float | None = None
    pedicle_asymmetry: float | None = None
    pieces: float = 0.0
    cortex_hu: float | None = None
    anterior_ratio: float | None = None
    middle_ratio: float | None = None
    metal_mm3: float = 0.0


def with_quality(
    levels: tuple[VertebraAnatomy, ...], vertebrae: LabelVolume, structures: LabelVolume, volume: Volume
) -> tuple[VertebraAnatomy, ...]:
    """The levels, each with the findings of its quality record."""
    records = quality_records(levels, vertebrae, structures, volume)
    return tuple(replace(a, findings=(*a.findings, *quality_findings(records[a.verse]))) for a in levels)


def with_unseen_joints(
    levels: tuple[VertebraAnatomy, ...], unseen: Mapping[int, tuple[Side, ...]]
) -> tuple[VertebraAnatomy, ...]:
    """The levels, each told whose joint with the vertebra above shows no gap (see SpineLabels)."""
    out = []
    for a in levels:
        sides = unseen.get(a.verse, ())
        if sides:
            where = "on either side" if len(sides) == 2 else f"on the {sides[0]}"
            text = (
                f"No gap shows in the joint of {a.name} with the vertebra above {where}. Where one bone ends "
                "is a guess there, and so is the room of a tool that passes it."
            )
            a = replace(a, findings=(*a.findings, Finding("caution", "quality_joint_unseen", text)))
        out.append(a)
    return tuple(out)


def quality_records(
    levels: tuple[VertebraAnatomy, ...], vertebrae: LabelVolume, structures: LabelVolume, volume: Volume
) -> dict[int, VertebraQuality]:
    """Record of each measured vertebra by VerSe number."""
    boxes = ndi.find_objects(vertebrae.labels)
    voxel = float(np.prod(vertebrae.grid.spacing_ijk_mm))
    out: dict[int, VertebraQuality] = {}
    for a in levels:
        box = widen(boxes[a.verse - 1], vertebrae.labels.shape, 3)
        bone = vertebrae.labels[box] == a.verse
        parts = structures.labels[box]
        grid = box_grid(vertebrae.grid, box)
        hu = volume.values[box] if volume.modality == "CT" else None
        record = VertebraQuality(a.verse, float(bone.sum()) * voxel)
        kji = np.argwhere(bone)
        local = (grid.lps_from_indices(kji[:, ::-1]) - a.body.centre_lps_mm) @ a.body.axes_lps.T
        values = parts[bone]
        record = replace(
            record,
            asymmetry=_asymmetry(local, values, a),
            pedicle_asymmetry=_pedicle_asymmetry(a),
            pieces=_pieces(bone),
        )
        if a.verse != SACRUM:
            anterior, middle = _heights(local[values == Structure.BODY], a.body)
            record = replace(record, anterior_ratio=anterior, middle_ratio=middle)
        if hu is not None:
            near = ndi.binary_dilation(bone, iterations=2) & (hu > METAL_HU)
            metal = float(near.sum()) * voxel
            cortex = None if metal > METAL_MM3 or a.verse == SACRUM else _cortex_hu(a, volume)
            record = replace(record, metal_mm3=metal, cortex_hu=cortex)
        out[a.verse] = record
    return _with_expected(out, levels)


def quality_findings(q: VertebraQuality) -> tuple[Finding, ...]:
    """What of a record a person must look at before the vertebra is planned on."""
    name = NAME_FROM_VERSE[q.verse]
    out = []
    if q.metal_mm3 > METAL_MM3:
        text = f"Metal lies in {name} ({q.metal_mm3 / 1000:.1f} cm³). Its outline and HU are not reliable."
        out.append(Finding("caution", "quality_hardware", text, q.metal_mm3, METAL_MM3, "mm³"))
    ratio = min((r for r in (q.anterior_ratio, q.middle_ratio) if r is not None), default=1.0)
    if ratio < HEIGHT_LIMIT:
        where = "front" if ratio == q.anterior_ratio else "middle"
        text = (
            f"{name} is {100 * ratio:.0f} % as high in its {where} as behind: "
            "it may be fractured. Check its age and outline."
        )
        out.append(Finding("caution", "quality_fracture", text, 100 * ratio, 100 * HEIGHT_LIMIT, "%"))
    if q.expected_mm3 is not None:
        share = q.volume_mm3 / q.expected_mm3
        if abs(share - 1) > VOLUME_TOLERANCE:
            more = f"{100 * abs(share - 1):.0f} % {'larger' if share > 1 else 'smaller'}"
            text = f"{name} is {more} than its neighbours suggest: bone may be missing or another's taken."
            out.append(Finding("caution", "quality_volume", text, q.volume_mm3, q.expected_mm3, "mm³"))
    if q.asymmetry is not None and abs(q.asymmetry) > ASYMMETRY_LIMIT:
        side = "left" if q.asymmetry > 0 else "right"
        difference, limit = 100 * abs(q.asymmetry), 100 * ASYMMETRY_LIMIT
        text = f"The arch of {name} is much larger on the {side} ({difference:.0f} %). Check both sides."
        out.append(Finding("caution", "quality_asymmetry", text, difference, limit, "%"))
    elif q.pedicle_asymmetry is not None and abs(q.pedicle_asymmetry) > PEDICLE_ASYMMETRY_LIMIT:
        side = "left" if q.pedicle_asymmetry > 0 else "right"
        difference = 100 * abs(q.pedicle_asymmetry)
        text = f"The {side} pedicle of {name} is much larger ({difference:.0f} %). Check both outlines."
        limit = 100 * PEDICLE_ASYMMETRY_LIMIT
        out.append(Finding("caution", "quality_pedicle_asymmetry", text, difference, limit, "%"))
    if q.pieces > PIECES_LIMIT:
        text = f"{100 * q.pieces:.0f} % of {name} is not connected to the rest of it."
        out.append(Finding("caution", "quality_pieces", text, 100 * q.pieces, 100 * PIECES_LIMIT, "%"))
    if q.cortex_hu is not None and q.cortex_hu < CORTEX_HU:
        text = (
            f"The cortex of the pedicles of {name} is faint ({q.cortex_hu:.0f} HU), so their walls are "
            "uncertain: osteoporosis or thick slices."
        )
        out.append(Finding("caution", "quality_weak_cortex", text, q.cortex_hu, CORTEX_HU, "HU"))
    return tuple(out)


def _asymmetry(local: Array, parts: NDArray[np.uint8], a: VertebraAnatomy) -> float | None:
    """Of what lies behind the posterior wall, within reach of the joints."""
    if a.verse == SACRUM:
        return None
    wall = float((a.body.posterior_wall_lps_mm - a.body.centre_lps_mm) @ a.body.posterior)
    behind = (local[:, 1] > wall + 2) & (np.abs(local[:, 0]) > 3) & (np.abs(local[:, 0]) < 28)
    behind &= parts != Structure.BODY
    left, right = int((behind & (local[:, 0] > 0)).sum()), int((behind & (local[:, 0] < 0)).sum())
    return (left - right) / (left + right) if left + right > 100 else None


def _pedicle_asymmetry(a: VertebraAnatomy) -> float | None:
    if not all(side in a.pedicles for side in SIDES):
        return None
    left, right = (a.pedicles[side].area_mm2 for side in SIDES)
    return (left - right) / max(1.0, left + right) * 2


def _pieces(bone: NDArray[np.bool_]) -> float:
    labels, count = ndi.label(bone, np.ones((3, 3, 3)))
    if count < 2:
        return 0.0
    sizes = np.bincount(labels.ravel())[1:]
    return float(1 - sizes.max() / sizes.sum())


def _heights(body: Array, geometry: BodyGeometry) -> tuple[float | None, float | None]:
    """(front, middle) height of the body near the midline over the height behind."""
    near = np.abs(body[:, 0]) < 0.22 * geometry.width_mm
    depth = geometry.depth_mm
    middles = (-0.34 * depth, 0.0, 0.34 * depth)
    out = []
    for p in middles:
        s = body[near & (np.abs(body[:, 1] - p) < 0.09 * depth), 2]
        if len(s) < 20:
            return None, None
        out.append(float(np.percentile(s, 97) - np.percentile(s, 3)))
    return out[0] / out[2], out[1] / out[2]


def _cortex_hu(a: VertebraAnatomy, volume: Volume) -> float | None:
    """First quartile, over both pedicles, of the greatest HU met across the wall of the isthmus."""
    peaks = [_wall_peaks(a.pedicles[side], a.body, volume) for side in SIDES if side in a.pedicles]
    return float(np.percentile(np.concatenate(peaks), 25)) if peaks else None


def _wall_peaks(pedicle: PedicleGeometry, body: BodyGeometry, volume: Volume) -> Array:
    across = np.cross(pedicle.axis_lps, body.superior)
    across /= np.linalg.norm(across)
    up = np.cross(across, pedicle.axis_lps)
    angle = np.arange(RAYS) / RAYS * 2 * np.pi
    x, y = np.cos(angle), np.sin(angle)
    edge = 1 / np.hypot(x / (pedicle.width_mm / 2), y / (pedicle.height_mm / 2))
    r = np.maximum(edge[:, None] + np.arange(-2.5, 1.6, 0.5), 0.5)
    points = (
        pedicle.isthmus_centre_lps_mm
        + (x[:, None] * r)[..., None] * across
        + (y[:, None] * r)[..., None] * up
    )
    kji = np.moveaxis(volume.grid.indices_from_lps(points)[..., ::-1], -1, 0)
    hu = ndi.map_coordinates(volume.values, kji, np.float32, order=1, mode="nearest")
    return np.asarray(hu.max(-1), float)


def _with_expected(
    records: Mapping[int, VertebraQuality], levels: tuple[VertebraAnatomy, ...]
) -> dict[int, VertebraQuality]:
    """Volume each whole vertebra ought to have: from the whole neighbours within two levels."""
    whole = {
        a.verse for a in levels if a.verse != SACRUM and not any(f.code in CUT_CODES for f in a.findings)
    }
    out = dict(records)
    for verse in whole:
        near = [records[v].volume_mm3 * GROWTH ** (verse - v) for v in whole if 0 < abs(v - verse) <= 2]
        if len(near) >= 2:
            out[verse] = replace(records[verse], expected_mm3=float(np.median(near)))
    # T13 bears the greatest number and stands above L1.
    lowest = sorted(whole - {VERSE_FROM_NAME["T13"]})[-2:]
    if SACRUM in records and len(lowest) == 2:
        most = SACRUM_SHARE * float(np.mean([records[v].volume_mm3 for v in lowest]))
        # A smaller one may be cut by the image.
        if records[SACRUM].volume_mm3 > most:
            out[SACRUM] = replace(records[SACRUM], expected_mm3=most)
    return out
