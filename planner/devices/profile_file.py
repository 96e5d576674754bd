"""Read an instrument profile from JSON; everything wrong with it becomes one plain sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from imaging.errors import PlannerError
from planner.domain.device import DeviceProfile, Kind, LesionSize

KINDS = ("curved", "straight", "pair")
# Name, least and greatest value that a tool for a human lumbar vertebra can have, unit.
RANGES: dict[str, tuple[float, float, str]] = {
    "outer_diameter_mm": (1.0, 8.0, "mm"),
    "introducer_length_mm": (50.0, 300.0, "mm"),
    "stylet_diameter_mm": (0.5, 8.0, "mm"),
    "bend_radius_mm": (3.0, 60.0, "mm"),
    "max_turn_deg": (0.0, 120.0, "degrees"),
    "max_straight_tip_mm": (0.0, 60.0, "mm"),
    "probe_diameter_mm": (0.3, 8.0, "mm"),
    "electrode_length_mm": (1.0, 30.0, "mm"),
    "electrode_to_tip_mm": (0.0, 20.0, "mm"),
}
LESION_RANGES: dict[str, tuple[float, float, str]] = {
    "minutes": (0.1, 60.0, "minutes"),
    "temperature_c": (40.0, 110.0, "°C"),
    "diameter_mm": (1.0, 40.0, "mm"),
    "length_mm": (1.0, 60.0, "mm"),
}
TEXTS = ("id", "name", "gauge", "trocar_tip")
NEEDS_EVIDENCE = ("gauge", *RANGES, "lesions")


def read_profile(path: Path) -> DeviceProfile:
    """The profile of a JSON file.

    Raises:
        PlannerError: "device_file_unreadable", or "device_profile_broken" naming everything that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise PlannerError(
            "device_file_unreadable", f"The device profile {path} cannot be read: {reason}."
        ) from error
    return parse_profile(path.name, text)


def parse_profile(file_name: str, text: str) -> DeviceProfile:
    """The profile of a JSON text; errors as ``read_profile``."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise PlannerError(
            "device_profile_broken", f"The device profile {file_name} is not JSON: {error}."
        ) from error
    wrong: list[str] = []
    if not isinstance(data, dict):
        raise PlannerError(
            "device_profile_broken", f"The device profile {file_name} must hold one JSON object."
        )
    known = {*TEXTS, "kind", *RANGES, "lesions", "tips_apart_mm", "evidence"}
    for name in sorted(set(data) - known):
        wrong.append(f"'{name}' is not a field of a profile")
    for name in TEXTS:
        if not isinstance(data.get(name), str) or not data[name].strip():
            wrong.append(f"{name} must be a text")
    if data.get("kind") not in KINDS:
        wrong.append("kind must be curved, straight or pair")
    straight = data.get("kind") in ("straight", "pair")
    numbers: dict[str, float | None] = {}
    for name, limits in RANGES.items():
        if name == "bend_radius_mm" and straight:
            if data.get(name) is not None:
                wrong.append("bend_radius_mm must be null for a straight tool")
            numbers[name] = None
            continue
        numbers[name] = _number(name, data.get(name), limits, wrong)
    if straight and numbers["max_turn_deg"]:
        wrong.append("max_turn_deg must be 0 for a straight tool")
    lesions = _lesions(data.get("lesions"), wrong)
    apart = _apart(data, wrong)
    _evidence(data.get("evidence"), wrong)
    _belongs_together(numbers, wrong)
    if wrong:
        raise PlannerError(
            "device_profile_broken", f"The device profile {file_name} cannot be used: {'; '.join(wrong)}."
        )
    return DeviceProfile(
        id=data["id"],
        name=data["name"],
        kind=cast(Kind, data["kind"]),
        gauge=data["gauge"],
        trocar_tip=data["trocar_tip"],
        lesions=lesions,
        tips_apart_mm=apart,
        evidence=MappingProxyType(dict(data["evidence"])),
        **cast("dict[str, Any]", numbers),
    )


def profile_document(profile: DeviceProfile) -> dict[str, Any]:
    """The JSON object of a profile, as ``parse_profile`` reads it."""
    return {
        **{name: getattr(profile, name) for name in ("id", "name", "kind", "gauge", "trocar_tip")},
        **{name: getattr(profile, name) for name in RANGES},
        "lesions": [{key: getattr(size, key) for key in LESION_RANGES} for size in profile.lesions],
        "tips_apart_mm": list(profile.tips_apart_mm) if profile.tips_apart_mm else None,
        "evidence": dict(profile.evidence),
    }


def _number(name: str, value: Any, limits: tuple[float, float, str], wrong: list[str]) -> float:
    low, high, unit = limits
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        shown = "missing" if value is None else f"{value!r}"
        wrong.append(f"{name} is {shown}, a number from {low:g} to {high:g} {unit} is needed")
        return low
    return float(value)


def _lesions(value: Any, wrong: list[str]) -> tuple[LesionSize, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(x, dict) for x in value):
        wrong.append(
            "lesions must be a list of at least one {minutes, temperature_c, diameter_mm, length_mm}"
        )
        return ()
    return tuple(
        LesionSize(
            **{
                key: _number(f"lesions[{index}].{key}", item.get(key), limits, wrong)
                for key, limits in LESION_RANGES.items()
            }
        )
        for index, item in enumerate(value)
    )


def _apart(data: dict[str, Any], wrong: list[str]) -> tuple[float, float] | None:
    value = data.get("tips_apart_mm")
    if data.get("kind") != "pair":
        if value is not None:
            wrong.append("tips_apart_mm belongs to a pair alone, it must be null")
        return None
    good: Callable[[Any], bool] = lambda v: isinstance(v, int | float) and not isinstance(v, bool)  # noqa: E731
    if not isinstance(value, list) or len(value) != 2 or not all(map(good, value)) or not (
        0 < value[0] < value[1] <= 40
    ):  # fmt: skip
        wrong.append("tips_apart_mm must be [least, greatest] in mm, up to 40")
        return None
    return float(value[0]), float(value[1])


def _evidence(value: Any, wrong: list[str]) -> None:
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        wrong.append("evidence must name the source of each number")
        return
    missing = [name for name in NEEDS_EVIDENCE if not str(value.get(name, "")).strip()]
    if missing:
        wrong.append(f"evidence is missing for {', '.join(missing)}")


def _belongs_together(numbers: dict[str, float | None], wrong: list[str]) -> None:
    outer = numbers["outer_diameter_mm"] or 0.0
    for name in ("stylet_diameter_mm", "probe_diameter_mm"):
        inner = numbers[name] or 0.0
        if inner >= outer and not any(w.startswith((name, "outer_diameter_mm")) for w in wrong):
            wrong.append(f"{name} {inner:g} mm does not fit through the introducer of {outer:g} mm")
