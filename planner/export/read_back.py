"""DICOM objects of a plan read again: what they say, where, and of which images."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray

from imaging.errors import PlannerError
from imaging.geometry.grid import VolumeGrid

MOST_BYTES = 2 << 30
MOST_VOXELS = 1 << 30
_KINDS = {
    "1.2.840.10008.5.1.4.1.1.66.4": "segmentation",
    "1.2.840.10008.5.1.4.1.1.481.3": "structures",
    "1.2.840.10008.5.1.4.1.1.88.34": "report",
    "1.2.840.10008.5.1.4.1.1.66.1": "registration",
    "1.2.840.10008.5.1.4.1.1.104.1": "pdf",
    "1.2.840.10008.5.1.4.1.1.104.3": "stl",
    "1.2.840.10008.5.1.4.1.1.7": "capture",
    "1.2.840.10008.5.1.4.1.1.11.1": "presentation",
}


@dataclass(frozen=True, eq=False)
class ReadObject:
    """A DICOM object read again.

    Attributes:
        kind: segmentation, structures, report, registration, pdf, stl, capture or presentation.
        names: of segments, structures or measurement groups.
        grid, labels: of a segmentation, [k, j, i] with the segment's number; None otherwise.
        points_lps_mm: (n, 3) of each structure or coded point, by name.
        numbers: measured values, by the name of their concept, in order.
        texts: coded texts, by the name of their concept, in order.
        matrix: (4, 4) of a registration, from the moving to the fixed frame; None otherwise.
        document: bytes of an encapsulated document; empty otherwise.
    """

    kind: str
    patient_id: str
    study_uid: str
    frame_of_reference_uid: str
    names: tuple[str, ...] = ()
    grid: VolumeGrid | None = None
    labels: NDArray[np.uint8] | None = None
    points_lps_mm: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    numbers: dict[str, list[float]] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    matrix: NDArray[np.float64] | None = None
    document: bytes = b""


def read_object(path: Path) -> ReadObject:
    """Read one object.

    Raises:
        PlannerError: bad_dicom_object, saying what is wrong; missing_file.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _bad(path, "it is larger than 2 GiB")
        dataset = pydicom.dcmread(io.BytesIO(path.read_bytes()))
        kind = _KINDS.get(str(dataset.get("SOPClassUID", "")), "")
        if not kind:
            raise _bad(path, "it is no object that a plan is handed on as")
        facts = _facts(dataset, kind)
        return ReadObject(
            kind,
            str(dataset.get("PatientID", "")),
            str(dataset.get("StudyInstanceUID", "")),
            str(dataset.get("FrameOfReferenceUID", "")),
            **facts,
        )
    except PlannerError:
        raise
    except FileNotFoundError as error:
        raise PlannerError("missing_file", f"There is no file {path}.") from error
    except MemoryError as error:
        raise _bad(path, "it needs more memory than is free") from error
    except Exception as error:
        raise _bad(path, f"it is damaged ({type(error).__name__})") from error


def _bad(path: Path, why: str) -> PlannerError:
    return PlannerError("bad_dicom_object", f"{path.name} cannot be used: {why}.")


def _facts(ds: Any, kind: str) -> dict[str, Any]:
    if kind == "segmentation":
        return _segmentation(ds)
    if kind == "structures":
        return _structures(ds)
    if kind == "report":
        return _report(ds)
    if kind == "registration":
        return {"matrix": _matrix(ds)}
    if kind in ("pdf", "stl"):
        length = int(ds.get("EncapsulatedDocumentLength") or len(ds.EncapsulatedDocument))
        return {"document": bytes(ds.EncapsulatedDocument)[:length], "names": (str(ds.DocumentTitle),)}
    return {}


def _segmentation(ds: Any) -> dict[str, Any]:
    rows, columns, frames = int(ds.Rows), int(ds.Columns), int(ds.get("NumberOfFrames") or 1)
    groups = ds.PerFrameFunctionalGroupsSequence
    shared = ds.SharedFunctionalGroupsSequence[0]
    if len(groups) != frames or rows * columns * frames > MOST_VOXELS:
        raise ValueError("frames do not fit")
    six = np.array(_macro(groups[0], shared, "PlaneOrientationSequence").ImageOrientationPatient, float)
    measures = _macro(groups[0], shared, "PixelMeasuresSequence")
    row_mm, column_mm = (float(v) for v in measures.PixelSpacing)
    axes = np.stack([six[:3], six[3:], np.cross(six[:3], six[3:])])
    places = np.array([g.PlanePositionSequence[0].ImagePositionPatient for g in groups], float)
    depths = places @ axes[2]
    levels = np.unique(np.round(depths, 3))
    between = measures.get("SpacingBetweenSlices") or measures.SliceThickness
    step = float(np.diff(levels).min()) if len(levels) > 1 else float(between)
    count = round((levels[-1] - levels[0]) / step) + 1
    if step <= 0 or rows * columns * count > MOST_VOXELS:
        raise ValueError("the volume is not believed")
    labels = np.zeros((count, rows, columns), np.uint8)
    pixels = ds.pixel_array.reshape(frames, rows, columns)
    for n, group in enumerate(groups):
        k = round((depths[n] - levels[0]) / step)
        number = int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        labels[k][pixels[n] > 0] = number
    origin = places[int(depths.argmin())]
    frame = str(ds.get("FrameOfReferenceUID", ""))
    grid = VolumeGrid.from_parts(labels.shape, origin, (column_mm, row_mm, step), axes.T, frame)
    return {
        "grid": grid,
        "labels": labels,
        "names": tuple(str(item.SegmentLabel) for item in ds.SegmentSequence),
    }


def _macro(group: Any, shared: Any, name: str) -> Any:
    return (group.get(name) or shared.get(name))[0]


def _structures(ds: Any) -> dict[str, Any]:
    names = {int(item.ROINumber): str(item.ROIName) for item in ds.StructureSetROISequence}
    points = {}
    for item in ds.ROIContourSequence:
        found = [np.array(c.ContourData, float).reshape(-1, 3) for c in item.get("ContourSequence") or []]
        points[names[int(item.ReferencedROINumber)]] = np.concatenate(found) if found else np.zeros((0, 3))
    return {"names": tuple(names.values()), "points_lps_mm": points}


def _report(ds: Any) -> dict[str, Any]:
    names: list[str] = []
    points: dict[str, NDArray[np.float64]] = {}
    numbers: dict[str, list[float]] = {}
    texts: dict[str, list[str]] = {}

    def walk(item: Any, where: str, depth: int) -> None:
        if depth > 20:
            raise ValueError("nested too deep")
        concept = item.get("ConceptNameCodeSequence")
        name = str(concept[0].CodeMeaning) if concept else ""
        kind = str(item.get("ValueType", ""))
        if kind == "NUM" and item.get("MeasuredValueSequence"):
            numbers.setdefault(name, []).append(float(item.MeasuredValueSequence[0].NumericValue))
        elif kind == "SCOORD3D":
            points[f"{where}: {name}" if where else name] = np.array(item.GraphicData, float).reshape(-1, 3)
        elif kind == "TEXT":
            texts.setdefault(name, []).append(str(item.TextValue))
            if name == "Tracking Identifier":
                where = str(item.TextValue)
                names.append(where)
        children = list(item.get("ContentSequence") or [])
        for child in children:
            identifier = child.get("ConceptNameCodeSequence")
            if identifier and str(identifier[0].CodeMeaning) == "Tracking Identifier":
                where = str(child.get("TextValue", where))
        for child in children:
            walk(child, where, depth + 1)

    walk(ds, "", 0)
    return {"names": tuple(names), "points_lps_mm": points, "numbers": numbers, "texts": texts}


def _matrix(ds: Any) -> NDArray[np.float64]:
    for item in ds.RegistrationSequence:
        for one in item.MatrixRegistrationSequence:
            for matrix in one.MatrixSequence:
                values = np.array(matrix.FrameOfReferenceTransformationMatrix, float).reshape(4, 4)
                if not np.allclose(values, np.eye(4)):
                    return values
    return np.eye(4)
