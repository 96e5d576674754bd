"""From line integrals to what a fluoroscopy monitor shows.

Beer-Lambert, scatter, focal-spot and detector blur, quantum noise, automatic brightness and a log curve
with compressed dynamic range. The physics is a sketch for looking and practising, not for dosimetry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.fluoro.attenuation import effective_kev, water_mu_per_mm
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
_SCATTER_SIGMA_MM = 45.0
_COMPRESSION_SIGMA_MM = 16.0
_COMPRESSION = 0.85
_EQUALISATION = 0.4
_EDGE_SIGMA_MM = 1.5
_EDGE_GAIN = 0.5
_WHITE, _BRIGHT, _DARK, _BLACK, _METAL, _SHUTTER = 250.0, 212.0, 58.0, 16.0, 10.0, 26.0
_BODY_LINE_INTEGRAL = 0.35


@dataclass(frozen=True)
class PictureSettings:
    """How a picture is taken and shown.

    Attributes:
        quality: "clean" has neither noise, scatter nor blur; "clinical" has all three.
        kv: tube voltage; sets contrast through the effective energy.
        dose: air kerma at the detector in nGy a frame; sets noise.
        seed: of the noise; the same seed gives the same picture.
        bone_dark: bone and metal dark, as on most fluoroscopes; False inverts.
    """

    quality: Quality = "clinical"
    kv: float = 80.0
    dose: float = 30.0
    seed: int = 0
    bone_dark: bool = True


def render_picture(
    line_integral: NDArray[np.float32],
    tool: NDArray[np.float32] | None,
    projection: Projection,
    settings: PictureSettings = PictureSettings(),
) -> NDArray[np.uint8]:
    """(rows, columns) uint8 picture, black outside the round field.

    Args:
        line_integral: (rows, columns) of the body at 60 keV.
        tool: (rows, columns) of the metal, or None.
        projection: the one that both were made with.
        settings: see PictureSettings.

    Brightness follows the part of the field that shows the body; where the volume ends within the field the
    picture falls off to the grey of a closed shutter, as nothing is known there.
    """
    carm = projection.carm
    contrast = water_mu_per_mm(effective_kev(settings.kv)) / water_mu_per_mm(60.0)
    body = np.asarray(line_integral, np.float32) * np.float32(contrast)
    metal = np.zeros_like(body) if tool is None else np.asarray(tool, np.float32)
    field = round_field(carm)
    covered = body > _BODY_LINE_INTEGRAL
    lit = _smooth(covered.astype(np.float32), 3.0 / carm.pixel_mm)
    lit = np.clip(lit * 2 - 1, 0, 1)
    region = (field > 0.5) & (lit > 0.9)
    if np.count_nonzero(region) < 100:
        region = field > 0.5
    level = float(np.median(body[region]))
    # Raw detector signal relative to the body's middle; air is limited as a saturating detector would.
    signal = np.exp(np.minimum(level - body - metal, 3.0))
    without_metal = np.exp(np.minimum(level - body, 3.0))
    if settings.quality == "clinical":
        signal, without_metal = _degrade(signal, without_metal, level, region, projection, settings)
    density = -np.log(np.maximum(signal, 1e-3))
    reference = -np.log(np.maximum(without_metal, 1e-3))
    density, reference = _compress(density, reference, region, carm)
    low, high = np.percentile(reference[region][::7], [4, 96])
    grey = _curve((density - low) / max(float(high - low), 0.22))
    # Scatter would lift metal to grey; the eye expects the black of the primary beam's shadow.
    shadow = metal if settings.quality == "clean" else _smooth(metal, _DETECTOR_SIGMA_MM / carm.pixel_mm)
    opaque = 1 - np.exp(-1.3 * shadow)
    grey = grey * (1 - opaque) + np.minimum(grey, _METAL) * opaque
    if not settings.bone_dark:
        grey = 255 - grey
    grey = grey * lit + _SHUTTER * (1 - lit) if covered.any() else np.full_like(grey, _SHUTTER)
    return np.asarray(np.clip(grey * field + 0.5, 0, 255).astype(np.uint8))


def round_field(carm: CArm) -> Picture:
    """(rows, columns) float32: 1 inside the round field of view, 0 outside, soft over one pixel."""
    v, u = np.ogrid[: carm.rows, : carm.columns]
    radius = min(carm.rows, carm.columns) / 2 - 1
    distance = np.hypot(u - (carm.columns - 1) / 2, v - (carm.rows - 1) / 2)
    return np.asarray(np.clip(radius - distance, 0, 1), np.float32)


def _degrade(
    signal: Picture,
    without_metal: Picture,
    level: float,
    region: NDArray[np.bool_],
    projection: Projection,
    settings: PictureSettings,
) -> tuple[Picture, Picture]:
    """Focal spot, scatter, quantum noise, detector; ``without_metal`` gets all but the noise."""
    carm = projection.carm
    magnification = carm.sid_mm / carm.sod_mm
    spot = _FOCAL_SPOT_MM * (magnification - 1) / 2.355 / carm.pixel_mm
    # Scatter-to-primary after a grid: about 0.5..1 in AP and 1..2 in lateral views, growing with thickness.
    ratio = float(np.clip(0.22 * level, 0.3, 1.6))
    emitted = np.where(region, np.minimum(without_metal, np.float32(3.0)), np.float32(0.5))
    scatter = np.float32(ratio) * _broad(emitted, _SCATTER_SIGMA_MM / carm.pixel_mm)
    detector = _DETECTOR_SIGMA_MM / carm.pixel_mm
    mean = _f32((_smooth(signal, spot) + scatter) / (1 + ratio))
    plain = _f32((without_metal + scatter) / (1 + ratio))
    photons = settings.dose * _PHOTONS_PER_MM2_NGY * carm.pixel_mm**2 * _DQE * _FRAMES_AVERAGED
    rng = np.random.default_rng(settings.seed)
    spread = np.sqrt(mean / photons + (_ELECTRONIC_NOISE_PHOTONS / photons) ** 2)
    noisy = _f32(mean + rng.standard_normal(mean.shape, np.float32) * spread.astype(np.float32))
    return _smooth(noisy, detector), plain


def _compress(
    density: Picture, reference: Picture, region: NDArray[np.bool_], carm: CArm
) -> tuple[Picture, Picture]:
    """Dynamic range compression and edge enhancement, as a fluoroscope's image processor does.

    The wide background is the body's alone, so that neither metal, air nor the volume's edge shifts it.
    """
    weight = region.astype(np.float32)
    sigma = _COMPRESSION_SIGMA_MM / carm.pixel_mm
    share = _broad(weight, sigma)
    wide = _broad(reference * weight, sigma) / np.maximum(share, 1e-3)
    background = _f32(_COMPRESSION * wide)
    calm = _f32(reference - background)
    # Thick parts show little of their structure: lift local contrast towards the picture's middle.
    local = np.sqrt(np.maximum(_broad(calm * calm * weight, sigma) / np.maximum(share, 1e-3), 0) + 1e-6)
    typical = float(np.median(local[region][::7]))
    gain = _f32((typical / np.clip(local, 0.5 * typical, 3 * typical)) ** _EQUALISATION)
    calm = calm * gain
    # Metal is held just beyond the darkest bone, or sharpening would draw a bright rim round it.
    flat = np.minimum((density - background) * gain, np.float32(np.max(calm[region]) + 0.1))
    sharp = flat + _EDGE_GAIN * (flat - _smooth(flat, _EDGE_SIGMA_MM / carm.pixel_mm))
    return _f32(sharp), _f32(calm)


def _curve(t: Picture) -> Picture:
    """Grey of a relative density: linear within 0..1, shoulders of the same slope beyond, as film has."""
    slope = _BRIGHT - _DARK
    middle = _BRIGHT - slope * np.clip(t, 0, 1)
    head, foot = _WHITE - _BRIGHT, _DARK - _BLACK
    bright = head * (1 - np.exp(np.minimum(t, 0) * slope / head))
    dark = foot * (1 - np.exp(-np.maximum(t - 1, 0) * slope / foot))
    return np.asarray(middle + bright - dark, np.float32)


def _f32(values: NDArray[np.floating]) -> Picture:
    return np.asarray(values, np.float32)


def _smooth(picture: Picture, sigma_px: float) -> Picture:
    if sigma_px < 0.15:
        return picture
    return np.asarray(ndimage.gaussian_filter(picture, sigma_px, mode="nearest", truncate=3.0), np.float32)


def _broad(picture: NDArray[np.floating], sigma_px: float) -> Picture:
    """Wide Gaussian on a reduced picture, enlarged again."""
    step = max(1, int(sigma_px // 4))
    rows, columns = picture.shape
    small = ndimage.gaussian_filter(_block_mean(picture, step), sigma_px / step, mode="nearest")
    v = (np.arange(rows) - (step - 1) / 2) / step
    u = (np.arange(columns) - (step - 1) / 2) / step
    v0 = np.clip(np.floor(v).astype(int), 0, small.shape[0] - 2)
    u0 = np.clip(np.floor(u).astype(int), 0, small.shape[1] - 2)
    f = np.clip(v - v0, 0, 1)[:, None].astype(np.float32)
    g = np.clip(u - u0, 0, 1)[None, :].astype(np.float32)
    lines = small[v0] * (1 - f) + small[v0 + 1] * f
    return np.asarray(lines[:, u0] * (1 - g) + lines[:, u0 + 1] * g, np.float32)


def _block_mean(picture: NDArray[np.floating], step: int) -> Picture:
    rows, columns = picture.shape
    pad = ((0, max(-rows % step, 2 * step - rows)), (0, max(-columns % step, 2 * step - columns)))
    full = np.pad(picture, pad, mode="edge")
    blocks = full.reshape(full.shape[0] // step, step, full.shape[1] // step, step)
    return np.asarray(blocks.mean((1, 3)), np.float32)
