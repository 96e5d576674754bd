"""Distance fields of a segmentation's vertebrae, prepared when first needed and kept as long as it lives."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

from imaging.errors import PlannerError
from imaging.segmentation.result import SpineSegmentation
from planner.trajectory.fields import VertebraFields, prepare_fields

_kept: WeakKeyDictionary[SpineSegmentation, dict[int, VertebraFields]] = WeakKeyDictionary()
_lock = threading.Lock()


def fields_of(found: SpineSegmentation, verse: int) -> VertebraFields:
    """Fields of one vertebra; about a second the first time, then at once. Safe to call from any thread.

    Raises:
        PlannerError: not_measured where the segmentation does not measure this vertebra.
    """
    with _lock:
        mine = _kept.setdefault(found, {})
        if verse in mine:
            return mine[verse]
    anatomy = found.level(verse)
    if anatomy is None:
        raise PlannerError("not_measured", "This vertebra was not measured, so nothing can be planned in it.")
    fields = prepare_fields(anatomy, found.vertebrae, found.structures)
    with _lock:
        return mine.setdefault(verse, fields)
