"""The bioheat solution on the tissue round one planned electrode."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.anatomy import BodyGeometry
from planner.domain.device import DeviceProfile
from planner.domain.plan import HeatResult, Target, TrajectoryParameters
from planner.physics.bioheat import (
    CANAL,
    CANCELLOUS,
    NECROSIS_CEM43_MIN,
    SOFT,
    STEP_MM,
    HeatField,
    Heating,
    grid_shape,
    solve,
)
from planner.trajectory.fields import VertebraFields
from planner.trajectory.path import build_path

Array = NDArray[np.float64]
SKIN_MM = 0.5
ENDPLATE_FROM = 0.35


def heat_of(
    fields: VertebraFields,
    body: BodyGeometry,
    target: Target,
    device: DeviceProfile,
    parameters: TrajectoryParameters,
) -> HeatResult:
    """Lesion, coverage and temperatures of the profile's default time and temperature. Takes seconds.

    Bone is cancellous throughout; the canal conducts like fluid at rest, all else like soft tissue.
    """
    preset = device.lesions[0]
    heating = Heating(
        device.probe_diameter_mm, device.electrode_length_mm, preset.temperature_c, preset.minutes
    )
    _, _, electrode = build_path(parameters, device)
    places = _places(electrode, grid_shape(heating))
    bone = fields.bone(places)
    canal = fields.canal(places)
    tissues = np.empty((3, *bone.shape), np.float32)
    for row, name in enumerate(("conductivity", "capacity", "sink")):
        inside = np.where(bone > 0, getattr(CANCELLOUS, name), getattr(SOFT, name))
        tissues[row] = np.where(canal < 0, getattr(CANAL, name), inside)
    field = solve(heating, tissues)
    across, along = field.size_mm()
    height = np.abs((places - body.centre_lps_mm) @ body.superior)
    plates = (np.abs(bone) < SKIN_MM) & (height > ENDPLATE_FROM * body.height_mm)
    at_canal = np.abs(canal) < SKIN_MM
    return HeatResult(
        preset.minutes,
        preset.temperature_c,
        across,
        along,
        _coverage(field, places, target),
        _hottest(field, at_canal) if fields.canal_mm is not None else None,
        _hottest(field, plates),
    )


def _places(electrode: Array, shape: tuple[int, int, int]) -> Array:
    """(*shape, 3) LPS mm of the grid's cells, its third axis along the electrode."""
    axis = electrode[-1] - electrode[0]
    axis = axis / np.linalg.norm(axis)
    helper = np.eye(3)[int(np.argmin(np.abs(axis)))]
    a = np.cross(axis, helper)
    a /= np.linalg.norm(a)
    frame = np.stack([a, np.cross(axis, a), axis])
    x, y, z = ((np.arange(n) - (n - 1) / 2) * STEP_MM for n in shape)
    local = np.stack(np.meshgrid(x, y, z, indexing="ij"), -1)
    return np.asarray(electrode[len(electrode) // 2] + local @ frame)


def _coverage(field: HeatField, places: Array, target: Target) -> float:
    near = np.linalg.norm(places - np.asarray(target.centre_lps_mm), axis=-1) <= target.radius_mm
    return float((field.cem43_min[near] >= NECROSIS_CEM43_MIN).mean()) if near.any() else 0.0


def _hottest(field: HeatField, where: NDArray[np.bool_]) -> float | None:
    return float(field.temperature_c[where].max()) if where.any() else None
