"""Measure every vertebra of a label map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from imaging.anatomy import BodyGeometry, PedicleGeometry, VertebraAnatomy
from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE, SACRUM, SIDES, Side, Structure
from imaging.progress import NULL_PROGRESS, Progress
from imaging.segmentation.anatomy_foramen import measure_hu
from imaging.segmentation.anatomy_frame import FINE_MM, Masks, fit_frame, measure_body, unit
from imaging.segmentation.anatomy_local import Box, box_grid, frame_grid, level_set_of, widen
from imaging.segmentation.anatomy_pedicle import measure_pedicle
from imaging.segmentation.anatomy_sacral import measure_sacral
from imaging.side_by_side import side_by_side
from imaging.volume import LabelVolume, Volume

Array = NDArray[np.float64]
MIN_BODY_MM3 = 4000.0
EDGE_MM = 2.0


def measure_anatomy(
    vertebrae: LabelVolume,
    structures: LabelVolume,
    volume: Volume | None,
    confidence: dict[int, float],
    progress: Progress = NULL_PROGRESS,
) -> tuple[VertebraAnatomy, ...]:
    """Geometry of each vertebra that has a body, top to bottom.

    Args:
        vertebrae: VerSe numbers.
        structures: Structure numbers on the same grid; of label 26 only BODY voxels are S1's body.
        volume: CT for the foramen and the cancellous HU; None where there is none.
        confidence: of each name, 0..1, by VerSe number; 1 where missing.
        progress: told before each vertebra.

    Raises:
        PlannerError: "grid_mismatch" where the two label maps lie on different grids.
    """
    if not vertebrae.grid.same_as(structures.grid):
        raise PlannerError("grid_mismatch", "Vertebra and structure labels lie on different grids.")
    cuts = _cut_out(vertebrae, structures)
    centres = {v: m.grid.lps_from_indices(np.argwhere(m.body)[:, ::-1].mean(0)) for v, m in cuts.items()}
    order = sorted(cuts, key=lambda v: -float(centres[v][2]))

    def one(index: int, part: Progress) -> VertebraAnatomy | None:
        verse = order[index]
        part.step(0.0, f"Measuring {NAME_FROM_VERSE.get(verse, str(verse))}")
        above = centres[order[index - 1]] if index else None
        below = centres[order[index + 1]] if index + 1 < len(order) else None
        superior = _superior(centres[verse], above, below)
        measured = _measure(
            cuts[verse], centres[verse], superior, volume, confidence.get(verse, 1.0), vertebrae
        )
        part.step(1.0, f"Measured {NAME_FROM_VERSE.get(verse, str(verse))}")
        return measured

    found = side_by_side(one, range(len(order)), progress)
    progress.step(1.0, "Anatomy measured")
    return tuple(a for a in found if a is not None)


def _cut_out(vertebrae: LabelVolume, structures: LabelVolume) -> dict[int, Masks]:
    """Masks of each vertebra with a body, on a grid cropped round it."""
    result = {}
    voxel = float(np.prod(vertebrae.grid.spacing_ijk_mm))
    for number, box in enumerate(ndi.find_objects(vertebrae.labels), start=1):
        if box is None or number not in NAME_FROM_VERSE:
            continue
        wide: Box = widen(box, vertebrae.labels.shape, 4)
        bone = vertebrae.labels[wide] == number
        parts = structures.labels[wide]
        body = bone & (parts == Structure.BODY)
        pedicle = bone & ((parts == Structure.LEFT_PEDICLE) | (parts == Structure.RIGHT_PEDICLE))
        if body.sum() * voxel < MIN_BODY_MM3:
            continue
        result[number] = Masks(
            number, box_grid(vertebrae.grid, wide), bone, body, parts == Structure.CANAL, pedicle
        )
    return result


def _superior(own: Array, above: Array | None, below: Array | None) -> Array:
    """Direction to superior from the neighbours within 60 mm."""
    top = above if above is not None and np.linalg.norm(above - own) < 60 else own
    bottom = below if below is not None and np.linalg.norm(below - own) < 60 else own
    along = top - bottom
    return unit(along) if np.linalg.norm(along) > 1 else np.array([0.0, 0.0, 1.0])


def _measure(
    masks: Masks, centre: Array, superior: Array, volume: Volume | None, confidence: float, whole: LabelVolume
) -> VertebraAnatomy | None:
    arch = masks.bone & ~masks.body
    behind = masks.canal if masks.canal.any() and masks.verse == SACRUM else arch
    posterior = np.array([0.0, 1.0, 0.0])
    if behind.any():
        toward = masks.grid.lps_from_indices(np.argwhere(behind)[:, ::-1].mean(0)) - centre
        toward = toward - superior * (toward @ superior)
        if np.linalg.norm(toward) > 5:
            posterior = unit(toward)
    try:
        middle, axes = fit_frame(masks, centre, superior, posterior)
        body = measure_body(masks, middle, axes)
    except (np.linalg.LinAlgError, ValueError, TypeError):
        return None
    if not all(np.isfinite([body.width_mm, body.depth_mm, body.height_mm])):
        return None
    name = NAME_FROM_VERSE[masks.verse]
    findings = list(_cut_findings(masks, body, whole, name))
    grid = frame_grid(
        body.centre_lps_mm,
        axes,
        (-42, -body.depth_mm / 2 - 4, -body.height_mm / 2 - 10),
        (42, body.depth_mm / 2 + 26, body.height_mm / 2 + 10),
        FINE_MM,
    )
    part_of_ala = masks.verse == SACRUM and bool(masks.pedicle.any())
    bone = level_set_of(masks.passage_distance if part_of_ala else masks.bone_distance, grid)
    pedicles: dict[Side, PedicleGeometry] = {}
    whole_bone = level_set_of(masks.bone_distance, grid) if part_of_ala else bone
    for side in SIDES:
        found = None
        if part_of_ala:
            found = measure_sacral(whole_bone, grid, body, side)
        if found is None:
            seed = _pedicle_middle(masks, body, side) if part_of_ala else None
            found = measure_pedicle(bone, grid, body, side, masks.verse == SACRUM, seed)
        if found is not None and _near_edge(found, whole):
            findings.append(
                Finding(
                    "stop",
                    f"pedicle_cut_{side}",
                    f"{name} {side}: the image ends at the pedicle, so the pedicle cannot be measured.",
                )
            )
        elif found is not None:
            pedicles[side] = found
        else:
            findings.append(
                Finding(
                    "stop",
                    f"pedicle_not_found_{side}",
                    f"{name} {side}: no closed pedicle cross-section is found behind the body, "
                    "so the pedicle cannot be measured.",
                )
            )
    anatomy = VertebraAnatomy(
        masks.verse,
        confidence,
        body,
        pedicles,
        None,
        _spinous_tip(masks, body) if masks.verse != SACRUM else None,
        None,
        tuple(findings),
    )
    if volume is None:
        return anatomy
    foramen, cancellous = measure_hu(volume, masks, body)
    return replace(anatomy, foramen=foramen, cancellous_hu=cancellous)


def _pedicle_middle(masks: Masks, body: BodyGeometry, side: Side) -> Array | None:
    points = masks.grid.lps_from_indices(np.argwhere(masks.pedicle)[:, ::-1])
    own = (points - body.centre_lps_mm) @ body.left * (1 if side == "left" else -1) > 0
    return np.asarray(points[own].mean(0)) if own.sum() > 50 else None


def _spinous_tip(masks: Masks, body: BodyGeometry) -> Array | None:
    points = masks.grid.lps_from_indices(np.argwhere(masks.bone & ~masks.body)[:, ::-1])
    local = (points - body.centre_lps_mm) @ body.axes_lps.T
    near = np.abs(local[:, 0]) < 10
    if near.sum() < 50:
        return None
    back = local[near, 1]
    return np.asarray(points[near][back >= np.percentile(back, 99)].mean(0))


def _edge_distance_mm(points: Array, whole: LabelVolume) -> Array:
    """How far points lie within the outermost faces of the image."""
    ijk = whole.grid.indices_from_lps(points)
    size = np.array(whole.grid.shape_kji[::-1])
    inside = np.minimum(ijk + 0.5, size - 0.5 - ijk) * whole.grid.spacing_ijk_mm
    return np.asarray(inside.min(-1))


def _near_edge(pedicle: PedicleGeometry, whole: LabelVolume) -> bool:
    offsets = np.array([[0, 0, 1.0], [0, 0, -1.0], [1.0, 0, 0], [-1.0, 0, 0], [0, 1.0, 0]])
    reach = max(pedicle.width_mm, pedicle.height_mm) / 2
    return bool(_edge_distance_mm(pedicle.isthmus_centre_lps_mm + offsets * reach, whole).min() < EDGE_MM)


def _cut_findings(masks: Masks, body: BodyGeometry, whole: LabelVolume, name: str) -> list[Finding]:
    """A stop where the image's edge cuts body or pedicle region, an info where it cuts only processes."""
    points = masks.grid.lps_from_indices(np.argwhere(masks.bone)[:, ::-1])
    at_edge = _edge_distance_mm(points, whole) < 0.75 * float(np.max(whole.grid.spacing_ijk_mm))
    if masks.verse == SACRUM:
        points = masks.grid.lps_from_indices(np.argwhere(masks.body)[:, ::-1])
        at_edge = _edge_distance_mm(points, whole) < 0.75 * float(np.max(whole.grid.spacing_ijk_mm))
    if at_edge.sum() < 5:
        return []
    local = (points[at_edge] - body.centre_lps_mm) @ body.axes_lps.T
    wall = body.depth_mm / 2
    vital = (np.abs(local[:, 0]) < 0.5 * body.width_mm) & (local[:, 1] < wall + 10)
    front = vital & (local[:, 1] < -0.3 * body.depth_mm)
    if front.sum() >= 5 and (vital & ~front).sum() < 5:
        text = f"The image's edge touches the front of {name}; its anterior wall is not known there."
        return [Finding("caution", "front_cut", text)]
    if vital.sum() >= 5:
        text = (
            f"The image's edge cuts {name}. What lies beyond is unknown, so {name} cannot be planned safely."
        )
        return [Finding("stop", "vertebra_cut", text)]
    return [
        Finding(
            "info", "process_cut", f"The image's edge cuts a process of {name}; body and pedicles are whole."
        )
    ]


__all__ = ["measure_anatomy"]
