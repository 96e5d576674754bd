"""The whole chain: a CT in, vertebrae with names and their parts out. No learned weights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from imaging.errors import PlannerError
from imaging.labels import SACRUM, VERSE_FROM_NAME, Side, Structure
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.arch import Block, arrival, block_of, bone_threshold
from imaging.segmentation.bodies import BodyModel, build_body
from imaging.segmentation.canal_path import find_canals
from imaging.segmentation.canal_tube import canal_mask
from imaging.segmentation.disc_search import find_discs
from imaging.segmentation.discs import Disc
from imaging.segmentation.facets import FacetJoint, fit_facets
from imaging.segmentation.frames import frame_between
from imaging.segmentation.iso import IsoVolume, resampled
from imaging.segmentation.naming import Naming, name_levels
from imaging.segmentation.neighbours import beneath, beyond, last_slice
from imaging.segmentation.noise import CalmVolume, calmed
from imaging.segmentation.outline import outlined
from imaging.segmentation.ownership import settled
from imaging.segmentation.pedicles import split_parts
from imaging.segmentation.processes import with_process_marrow
from imaging.segmentation.result import SpineLabels
from imaging.segmentation.sacrum import sacral_arrival, sacral_body
from imaging.segmentation.source_grid import to_source
from imaging.segmentation.spinous import parted
from imaging.segmentation.straighten import Straightened, straighten
from imaging.volume import Volume

Array = NDArray[np.float64]
HIGHEST = VERSE_FROM_NAME["T10"]
STAND_IN = 0
# Of L5, L4 and those above: an L5 pedicle converges by 30 degrees (Zindrick 1987) and springs from the side
# of a convex wall.
PEDICLE_FORWARD_MM = (12.0, 6.0, 3.0)
NO_SPINE = (
    "no_spine_found",
    "No lumbar vertebra lies wholly in this image. Choose a CT that shows the lumbar spine.",
)


def label_spine(
    volume: Volume, *, anchor: tuple[int, Array] | None = None, progress: Progress = NULL_PROGRESS
) -> SpineLabels:
    """Label the vertebrae of a CT and their parts.

    Args:
        volume: CT in HU, any orientation and spacing.
        anchor: (VerSe number, (3,) LPS mm in that vertebra's body), settles the count.
        progress: reported to, and asked whether to stop.

    Returns:
        Label maps on the volume's own grid, top vertebra to sacrum, with the confidence of each name.

    Raises:
        PlannerError: ``no_spine_found``, ``anchor_not_found``, ``anchor_contradicts``, ``not_ct``.
    """
    if volume.modality != "CT":
        raise PlannerError("not_ct", "Vertebrae can be labelled on CT only. Choose a CT series.")
    progress.step(0.0, "Looking for the spinal canal")
    calm = calmed(volume, SubProgress(progress, 0.0, 0.01))
    iso, spine, discs = locate(calm, SubProgress(progress, 0.0, 0.25))
    bodies, sacral = model_bodies(iso, discs, SubProgress(progress, 0.25, 0.45))
    naming = name_levels(iso, discs, bodies, sacral, anchor)
    bodies, sacral, naming = _lumbar(bodies, sacral, naming)
    vertebrae, structures, unseen = paint(
        iso, spine, bodies, sacral, naming, SubProgress(progress, 0.45, 0.95)
    )
    progress.step(0.95, "Writing the labels on the image's own grid")
    named = to_source(vertebrae, iso, volume)
    progress.step(0.97, "Writing the labels on the image's own grid")
    return SpineLabels(
        named,
        to_source(structures, iso, volume),
        naming.confidence,
        (*naming.findings, *calm.findings()),
        naming.evidence,
        unseen,
    )


def _lumbar(
    bodies: list[BodyModel], sacral: BodyModel | None, naming: Naming
) -> tuple[list[BodyModel], BodyModel | None, Naming]:
    """Without what lies above T10: of no use here, and costly."""
    keep = [n for n, number in enumerate(naming.numbers) if number >= HIGHEST]
    first = 0 if sacral is None else 1
    numbers = tuple(naming.numbers[n] for n in keep)
    confidence = {number: naming.confidence[number] for number in numbers}
    return (
        [bodies[n - first] for n in keep if n >= first],
        sacral,
        Naming(numbers, confidence, naming.findings, naming.evidence),
    )


def locate(calm: CalmVolume, progress: Progress) -> tuple[IsoVolume, Straightened, list[Disc]]:
    """Working volume round the spine, the spine unrolled, and its discs from foot to head."""
    canals = find_canals(calm.coarse, SubProgress(progress, 0.05, 0.5))
    places = np.linspace(0.5, 1.0, len(canals) + 1)
    tried, failed = [], []
    for canal, a, b in zip(canals, places, places[1:], strict=False):
        try:
            tried.append(_along(calm.volume, canal, SubProgress(progress, float(a), float(b))))
        except (PlannerError, ValueError, IndexError) as error:
            # What is no canal may break any step; another run may be the spine.
            failed.append(error)
    if not tried:
        raise failed[0]
    best = max(tried, key=lambda one: sum(disc.score for disc in one[2]))
    if len(best[2]) < 2:
        raise PlannerError(*NO_SPINE)
    return best


def _along(volume: Volume, canal: Array, progress: Progress) -> tuple[IsoVolume, Straightened, list[Disc]]:
    """Working volume round one canal, the spine along it unrolled, and the discs found there."""
    progress.step(0.0, "Straightening the spine")
    low = canal.min(0) - np.array([72, 80, 95])
    iso = resampled(volume, low, canal.max(0) + np.array([72, 85, 30]), 1.0)
    progress.step(0.2, "Straightening the spine")
    spine = straighten(iso, canal)
    z = spine.to_lps(np.arange(len(spine.values)), -16.0, 0.0)[:, 2]
    inside = np.flatnonzero((z > iso.bounds_lps_mm[0, 2]) & (z < iso.bounds_lps_mm[1, 2]))
    discs = find_discs(spine, iso, (inside[0] + 2, inside[-1] - 2), SubProgress(progress, 0.4, 1.0))
    return iso, spine, discs


def model_bodies(
    iso: IsoVolume, discs: list[Disc], progress: Progress
) -> tuple[list[BodyModel], BodyModel | None]:
    """Bodies from foot to head between the discs, and S1's body if the sacrum is in view."""
    out = []
    for n in range(len(discs) - 1):
        progress.step(n / len(discs), "Fitting the vertebral bodies")
        out.append(build_body(iso, frame_between(iso, discs[n], discs[n + 1])))
    progress.step(0.9, "Fitting the sacrum")
    return out, sacral_body(iso, discs)


def paint(
    iso: IsoVolume,
    spine: Straightened,
    bodies: list[BodyModel],
    sacral: BodyModel | None,
    naming: Naming,
    progress: Progress,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], dict[int, tuple[Side, ...]]]:
    """(vertebrae, structures) on the working grid, and where the joint above a vertebra shows no gap."""
    progress.step(0.0, "Fitting the vertebral bodies")
    column, numbers, places = _whole_column(iso, bodies, sacral, naming)
    blocks: list[Block] = []
    body_of = np.zeros(iso.values.shape, np.uint8)
    for n, body in enumerate(column):
        progress.step(0.2 * n / len(column), "Fitting the vertebral bodies")
        block = block_of(iso, body, numbers[n] == SACRUM)
        blocks.append(block)
        own = block.depth <= 0
        if numbers[n] == STAND_IN:
            own &= body_of[block.where] == 0
        body_of[block.where][own] = n + 1
    bone_hu = [bone_threshold(body) for body in column]
    joints = fit_facets(iso, list(zip(column, places, bone_hu, strict=True)), SubProgress(progress, 0.2, 0.4))
    progress.step(0.4, "Drawing the spinal canal")
    drawn = [body for body, number in zip(column, numbers, strict=True) if number != STAND_IN]
    canal = canal_mask(iso, spine, drawn)
    owner = np.zeros(iso.values.shape, np.uint8)
    nearest = np.full(iso.values.shape, np.inf, np.float32)
    opening = np.zeros(0, bool)
    for n, body in enumerate(column):
        tick = partial(progress.step, 0.4 + 0.35 * n / len(column), "Growing the vertebral arches")
        tick()
        block = blocks[n]
        others = (body_of[block.where] != 0) & (body_of[block.where] != n + 1)
        below = (column[n - 1], joints[n - 1]) if n > 0 else None
        if numbers[n] == SACRUM:
            time, opening = sacral_arrival(block, body, joints[n], others, canal[block.where], tick)
        else:
            forward = float(np.interp(places[n], (1, 2, 3), PEDICLE_FORWARD_MM))
            known = numbers[n] != STAND_IN
            cut = None if known else last_slice(iso, block, body)
            time = arrival(block, body, joints[n], below, others, places[n] > 5, forward, known, cut, tick)
        time = np.where((block.depth <= 0) & ~others, 0.0, time)
        better = time < nearest[block.where]
        nearest[block.where][better] = time[better]
        owner[block.where][better] = n + 1
    tick = partial(progress.step, 0.75, "Drawing the borders between vertebrae")
    guessed = [number == STAND_IN for number in numbers]
    owner = settled(iso, column, guessed, bone_hu, joints, owner, tick)
    owner = parted(iso, column, bone_hu, owner, tick)
    vertebrae = np.zeros(iso.values.shape, np.uint8)
    structures = np.zeros(iso.values.shape, np.uint8)
    lowest = next((n for n, number in enumerate(numbers) if number not in (STAND_IN, SACRUM)), -1)
    # The sacrum last: its filled marrow may reach into L5's.
    for done, n in enumerate(sorted(range(len(column)), key=lambda n: numbers[n] == SACRUM)):
        tick = partial(progress.step, 0.75 + 0.2 * done / len(column), "Smoothing the labels")
        tick()
        if numbers[n] == STAND_IN:
            continue
        body = column[n]
        where = blocks[n].where
        sacrum = numbers[n] == SACRUM
        own, free = owner[where] == n + 1, owner[where] == 0
        spacing_mm = float(iso.spacing_mm[0])
        mask = outlined(own, free, iso.values[where], spacing_mm, sacral=sacrum, tick=tick)
        if sacrum:
            mask &= ~opening
        unlabelled = vertebrae[where] == 0
        if n == lowest and places[n] == 1.0:
            nobodys = unlabelled & (own | free)
            mask = with_process_marrow(mask, blocks[n], body, nobodys, spacing_mm, tick)
        mask &= unlabelled
        vertebrae[where][mask] = numbers[n]
        parts = split_parts(blocks[n], body, mask, sacrum)
        structures[where][mask] = parts[mask]
    structures[canal & (vertebrae == 0)] = int(Structure.CANAL)
    return vertebrae, structures, _unseen_joints(numbers, joints)


def _unseen_joints(
    numbers: Sequence[int], joints: Sequence[Sequence[FacetJoint]]
) -> dict[int, tuple[Side, ...]]:
    """Sides without a gap in the joint above a vertebra, by its number, for joints of two that were found."""
    out: dict[int, tuple[Side, ...]] = {}
    for number, above, pair in zip(numbers, numbers[1:], joints, strict=False):
        sides: tuple[Side, ...] = tuple("left" if j.side > 0 else "right" for j in pair if j.contrast_hu <= 0)
        if sides and STAND_IN not in (number, above):
            out[number] = sides
    return out


def _whole_column(
    iso: IsoVolume, bodies: list[BodyModel], sacral: BodyModel | None, naming: Naming
) -> tuple[list[BodyModel], list[int], list[float]]:
    """(bodies from foot to head with stand-ins beyond the ends, their numbers, places above S1)."""
    column = ([sacral] if sacral is not None else []) + bodies
    numbers = list(naming.numbers)
    places = [0.0 if n == SACRUM else float(max(1, 25 - n)) for n in numbers]
    if bodies:
        column, numbers, places = (
            [*column, beyond(bodies[-1], True)], [*numbers, STAND_IN], [*places, places[-1] + 1]
        )  # fmt: skip
    if bodies and sacral is None:
        column, numbers, places = (
            [beneath(iso, bodies[0]), *column], [STAND_IN, *numbers], [places[0] - 1, *places]
        )  # fmt: skip
    return column, numbers, places
