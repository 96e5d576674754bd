"""Parts of plan.json that are plain records: forgiveness, heat, screening, procedure, limits and so on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from planner.devices.profile_file import parse_profile, profile_document
from planner.domain.device import DeviceProfile
from planner.domain.limits import DEFAULT_LIMITS, Limits
from planner.domain.plan import (
    Forgiveness,
    HeatResult,
    LateralView,
    Point,
    Procedure,
    ProcedureStep,
    ProfilePoint,
    ScreeningItem,
    Target,
)

Json = dict[str, Any]


def number(value: Any) -> float:
    """A finite float; ValueError otherwise."""
    result = float(value)
    if not math.isfinite(result):
        raise ValueError("a plan may not hold NaN or infinite numbers")
    return result


def point(values: Iterable[Any]) -> list[float]:
    """A JSON array of finite floats."""
    return [number(v) for v in values]


def read_point(values: Any) -> Point:
    """Three floats of a JSON array."""
    x, y, z = values
    return (float(x), float(y), float(z))


def record(value: Any) -> Json | None:
    """The JSON object of a flat dataclass, its points as arrays and its numbers finite; None of None."""
    if value is None:
        return None
    return {name: _plain(v) for name, v in asdict(value).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {name: _plain(v) for name, v in value.items()}
    if isinstance(value, float):
        return number(value)
    return value


def profile_point(q: ProfilePoint) -> Json:
    """One point of the clearance profile; directions that are not measurable are left out."""
    return {name: value for name, value in (record(q) or {}).items() if value is not None}


def read_profile_point(d: Json) -> ProfilePoint:
    """The inverse of ``profile_point``."""
    return ProfilePoint(**{f.name: d[f.name] for f in fields(ProfilePoint) if f.name in d})


def read_target(d: Json) -> Target:
    """A target; the volume's fields may be missing."""
    known = {f.name: d[f.name] for f in fields(Target) if f.name in d}
    return Target(**{**known, "centre_lps_mm": read_point(d["centre_lps_mm"])})


def read_forgiveness(d: Json | None) -> Forgiveness | None:
    """The inverse of ``record``."""
    return None if d is None else Forgiveness(**d)


def read_heat(d: Json | None) -> HeatResult | None:
    """The inverse of ``record``."""
    return None if d is None else HeatResult(**d)


def read_lateral_view(d: Json | None) -> LateralView | None:
    """The inverse of ``record``."""
    if d is None:
        return None
    return LateralView(
        d["distance_mm"], read_point(d["true_wall_lps_mm"]), read_point(d["silhouette_lps_mm"])
    )


def read_screening(values: Iterable[Json]) -> tuple[ScreeningItem, ...]:
    """Lines of the screening sheet."""
    return tuple(
        ScreeningItem(**{**d, "at_lps_mm": None if d["at_lps_mm"] is None else read_point(d["at_lps_mm"])})
        for d in values
    )


def read_procedure(d: Json | None) -> Procedure | None:
    """The inverse of ``record``."""
    if d is None:
        return None
    steps = tuple(ProcedureStep(s["verse"], s["side"], s["why_side"], tuple(s["moves"])) for s in d["steps"])
    return Procedure(steps, d["lesions"], d["moves"], d["moves_unshared"])


def read_limits(d: Json | None) -> Limits:
    """Limits; names that this version does not know are left out, those missing take their default."""
    if d is None:
        return DEFAULT_LIMITS
    known = {f.name for f in fields(Limits)}
    values = {name: value for name, value in d.items() if name in known}
    if "draws" in values:
        values["draws"] = int(values["draws"])
    return Limits(**values)


def devices_document(devices: Iterable[DeviceProfile]) -> list[Json]:
    """The profiles a plan was made with, as their own files would hold them."""
    return [profile_document(d) for d in devices]


def read_plan_devices(values: Iterable[Json]) -> tuple[DeviceProfile, ...]:
    """The inverse of ``devices_document``."""
    return tuple(parse_profile(f"{d.get('id')} in the plan", json.dumps(d)) for d in values)
