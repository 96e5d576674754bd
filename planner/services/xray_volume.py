"""The volume that X-rays of a case are made from: its CT, or a stand-in made from its MR."""

from __future__ import annotations

import threading

from imaging.progress import NULL_PROGRESS, Progress
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.services.open_case import Case

_lock = threading.Lock()
_last: tuple[Volume, SpineSegmentation, Volume] | None = None


def xray_volume(case: Case, found: SpineSegmentation, progress: Progress = NULL_PROGRESS) -> Volume:
    """A case's CT, or the stand-in of its MR, which is kept until another is asked for."""
    if case.volume.modality != "MR":
        return case.volume
    from imaging.mr.sequence import sequence_of_file
    from imaging.mr.synthetic import synthetic_ct

    global _last
    with _lock:
        if _last is None or _last[0] is not case.volume or _last[1] is not found:
            headers = case.series.summary.headers
            sequence = sequence_of_file(headers[0].image.path)[0] if headers else "unknown"
            _last = (case.volume, found, synthetic_ct(case.volume, found, sequence, progress))
        return _last[2]
