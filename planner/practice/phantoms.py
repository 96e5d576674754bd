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
from imaging.labels import SACRUM, SIDES, VERSE_FROM_NAME, Side
from imaging.progress import NULL_PROGRESS, Progress, SubProgress
from imaging.volume import LabelVolume, Volume
from planner.devices.catalogue import DEFAULT_DEVICE, load_devices
from planner.practice.scenario import Scenario, ScenarioSpec, make_scenario
from planner.storage.atomic import whole_file

CACHE_VERSION = 1
L3, L4, L5 = (VERSE_FROM_NAME[n] for n in ("L3", "L4", "L5"))
COARSE: Mapping[str, Any] = {"cropped": True, "spacing_mm": 1.5, "slice_mm": 1.5}
"""Changes of a spec that make its body in seconds, for slow computers and tests."""
_ALL = (L3, L4, L5, SACRUM)
BODIES: dict[str, tuple[int, ...]] = {
    "plain": _ALL,
    "narrow": _ALL,
    "scoliosis": _ALL,
    "rotated": _ALL,
    "osteoporosis": _ALL,
    "high_crest": (L5, SACRUM),
    "six_lumbar": (L4, L5),
}
"""Variants of the bundled phantom that are practised on, each with the levels of its tasks."""


def body_title(variant: str) -> str:
    """The variant's name for a person; PlannerError ``unknown_scenario``."""
    from sample_dicom.variants import VARIANTS

    if variant not in BODIES or variant not in VARIANTS:
        known = ", ".join(BODIES)
        raise PlannerError("unknown_scenario", f"There is no practice body '{variant}'. Known: {known}.")
    return str(VARIANTS[variant].title)


def body_note(variant: str) -> str:
    """What is hard about a variant, in a sentence."""
    from sample_dicom.variants import VARIANTS

    body_title(variant)
    return str(VARIANTS[variant].shows)


def phantom_spec(
    variant: str, verse: int, side: Side, device: str = DEFAULT_DEVICE, **changes: Any
) -> ScenarioSpec:
    """The task of one level and side in a named variant."""
    parameters = {"variant": variant, "seed": 7, **changes}
    return ScenarioSpec("phantom", body_title(variant), verse, side, device, parameters)


def phantom_specs(**changes: Any) -> tuple[ScenarioSpec, ...]:
    """Every variant, level and side."""
    return tuple(
        phantom_spec(name, verse, side, **changes)
        for name, levels in BODIES.items()
        for verse in levels
        for side in SIDES
    )


def random_spec(seed: int, device: str = DEFAULT_DEVICE, **changes: Any) -> ScenarioSpec:
    """A task by chance; the same seed gives the same one."""
    rng = np.random.default_rng([seed, 20261126])
    variant = str(rng.choice(list(BODIES)))
    verse = int(rng.choice(BODIES[variant]))
    side: Side = "left" if rng.random() < 0.5 else "right"
    own = {
        "variant": variant,
        "seed": 1000 + seed,
        "variation": 1.5,
        "lordosis": round(float(rng.uniform(0.8, 1.15)), 3),
    }
    return ScenarioSpec("phantom", f"By chance, number {seed}", verse, side, device, {**own, **changes})


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
    from sample_dicom.variants import VARIANTS

    plain = dict(values)
    body_title(str(plain.get("variant")))
    variant = VARIANTS[plain.pop("variant")]
    cropped = plain.pop("cropped", False)
    for name in ("levels", "field_mm"):
        if plain.get(name) is not None:
            plain[name] = tuple(plain[name])
    try:
        return variant.cropped(**plain) if cropped else variant.parameters(**plain)
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
