"""From Hounsfield units to linear attenuation at one effective photon energy."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Part = Literal["all", "water", "bone"]

# NIST mass attenuation of water (density 1), cm^-1, and the ratio of bone's excess over water at the energy
# to the excess at 70 keV, the effective energy of a 120 kV CT.
_ENERGY_KEV = (40.0, 50.0, 60.0, 80.0, 100.0)
_WATER_PER_CM = (0.2683, 0.2269, 0.2059, 0.1837, 0.1707)
_BONE_EXCESS = (2.36, 1.63, 1.21, 0.83, 0.69)  # at 100 keV from NIST's bone and water in the same way

# NIST iron, cm^2/g; beyond 80 keV as at 100 keV between.
_IRON_KEV = (40.0, 50.0, 60.0, 80.0, 100.0)
_IRON = (3.629, 1.958, 1.205, 0.595, 0.372)

STEEL_MU_PER_MM = 1.205 * 7.87 / 10
"""Steel at 60 keV, mm^-1: NIST iron 1.205 cm^2/g times 7.87 g/cm^3."""
NITINOL_MU_PER_MM = (0.55 * 1.512 + 0.45 * 0.766) * 6.45 / 10
"""Nitinol at 60 keV, mm^-1: NIST nickel 1.512 and titanium 0.766 cm^2/g by weight, 6.45 g/cm^3."""


def water_mu_per_mm(energy_kev: float = 60.0) -> float:
    """Linear attenuation of water in mm^-1 at ``energy_kev`` (40..100; held constant beyond)."""
    return float(np.exp(np.interp(energy_kev, _ENERGY_KEV, np.log(_WATER_PER_CM)))) / 10


def bone_excess(energy_kev: float = 60.0) -> float:
    """How much stronger bone's HU count at ``energy_kev`` than in CT (1 at about 70 keV)."""
    return float(np.exp(np.interp(energy_kev, _ENERGY_KEV, np.log(_BONE_EXCESS))))


def steel_relative(energy_kev: float) -> float:
    """Attenuation of steel at ``energy_kev`` (40..100) relative to 60 keV; nitinol's is taken to go alike."""
    return float(np.exp(np.interp(energy_kev, _IRON_KEV, np.log(_IRON)))) / 1.205


def mu_from_hu(hu: ArrayLike, energy_kev: float = 60.0) -> NDArray[np.float32]:
    """Linear attenuation in mm^-1, same shape as ``hu``.

    Up to 0 HU: mu_water (1 + HU/1000), never below 0. Above: mu_water (1 + k HU/1000) with k the bone excess.
    Nothing is removed or replaced: table, clothes and air count as what they measure.
    """
    values = np.asarray(hu, np.float32)
    relative = np.maximum(1 + np.where(values > 0, bone_excess(energy_kev), 1.0) * values / 1000, 0)
    return np.asarray(relative * water_mu_per_mm(energy_kev), np.float32)


def relative_mu_table(energy_kev: float, steps_per_water: float) -> NDArray[np.int16]:
    """(65536,) table from HU + 32768 to mu in units of mu_water / ``steps_per_water``, clipped to int16."""
    hu = np.arange(-32768, 32768, dtype=np.float32)
    units = mu_from_hu(hu, energy_kev) / water_mu_per_mm(energy_kev) * steps_per_water
    return np.minimum(np.rint(units), 32767).astype(np.int16)


def part_table(part: Part, energy_kev: float, steps_per_water: float) -> NDArray[np.int16]:
    """Like ``relative_mu_table`` for one part of the tissue.

    "all" is attenuation at ``energy_kev``; "water" counts HU up to 0 and "bone" the excess above 0, so that
    attenuation at any energy E is mu_water(E) (water + k(E) bone).
    """
    if part == "all":
        return relative_mu_table(energy_kev, steps_per_water)
    hu = np.arange(-32768, 32768, dtype=np.float32)
    share = np.maximum(1 + np.minimum(hu, 0) / 1000, 0) if part == "water" else np.maximum(hu, 0) / 1000
    return np.minimum(np.rint(share * steps_per_water), 32767).astype(np.int16)


def effective_kev(kv: float) -> float:
    """Effective energy of a filtered C-arm beam.

    An assumed straight line through 60 keV at 80 kV and 78 keV at 110 kV, kept within 40..80 keV.
    """
    return float(np.clip(60 + 0.6 * (kv - 80), 40, 80))
