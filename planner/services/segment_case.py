"""Find and measure the vertebrae of a case."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imaging.errors import PlannerError
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.segmentation.result import SpineLabels, SpineSegmentation
from planner.domain.plan import Point
from planner.services.open_case import Case

Anchor = tuple[int, Point]


def segment_case(
    case: Case, anchor: Anchor | None = None, progress: Progress = NULL_PROGRESS
) -> SpineSegmentation:
    """Find, name and measure the vertebrae of a case.

    ``anchor`` says that the vertebra whose body holds this LPS mm point is that VerSe number.

    Raises:
        PlannerError: where no spine can be found or the anchor lies in no body.
    """
    from imaging.mr.spine import segment_mr_spine
    from imaging.segmentation.quality import with_quality
    from imaging.segmentation.spine import label_spine

    if anchor is not None:
        require_inside(case, anchor)
    place = None if anchor is None else (anchor[0], np.array(anchor[1]))
    if case.volume.modality == "MR":
        found = segment_mr_spine(case.volume, anchor=place, progress=progress)
        levels = with_quality(found.levels, found.vertebrae, found.structures, case.volume)
        return replace(found, levels=levels)
    labels = label_spine(case.volume, anchor=place, progress=SubProgress(progress, 0.0, 0.8))
    return measured(case, labels, SubProgress(progress, 0.8, 1.0))


def measured(case: Case, labels: SpineLabels, progress: Progress = NULL_PROGRESS) -> SpineSegmentation:
    """Label maps with what can be measured on them."""
    from imaging.segmentation.anatomy import measure_anatomy
    from imaging.segmentation.quality import with_quality, with_unseen_joints

    levels = measure_anatomy(labels.vertebrae, labels.structures, case.volume, labels.confidence, progress)
    levels = with_quality(levels, labels.vertebrae, labels.structures, case.volume)
    levels = with_unseen_joints(levels, labels.unseen_joints)
    return SpineSegmentation(labels.vertebrae, labels.structures, levels, labels.findings, labels.evidence)


def require_inside(case: Case, anchor: Anchor) -> None:
    """Raise PlannerError ``bad_anchor`` where the anchor's point is not in the images."""
    if not bool(case.volume.grid.contains(np.array(anchor[1]))):
        raise PlannerError("bad_anchor", "The anchor's point lies outside the images (LPS mm expected).")
