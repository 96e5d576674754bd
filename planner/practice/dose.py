"""What a pulse costs: air kerma at the reference point and dose area product.

Estimates after clinical.md 3.3: tube output 0.008373 kV^1.983 uGy/mAs at 101.6 cm [F:28], inverse square, a
filter factor of 0.6 [K~]. The reference point of an isocentric C-arm lies 15 cm from the isocentre towards
the tube [K+]. The automatic exposure is a proposal [P]: kV and mA grow with the water-equivalent thickness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imaging.fluoro.attenuation import mu_from_hu, water_mu_per_mm
from imaging.geometry.carm import CArm
from planner.practice.room import CArmSetting
from planner.practice.scenario import Scenario

PULSE_S = 0.010
FILTER = 0.6
OUTPUT_AT_MM = 1016.0
REFERENCE_FROM_ISOCENTRE_MM = 150.0
SINGLE_SHOT_FACTOR, CINE_FACTOR = 3.0, 4.0


@dataclass(frozen=True)
class PulseDose:
    """One pulse: what the tube does and what it costs."""

    kv: float
    ma: float
    kerma_mgy: float
    dap_gycm2: float
    detector_ngy: float


def water_thickness_mm(scenario: Scenario, carm: CArmSetting) -> float:
    """Water-equivalent thickness on the rays round the beam's axis: the mean of five."""
    projection = scenario.projection(carm)
    offsets = 25.0 * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
    ends = projection.detector_centre_lps_mm + offsets @ np.stack([projection.u_lps, projection.v_lps])
    t = np.linspace(0.2, 0.95, 400)
    rays = projection.source_lps_mm + t[None, :, None] * (ends - projection.source_lps_mm)[:, None]
    step = float(np.linalg.norm(ends[0] - projection.source_lps_mm)) * (t[1] - t[0])
    mu = mu_from_hu(scenario.hu(rays))
    return float(mu.sum(1).mean() * step / water_mu_per_mm())


def exposure_for(carm: CArmSetting, thickness_mm: float) -> tuple[float, float]:
    """(kV, mA) of the automatic control, or those set by hand."""
    if not carm.automatic:
        return carm.kv, carm.ma
    kv = float(np.clip(55.0 + 0.125 * thickness_mm, 60.0, 110.0))
    return kv, float(np.clip(3.0 * np.exp((thickness_mm - 200.0) / 150.0), 1.0, 10.0))


def pulse_dose(scenario: Scenario, carm: CArmSetting) -> PulseDose:
    """Dose of one pulse at a setting."""
    thickness = water_thickness_mm(scenario, carm)
    kv, ma = exposure_for(carm, thickness)
    factor = {"pulsed": 1.0, "single": SINGLE_SHOT_FACTOR, "cine": CINE_FACTOR}[carm.mode]
    base = CArm()
    distance = base.sod_mm - REFERENCE_FROM_ISOCENTRE_MM
    per_mas_ugy = 0.008373 * kv**1.983
    kerma_ugy = per_mas_ugy * ma * PULSE_S * factor * (OUTPUT_AT_MM / distance) ** 2 * FILTER
    radius_cm = carm.field_mm / 2 * carm.iris * distance / base.sid_mm / 10.0
    dap = kerma_ugy * 1e-6 * np.pi * radius_cm**2
    reference_kv, reference_ma = exposure_for(CArmSetting(), thickness)
    relative = (kv / reference_kv) ** 2 * ma / reference_ma * factor
    return PulseDose(kv, ma, kerma_ugy * 1e-3, float(dap), 30.0 * float(relative))
