"""Clearances against shapes whose distances are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.geometry.grid import VolumeGrid
from imaging.segmentation.anatomy_local import level_set, signed_distance
from imaging.volume import LabelVolume
from planner.trajectory.clearance import along_tool, wall_clearances, walls_along
from planner.trajectory.fields import VertebraFields

AXES = np.eye(3)


def tube_fields(half_width: float, half_height: float, spacing: tuple[float, float, float]) -> VertebraFields:
    """An elliptic tube along y, sampled as labels with the given voxel size."""
    shape = tuple(int(n) for n in np.ceil(np.array([30.0, 60.0, 30.0]) / np.array(spacing)[::-1]))
    native = VolumeGrid.from_parts(shape, (-15.2, -30.1, -15.3), spacing)  # type: ignore[arg-type]
    k, j, i = np.indices(shape)
    p = native.lps_from_indices(np.stack([i, j, k], -1))
    mask = (p[..., 0] / half_width) ** 2 + (p[..., 2] / half_height) ** 2 < 1
    fine = VolumeGrid.from_parts((42, 80, 42), (-12.3, -24, -12.3), (0.6, 0.6, 0.6))
    level = level_set(mask, native, fine)
    bone = signed_distance(level, 0.6)
    return VertebraFields(
        23, fine, np.zeros(3), AXES, bone, None, -np.ones_like(bone), np.zeros(42),
        LabelVolume(native, mask.astype(np.uint8) * 23),
    )  # fmt: skip


@pytest.mark.parametrize("spacing", [(0.8, 0.8, 0.8), (1.0, 1.0, 1.0)])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.9, -1.3)])
def test_walls_of_an_elliptic_tube(spacing: tuple[float, float, float], shift: tuple[float, float]) -> None:
    fields = tube_fields(5.0, 8.0, spacing)
    y = np.linspace(12, -12, 49)
    points = np.stack([np.full(49, shift[0]), y, np.full(49, shift[1])], 1)
    diameter = np.full(49, 4.19)
    walls = wall_clearances(fields, "left", points, diameter, np.ones(49, bool))

    t = np.linspace(0, 2 * np.pi, 20001)
    edge = np.stack([5 * np.cos(t), 8 * np.sin(t)], 1) - shift
    distance = np.linalg.norm(edge, axis=1)
    word = {
        "lateral": (edge[:, 0] > 0) & (np.abs(edge[:, 0]) >= np.abs(edge[:, 1])),
        "medial": (edge[:, 0] < 0) & (np.abs(edge[:, 0]) >= np.abs(edge[:, 1])),
        "superior": (edge[:, 1] > 0) & (np.abs(edge[:, 1]) > np.abs(edge[:, 0])),
        "inferior": (edge[:, 1] < 0) & (np.abs(edge[:, 1]) > np.abs(edge[:, 0])),
    }
    for name, where in word.items():
        assert walls[name] == pytest.approx(distance[where].min() - 4.19 / 2, abs=0.5), name


def test_in_the_middle_of_a_pedicle_the_nearest_wall_is_a_side_not_front_or_back() -> None:
    """There the distance falls to both sides alike: its fall named just any wall."""
    fields = tube_fields(5.0, 8.0, (1.0, 1.0, 1.0))
    ways = np.stack([np.stack([np.full(49, x), np.linspace(12, -12, 49), np.zeros(49)], 1)
                     for x in np.linspace(-1, 1, 201)])  # fmt: skip
    points = ways[np.abs(fields.fall(ways)[..., 0]).argmin(0), np.arange(49)]
    diameters = np.full(49, 2.0)
    tool, _ = along_tool(fields, "left", points, diameters, 6.0)
    assert not {"medial", "lateral"} & set(tool.toward)
    at = np.arange(49)
    named = tool.named_by(walls_along(fields, "left", points, diameters, at), at)
    assert set(named.toward) <= {"medial", "lateral"}


def test_outside_the_tube_clearance_is_negative_and_names_the_wall() -> None:
    fields = tube_fields(5.0, 8.0, (1.0, 1.0, 1.0))
    y = np.linspace(12, -12, 49)
    points = np.stack([np.full(49, -6.0), y, np.zeros(49)], 1)
    tool, _ = along_tool(fields, "left", points, np.full(49, 2.0), 6.0)
    assert tool.clearance_mm[tool.least_index] == pytest.approx(-2.0, abs=0.5)
    assert tool.toward[tool.least_index] == "medial"
    walls = wall_clearances(fields, "left", points, np.full(49, 2.0), np.ones(49, bool))
    assert walls["medial"] == pytest.approx(-2.0, abs=0.5)
