"""One engine a volume, whoever asks."""

from __future__ import annotations

import numpy as np

from imaging.geometry.grid import VolumeGrid
from imaging.volume import Volume
from planner.services.xray_engine import engine_of


def _volume():
    grid = VolumeGrid.from_parts((8, 8, 8), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    return Volume(grid, np.zeros((8, 8, 8), np.int16))


def test_a_volume_keeps_its_engine_with_and_without_its_surroundings():
    one, other = _volume(), _volume()
    alone, whole = engine_of(one), engine_of(one, patient_only=False)
    assert alone is not whole
    assert engine_of(one) is alone
    assert engine_of(one, patient_only=False) is whole
    assert engine_of(other) is not alone
    assert engine_of(one) is not alone  # the other volume took its place, with the memory
