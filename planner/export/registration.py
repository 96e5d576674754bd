"""A rigid registration of two frames of reference as a Spatial Registration object."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from imaging.errors import PlannerError
from planner.export.dicom import new_object, reference, save


def write_registration(
    path: Path,
    fixed: Sequence[Any],
    moving: Sequence[Any],
    fixed_from_moving: ArrayLike,
    when: datetime,
    note: str = "",
) -> Path:
    """Write a rigid registration.

    Args:
        fixed, moving: headers of the images of either frame; the object belongs to the study of ``fixed``.
        fixed_from_moving: (4, 4) matrix from moving to fixed patient LPS mm.
        note: how it was found, in a few words.

    Raises:
        PlannerError: not_rigid, no_frame_of_reference.
    """
    import highdicom as hd
    from pydicom.uid import SpatialRegistrationStorage

    matrix = np.asarray(fixed_from_moving, float)
    turn = matrix[:3, :3]
    if (
        matrix.shape != (4, 4)
        or not np.allclose(turn @ turn.T, np.eye(3), atol=1e-4)
        or np.linalg.det(turn) < 0
    ):
        raise PlannerError("not_rigid", "Only a rigid registration can be written as DICOM.")
    frames = [str(x[0].get("FrameOfReferenceUID", "")) for x in (fixed, moving)]
    if not all(frames):
        text = "One of the series has no frame of reference, so their registration cannot be written."
        raise PlannerError("no_frame_of_reference", text)
    ds = new_object(fixed[0], SpatialRegistrationStorage, hd.UID(), 9008, 1, when)
    ds.Modality = "REG"
    ds.SeriesDescription = "BVN plan: registration (research)"
    ds.ContentLabel, ds.ContentDescription, ds.ContentCreatorName = "REGISTRATION", note[:64], ""
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = frames[0], ""
    ds.RegistrationSequence = [
        _item(fixed, frames[0], np.eye(4)),
        _item(moving, frames[1], matrix),
    ]
    ds.ReferencedSeriesSequence = [_series(fixed), *([_series(moving)] if _same_study(fixed, moving) else [])]
    if not _same_study(fixed, moving):
        ds.StudiesContainingOtherReferencedInstancesSequence = [_study(moving)]
    return save(ds, path)


def _same_study(fixed: Sequence[Any], moving: Sequence[Any]) -> bool:
    return bool(fixed[0].StudyInstanceUID == moving[0].StudyInstanceUID)


def _item(images: Sequence[Any], frame: str, matrix: Any) -> Any:
    from pydicom.dataset import Dataset

    step = Dataset()
    step.FrameOfReferenceTransformationMatrixType = "RIGID"
    step.FrameOfReferenceTransformationMatrix = [f"{v:.10g}" for v in np.asarray(matrix).ravel()]
    kind = Dataset()
    kind.CodeValue, kind.CodingSchemeDesignator, kind.CodeMeaning = (
        "125024",
        "DCM",
        "Image Content-based Alignment",
    )
    registration = Dataset()
    registration.MatrixSequence = [step]
    registration.FrameOfReferenceTransformationComment = ""
    registration.RegistrationTypeCodeSequence = [kind]
    item = Dataset()
    item.FrameOfReferenceUID = frame
    item.ReferencedImageSequence = [reference(image) for image in images]
    item.MatrixRegistrationSequence = [registration]
    return item


def _series(images: Sequence[Any]) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.SeriesInstanceUID = images[0].SeriesInstanceUID
    item.ReferencedInstanceSequence = [reference(image) for image in images]
    return item


def _study(images: Sequence[Any]) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.StudyInstanceUID = images[0].StudyInstanceUID
    item.ReferencedSeriesSequence = [_series(images)]
    return item
