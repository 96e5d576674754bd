"""Scenarios on the bundled phantom: named variants, every level and side, or one by chance from a seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from imaging.anatomy import VertebraAnatomy
from imaging.errors import PlannerError
from imaging.geometry.grid import VolumeGrid
from imaging.labels import NAME_FROM_VERSE, SACRUM, SIDES, Side
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.volume import LabelVolume, Volume
from planner.devices.catalogue import load_devices
from planner.practice.scenario import Scenario, ScenarioSpec, make_scenario
from planner.storage.atomic import whole_file

TASK_LEVELS = (22, 23, 24, SACRUM)
CACHE_VERSION = 1
VARIANTS: dict[str, dict[str, Any]] = {
    "Standard": {"seed": 7},
    "Narrow pedicles": {"seed": 11, "pedicle_scale": 0.72},
    "Scoliosis": {"seed": 12, "scoliosis_deg": 18.0},
    "Osteoporosis": {"seed": 13, "osteoporosis": 0.9},
}


def phantom_specs(device: str = "curved-8g") -> tuple[ScenarioSpec, ...]:
    """Every variant, level and side."""
    return tuple(
        phantom_spec(name, verse, side, device)
        for name in VARIANTS
        for verse in TASK_LEVELS
        for side in SIDES
    )


def phantom_spec(
    variant: str, verse: int, side: Side, device: str = "curved-8g", **changes: Any
) -> ScenarioSpec:
    """The task of one level and side in a named variant."""
    if variant not in VARIANTS:
        raise PlannerError(
            "unknown_scenario", f"There is no practice body '{variant}'. Known: {', '.join(VARIANTS)}."
        )
    return ScenarioSpec("phantom", variant, verse, side, device, {**VARIANTS[variant], **changes})


def random_spec(seed: int, device: str = "curved-8g", **changes: Any) -> ScenarioSpec:
    """A task by chance; the same seed gives the same one."""
    rng = np.random.default_rng([seed, 20261126])
    parameters = {
        "seed": 1000 + seed,
        "pedicle_scale": round(float(rng.uniform(0.8, 1.15)), 3),
        "scoliosis_deg": round(float(rng.choice([0.0, 0.0, rng.uniform(5, 18)])), 2),
        "osteoporosis": round(float(rng.choice([0.0, 0.0, rng.uniform(0.3, 1.0)])), 3),
    }
    verse = int(rng.choice(TASK_LEVELS))
    side: Side = "left" if rng.random() < 0.5 else "right"
    return ScenarioSpec(
        "phantom", f"By chance, number {seed}", verse, side, device, {**parameters, **changes}
    )


def build(spec: ScenarioSpec, progress: Progress = NULL_PROGRESS, cache: Path | None = None) -> Scenario:
    """The scenario of a phantom's spec; its truth is exact. Half a minute the first time, then seconds.

    The device of the spec is taken, or where it has no way through the pedicle the first that has one.
    """
    volume, vertebrae, structures = _voxels(spec.parameters, SubProgress(progress, 0.0, 0.7), cache)
    levels = exact_levels(spec.parameters)
    refused: PlannerError | None = None
    for device in sorted(load_devices(), key=lambda d: d.id != spec.device):
        try:
            return make_scenario(
                spec, volume, vertebrae, structures, levels, device, SubProgress(progress, 0.7, 1.0)
            )
        except PlannerError as error:
            if error.code != "not_planned":
                raise
            refused = refused or error
    raise refused or PlannerError("not_planned", "There is no device profile.")


def exact_levels(parameters: Mapping[str, Any]) -> tuple[VertebraAnatomy, ...]:
    """The phantom's vertebrae from its analytic shapes."""
    from sample_dicom.frames import stack_frames
    from sample_dicom.parameters import level_shapes
    from sample_dicom.truth import level_truth

    p = _parameters(parameters)
    shapes = level_shapes(p)
    frames = stack_frames(shapes, p)
    found = []
    for verse in sorted(p.built_levels):
        t = level_truth(shapes[verse], frames[verse])
        found.append(VertebraAnatomy(verse, 1.0, t.body, t.pedicles, t.foramen, t.spinous_tip_lps_mm))
    return tuple(found)


def _parameters(values: Mapping[str, Any]) -> Any:
    from sample_dicom.parameters import PhantomParameters

    plain = dict(values)
    small = plain.pop("small", False)
    for name in ("levels", "field_mm"):
        if plain.get(name) is not None:
            plain[name] = tuple(plain[name])
    try:
        return PhantomParameters.small(**plain) if small else PhantomParameters(**plain)
    except (TypeError, ValueError) as error:
        raise PlannerError("unknown_scenario", f"This practice body cannot be built: {error}.") from error


def _voxels(
    parameters: Mapping[str, Any], progress: Progress, cache: Path | None
) -> tuple[Volume, LabelVolume, LabelVolume]:
    from sample_dicom.phantom import build_phantom

    p = _parameters(parameters)
    key = hashlib.sha256(f"{CACHE_VERSION}|{json.dumps(asdict(p), sort_keys=True)}".encode()).hexdigest()[:20]
    root = cache or Path(platformdirs.user_cache_dir("bvn-planner", appauthor=False))
    file = root / "practice" / f"{key}.npz"
    kept = _read(file)
    if kept is not None:
        return kept
    phantom = build_phantom(p, progress)
    volume, vertebrae, structures = phantom.volume, phantom.vertebrae, phantom.structures
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(
                stream,
                hu=volume.values,
                vertebrae=vertebrae.labels,
                structures=structures.labels,
                matrix=volume.grid.lps_from_ijk,
            )
    except (OSError, PlannerError):
        pass  # a full disc costs only the time to build it again
    return volume, vertebrae, structures


def _read(file: Path) -> tuple[Volume, LabelVolume, LabelVolume] | None:
    if not file.is_file():
        return None
    try:
        with np.load(file, allow_pickle=False) as data:
            grid = VolumeGrid(data["hu"].shape, data["matrix"])
            return (
                Volume(grid, data["hu"]),
                LabelVolume(grid, data["vertebrae"]),
                LabelVolume(grid, data["structures"]),
            )
    except (OSError, ValueError, KeyError):
        file.unlink(missing_ok=True)
        return None


def level_choices() -> tuple[str, ...]:
    """Names of the levels that are practised."""
    return tuple(NAME_FROM_VERSE[v] for v in TASK_LEVELS)
