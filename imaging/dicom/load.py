"""From a series summary to a volume on a rectangular grid in patient LPS mm."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.dicom.fill import filled
from imaging.dicom.pixels import AIR_HU, read_values
from imaging.dicom.series import SeriesSummary
from imaging.dicom.stack import Stack
from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.geometry.grid import VolumeGrid
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.volume import Volume


@dataclass(frozen=True, eq=False)
class LoadedSeries:
    """A volume and where it came from.

    Attributes:
        volume: voxels on their own grid, slices ascending along row x column, so right-handed.
        findings: the summary's reasons and what loading noticed.
        summary: the series as scanned; its ``headers`` are in the order of k unless resampled.
        steps: what was done to the images beyond reading them, as findings; a plan is stamped with them.
        image_sha256: (SOP instance UID, hex SHA-256 of the file) of every source file, in slice order.
        voxel_sha256: of the int16 voxels (little endian, [k, j, i]) and the affine: names a plan's source.
    """

    volume: Volume
    findings: tuple[Finding, ...]
    summary: SeriesSummary
    study_instance_uid: str
    series_instance_uid: str
    frame_of_reference_uid: str
    patient_id: str
    patient_name: str
    patient_birth_date: str
    patient_sex: str
    study_date: str
    modality: str
    sop_instance_uids: tuple[str, ...]
    voxel_sha256: str
    steps: tuple[Finding, ...] = ()
    image_sha256: tuple[tuple[str, str], ...] = ()


def load_series(
    summary: SeriesSummary, progress: Progress = NULL_PROGRESS, *, fill_missing: bool = False
) -> LoadedSeries:
    """Read the voxels of a series that may be planned on.

    Args:
        fill_missing: that the user agreed to interpolate slices that are missing.

    Raises:
        PlannerError: series_unusable with the reason, damaged_slice, too_little_memory.
        TaskCancelledError: through ``progress``.
    """
    fill = fill_missing and summary.fillable
    if not (summary.plannable or fill) or summary.stack is None:
        reason = next((r.text for r in summary.reasons if r.severity == "stop"), "")
        reason = reason or (summary.reasons[0].text if summary.reasons else "")
        raise PlannerError("series_unusable", f"{summary.title} cannot be planned. {reason}".strip())
    read = _read(summary, SubProgress(progress, 0.0, 0.95), fill)
    reasons = tuple(r for r in summary.reasons if r.code not in {"missing_slices", "gantry_tilt"})
    volume = read.volume
    progress.step(0.97, "Taking the fingerprint of the images")
    loaded = LoadedSeries(
        volume=volume,
        findings=(*read.steps, *reasons, *read.noticed),
        summary=summary,
        study_instance_uid=summary.study_instance_uid,
        series_instance_uid=summary.series_instance_uid,
        frame_of_reference_uid=summary.frame_of_reference_uid,
        patient_id=summary.patient_id,
        patient_name=summary.patient_name,
        patient_birth_date=summary.patient_birth_date,
        patient_sex=summary.patient_sex,
        study_date=summary.study_date,
        modality=summary.modality,
        sop_instance_uids=tuple(dict.fromkeys(h.image.sop_instance_uid for h in summary.headers)),
        voxel_sha256=voxel_sha256(volume),
        steps=read.steps,
        image_sha256=read.image_sha256,
    )
    progress.step(1.0, "Images read")
    return loaded


def read_volume(summary: SeriesSummary, progress: Progress = NULL_PROGRESS) -> tuple[Volume, list[Finding]]:
    """Voxels and grid of any evenly spaced series, even too small to plan on, and what reading noticed.

    Raises:
        PlannerError: not_a_volume, damaged_slice, too_little_memory.
    """
    read = _read(summary, progress, fill=False)
    return read.volume, [*read.steps, *read.noticed]


@dataclass(frozen=True, eq=False)
class _Read:
    volume: Volume
    steps: tuple[Finding, ...]
    noticed: tuple[Finding, ...]
    image_sha256: tuple[tuple[str, str], ...]


def _read(summary: SeriesSummary, progress: Progress, fill: bool) -> _Read:
    stack = summary.stack
    gaps = stack is not None and bool(stack.gaps) and not (stack.same_place or stack.uneven)
    if stack is None or stack.spacing_mm <= 0 or not (stack.regular or (fill and gaps)):
        text = f"{summary.title} is not a volume: its slices are not evenly spaced."
        raise PlannerError("not_a_volume", text)
    noticed: list[Finding] = []
    steps: list[Finding] = []
    try:
        values, scaled, hashes = read_values(
            summary.headers, summary.modality, SubProgress(progress, 0.0, 0.9)
        )
        row_mm, column_mm = summary.pixel_mm
        origin = stack.origin_lps_mm
        if stack.sheared:
            values, origin = _straighten(values, stack, column_mm, row_mm, summary.modality, progress)
            text = (
                f"The gantry was tilted by {stack.tilt_deg:.1f}°. Each slice was resampled within its "
                "plane so that they stand straight on each other."
            )
            steps.append(Finding("caution", "gantry_tilt_corrected", text, stack.tilt_deg, 0.0, "deg"))
        if stack.gaps:
            values, made = filled(values, stack)
            text = (
                f"{made} missing slice{' was' if made == 1 else 's were'} interpolated between neighbours, "
                "as the user agreed. What lies there was not measured."
            )
            steps.append(Finding("caution", "missing_slices_interpolated", text, made, 0, "slices"))
    except MemoryError:
        text = f"{summary.title} needs more memory than is free. Close other programs and try again."
        raise PlannerError("too_little_memory", text) from None
    if scaled:
        noticed.append(Finding("info", "mr_values_scaled", "The values were scaled to fit 0 to 4095."))
    if summary.modality == "CT":
        noticed += _check_values(values)
    grid = VolumeGrid.from_parts(
        (values.shape[0], values.shape[1], values.shape[2]),
        origin,
        (column_mm, row_mm, stack.spacing_mm),
        stack.axes_lps.T,
        summary.frame_of_reference_uid,
    )
    uids = {h.image.path: h.image.sop_instance_uid for h in summary.headers}
    prints = tuple((uid, hashes[path]) for path, uid in uids.items())
    return _Read(Volume(grid, values, summary.modality), tuple(steps), tuple(noticed), prints)


def voxel_sha256(volume: Volume) -> str:
    """Hex SHA-256 of the voxels and their affine (rounded to 1e-6 mm)."""
    digest = hashlib.sha256(np.ascontiguousarray(volume.values.astype("<i2", copy=False)).data)
    affine = np.round(volume.grid.lps_from_ijk, 6) + 0.0
    digest.update(np.array(volume.grid.shape_kji, "<i8").tobytes() + affine.astype("<f8").tobytes())
    return digest.hexdigest()


def _straighten(
    values: NDArray[np.int16],
    stack: Stack,
    column_mm: float,
    row_mm: float,
    modality: str,
    progress: Progress,
) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """Shift each slice within its plane onto one rectangular grid that holds them all.

    Slices of a tilted gantry are parallel and evenly spaced along their normal; only their in-plane start
    drifts. So linear interpolation within a slice is enough and nothing is blurred across slices.
    """
    low = stack.offsets_mm[:, :2].min(0)
    start_px = (stack.offsets_mm[:, :2] - low) / [column_mm, row_mm]
    columns, rows = np.ceil(start_px.max(0)).astype(int) + np.array([values.shape[2], values.shape[1]])
    outside = AIR_HU if modality == "CT" else 0
    straight = np.empty((len(values), int(rows), int(columns)), np.int16)
    for k, one in enumerate(values):
        if k % 10 == 0:
            progress.step(0.9 + 0.06 * k / len(values), "Straightening the tilted slices")
        shift = (-start_px[k, 1], -start_px[k, 0])
        moved = ndimage.affine_transform(
            one.astype(np.float32),
            np.ones(2),
            shift,
            output_shape=straight.shape[1:],
            order=1,
            mode="constant",
            cval=float(outside),
        )
        straight[k] = np.rint(moved)
    return straight, stack.origin_lps_mm + low @ stack.axes_lps[:2]


def _check_values(values: NDArray[np.int16]) -> list[Finding]:
    top = int(values[:, ::4, ::4].max())
    if top >= 300:
        return []
    text = f"The greatest value is {top} HU: there is no bone in these images, or they are not in HU."
    return [Finding("caution", "no_bone_values", text, top, 300, "HU")]
