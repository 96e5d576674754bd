"""Pixels of DICOM files into int16 values: HU for CT, arbitrary units for MR."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray

from imaging.dicom.headers import SliceHeader, functional_group
from imaging.errors import PlannerError
from imaging.progress import Progress

AIR_HU = -1024
_BELIEVABLE_HU = (-900, 4000)
_WORKERS = 4
MOST_VOXELS = 1 << 30

Slices = NDArray[np.float32] | NDArray[np.int16]


def read_values(
    headers: tuple[SliceHeader, ...], modality: str, progress: Progress
) -> tuple[NDArray[np.int16], bool, dict[Path, str]]:
    """(n, rows, columns) int16 values in the order of ``headers``, whether MR values were scaled to fit, and
    the hex SHA-256 of each file.

    CT: stored x slope + intercept of each slice, padding and what lies below air set to -1024 HU.
    MR: stored values where all slices share one slope; else the rescaled ones.

    Raises:
        PlannerError: damaged_slice or unsupported_compression, naming the file.
    """
    wanted: dict[Path, list[int]] = {}
    for n, header in enumerate(headers):
        wanted.setdefault(header.image.path, []).append(n)
    shape = (len(headers), headers[0].image.rows, headers[0].image.columns)
    if shape[0] * shape[1] * shape[2] > MOST_VOXELS:
        text = (
            f"The images claim {shape[2]} x {shape[1]} x {shape[0]} voxels, more than {MOST_VOXELS}. "
            "They are not read."
        )
        raise PlannerError("too_large", text)
    ct = modality == "CT"
    out: NDArray[Any] = np.empty(shape, np.int16 if ct else np.float32)
    slopes = np.ones((len(headers), 2))
    hashes: dict[Path, str] = {}

    def read(path: Path) -> None:
        places = wanted[path]
        hashes[path], frames = _frames(path, [headers[n].frame for n in places], shape[1:])
        for place, (stored, slope, intercept, padding) in zip(places, frames, strict=True):
            slopes[place] = slope, intercept
            out[place] = _hounsfield(stored, slope, intercept, padding) if ct else stored

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _in_threads(list(wanted), read, progress)
    if ct:
        return out, False, hashes
    return *_mr_values(out, slopes), hashes


def _in_threads(paths: list[Path], read: Callable[[Path], None], progress: Progress) -> None:
    pool = ThreadPoolExecutor(_WORKERS)
    try:
        jobs: list[Future[None]] = [pool.submit(read, path) for path in paths]
        for n, job in enumerate(jobs):
            if n % 10 == 0:
                progress.step(n / len(jobs), f"Reading images, {n} of {len(jobs)} files")
            job.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _frames(
    path: Path, frames: list[int], shape: tuple[int, ...]
) -> tuple[str, list[tuple[NDArray[Any], float, float, tuple[float, float] | None]]]:
    try:
        data = path.read_bytes()
        dataset = pydicom.dcmread(io.BytesIO(data), force=True)
        if not dataset.file_meta.get("TransferSyntaxUID"):
            dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        pixels = dataset.pixel_array
        if pixels.ndim == len(shape):
            pixels = pixels[None]
        if pixels.shape[1:] != shape:
            raise ValueError("the pixels do not fill the matrix")
        return hashlib.sha256(data).hexdigest(), [(pixels[n], *_rescale(dataset, n)) for n in frames]
    except MemoryError:
        raise
    except Exception as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> PlannerError:
    words = str(error).lower()
    if "missing" in words and ("dependenc" in words or "plugin" in words):
        text = f"{path.name} is compressed in a way this program cannot read. Export the series uncompressed."
        return PlannerError("unsupported_compression", text)
    why = "its image data cannot be decoded"
    if "no pixel data" in words or "no 'pixel data'" in words:
        why = "its image data are missing or cut short"
    elif "length" in words or "number of bytes" in words:
        why = "its image data are cut short"
    return PlannerError(
        "damaged_slice", f"{path.name} is damaged: {why}. Copy the series again from its source."
    )


def _rescale(dataset: Any, frame: int) -> tuple[float, float, tuple[float, float] | None]:
    source = dataset
    groups = dataset.get("PerFrameFunctionalGroupsSequence")
    if groups:
        shared = dataset.get("SharedFunctionalGroupsSequence")
        chain = [groups[frame], *([shared[0]] if shared else [])]
        source = functional_group(chain, "PixelValueTransformationSequence")
    slope, intercept = source.get("RescaleSlope"), source.get("RescaleIntercept")
    return (
        1.0 if slope is None or float(slope) == 0 else float(slope),
        0.0 if intercept is None else float(intercept),
        _padding(dataset),
    )


def _padding(dataset: Any) -> tuple[float, float] | None:
    ends = [dataset.get("PixelPaddingValue"), dataset.get("PixelPaddingRangeLimit")]
    values = []
    for end in ends:
        try:
            value = int(end)
        except (TypeError, ValueError):
            continue
        # Some writers store a signed padding with an unsigned VR.
        if int(dataset.get("PixelRepresentation") or 0) == 1 and value > 32767:
            value -= 65536
        values.append(value)
    return (min(values), max(values)) if values else None


def _hounsfield(
    stored: NDArray[Any], slope: float, intercept: float, padding: tuple[float, float] | None
) -> NDArray[np.int16]:
    if slope == 1.0 and intercept.is_integer():
        values: NDArray[Any] = stored.astype(np.int32) + int(intercept)
    else:
        values = np.rint(stored * slope + intercept)
    np.clip(values, AIR_HU, 32767, out=values)
    if padding is not None:
        ends = sorted(end * slope + intercept for end in padding)
        # A padding value within tissue's range would punch holes into tissue, so it is not believed.
        if ends[1] < _BELIEVABLE_HU[0] or ends[0] > _BELIEVABLE_HU[1]:
            values[(stored >= padding[0]) & (stored <= padding[1])] = AIR_HU
    return values.astype(np.int16)


def _mr_values(stored: NDArray[Any], slopes: NDArray[np.float64]) -> tuple[NDArray[np.int16], bool]:
    values = stored
    uneven = bool(np.ptp(slopes, axis=0).max() > 1e-9)
    if uneven:
        values = stored * slopes[:, :1, None].astype(np.float32) + slopes[:, 1:, None].astype(np.float32)
    peak = float(values.max(initial=0.0))
    scaled = peak > 32767 or (uneven and 0 < peak < 1000)
    if scaled:
        values = values * (4095.0 / peak)
    whole: NDArray[np.int16] = np.clip(np.rint(values), -32768, 32767).astype(np.int16)
    return whole, scaled
