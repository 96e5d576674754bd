"""The plan as plan.json: read and written without loss, checked against the published schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from imaging.anatomy import BodyGeometry, PedicleGeometry, VertebraAnatomy
from imaging.errors import PlannerError
from imaging.findings import Finding
from imaging.labels import NAME_FROM_VERSE, SIDES
from imaging.segmentation.result import Counting, LevelEvidence, SpineSegmentation
from planner.domain.doubt import Seen
from planner.domain.passport import Edit, ImagePrint
from planner.domain.plan import (
    Clearances,
    Lesion,
    LevelPlan,
    Plan,
    Refusal,
    Source,
    Target,
    Trajectory,
    TrajectoryParameters,
)
from planner.storage.fusion_json import fusion_from_dict, fusion_to_dict
from planner.storage.mr_json import (
    candidate_from_dict,
    candidate_to_dict,
    modic_from_list,
    modic_to_list,
)
from planner.storage.notebook_json import notebook_from_dict, notebook_to_dict
from planner.storage.plan_parts import (
    devices_document,
    profile_point,
    read_forgiveness,
    read_heat,
    read_lateral_view,
    read_limits,
    read_plan_devices,
    read_procedure,
    read_profile_point,
    read_screening,
    read_target,
    record,
)
from planner.storage.plan_parts import number as _number
from planner.storage.plan_parts import point as _point
from planner.storage.plan_parts import read_point as _read_point
from planner.version import app_version

Json = dict[str, Any]
SCHEMA_PATH = Path(__file__).with_name("plan.schema.json")


@cache
def plan_schema() -> Json:
    """The published JSON Schema of plan.json."""
    return cast(Json, json.loads(SCHEMA_PATH.read_text("utf-8")))


@cache
def validator() -> Any:
    """What judges a plan.json."""
    import jsonschema

    return jsonschema.Draft202012Validator(plan_schema())


def validate(document: Mapping[str, Any]) -> None:
    """Raise PlannerError ``bad_plan_file`` naming the place where ``document`` breaks the schema."""
    from jsonschema.exceptions import best_match

    error = best_match(validator().iter_errors(document))
    if error is not None:
        text = f"This is not a plan of version 1: {error.message[:300]} at {error.json_path}."
        raise PlannerError("bad_plan_file", text)


def _optional(value: Any) -> float | None:
    return None if value is None else _number(value)


def _finding(finding: Finding) -> Json:
    return {
        "severity": finding.severity,
        "code": finding.code,
        "text": finding.text,
        "value": _optional(finding.value),
        "limit": _optional(finding.limit),
        "unit": finding.unit,
    }


def _body(body: BodyGeometry) -> Json:
    return {
        "centre_lps_mm": _point(body.centre_lps_mm),
        "axes_lps": {
            "left": _point(body.left),
            "posterior": _point(body.posterior),
            "superior": _point(body.superior),
        },
        "width_mm": _number(body.width_mm),
        "depth_mm": _number(body.depth_mm),
        "height_mm": _number(body.height_mm),
        "posterior_wall_lps_mm": _point(body.posterior_wall_lps_mm),
        "anterior_wall_lps_mm": _point(body.anterior_wall_lps_mm),
    }


def _pedicle(pedicle: PedicleGeometry) -> Json:
    return {
        "isthmus_centre_lps_mm": _point(pedicle.isthmus_centre_lps_mm),
        "axis_lps": _point(pedicle.axis_lps),
        "width_mm": _number(pedicle.width_mm),
        "height_mm": _number(pedicle.height_mm),
        "area_mm2": _number(pedicle.area_mm2),
    }


def _target(target: Target) -> Json:
    return record(target) or {}


CLEARANCE_FIELDS = tuple(Clearances.__dataclass_fields__)


def _trajectory(t: Trajectory) -> Json:
    p = t.parameters
    return {
        "side": t.side,
        "access": t.access,
        "device": t.device,
        "state": t.state,
        "skin_entry_lps_mm": None if t.skin_entry_lps_mm is None else _point(t.skin_entry_lps_mm),
        "bone_entry_lps_mm": _point(t.bone_entry_lps_mm),
        "tip_lps_mm": _point(t.tip_lps_mm),
        "path_lps_mm": [_point(q) for q in t.path_lps_mm],
        "outer_diameter_mm": _point(t.outer_diameter_mm),
        "lesion": {
            "centre_lps_mm": _point(t.lesion.centre_lps_mm),
            "axis_lps": _point(t.lesion.axis_lps),
            "semi_axes_mm": _point(t.lesion.semi_axes_mm),
            "target_coverage": _number(t.lesion.target_coverage),
            "model": t.lesion.model,
        },
        "heat": record(t.heat),
        "clearance_mm": {name: _optional(getattr(t.clearance_mm, name)) for name in CLEARANCE_FIELDS},
        "least_clearance_lps_mm": _point(t.least_clearance_lps_mm),
        "profile": [profile_point(q) for q in t.profile],
        "gertzbein_robbins": t.gertzbein_robbins,
        "breach_probability": _number(t.breach_probability),
        "forgiveness": record(t.forgiveness),
        "lateral_view": record(t.lateral_view),
        "straight_short_mm": _optional(t.straight_short_mm),
        "withdrawn": t.withdrawn,
        "findings": [_finding(f) for f in t.findings],
        "carm": {
            name: {"primary_deg": _number(primary), "secondary_deg": _number(secondary)}
            for name, primary, secondary in t.carm
        },
        "parameters": {
            "entry_lps_mm": _point(p.entry_lps_mm),
            "direction_lps": _point(p.direction_lps),
            "straight_mm": _number(p.straight_mm),
            "bend_lps": _point(p.bend_lps),
            "turn_deg": _number(p.turn_deg),
            "tip_mm": _number(p.tip_mm),
        },
    }


def _level(level: LevelPlan, anatomy: VertebraAnatomy | None) -> Json:
    pedicles = anatomy.pedicles if anatomy else {}
    return {
        "label": level.name,
        "verse": int(level.verse),
        "confidence": _number(level.confidence),
        "body": _body(anatomy.body) if anatomy else None,
        "target": _target(level.target) if level.target else None,
        "pedicles": {side: _pedicle(pedicles[side]) if side in pedicles else None for side in SIDES},
        "trajectories": [_trajectory(t) for t in level.trajectories],
        "refused": [{"side": r.side, "code": r.code, "reason": r.reason} for r in level.refused],
        "findings": [_finding(f) for f in level.findings],
        "screening": [record(item) for item in level.screening],
    }


def plan_to_dict(plan: Plan, segmentation: SpineSegmentation | None = None) -> Json:
    """The document of a plan. Bodies and pedicles come from ``segmentation`` and are null without it."""
    source = plan.source
    document: Json = {
        "schema": 1,
        "frame": "LPS",
        "unit": "mm",
        "app_version": app_version(),
        "purpose": "A planning and training aid, not a certified device.",
        "source": {
            "study_instance_uid": source.study_instance_uid,
            "series_instance_uid": source.series_instance_uid,
            "frame_of_reference_uid": source.frame_of_reference_uid,
            "modality": source.modality,
            "voxel_sha256": source.voxel_sha256,
            "images": [record(image) for image in source.images],
        },
        "edits": [record(edit) for edit in plan.edits],
        "notebook": notebook_to_dict(plan.notebook, _trajectory),
        "modic": modic_to_list(plan.modic),
        "candidate": candidate_to_dict(plan.candidate),
        "fusion": fusion_to_dict(plan.fusion),
        "segmentation_sha256": plan.segmentation_sha256,
        "limits": record(plan.limits),
        "devices": devices_document(plan.devices),
        "procedure": record(plan.procedure),
        "levels_confirmed": plan.levels_confirmed,
        "seen": [{"verse": x.verse, "code": x.code, "when": x.when, "who": x.who} for x in plan.seen],
        "findings": [_finding(f) for f in plan.findings],
        "levels": [_level(x, segmentation.level(x.verse) if segmentation else None) for x in plan.levels],
    }
    if segmentation is not None:
        evidence = segmentation.evidence
        document["naming"] = {
            "used": evidence.used,
            "confidence": _number(evidence.confidence),
            "others": [{"source": other.source, "shift": other.shift} for other in evidence.others],
        }
        document["vertebrae"] = [
            {
                "label": NAME_FROM_VERSE[a.verse],
                "verse": int(a.verse),
                "confidence": _number(a.confidence),
                "centre_lps_mm": _point(a.body.centre_lps_mm),
                "findings": [_finding(f) for f in a.findings],
            }
            for a in segmentation.levels
        ]
    return document


def _read_findings(values: Iterable[Json]) -> tuple[Finding, ...]:
    return tuple(
        Finding(f["severity"], f["code"], f["text"], f.get("value"), f.get("limit"), f.get("unit"))
        for f in values
    )


def _read_trajectory(d: Json) -> Trajectory:
    p, lesion, skin = d["parameters"], d["lesion"], d["skin_entry_lps_mm"]
    return Trajectory(
        side=d["side"],
        access=d["access"],
        device=d["device"],
        parameters=TrajectoryParameters(
            _read_point(p["entry_lps_mm"]),
            _read_point(p["direction_lps"]),
            p["straight_mm"],
            _read_point(p["bend_lps"]),
            p["turn_deg"],
            p["tip_mm"],
        ),
        skin_entry_lps_mm=None if skin is None else _read_point(skin),
        bone_entry_lps_mm=_read_point(d["bone_entry_lps_mm"]),
        tip_lps_mm=_read_point(d["tip_lps_mm"]),
        path_lps_mm=tuple(_read_point(q) for q in d["path_lps_mm"]),
        outer_diameter_mm=tuple(float(v) for v in d["outer_diameter_mm"]),
        lesion=Lesion(
            _read_point(lesion["centre_lps_mm"]),
            _read_point(lesion["axis_lps"]),
            _read_point(lesion["semi_axes_mm"]),
            lesion["target_coverage"],
            lesion.get("model", "ellipsoid"),
        ),
        clearance_mm=Clearances(**{name: d["clearance_mm"].get(name) for name in CLEARANCE_FIELDS}),
        profile=tuple(read_profile_point(q) for q in d["profile"]),
        least_clearance_lps_mm=_read_point(d["least_clearance_lps_mm"]),
        gertzbein_robbins=d["gertzbein_robbins"],
        breach_probability=d["breach_probability"],
        findings=_read_findings(d["findings"]),
        carm=tuple((name, v["primary_deg"], v["secondary_deg"]) for name, v in d["carm"].items()),
        state=d["state"],
        forgiveness=read_forgiveness(d.get("forgiveness")),
        lateral_view=read_lateral_view(d.get("lateral_view")),
        straight_short_mm=d.get("straight_short_mm"),
        heat=read_heat(d.get("heat")),
        withdrawn=d.get("withdrawn", ""),
    )


def _read_level(d: Json) -> LevelPlan:
    return LevelPlan(
        verse=d["verse"],
        confidence=d["confidence"],
        target=None if d["target"] is None else read_target(d["target"]),
        trajectories=tuple(_read_trajectory(x) for x in d["trajectories"]),
        refused=tuple(Refusal(r["side"], r["code"], r["reason"]) for r in d["refused"]),
        findings=_read_findings(d["findings"]),
        screening=read_screening(d.get("screening", ())),
    )


def _read_source(d: Json) -> Source:
    facts = {name: d[name] for name in Source.__dataclass_fields__ if name != "images"}
    images = tuple(ImagePrint(x["sop_instance_uid"], x["sha256"]) for x in d.get("images", ()))
    return Source(**facts, images=images)


def plan_from_dict(document: Mapping[str, Any]) -> Plan:
    """The plan of a document; PlannerError ``bad_plan_file`` where it breaks the schema."""
    validate(document)
    return Plan(
        source=_read_source(document["source"]),
        levels=tuple(_read_level(d) for d in document["levels"]),
        findings=_read_findings(document["findings"]),
        levels_confirmed=document["levels_confirmed"],
        notebook=notebook_from_dict(document.get("notebook"), _read_trajectory),
        seen=tuple(Seen(x["verse"], x["code"], x["when"], x["who"]) for x in document.get("seen", ())),
        limits=read_limits(document.get("limits")),
        devices=read_plan_devices(document.get("devices", ())),
        segmentation_sha256=document.get("segmentation_sha256", ""),
        procedure=read_procedure(document.get("procedure")),
        modic=modic_from_list(document.get("modic", ())),
        candidate=candidate_from_dict(document.get("candidate")),
        fusion=fusion_from_dict(document.get("fusion")),
        edits=tuple(Edit(e["time"], e["text"]) for e in document.get("edits", ())),
    )


def evidence_from_dict(document: Mapping[str, Any]) -> LevelEvidence:
    """What the names of the levels stand on, where the document says so."""
    naming = document.get("naming")
    if naming is None:
        return LevelEvidence()
    others = tuple(Counting(x["source"], x["shift"]) for x in naming["others"])
    return LevelEvidence(naming["used"], naming["confidence"], others)


def plan_to_text(plan: Plan, segmentation: SpineSegmentation | None = None) -> str:
    """The text of plan.json, checked against the schema."""
    document = plan_to_dict(plan, segmentation)
    validate(document)
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def plan_from_text(text: str) -> Plan:
    """The plan of a plan.json's text; PlannerError ``bad_plan_file`` where it cannot be read."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise PlannerError("bad_plan_file", f"This plan file is not JSON: {error}.") from error
    return plan_from_dict(document)


def read_plan(path: Path) -> Plan:
    """The plan in a plan.json file; PlannerError where it cannot be read."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise PlannerError("unreadable_plan_file", f"The plan {path} cannot be read: {reason}.") from error
    return plan_from_text(text)
