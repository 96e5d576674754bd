"""The engine that a volume's X-rays come from, kept so that no two screens read the voxels twice."""

from __future__ import annotations

import threading

from imaging.fluoro.engine import FluoroEngine
from imaging.fluoro.rows import patient_mask
from imaging.volume import Volume

_lock = threading.Lock()
_kept: dict[bool, FluoroEngine] = {}


def engine_of(volume: Volume, patient_only: bool = True) -> FluoroEngine:
    """The engine of a CT, or of an MR's stand-in; with ``patient_only`` table and air around are left out.

    Raises:
        PlannerError: no_fluoro, not a CT.
    """
    with _lock:
        kept = _kept.get(patient_only)
        if kept is None or kept.volume is not volume:
            for key in [key for key, engine in _kept.items() if engine.volume is not volume]:
                del _kept[key]
            kept = FluoroEngine(volume, keep=patient_mask(volume) if patient_only else None)
            _kept[patient_only] = kept
        return kept
