"""What a pulse costs: the fluoroscope's own formulas behind the thickness of the patient on the beam.

A single shot asks for three, cine for four times the dose of a pulse [P].
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imaging.fluoro.attenuation import mu_from_hu
from imaging.fluoro.technique import REFERENCE_FROM_ISOCENTRE_MM, Dose, Technique, expose
from planner.practice.room import CArmSetting
from planner.practice.scenario import Scenario

PULSE_S = 0.010
_FACTOR = {"pulsed": 1.0, "single": 3.0, "cine": 4.0}


def line_integral(scenario: Scenario, carm: CArmSetting) -> float:
    """Attenuation at 60 keV on the rays round the beam's axis, the mean of five; no unit."""
    projection = scenario.projection(carm)
    offsets = 25.0 * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
    ends = projection.detector_centre_lps_mm + offsets @ np.stack([projection.u_lps, projection.v_lps])
    t = np.linspace(0.2, 0.95, 400)
    rays = projection.source_lps_mm + t[None, :, None] * (ends - projection.source_lps_mm)[:, None]
    step = float(np.linalg.norm(ends[0] - projection.source_lps_mm)) * (t[1] - t[0])
    return float(mu_from_hu(scenario.hu(rays)).sum(1).mean() * step)


def pulse_dose(scenario: Scenario, carm: CArmSetting) -> Dose:
    """Dose of one pulse at a setting; the open field is round."""
    factor = _FACTOR[carm.mode]
    if carm.automatic:
        technique = Technique(detector_ngy=30.0 * factor)
    else:
        technique = Technique(kv=carm.kv, mas=carm.ma * PULSE_S * factor)
    detector = scenario.detector(carm)
    dose = expose(technique, detector, line_integral(scenario, carm))
    distance = detector.sod_mm - REFERENCE_FROM_ISOCENTRE_MM
    radius_cm = carm.field_mm / 2 * carm.iris * distance / detector.sid_mm / 10.0
    return replace(dose, dap_gy_cm2=float(dose.air_kerma_mgy * 1e-3 * np.pi * radius_cm**2))
