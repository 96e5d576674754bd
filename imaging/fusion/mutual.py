"""Rigid registration by mutual information (Mattes 2003) at several resolutions, by SimpleITK."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from imaging.progress import Progress

Array = NDArray[np.float64]

BINS = 32
_RELAXATION, _LEAST_STEP_MM = 0.6, 0.01


@dataclass(frozen=True)
class Stage:
    """One resolution: shrink of the fixed image, blur in mm, share of its voxels, first step in mm."""

    shrink: int
    blur_mm: float
    share: float
    step_mm: float
    iterations: int


def register(
    fixed: sitk.Image,
    mask: sitk.Image,
    moving: sitk.Image,
    fixed_from_moving: Array,
    centre_lps_mm: Array,
    stages: tuple[Stage, ...],
    progress: Progress,
    words: str,
) -> tuple[Array, float]:
    """(fixed_from_moving, mutual information) of the best rigid motion near the start.

    Args:
        fixed, moving: float images; ``mask`` says which voxels of ``fixed`` count.
        centre_lps_mm: (3,) in the fixed image, about which is turned.
        progress: asked at every iteration whether to stop.
    """
    start = _euler(np.linalg.inv(fixed_from_moving), centre_lps_mm)
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricFixedMask(mask)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentagePerLevel([s.share for s in stages], 1)
    method.SetInterpolator(sitk.sitkLinear)
    # The filter would blur the gradient by the distance between the slices, so that it points elsewhere.
    method.MetricUseMovingImageGradientFilterOff()
    method.MetricUseFixedImageGradientFilterOff()
    method.SetShrinkFactorsPerLevel([s.shrink for s in stages])
    method.SetSmoothingSigmasPerLevel([s.blur_mm for s in stages])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetOptimizerAsRegularStepGradientDescent(
        stages[0].step_mm, _LEAST_STEP_MM, stages[0].iterations, _RELAXATION, 1e-6
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=True)
    stopped: list[BaseException] = []

    def tick() -> None:
        try:
            part = method.GetOptimizerIteration() / max(s.iterations for s in stages)
            level = method.GetCurrentLevel()
            progress.step(min(0.99, (level + min(part, 1.0)) / len(stages)), words)
        except BaseException as stop:  # it may not pass through SimpleITK
            stopped.append(stop)
            method.StopRegistration()

    method.AddCommand(sitk.sitkIterationEvent, tick)
    method.Execute(fixed, moving)
    if stopped:
        raise stopped[0]
    return np.asarray(np.linalg.inv(_matrix(start)), float), -float(method.GetMetricValue())


def _euler(moving_from_fixed: NDArray[np.floating], centre: Array) -> sitk.Euler3DTransform:
    """The motion as Euler angles about a centre."""
    transform = sitk.Euler3DTransform()
    transform.SetCenter([float(v) for v in centre])
    transform.SetMatrix([float(v) for v in moving_from_fixed[:3, :3].ravel()], 1e-6)
    shift = moving_from_fixed[:3, 3] - centre + moving_from_fixed[:3, :3] @ centre
    transform.SetTranslation([float(v) for v in shift])
    return transform


def _matrix(transform: sitk.Euler3DTransform) -> Array:
    turn = np.array(transform.GetMatrix()).reshape(3, 3)
    centre = np.array(transform.GetCenter())
    out = np.eye(4)
    out[:3, :3] = turn
    out[:3, 3] = np.array(transform.GetTranslation()) + centre - turn @ centre
    return out
