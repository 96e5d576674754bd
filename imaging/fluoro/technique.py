"""How a picture is exposed: kV, mAs, filter, shutters, and what dose that is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imaging.fluoro.attenuation import effective_kev, water_mu_per_mm
from imaging.geometry.carm import CArm

Beam = Literal["mono", "spectrum"]

# Added copper and what it leaves of the air kerma: clinical.md 3.3 [K~], 1 without.
_COPPER_MM = (0.0, 0.1, 0.2)
_COPPER_SHARE = (1.0, 0.6, 0.4)
REFERENCE_FROM_ISOCENTRE_MM = 150.0
"""The reference point of air kerma: 15 cm from the isocentre towards the tube (clinical.md 3.3 [K~])."""


@dataclass(frozen=True)
class Shutters:
    """Collimator blades: the share of the detector, 0..0.45, that each covers."""

    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bottom: float = 0.0

    def __post_init__(self) -> None:
        for value in (self.left, self.right, self.top, self.bottom):
            if not 0 <= value <= 0.45:
                raise ValueError(f"a shutter covers 0 to 0.45 of the detector, not {value}")

    @property
    def open_share(self) -> float:
        """Share of the detector's area that the beam reaches."""
        return (1 - self.left - self.right) * (1 - self.top - self.bottom)


@dataclass(frozen=True)
class Technique:
    """Exposure of one pulse.

    Attributes:
        kv: tube voltage; with automatic exposure the least one.
        mas: tube charge of one pulse; None lets the machine choose kV and mAs for ``detector_ngy``.
        copper_mm: added filter.
        detector_ngy: air kerma at the detector that automatic exposure aims for, nGy a pulse
            (20 to 40, clinical.md 8).
        beam: "mono" is one effective energy; "spectrum" several, so that bone hardens the beam.
        shutters: collimation.
    """

    kv: float = 80.0
    mas: float | None = None
    copper_mm: float = 0.1
    detector_ngy: float = 30.0
    beam: Beam = "mono"
    shutters: Shutters = field(default_factory=Shutters)


@dataclass(frozen=True)
class Dose:
    """What one pulse costs the patient.

    Attributes:
        kv, mas: as exposed.
        air_kerma_mgy: at the reference point, without backscatter.
        dap_gy_cm2: dose-area product.
        detector_ngy: air kerma behind the patient.
        limited: automatic exposure ended at the tube's limit, so the picture is noisier than asked.
    """

    kv: float
    mas: float
    air_kerma_mgy: float
    dap_gy_cm2: float
    detector_ngy: float
    limited: bool = False

    def __add__(self, other: Dose) -> Dose:
        """Kerma and dose-area product of both; the rest is the later one's."""
        return Dose(
            other.kv, other.mas, self.air_kerma_mgy + other.air_kerma_mgy,
            self.dap_gy_cm2 + other.dap_gy_cm2, other.detector_ngy, other.limited,
        )  # fmt: skip


NO_DOSE = Dose(0.0, 0.0, 0.0, 0.0, 0.0)
_KV_RANGE = (60.0, 110.0)
_MOST_MAS = 1.2


def tube_output_ugy_per_mas(kv: float) -> float:
    """Air kerma in uGy a mAs at 101.6 cm: 0.008373 kV^1.983, about 40 units (clinical.md 3.3 [F:28])."""
    return 0.008373 * float(kv) ** 1.983


def air_kerma_mgy(kv: float, mas: float, copper_mm: float, distance_mm: float) -> float:
    """Air kerma in mGy free in air at ``distance_mm`` from the focal spot, by the inverse square."""
    filtered = float(np.interp(copper_mm, _COPPER_MM, _COPPER_SHARE))
    return tube_output_ugy_per_mas(kv) * mas * (1016.0 / distance_mm) ** 2 * filtered / 1000


def expose(technique: Technique, carm: CArm, line_integral_60kev: float) -> Dose:
    """The exposure behind ``line_integral_60kev`` of tissue at the field's middle.

    Automatic exposure raises mAs up to its comfortable value, then kV, then mAs to the tube's limit, as the
    brightness curves of mobile C-arms do (their slopes here are assumed).
    """

    def behind(kv: float, mas: float) -> float:
        scale = water_mu_per_mm(effective_kev(kv)) / water_mu_per_mm(60.0)
        incident = air_kerma_mgy(kv, mas, technique.copper_mm, carm.sid_mm) * 1e6
        return incident * float(np.exp(-line_integral_60kev * scale))

    kv, mas, limited = technique.kv, technique.mas, False
    if mas is None:
        mas = technique.detector_ngy / behind(kv, 1.0)
        comfortable = 0.1
        while mas > comfortable and kv < _KV_RANGE[1]:
            kv = min(kv + 1.0, _KV_RANGE[1])
            comfortable *= 1.03
            mas = technique.detector_ngy / behind(kv, 1.0)
        limited = mas > _MOST_MAS
        mas = min(mas, _MOST_MAS)
    kerma = air_kerma_mgy(kv, mas, technique.copper_mm, carm.sod_mm - REFERENCE_FROM_ISOCENTRE_MM)
    # The product of kerma and area does not depend on the distance: take both at the detector.
    area_cm2 = carm.columns * carm.rows * carm.pixel_mm**2 / 100 * technique.shutters.open_share
    dap = air_kerma_mgy(kv, mas, technique.copper_mm, carm.sid_mm) / 1000 * area_cm2
    return Dose(kv, mas, kerma, dap, behind(kv, mas), limited)


def spectrum(kv: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Energies in keV and shares of the detector's signal, summing to 1, of a filtered beam in five bins.

    Kramers' law behind 3 mm of aluminium and 0.1 mm of copper, weighted by energy as an integrating detector
    does; both metals' attenuation falls with the third power of the energy here, from their values at 60 keV.
    """
    edges = np.linspace(30.0, max(kv, 40.0), 6)
    energies = (edges[1:] + edges[:-1]) / 2
    fall = (60.0 / energies) ** 3
    # NIST at 60 keV: aluminium 0.2778 cm^2/g * 2.70, copper 1.593 * 8.96.
    behind = np.exp(-0.2778 * 2.70 * 0.3 * fall - 1.593 * 8.96 * 0.01 * fall)
    shares = np.maximum(kv - energies, 0) * behind
    return energies, shares / shares.sum()
