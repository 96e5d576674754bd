"""Slices into volumes: one series UID may hold localizers, several orientations, echoes, time points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

from imaging.dicom.checks import is_localizer, judge
from imaging.dicom.headers import SliceHeader
from imaging.dicom.series import SeriesSummary
from imaging.dicom.stack import Stack, axes_from_orientation, build_stack
from imaging.findings import Finding

_SAME_DIRECTION = 2e-3
_MOST_COMPARED = 400


def summarise_series(headers: list[SliceHeader], damaged: list[str]) -> list[SeriesSummary]:
    """Volumes of one series UID, most slices first.

    Args:
        headers: all slices of the UID.
        damaged: names of files of the same folder and UID that could not be read.
    """
    volumes = [part for group in _same_shape(headers) for part in _separate(group)]
    volumes.sort(key=lambda v: (-len(v[0]), v[0][0].image.instance or 0))
    several = len(volumes) > 1
    found = []
    for n, (group, stack, notes) in enumerate(volumes, 1):
        if several:
            notes = [*notes, _several(len(volumes), volumes)]
        if damaged:
            names = ", ".join(damaged[:3]) + (f" and {len(damaged) - 3} more" if len(damaged) > 3 else "")
            text = f"{names} could not be read and {'is' if len(damaged) == 1 else 'are'} left out."
            notes = [*notes, Finding("caution", "damaged_files", text, len(damaged), 0, "files")]
        found.append(_summary(group, stack, notes, n if several else 0))
    return found


def _several(count: int, volumes: list[Any]) -> Finding:
    orientations = {v[1].orientation for v in volumes if v[1] is not None}
    mixed = f" ({', '.join(sorted(orientations))})" if len(orientations) > 1 else ""
    if len({(v[0][0].image.patient_id, v[0][0].image.study_uid) for v in volumes}) > 1:
        text = "This series UID is used by images of different patients or studies; they are kept apart."
        return Finding("caution", "mixed_patients", text)
    if len({v[0][0].image.frame_of_reference_uid for v in volumes}) > 1:
        mixed = " (different frames of reference)"
    text = f"This series holds {count} separate stacks{mixed}; each is listed on its own."
    return Finding("info", "several_volumes", text, count, 1, "volumes")


def _same_shape(headers: list[SliceHeader]) -> list[list[SliceHeader]]:
    """Groups that agree in matrix, pixel size, kind and orientation."""
    groups: dict[tuple[Any, ...], list[tuple[np.ndarray[Any, Any] | None, list[SliceHeader]]]] = defaultdict(
        list
    )
    for header in headers:
        image = header.image
        key = (
            image.rows,
            image.columns,
            None if header.pixel_mm is None else tuple(round(v, 3) for v in header.pixel_mm),
            image.modality,
            image.samples,
            image.study_uid,
            image.patient_id,
            image.frame_of_reference_uid,
            is_localizer(header),
        )
        six = None if header.orientation_lps is None else np.array(header.orientation_lps)
        for known, members in groups[key]:
            if (six is None) == (known is None) and (
                six is None or known is None or np.abs(six - known).max() < _SAME_DIRECTION
            ):
                members.append(header)
                break
        else:
            groups[key].append((six, [header]))
    return [members for found in groups.values() for _, members in found]


Part = tuple[list[SliceHeader], Stack | None, list[Finding]]


def _separate(headers: list[SliceHeader]) -> list[Part]:
    """Split a group whose slices clash into volumes by what the headers tell apart."""
    first = headers[0]
    axes = None if first.orientation_lps is None else axes_from_orientation(first.orientation_lps)
    if axes is None or first.pixel_mm is None or any(h.position_lps_mm is None for h in headers):
        return [(headers, None, [])]
    headers = sorted(headers, key=lambda h: (h.image.instance or 0, str(h.image.path), h.frame))
    notes: list[Finding] = []
    stack = _stack(headers, axes)
    if stack.same_place:
        headers, dropped = _without_copies(headers, stack)
        if dropped:
            text = (
                f"{dropped} slice{' is a copy' if dropped == 1 else 's are copies'} of others and left out."
            )
            notes.append(Finding("info", "copies_left_out", text, dropped, 0, "slices"))
            stack = _stack(headers, axes)
    if not stack.regular:
        for name in dict(headers[0].labels):
            parts = _split(headers, lambda h, name=name: dict(h.labels).get(name, ""))  # type: ignore[misc]
            stacks = [_stack(part, axes) for part in parts]
            if len(parts) > 1 and _worth_it(stack, parts, stacks):
                return [
                    (_ordered(part, piece), piece, [*notes, _told_apart(name)])
                    for part, piece in zip(parts, stacks, strict=True)
                ]
    return [(_ordered(headers, stack), stack, notes)]


def _told_apart(name: str) -> Finding:
    return Finding("info", "told_apart", f"Told apart from others at the same place by {name}.")


def _worth_it(whole: Stack, parts: list[list[SliceHeader]], stacks: list[Stack]) -> bool:
    if any(len(part) < 2 for part in parts):
        return False
    if whole.same_place:
        return not any(stack.same_place for stack in stacks)
    return all(stack.regular and len(part) > 2 for stack, part in zip(stacks, parts, strict=True))


def _split(headers: list[SliceHeader], label: Callable[[SliceHeader], str]) -> list[list[SliceHeader]]:
    parts: dict[str, list[SliceHeader]] = defaultdict(list)
    for header in headers:
        parts[label(header)].append(header)
    return list(parts.values())


def _stack(headers: list[SliceHeader], axes: np.ndarray[Any, Any]) -> Stack:
    return build_stack([h.position_lps_mm for h in headers], axes)  # type: ignore[misc]


def _ordered(headers: list[SliceHeader], stack: Stack) -> list[SliceHeader]:
    return [headers[n] for n in stack.order]


def _without_copies(headers: list[SliceHeader], stack: Stack) -> tuple[list[SliceHeader], int]:
    """Leave out slices at one place that are the same instance, or the same pixels."""
    dropped: set[int] = set()
    compared = 0
    for group in stack.same_place:
        kept: list[int] = []
        for n in sorted(stack.order[place] for place in group):
            compared += 1
            copy = any(_copies(headers[n], headers[m], compared <= _MOST_COMPARED) for m in kept)
            if copy:
                dropped.add(n)
            else:
                kept.append(n)
    return [h for n, h in enumerate(headers) if n not in dropped], len(dropped)


def _copies(one: SliceHeader, other: SliceHeader, look: bool) -> bool:
    a, b = one.image, other.image
    if a.path == b.path:
        return False
    if a.sop_instance_uid and a.sop_instance_uid == b.sop_instance_uid:
        return one.frame == other.frame
    # Different labels mean different acquisitions: then equal pixels would be chance or an error, not a copy.
    return look and one.labels == other.labels and _pixels(a.path) == _pixels(b.path)


def _pixels(path: Path) -> Any:
    try:
        return pydicom.dcmread(path, force=True, specific_tags=["PixelData", "RescaleSlope"]).get("PixelData")
    except Exception:
        return object()


def _summary(
    headers: list[SliceHeader], stack: Stack | None, notes: list[Finding], part: int
) -> SeriesSummary:
    first = headers[0]
    image = first.image
    extent = (0.0, 0.0, 0.0)
    if stack is not None and first.pixel_mm is not None:
        row_mm, column_mm = image.columns * first.pixel_mm[1], image.rows * first.pixel_mm[0]
        size = np.array([row_mm, column_mm, (len(set(stack.offsets_mm[:, 2].round(2)))) * stack.spacing_mm])
        if stack.gaps or stack.uneven:
            size[2] = float(np.ptp(stack.offsets_mm[:, 2])) + stack.spacing_mm
        along = np.abs(stack.axes_lps.T) @ size
        extent = (float(along[0]), float(along[1]), float(along[2]))
    verdict, reasons, score = judge(headers, stack, extent, notes)
    return SeriesSummary(
        study_instance_uid=image.study_uid,
        series_instance_uid=image.series_uid,
        part=part,
        frame_of_reference_uid=image.frame_of_reference_uid,
        patient_id=image.patient_id,
        patient_name=image.patient_name,
        patient_birth_date=image.patient_birth_date,
        patient_sex=image.patient_sex,
        study_date=image.study_date,
        modality=image.modality,
        description=image.description,
        number=image.number,
        kernel=image.kernel,
        rows=image.rows,
        columns=image.columns,
        slices=len(headers),
        pixel_mm=first.pixel_mm or (0.0, 0.0),
        spacing_mm=round(stack.spacing_mm, 6) if stack is not None else 0.0,
        thickness_mm=first.thickness_mm,
        orientation=stack.orientation if stack is not None else "",
        extent_lps_mm=extent,
        headers=tuple(headers),
        stack=stack,
        verdict=verdict,
        reasons=reasons,
        score=score,
    )


def with_best(series: list[SeriesSummary]) -> list[SeriesSummary]:
    """Mark the highest scoring usable CT of every patient as best, and sort by score."""
    tops: dict[tuple[str, str], SeriesSummary] = {}
    for one in series:
        patient = (one.patient_id, one.patient_name)
        if (
            one.verdict == "usable"
            and one.modality == "CT"
            and one.score > getattr(tops.get(patient), "score", 0)
        ):
            tops[patient] = one
    marked = [replace(s, verdict="best") if any(s is top for top in tops.values()) else s for s in series]
    return sorted(
        marked, key=lambda s: (-s.score, s.verdict == "reference", -s.slices, s.number or 0, s.part)
    )
