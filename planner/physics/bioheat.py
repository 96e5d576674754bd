"""Pennes' bioheat equation round a heated cylinder, with thermal dose: illustrative, no device model.

rho c dT/dt = div(k grad T) - rho_b c_b w (T - T_b); thermal dose CEM43 after Sapareto and Dewey. The
electrode is a cylinder of uniform, fixed temperature; Joule heating beyond its surface is left out, so real
lesions of bipolar fields differ. Finite differences, explicit in time, harmonic means between cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Array = NDArray[np.float64]
BLOOD_C = 37.0
# Blood 1050 kg/m3 and 3617 J/kg/K [K+].
BLOOD_J_M3_K = 1050.0 * 3617.0
NECROSIS_CEM43_MIN = 240.0
STEP_MM = 0.5
HALF_ACROSS_MM = 21.0
BEYOND_ENDS_MM = 19.0


@dataclass(frozen=True)
class Tissue:
    """Conductivity W/m/K, heat capacity J/m3/K, perfusion mL/min/kg, density kg/m3."""

    conductivity: float
    capacity: float
    perfusion: float
    density: float

    @property
    def sink(self) -> float:
        """Heat that perfusion takes away, W/m3/K."""
        return BLOOD_J_M3_K * self.perfusion * 1e-6 / 60.0 * self.density


# IT'IS values [K~]; cancellous bone as in the check run [C].
CANCELLOUS = Tissue(0.31, 1178.0 * 2274.0, 30.0, 1178.0)
CANAL = Tissue(0.57, 1007.0 * 4096.0, 0.0, 1007.0)
SOFT = Tissue(0.49, 1090.0 * 3421.0, 37.0, 1090.0)


@dataclass(frozen=True)
class Heating:
    """A cylinder of ``diameter_mm`` and ``length_mm`` held at ``temperature_c`` for ``minutes``."""

    diameter_mm: float
    length_mm: float
    temperature_c: float
    minutes: float


@dataclass(frozen=True, eq=False)
class HeatField:
    """Temperatures (°C) at the end and dose (min) on a grid [across, across, along] round the electrode."""

    temperature_c: F32
    cem43_min: Array
    step_mm: float

    def along_axes(self) -> tuple[Array, Array, Array]:
        """Coordinates (mm from the electrode's middle) of the three axes."""
        x, y, z = ((np.arange(n) - (n - 1) / 2) * self.step_mm for n in self.temperature_c.shape)
        return x, y, z

    def size_mm(self, threshold_min: float = NECROSIS_CEM43_MIN) -> tuple[float, float]:
        """Diameter across and length along of the volume with at least that dose."""
        a, b, c = (n // 2 for n in self.cem43_min.shape)
        dose = np.log10(np.maximum(self.cem43_min, 1e-12))
        level = float(np.log10(threshold_min))
        across = (_width(dose[:, b, c], level) + _width(dose[a, :, c], level)) / 2
        return across * self.step_mm, _width(dose[a, b, :], level) * self.step_mm

    def at_radius(self, radius_mm: float) -> float:
        """Temperature beside the electrode's middle, the mean of both axes across."""
        a, b, c = (n // 2 for n in self.temperature_c.shape)
        x = np.abs(self.along_axes()[0])[a:]
        lines = (self.temperature_c[a:, b, c], self.temperature_c[a, b:, c])
        return float(np.mean([np.interp(radius_mm, x, line) for line in lines]))


def _width(line: Array, level: float) -> float:
    """Number of cells, with fractions, of the middle run above a level."""
    middle = len(line) // 2
    if line[middle] < level:
        return 0.0
    total = 0.0
    for side in (line[middle:], line[middle::-1]):
        below = np.flatnonzero(side < level)
        if not len(below):
            total += len(side) - 1
            continue
        i = int(below[0])
        total += i - 1 + (side[i - 1] - level) / max(side[i - 1] - side[i], 1e-9)
    return float(total)


def grid_shape(heating: Heating, step_mm: float = STEP_MM) -> tuple[int, int, int]:
    """Odd numbers of cells, so that one lies on the electrode's axis and middle."""
    across = 2 * int(np.ceil(HALF_ACROSS_MM / step_mm)) + 1
    along = 2 * int(np.ceil((heating.length_mm / 2 + BEYOND_ENDS_MM) / step_mm)) + 1
    return across, across, along


def solve(heating: Heating, tissues: F32 | None = None, step_mm: float = STEP_MM) -> HeatField:
    """Temperature and dose; takes a second or two.

    Args:
        heating: electrode, set point and time.
        tissues: (3, *shape) conductivity, capacity and sink per cell; cancellous bone throughout if None.
        step_mm: of the grid ``grid_shape`` gives.
    """
    shape = grid_shape(heating, step_mm)
    if tissues is None:
        tissues = np.empty((3, *shape), np.float32)
        for row, value in enumerate((CANCELLOUS.conductivity, CANCELLOUS.capacity, CANCELLOUS.sink)):
            tissues[row] = value
    x, y, z = ((np.arange(n) - (n - 1) / 2) * step_mm for n in shape)
    hot = (x[:, None, None] ** 2 + y[None, :, None] ** 2 <= (heating.diameter_mm / 2) ** 2 + 1e-9) & (
        np.abs(z)[None, None] <= heating.length_mm / 2 + 1e-9
    )
    step_m = step_mm * 1e-3
    fastest = float((tissues[0] / tissues[1]).max())
    dt = 0.9 * step_m**2 / (6 * fastest)
    steps = int(np.ceil(heating.minutes * 60.0 / dt))
    temperature = np.full(shape, BLOOD_C, np.float32)
    temperature[hot] = heating.temperature_c
    dose = np.zeros(shape)
    seconds = heating.minutes * 60.0 / steps
    conductance = [_faces(tissues[0], axis) * np.float32(seconds / step_m**2) for axis in range(3)]
    _march(
        temperature,
        dose,
        conductance[0],
        conductance[1],
        conductance[2],
        (tissues[2] * np.float32(seconds)).astype(np.float32),
        (1.0 / tissues[1]).astype(np.float32),
        (~hot).astype(np.float32),
        seconds / 60.0,
        steps,
    )
    return HeatField(temperature, dose, step_mm)


def _faces(conductivity: F32, axis: int) -> F32:
    """Harmonic mean between each cell and the next along an axis; the last plane is not used."""
    following = np.roll(conductivity, -1, axis)
    return (2 * conductivity * following / (conductivity + following)).astype(np.float32)


@njit(cache=True, nogil=True, fastmath=True)  # type: ignore[untyped-decorator]
def _march(  # type: ignore[no-untyped-def]
    temperature, dose, gx, gy, gz, sink, inverse, hot, minutes, steps
) -> None:
    nx, ny, nz = temperature.shape
    other = temperature.copy()
    blood = np.float32(37.0)
    every = 10
    for n in range(steps):
        if n % 2 == 0:
            source, into = temperature, other
        else:
            source, into = other, temperature
        for i in range(1, nx - 1):
            for j in range(1, ny - 1):
                for k in range(1, nz - 1):
                    t = source[i, j, k]
                    flow = (
                        gx[i, j, k] * (source[i + 1, j, k] - t)
                        + gx[i - 1, j, k] * (source[i - 1, j, k] - t)
                        + gy[i, j, k] * (source[i, j + 1, k] - t)
                        + gy[i, j - 1, k] * (source[i, j - 1, k] - t)
                        + gz[i, j, k] * (source[i, j, k + 1] - t)
                        + gz[i, j, k - 1] * (source[i, j, k - 1] - t)
                        - sink[i, j, k] * (t - blood)
                    )
                    into[i, j, k] = t + inverse[i, j, k] * flow * hot[i, j, k]
        if n % every == every - 1 or n == steps - 1:
            passed = minutes * (every if n % every == every - 1 else n % every + 1)
            for i in range(nx):
                for j in range(ny):
                    for k in range(nz):
                        t = into[i, j, k]
                        if t >= 43.0:
                            dose[i, j, k] += passed * 2.0 ** (t - 43.0)
                        elif t > 39.0:
                            dose[i, j, k] += passed * 4.0 ** (t - 43.0)
    if steps % 2 == 1:
        temperature[:] = other
