"""Distance fields of a segmentation's vertebrae, prepared when first needed and kept as long as it lives."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from weakref import WeakKeyDictionary

from imaging.errors import PlannerError
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import Volume
from planner.trajectory.fields import VertebraFields, prepare_fields

Kept = dict[int, VertebraFields]
_kept: WeakKeyDictionary[SpineSegmentation, dict[int, VertebraFields]] = WeakKeyDictionary()
_digests: WeakKeyDictionary[SpineSegmentation, str] = WeakKeyDictionary()
_lock = threading.Lock()


def fields_of(found: SpineSegmentation, verse: int, volume: Volume) -> VertebraFields:
    """Fields of one vertebra; about a second the first time, then at once. Safe to call from any thread.

    ``volume`` is the image they stand on. Distances follow a CT's own edge: without it they would be others.

    Raises:
        PlannerError: not_measured where the segmentation does not measure this vertebra.
    """
    with _lock:
        mine = _kept.setdefault(found, {})
        kept = mine.get(verse)
    if kept is None:
        anatomy = found.level(verse)
        if anatomy is None:
            raise PlannerError(
                "not_measured", "This vertebra was not measured, so nothing can be planned in it."
            )
        kept = prepare_fields(anatomy, found.vertebrae, found.structures, volume=volume)
    if volume.modality == "CT" and kept.volume is not volume:
        kept = replace(kept, volume=volume)
    with _lock:
        mine[verse] = kept
    return kept


def kept_fields(found: SpineSegmentation) -> Kept:
    """The fields prepared so far by VerSe number, without the CT, to travel with ``found``."""
    with _lock:
        return {verse: replace(one, volume=None) for verse, one in _kept.get(found, {}).items()}


def adopt_fields(found: SpineSegmentation, kept: Kept) -> None:
    """Keep fields of ``found`` that were prepared elsewhere."""
    with _lock:
        _kept.setdefault(found, {}).update(kept)


def segmentation_sha256(found: SpineSegmentation) -> str:
    """Digest of the label maps: what a plan's approval stands on.

    The grid is the source's, which has its own digest; files hold it as 32-bit floats, so it stays out.
    """
    with _lock:
        known = _digests.get(found)
    if known is None:
        digest = hashlib.sha256()
        for part in (found.vertebrae, found.structures):
            digest.update(repr(part.grid.shape_kji).encode())
            digest.update(part.labels.tobytes())
        known = digest.hexdigest()
        with _lock:
            _digests[found] = known
    return known
