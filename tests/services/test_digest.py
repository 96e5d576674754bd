"""The digest of a segmentation survives saving: an approval must not be lost by opening the case again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from plan_fakes import plan, segmentation

from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.result import SpineSegmentation
from imaging.volume import LabelVolume
from planner.services.vertebra_fields import segmentation_sha256
from planner.storage.case_file import read_case_file, write_case_file


def test_saving_and_opening_keeps_the_digest(tmp_path: Path) -> None:
    angle = np.deg2rad(7.3)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    small = segmentation()
    shape = small.vertebrae.grid.shape_kji
    grid = VolumeGrid.from_parts(
        shape, (-123.4567891, 210.1234567, -998.7654321), (0.7031, 0.7031, 1.25), turn, "1.2.3.5"
    )
    found = SpineSegmentation(
        LabelVolume(grid, small.vertebrae.labels),
        LabelVolume(grid, small.structures.labels),
        small.levels,
        (),
    )
    path = tmp_path / "case.bvn"
    write_case_file(path, tmp_path, plan(), found)
    stored = read_case_file(path)
    again = replace(found, vertebrae=stored.vertebrae, structures=stored.structures)
    assert segmentation_sha256(again) == segmentation_sha256(found)
