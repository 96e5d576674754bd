"""From line integrals to what a fluoroscopy monitor shows.

Beer-Lambert, heel and inverse square, scatter, focal-spot and detector blur, quantum and electronic noise,
automatic exposure and brightness, and a log curve with compressed dynamic range and edge enhancement. The
physics is a sketch for looking and practising, not for dosimetry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from imaging.fluoro.attenuation import effective_kev, water_mu_per_mm
from imaging.fluoro.coarse import as_f32, block_mean, broad
from imaging.fluoro.picture_rows import clean_rows, clinical_rows, grey_rows
from imaging.fluoro.technique import Dose, Shutters, Technique, expose
from imaging.fluoro.threads import over_rows
from imaging.geometry.carm import CArm, Projection

Picture = NDArray[np.float32]
Quality = Literal["clean", "clinical"]

# IEC 62220 RQA5: 30174 photons per mm^2 and uGy.
_PHOTONS_PER_MM2_NGY = 30.174
_DQE = 0.65
_FRAMES_AVERAGED = 12.0
_ELECTRONIC_NOISE_PHOTONS = 4.0
_FOCAL_SPOT_MM = 0.45
_DETECTOR_SIGMA_MM = 0.25
_HEEL = 0.1
_SCATTER_SIGMA_MM = 45.0
_COMPRESSION_SIGMA_MM = 16.0
_COMPRESSION = 0.85
_EQUALISATION = 0.4
_EDGE_GAIN = 0.5
_WHITE, _BRIGHT, _DARK, _BLACK, _METAL, _SHUTTER = 250.0, 212.0, 58.0, 16.0, 10.0, 26.0
_BODY_LINE_INTEGRAL = 0.35
_COARSE_PX = 128
_FALL_OFF_MM = 4.0
_LEAST_BACKGROUND = np.float32(-0.7)
_MEASURED_SHARE = 0.55


@dataclass(frozen=True)
class PictureSettings:
    """How a picture is taken and shown.

    Attributes:
        quality: "clean" has neither noise, scatter nor blur; "clinical" has all three.
        technique: exposure; sets contrast through kV and noise through the dose.
        seed: of the noise; the same seed gives the same picture.
        bone_dark: bone and metal dark, as on most fluoroscopes; False inverts.
        edge_gain: of the edge enhancement, 0 for none.
        pulses_summed: how many pulses a held picture is made of: less noise; the dose stays that of one.
    """

    quality: Quality = "clinical"
    technique: Technique = field(default_factory=Technique)
    seed: int = 0
    bone_dark: bool = True
    edge_gain: float = _EDGE_GAIN
    pulses_summed: int = 1


def render_picture(
    line_integral: NDArray[np.float32],
    tool: NDArray[np.float32] | None,
    projection: Projection,
    settings: PictureSettings = PictureSettings(),
    exposed: Dose | None = None,
) -> NDArray[np.uint8]:
    """(rows, columns) uint8 picture, black outside the round field; see ``exposed_picture``."""
    return exposed_picture(line_integral, tool, projection, settings, exposed)[0]


def exposed_picture(
    line_integral: NDArray[np.float32],
    tool: NDArray[np.float32] | None,
    projection: Projection,
    settings: PictureSettings = PictureSettings(),
    exposed: Dose | None = None,
    known: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.uint8], Dose]:
    """(rows, columns) uint8 picture, black outside the round field, and its dose.

    Args:
        line_integral: (rows, columns) of the body at 60 keV.
        tool: (rows, columns) of the metal at 60 keV, or None.
        projection: the one that both were made with.
        settings: see PictureSettings.
        exposed: an exposure already known, in place of the one that ``settings`` would give.
        known: where the volume holds all of a ray, in blocks as ``coarse_shape`` tells; where there is body
            unless told.

    Exposure and brightness follow the body in the middle of the field. Where the volume ends within it the
    picture falls off to the grey of a closed shutter, as nothing is known there; bare air is white.
    """
    carm, technique = projection.carm, settings.technique
    body = as_f32(line_integral)
    step = coarse_shape(carm)[2]
    shown, thin, inside = _field_maps(carm, technique.shutters, step)
    coarse = block_mean(body, step)
    coarse_mm = carm.pixel_mm * step
    body_there = coarse > _BODY_LINE_INTEGRAL
    covered = body_there if known is None else known
    lit = np.clip(broad(covered.astype(np.float32), _FALL_OFF_MM / coarse_mm) * 2 - 1, 0, 1)
    region = inside & (lit > 0.9) & body_there
    if np.count_nonzero(region) < 25:
        region = inside if inside.any() else np.ones_like(inside)
    measured = region & _measuring_field(*region.shape)
    if np.count_nonzero(measured) < 25:
        measured = region
    dose = exposed or expose(technique, carm, float(np.median(coarse[measured])))
    contrast = np.float32(water_mu_per_mm(effective_kev(dose.kv)) / water_mu_per_mm(60.0))
    if contrast != 1:
        body, coarse = body * contrast, coarse * contrast
    metal = np.zeros_like(body) if tool is None else as_f32(tool)
    level = np.float32(np.median(coarse[measured]))
    # The wide background is the body's alone, so that neither metal nor the volume's edge shifts it.
    reference = np.maximum(coarse - level, np.float32(-3.0))
    clinical = settings.quality == "clinical"
    if clinical:
        scatter, ratio = _scatter(reference, region, float(level), technique.shutters, coarse_mm)
        reference = -np.log(np.maximum((np.exp(-reference) + scatter) / np.float32(1 + ratio), 1e-3))
    background, gain, calm = _compression(reference, region, coarse_mm)
    # Metal is held just beyond the darkest bone, or sharpening would draw a bright rim round it.
    ceiling = np.float32(calm[region].max() + 0.1)
    flat = np.empty_like(body)
    if clinical:
        spot_px = _FOCAL_SPOT_MM * (carm.sid_mm / carm.sod_mm - 1) / 2.355 / carm.pixel_mm
        photons = dose.detector_ngy * _PHOTONS_PER_MM2_NGY * carm.pixel_mm**2 * _DQE * _FRAMES_AVERAGED
        over_rows(
            clinical_rows, len(flat), flat, body, metal, level, scatter, thin, step,
            _to_each_side(spot_px), np.float32(1 / (1 + ratio)),
            np.float32(photons * settings.pulses_summed), np.float32(_ELECTRONIC_NOISE_PHOTONS), _noise(),
            int(settings.seed), _to_each_side(_DETECTOR_SIGMA_MM / carm.pixel_mm), background, gain, ceiling,
        )  # fmt: skip
    else:
        over_rows(clean_rows, len(flat), flat, body, metal, level, background, gain, step, ceiling)
    low, high = np.percentile(calm[measured], [4, 96])
    picture = np.empty(body.shape, np.uint8)
    over_rows(
        grey_rows, len(flat), picture, flat, block_mean(flat, step), lit if covered.any() else lit * 0, step,
        np.float32(settings.edge_gain), np.float32(low), np.float32(1 / max(float(high - low), 0.22)),
        _curve_table(), metal, np.float32(_METAL), not settings.bone_dark, shown, np.float32(_SHUTTER),
    )  # fmt: skip
    return picture, dose


def coarse_shape(carm: CArm) -> tuple[int, int, int]:
    """Rows, columns and pixels a side of the blocks on which slow changes of a picture are worked out."""
    step = max(1, round(min(carm.rows, carm.columns) / _COARSE_PX))
    return max(-(-carm.rows // step), 2), max(-(-carm.columns // step), 2), step


@lru_cache(maxsize=8)
def _measuring_field(rows: int, columns: int) -> NDArray[np.bool_]:
    """The middle of the field, by which exposure and brightness are set."""
    v, u = np.ogrid[:rows, :columns]
    radius = np.hypot((u + 0.5) / columns - 0.5, (v + 0.5) / rows - 0.5)
    return np.asarray(radius < _MEASURED_SHARE / 2)


@lru_cache(maxsize=8)
def _field_maps(carm: CArm, shutters: Shutters, step: int) -> tuple[Picture, Picture, NDArray[np.bool_]]:
    """Of the detector without a patient: what is shown (0..1), how much weaker than in the middle the beam is
    (1 and more), and which coarse blocks of ``step`` pixels lie in the field."""
    v, u = np.ogrid[: carm.rows, : carm.columns]
    radius = min(carm.rows, carm.columns) / 2 - 1
    x, y = u - (carm.columns - 1) / 2, v - (carm.rows - 1) / 2
    shown = np.clip(radius - np.hypot(x, y), 0, 1)
    for place, size, first, last in (
        (u, carm.columns, shutters.left, shutters.right),
        (v, carm.rows, shutters.top, shutters.bottom),
    ):
        if first or last:
            soft = 1.5 / carm.pixel_mm
            shown = shown * np.clip((place - first * size) / soft + 0.5, 0, 1)
            shown = shown * np.clip(((1 - last) * size - place) / soft + 0.5, 0, 1)
    slant = carm.sid_mm / np.sqrt(carm.sid_mm**2 + carm.pixel_mm**2 * (x**2 + y**2))
    fall = slant**3 * (1 + _HEEL * y / (carm.rows / 2))
    return as_f32(shown), as_f32(1 / fall), block_mean(shown, step) > 0.5


@lru_cache(maxsize=1)
def _noise() -> Picture:
    return np.random.default_rng(0).standard_normal(1 << 19, np.float32)


def _scatter(
    reference: Picture, region: NDArray[np.bool_], level: float, shutters: Shutters, coarse_mm: float
) -> tuple[Picture, float]:
    """Coarse scatter signal behind the grid, and its ratio to the primary beam.

    The ratio is about 0.5..1 in AP and 1..2 in lateral views, growing with thickness and irradiated area.
    """
    ratio = float(np.clip(0.22 * level, 0.3, 1.6)) * shutters.open_share**0.5
    emitted = np.where(region, np.minimum(np.exp(-reference), np.float32(3.0)), np.float32(0.5))
    return as_f32(np.float32(ratio) * broad(emitted, _SCATTER_SIGMA_MM / coarse_mm)), ratio


def _to_each_side(sigma_px: float) -> np.float32:
    """Weight of each neighbour in a blur of three pixels with this spread."""
    return np.float32(min(sigma_px**2 / 2, 1 / 3))


def _compression(
    reference: Picture, region: NDArray[np.bool_], coarse_mm: float
) -> tuple[Picture, Picture, Picture]:
    """Coarse background and gain of the dynamic range compression, and the body's density after both."""
    weight = region.astype(np.float32)
    sigma = _COMPRESSION_SIGMA_MM / coarse_mm
    share = np.maximum(broad(weight, sigma), 1e-3)
    background = as_f32(_COMPRESSION * broad(reference * weight, sigma) / share)
    # Bare air and thin rims stay bright, as on a real monitor: they are not brought back to the middle.
    background = np.maximum(background, _LEAST_BACKGROUND)
    calm = reference - background
    # Thick parts show little of their structure: lift local contrast towards the picture's middle.
    local = np.sqrt(np.maximum(broad(calm * calm * weight, sigma) / share, 0) + 1e-6)
    typical = float(np.median(local[region]))
    gain = as_f32(
        (max(typical, 1e-3) / np.clip(local, 0.5 * typical + 1e-6, 3 * typical + 1e-6)) ** _EQUALISATION
    )
    return background, gain, as_f32(calm * gain)


@lru_cache(maxsize=1)
def _curve_table() -> Picture:
    """Grey of a relative density from -2 to 3 in steps of 1/256: linear in 0..1, with film shoulders."""
    t = np.arange(-2, 3, 1 / 256)
    slope = _BRIGHT - _DARK
    middle = _BRIGHT - slope * np.clip(t, 0, 1)
    head, foot = _WHITE - _BRIGHT, _DARK - _BLACK
    bright = head * (1 - np.exp(np.minimum(t, 0) * slope / head))
    dark = foot * (1 - np.exp(-np.maximum(t - 1, 0) * slope / foot))
    return np.asarray(middle + bright - dark, np.float32)
