"""Small pictures of series for the browser, turned as the app shows slices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.dicom.series import SeriesSummary
from imaging.progress import Progress

SIZE = 96


def thumbnails(series: list[SeriesSummary], progress: Progress) -> dict[str, NDArray[np.uint8]]:
    """By key of the series, the middle slice as (h, w) grey; those that cannot be read are left out."""
    made = {}
    for n, one in enumerate(series):
        progress.step(n / max(1, len(series)), "Reading thumbnails")
        picture = _middle(one)
        if picture is not None:
            made[one.key] = picture
    return made


def glance(series: SeriesSummary) -> NDArray[np.uint8] | None:
    """The middle slice in full as (h, w) grey, from its one file; None where it cannot be read."""
    return _middle(series, 512)


def _middle(series: SeriesSummary, size: int = SIZE) -> NDArray[np.uint8] | None:
    import pydicom

    try:
        header: Any = series.headers[len(series.headers) // 2]
        values = pydicom.dcmread(header.image.path).pixel_array.astype(np.float32)
        if values.ndim > 2:
            values = values[header.frame]
    except Exception:  # a damaged or compressed picture has no thumbnail; its verdict says why
        return None
    step = max(1, int(np.ceil(max(values.shape) / size)))
    values = values[::step, ::step]
    if series.orientation == "axial":
        values = values[::-1, ::-1]  # prone: posterior up, the patient's left on the left; never mirrored
    low, high = np.percentile(values, [5, 99.5])
    grey = np.clip((values - low) / max(1.0, float(high - low)) * 235, 0, 255)
    return np.ascontiguousarray(grey.astype(np.uint8))
