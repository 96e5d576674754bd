"""Tools and planned vertebrae as one STL solid, encapsulated in DICOM."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.segmentation.result import SpineSegmentation
from planner.domain.plan import Plan
from planner.export.dicom import new_object, save

Triangles = NDArray[np.float64]
_SIDES = 16


def tube(path_lps_mm: Sequence[Sequence[float]], diameter_mm: Sequence[float]) -> Triangles:
    """(n, 3, 3) closed surface of a tool along its path, of the given diameter at each point."""
    path = np.asarray(path_lps_mm, float)
    radius = np.asarray(diameter_mm, float) / 2
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    helper = np.eye(3)[int(np.abs(along).max(0).argmin())]
    u = np.cross(along, helper)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(along, u)
    turn = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    ring = np.cos(turn)[None, :, None] * u[:, None] + np.sin(turn)[None, :, None] * v[:, None]
    points = path[:, None] + radius[:, None, None] * ring
    a, b = points[:-1], points[1:]
    a2, b2 = np.roll(a, -1, axis=1), np.roll(b, -1, axis=1)
    sides = [np.stack([a, a2, b2], -2), np.stack([a, b2, b], -2)]
    caps = []
    for end, flip in ((0, True), (-1, False)):
        rim = points[end]
        cap = np.stack([np.broadcast_to(path[end], rim.shape), rim, np.roll(rim, -1, axis=0)], -2)
        caps.append(cap[:, ::-1] if flip else cap)
    return np.concatenate([*(s.reshape(-1, 3, 3) for s in sides), *caps])


def label_surface(labels: Any, lps_from_ijk: NDArray[np.float64]) -> Triangles:
    """(n, 3, 3) outward faces of a [k, j, i] mask's voxels in patient LPS mm."""
    mask = np.pad(np.asarray(labels, bool), 1)
    found = []
    for axis in range(3):
        for step in (-1, 1):
            faces = np.argwhere(mask & ~np.roll(mask, -step, axis=axis)) - 1.0
            if not len(faces):
                continue
            others = [a for a in range(3) if a != axis]
            corners = []
            for p, q in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
                corner = faces.copy()
                corner[:, axis] += 0.5 * step
                corner[:, others[0]] += p
                corner[:, others[1]] += q
                corners.append(corner)
            quad = np.stack(corners, 1)[..., ::-1]
            points = quad @ lps_from_ijk[:3, :3].T + lps_from_ijk[:3, 3]
            normal = np.cross(points[0, 1] - points[0, 0], points[0, 2] - points[0, 0])
            outward = lps_from_ijk[:3, 2 - axis] * step
            if normal @ outward < 0:
                points = points[:, ::-1]
            found += [points[:, [0, 1, 2]], points[:, [0, 2, 3]]]
    return np.concatenate(found) if found else np.zeros((0, 3, 3))


def stl_bytes(triangles: Triangles, title: str) -> bytes:
    """Binary STL in mm."""
    edges = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals = edges / np.maximum(np.linalg.norm(edges, axis=1, keepdims=True), 1e-12)
    row = np.dtype([("n", "<f4", 3), ("p", "<f4", (3, 3)), ("a", "<u2")])
    table = np.zeros(len(triangles), row)
    table["n"], table["p"] = normals, triangles
    return title.encode("ascii", "replace")[:79].ljust(80) + np.uint32(len(table)).tobytes() + table.tobytes()


def write_surfaces(
    folder: Path, sources: Sequence[Any], found: SpineSegmentation, plan: Plan, when: datetime
) -> Path | None:
    """Write surfaces.dcm with the tools and the vertebrae they go into; None where nothing is planned."""
    import highdicom as hd

    parts = [tube(t.path_lps_mm, t.outer_diameter_mm) for x in plan.levels for t in x.trajectories]
    if not parts:
        return None
    grid = found.vertebrae.grid
    for level in plan.levels:
        if level.trajectories:
            mask = found.vertebrae.labels == level.verse
            at = np.argwhere(mask)
            if len(at):
                low, high = at.min(0), at.max(0) + 1
                moved = grid.lps_from_ijk.copy()
                moved[:3, 3] = grid.lps_from_indices(low[::-1])
                parts.append(label_surface(mask[tuple(map(slice, low, high))], moved))
    data = stl_bytes(np.concatenate(parts), "BVN plan, patient LPS mm, research")
    ds = new_object(sources[0], "1.2.840.10008.5.1.4.1.1.104.3", hd.UID(), 9007, 1, when)
    ds.Modality = "M3D"
    ds.SeriesDescription = "BVN plan: surfaces (research)"
    ds.FrameOfReferenceUID = grid.frame_of_reference_uid or sources[0].FrameOfReferenceUID
    ds.PositionReferenceIndicator = ""
    ds.BurnedInAnnotation = "NO"
    ds.AcquisitionDateTime = ""
    ds.DocumentTitle = "Tools and vertebrae of a plan, patient LPS mm. Research, not for treatment"
    ds.ConceptNameCodeSequence = []
    ds.MIMETypeOfEncapsulatedDocument = "model/stl"
    ds.MeasurementUnitsCodeSequence = [_unit()]
    ds.EncapsulatedDocumentLength = len(data)
    ds.EncapsulatedDocument = data + b"\0" * (len(data) % 2)
    return save(ds, folder / "surfaces.dcm")


def _unit() -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "mm", "UCUM", "mm"
    return item
