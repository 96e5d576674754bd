"""The plan as an RT Structure Set: targets, tools and lesions where any radiotherapy viewer can show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.domain.plan import Lesion, Plan
from planner.export.dicom import new_object, reference, save, stack_of

_COLOURS = {"target": (255, 240, 74), "tool": (92, 223, 238), "lesion": (233, 203, 163)}


def write_structures(folder: Path, sources: Sequence[Any], plan: Plan, when: datetime) -> Path | None:
    """Write structures.dcm: each target a point, each tool an open line, each lesion its outline in the
    source slices; None where nothing is planned."""
    import highdicom as hd
    from pydicom.dataset import Dataset
    from pydicom.uid import RTStructureSetStorage

    items = _items(plan, sources)
    if not items:
        return None
    source = sources[0]
    ds = new_object(source, RTStructureSetStorage, hd.UID(), 9006, 1, when)
    ds.Modality = "RTSTRUCT"
    ds.SeriesDescription = "BVN plan: targets and tools (research)"
    ds.StructureSetLabel = "BVN plan"
    ds.StructureSetDescription = "Research: planning and training aid, not for treatment"
    ds.StructureSetDate, ds.StructureSetTime = when.strftime("%Y%m%d"), when.strftime("%H%M%S")
    ds.ApprovalStatus = "UNAPPROVED"
    ds.FrameOfReferenceUID = plan.source.frame_of_reference_uid or source.FrameOfReferenceUID
    ds.PositionReferenceIndicator = ""
    ds.OperatorsName = ""
    series = Dataset()
    series.SeriesInstanceUID = source.SeriesInstanceUID
    series.ContourImageSequence = [reference(s) for s in sources]
    study = Dataset()
    study.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    study.ReferencedSOPInstanceUID = source.StudyInstanceUID
    study.RTReferencedSeriesSequence = [series]
    frame = Dataset()
    frame.FrameOfReferenceUID = ds.FrameOfReferenceUID
    frame.RTReferencedStudySequence = [study]
    ds.ReferencedFrameOfReferenceSequence = [frame]
    ds.StructureSetROISequence, ds.ROIContourSequence, ds.RTROIObservationsSequence = [], [], []
    for number, (name, kind, geometry, contours) in enumerate(items, 1):
        roi = Dataset()
        roi.ROINumber, roi.ROIName = number, name[:64]
        roi.ReferencedFrameOfReferenceUID = ds.FrameOfReferenceUID
        roi.ROIGenerationAlgorithm = "AUTOMATIC"
        ds.StructureSetROISequence.append(roi)
        shape = Dataset()
        shape.ReferencedROINumber = number
        shape.ROIDisplayColor = list(_COLOURS[kind])
        shape.ContourSequence = [_contour(geometry, points) for points in contours]
        ds.ROIContourSequence.append(shape)
        seen = Dataset()
        seen.ObservationNumber = seen.ReferencedROINumber = number
        seen.RTROIInterpretedType = "CONTROL" if kind == "lesion" else "MARKER"
        seen.ROIInterpreter = ""
        ds.RTROIObservationsSequence.append(seen)
    return save(ds, folder / "structures.dcm")


def _contour(geometry: str, points: NDArray[np.float64]) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ContourGeometricType = geometry
    item.NumberOfContourPoints = len(points)
    item.ContourData = [f"{v:.4f}" for v in points.ravel()]
    return item


def _items(plan: Plan, sources: Sequence[Any]) -> list[tuple[str, str, str, list[NDArray[np.float64]]]]:
    found: list[tuple[str, str, str, list[NDArray[np.float64]]]] = []
    for level in plan.levels:
        if level.target is not None:
            found.append(
                (f"{level.name} target", "target", "POINT", [np.array([level.target.centre_lps_mm])])
            )
        for t in level.trajectories:
            name = f"{level.name} {t.side}"
            found.append((f"{name} tool", "tool", "OPEN_NONPLANAR", [np.array(t.path_lps_mm)]))
            rings = _rings(t.lesion, sources)
            if rings:
                found.append((f"{name} lesion", "lesion", "CLOSED_PLANAR", rings))
    return found


def _rings(lesion: Lesion, sources: Sequence[Any]) -> list[NDArray[np.float64]]:
    """Where the lesion's ellipsoid meets each source slice, 48 points a ring.

    With x = M u the ellipsoid is |u| = 1. In a slice p + a r + b c this is a quadratic form in (a, b), whose
    level set is an ellipse round its own minimum.
    """
    placed = stack_of(sources)
    if placed is None:
        return []
    positions, row, column = placed
    axis = np.array(lesion.axis_lps, float)
    side = np.linalg.svd(axis[None])[2][1:]
    across, across2, along = lesion.semi_axes_mm
    inverse = np.stack([side[0] / across, side[1] / across2, axis / along])
    frame = inverse @ np.stack([row, column], axis=1)
    square = frame.T @ frame
    circle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    unit = np.stack([np.cos(circle), np.sin(circle)])
    half = np.linalg.cholesky(np.linalg.inv(square))
    rings = []
    for position in positions:
        start = inverse @ (position - np.array(lesion.centre_lps_mm))
        middle = -np.linalg.solve(square, frame.T @ start)
        rest = 1.0 - float(((start + frame @ middle) ** 2).sum())
        if rest <= 0.01:
            continue
        ab = middle[:, None] + np.sqrt(rest) * (half @ unit)
        rings.append(position + ab.T @ np.stack([row, column]))
    return rings
